"""What is remembered of the inside of a managed cluster. Plain data, kept with the rest of the cloud's state."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class EtcdEntry:
    """One key of etcd: the bytes that are stored (base64), and the revisions at which it was made and last written."""

    value: str
    created: int
    modified: int


@dataclass(slots=True)
class DataKey:
    """A key with which the API servers encrypt, and the key of the vault that wraps it.

    `vault` is "" where AKS holds the wrapping key itself. `dek` is base64.
    """

    dek: str
    vault: str = ""
    key: str = ""
    version: str = ""
    network: str = ""


@dataclass(slots=True)
class ClusterMemory:
    """The inside of one managed cluster.

    `kind` says how secrets are written now: `none`, `platform`, `customer`, `legacy`, or `leaving` (legacy KMS was
    turned off: written plain, yet the old key is still needed for what was not rewritten). `keys` has every data key
    by its KMS key id, `unwrapped` the key ids whose data key the API servers hold in memory, and `wrapped` says whether
    the KMS has wrapped the one that they write with since they came up. `provider` is the KMS provider's name. `counters` has one table of metric series for
    each API server. Times are seconds since the epoch.
    """

    uid: str
    version: str
    started: float
    tokens: dict[str, str]
    kind: str = "none"
    key_id: str = ""
    keys: dict[str, DataKey] = field(default_factory=dict)
    unwrapped: list[str] = field(default_factory=list)
    wrapped: bool = True
    etcd: dict[str, EtcdEntry] = field(default_factory=dict)
    revision: int = 1
    polled: float = 0.0
    failing_since: float = 0.0
    rotation_checked: float = 0.0
    migration_began: float = 0.0
    migration_size: int = 0
    migrating: list[str] = field(default_factory=list)
    turn: int = 0
    restarts: int = 0
    provider: str = "azurekmsprovider"
    counters: list[dict[str, float]] = field(default_factory=list)

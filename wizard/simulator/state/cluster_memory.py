"""The state inside a managed cluster, as plain data that is stored with the rest of the state."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class EtcdEntry:
    """One key of etcd: the stored bytes (base64), and the revisions at which it was created and last modified."""

    value: str
    created: int
    modified: int


@dataclass(slots=True)
class DataKey:
    """A data encryption key of the API servers, and the vault key that wraps it.

    `vault` is "" if AKS manages the wrapping key. `dek` is base64.
    """

    dek: str
    vault: str = ""
    key: str = ""
    version: str = ""
    network: str = ""


@dataclass(slots=True)
class ClusterMemory:
    """The state inside one managed cluster.

    `kind` is how secrets are written now: `none`, `platform`, `customer`, `legacy`, or `leaving` (legacy KMS was turned
    off: secrets are written unencrypted, but the old key is still needed for those that were not rewritten). `keys` has
    each data key by its KMS key id, and `unwrapped` the key ids whose data key the API servers hold in memory. `wrapped`
    is whether the KMS has wrapped the current data key since the API servers started. `provider` is the name of the KMS
    provider. `counters` has one table of metric series for each API server. Times are in seconds since the epoch.
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

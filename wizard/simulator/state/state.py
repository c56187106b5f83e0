"""Everything that the simulated cloud remembers, as plain data that can be written to one file and read back.

Times are seconds since the epoch. Keys of the tables are lower case, because Azure compares names without case.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.tracked_table import Change, Table

Changes = dict[str, list[Change]]
"""What changed, by the name of the table."""


@dataclass(slots=True)
class Resource:
    """One ARM resource. `body` is the whole truth about it; what a caller sees is made from that by its provider."""

    id: str
    type: str
    body: Json


@dataclass(slots=True)
class Principal:
    """Someone who can sign in or hold roles: an application, a user, a managed identity, or a group of such."""

    object_id: str
    kind: str
    name: str
    app_id: str = ""
    upn: str = ""
    secret: str = field(default="", repr=False)
    resource_id: str = ""
    visible_at: float = 0.0

    @property
    def client_name(self) -> str:
        """How ARM names it in a refusal."""
        return self.upn or self.app_id or self.object_id

    @property
    def type(self) -> str:
        """`User`, `Group` or `ServicePrincipal`, as role assignments call it."""
        return {"user": "User", "group": "Group"}.get(self.kind, "ServicePrincipal")


@dataclass(slots=True)
class Assignment:
    """A role assignment; `effective_at` is when the data plane takes notice of it."""

    id: str
    name: str
    scope: str
    role_guid: str
    principal_id: str
    principal_type: str
    created_by: str
    created_on: str
    effective_at: float
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class KeyVersion:
    """One version of a key: what it may do, until when, and its material (made when first asked for)."""

    version: str
    kty: str
    size: int
    curve: str
    ops: list[str]
    created: int
    updated: int
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    pem: str = ""
    public: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Key:
    """A key of a vault, oldest version first."""

    vault: str
    name: str
    versions: list[KeyVersion]
    rotation_policy: Json = field(default_factory=dict)

    @property
    def current(self) -> KeyVersion:
        """The newest version: what an unversioned key id means."""
        return self.versions[-1]


@dataclass(slots=True)
class Operation:
    """A long-running operation of a resource provider.

    `leaves` is the principal of the system-assigned identity that its resource gives up with it. One that `lags` has
    ended, and says InProgress for ever.
    """

    id: str
    resource_id: str
    kind: str
    started: str
    status: str = "InProgress"
    ended: str = ""
    error: Json = field(default_factory=dict)
    leaves: str = ""
    lags: bool = False


@dataclass(slots=True)
class Pending:
    """Something that will have happened at `due`: the name of the scheduled_handler and what it needs to know."""

    due: float
    scheduled_handler: str
    facts: dict[str, str]


@dataclass(slots=True)
class DeletedVault:
    """A soft-deleted vault with its keys; its name stays taken until `purge_at`."""

    resource: Resource
    keys: list[Key]
    deleted_at: float
    purge_at: float


@dataclass(slots=True)
class DeletedKey:
    """A soft-deleted key; recoverable until `purge_at`."""

    key: Key
    deleted_at: float
    purge_at: float


@dataclass(slots=True)
class State:
    """The whole cloud. A field that is a `Table` is kept entry by entry by the state file."""

    resources: Table[Resource] = field(default_factory=Table)
    principals: Table[Principal] = field(default_factory=Table)
    assignments: Table[Assignment] = field(default_factory=Table)
    features: Table[str] = field(default_factory=Table)
    refreshed: Table[str] = field(default_factory=Table)
    registrations: Table[str] = field(default_factory=Table)
    operations: Table[Operation] = field(default_factory=Table)
    keys: Table[Key] = field(default_factory=Table)
    deleted_vaults: Table[DeletedVault] = field(default_factory=Table)
    deleted_keys: Table[DeletedKey] = field(default_factory=Table)
    kubernetes: Table[ClusterMemory] = field(default_factory=Table)
    tally: Table[int] = field(default_factory=Table)
    pending: list[Pending] = field(default_factory=list)
    signing_key: str = ""
    authority: str = ""

    def watch(self, *places: str) -> None:
        """From now on, take notice of what changes in these tables; in all of them where none is named."""
        for place, adapter in entry_types().items():
            if not places or place in places:
                self._table(place).watch(adapter.dump_json)

    def changes(self, *, forget: bool) -> Changes:
        """What changed in the tables that are watched, since it was last asked (see `Table.changes`)."""
        found = ((place, self._table(place).changes(forget=forget)) for place in entry_types())
        return {place: changes for place, changes in found if changes}

    def forget(self) -> None:
        """Nothing was changed: drop what was only read."""
        for place in entry_types():
            self._table(place).forget()

    def rest(self, *, changed: bool) -> None:
        """Put back to sleep what was only looked at (see `Table.rest`)."""
        for place in entry_types():
            self._table(place).rest(changed=changed)

    def _table(self, place: str) -> Table[Any]:
        table = getattr(self, place)
        if not isinstance(table, Table):
            raise TypeError(f"State.{place} is no Table")
        return table


@cache
def entry_types() -> dict[str, TypeAdapter[Any]]:
    """The tables of the state, and how an entry of each is written down."""
    hints = get_type_hints(State)
    names = [each.name for each in fields(State) if get_origin(hints[each.name]) is Table]
    return {name: TypeAdapter(get_args(hints[name])[0]) for name in names}

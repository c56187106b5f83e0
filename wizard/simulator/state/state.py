"""The state of the simulated cloud, as plain data that the state file can store.

Times are in seconds since the epoch. Keys of the tables are in lower case, because names in Azure are case-insensitive.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory
from wizard.simulator.state.tracked_table import Change, Table

Changes = dict[str, list[Change]]
"""The changes, by name of the table."""


@dataclass(slots=True)
class Resource:
    """One ARM resource. `body` is complete; its provider derives from it what a caller sees."""

    id: str
    type: str
    body: Json


@dataclass(slots=True)
class Principal:
    """A principal: an application, a user, a managed identity, or a group of principals."""

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
        """The name that ARM uses in error messages."""
        return self.upn or self.app_id or self.object_id

    @property
    def type(self) -> str:
        """The principal type in role assignments: `User`, `Group` or `ServicePrincipal`."""
        return {"user": "User", "group": "Group"}.get(self.kind, "ServicePrincipal")


@dataclass(slots=True)
class Assignment:
    """A role assignment; on the data plane it takes effect at `effective_at`."""

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
    """One version of a key: permitted operations, dates, and the public key, which is generated on first use."""

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
    public: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Key:
    """A key in a vault; the oldest version is first."""

    vault: str
    name: str
    versions: list[KeyVersion]
    rotation_policy: Json = field(default_factory=dict)

    @property
    def current(self) -> KeyVersion:
        """The newest version, to which a key id without a version refers."""
        return self.versions[-1]


@dataclass(slots=True)
class Operation:
    """A long-running operation of a resource provider.

    `leaves` is the principal of the system-assigned identity that this operation removes from its resource. An operation
    that `lags` has ended, but reports InProgress permanently. `began` and `lasting` are its start, in seconds since the
    epoch, and its expected duration in simulated seconds (0 if it does not end).
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
    began: float = 0.0
    lasting: float = 0.0


@dataclass(slots=True)
class Pending:
    """A scheduled change: the name of its handler, the arguments, and when it is due."""

    due: float
    scheduled_handler: str
    facts: dict[str, str]


@dataclass(slots=True)
class DeletedVault:
    """A soft-deleted vault with its keys; its name is reserved until `purge_at`."""

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
    """The whole state. The state file stores each field that is a `Table` entry by entry."""

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

    def watch(self, *tables: str) -> None:
        """Start tracking changes in these tables, or in all of them if none is named."""
        for name, adapter in entry_types().items():
            if not tables or name in tables:
                self._table(name).watch(adapter.dump_json)

    def changes(self, *, forget: bool) -> Changes:
        """Return the changes in the watched tables since the last call (see `Table.changes`)."""
        found = ((name, self._table(name).changes(forget=forget)) for name in entry_types())
        return {name: changes for name, changes in found if changes}

    def forget(self) -> None:
        """Stop tracking entries that were read, if nothing was changed."""
        for name in entry_types():
            self._table(name).forget()

    def unload(self, *, changed: bool) -> None:
        """Unload lazy entries that were only read (see `Table.unload`)."""
        for name in entry_types():
            self._table(name).unload(changed=changed)

    def _table(self, name: str) -> Table[Any]:
        table = getattr(self, name)
        if not isinstance(table, Table):
            raise TypeError(f"State.{name} is not a Table")
        return table


@cache
def entry_types() -> dict[str, TypeAdapter[Any]]:
    """Return the tables of the state, with the serializer of their entries."""
    hints = get_type_hints(State)
    names = [each.name for each in fields(State) if get_origin(hints[each.name]) is Table]
    return {name: TypeAdapter(get_args(hints[name])[0]) for name in names}

"""Everything that the simulated cloud remembers, as plain data that can be written to one file and read back.

Times are seconds since the epoch. Keys of the tables are lower case, because Azure compares names without case.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wizard.simulator.wire import Json


@dataclass(slots=True)
class Resource:
    """One ARM resource. `body` is the whole truth about it; what a caller sees is made from that by its provider."""

    id: str
    type: str
    body: Json
    hidden: Json = field(default_factory=dict)


@dataclass(slots=True)
class Principal:
    """Someone who can sign in or hold roles: an application, a user, or a managed identity."""

    object_id: str
    kind: str
    name: str
    app_id: str = ""
    upn: str = ""
    secret: str = ""
    resource_id: str = ""
    visible_at: float = 0.0

    @property
    def client_name(self) -> str:
        """How ARM names it in a refusal."""
        return self.upn or self.app_id or self.object_id

    @property
    def type(self) -> str:
        """`User` or `ServicePrincipal`, as role assignments call it."""
        return "User" if self.kind == "user" else "ServicePrincipal"


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
    managed_by_arm: bool = False

    @property
    def current(self) -> KeyVersion:
        """The newest version: what an unversioned key id means."""
        return self.versions[-1]


@dataclass(slots=True)
class Operation:
    """A long-running operation of a resource provider."""

    id: str
    resource_id: str
    kind: str
    started: str
    status: str = "InProgress"
    ended: str = ""
    error: Json = field(default_factory=dict)


@dataclass(slots=True)
class Pending:
    """Something that will have happened at `due`: the name of the happening and what it needs to know."""

    due: float
    happening: str
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
    """The whole cloud."""

    resources: dict[str, Resource] = field(default_factory=dict)
    principals: dict[str, Principal] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    refreshed: dict[str, str] = field(default_factory=dict)
    registrations: dict[str, str] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    deleted_vaults: dict[str, DeletedVault] = field(default_factory=dict)
    deleted_keys: dict[str, DeletedKey] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    signing_key: str = ""
    authority: str = ""


def save(state: State, path: Path) -> None:
    """Write the state so that a crash at any moment leaves either the old file or the new one, never a torn one."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(TypeAdapter(State).dump_json(state))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path) -> State:
    """Read a state that `save` wrote.

    Raises ValueError naming the file and the remedy where it is something else.
    """
    try:
        return TypeAdapter(State).validate_json(path.read_bytes())
    except ValidationError as problem:
        raise ValueError(
            f"{path} does not hold the state of a simulated Azure ({problem.error_count()} problems, first: "
            f"{problem.errors()[0]['msg']}). Give another file, or remove this one to start afresh."
        ) from problem

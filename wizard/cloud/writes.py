"""Requests that change something in Azure: the listener is notified before they are sent and when the response arrives."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

from wizard.system.sanitize import sanitize


class Repeat(Enum):
    """How a write may be repeated. Each call that sends one is made `with declared(Repeat.…)`."""

    SAFE = "safe"
    """Sending it twice has the same result, and it has no condition (eTag): it is repeated after a lost response too."""
    IF_THROTTLED = "if-throttled"
    """Sending it twice would do it twice: it is repeated only after HTTP 429, which says that nothing was done."""
    BY_CALLER = "by-caller"
    """It is never repeated here. The caller reads what the first one has done, and then decides."""


_declared: ContextVar[Repeat | None] = ContextVar("declared_repeat", default=None)


@contextmanager
def declared(repeat: Repeat) -> Iterator[None]:
    """Declare how the write that is sent inside may be repeated. A write without a declaration is not sent."""
    token = _declared.set(repeat)
    try:
        yield
    finally:
        _declared.reset(token)


def declaration() -> Repeat | None:
    """Return how a write that is sent now may be repeated; None if that is not declared."""
    return _declared.get()


State = Literal["announced", "answered", "unanswered"]
"""`announced`: about to be sent. `unanswered`: no response was received, and whether Azure processed it is not known."""


@dataclass(frozen=True)
class Write:
    """One such request: its resource, never its body."""

    number: int
    """Counts up in one process, and matches a response with its announcement."""
    method: str
    kind: str
    """`managedClusters`, `vaults`, `roleAssignments`, …"""
    name: str
    """The resource's name, with that of its parent if it has one, such as `kv-demo/aks-kms`."""
    action: str = ""
    """The action, if the path contains one: `create`, `register`."""
    state: State = "announced"
    status: int | None = None
    """The HTTP status of the response."""
    correlation_id: str = ""
    """Azure's correlation ID, for Microsoft support and the activity log."""
    reason: str = ""
    """Why there was no response."""

    @property
    def what(self) -> str:
        """`PUT aks-demo`, `POST kv-demo/aks-kms create`."""
        return in_words(self.method, self.kind, self.name, self.action)

    def __str__(self) -> str:
        match self.state:
            case "announced":
                return f"sending to Azure: {self.what}"
            case "unanswered":
                return f"{self.what}: no response ({self.reason})"
            case _:
                id_ = f", correlation ID {self.correlation_id}" if self.correlation_id else ""
                return f"{self.what}: HTTP {self.status}{id_}"

    def to_json(self) -> dict[str, Any]:
        """Return the write as in an event, without unknown values."""
        body = {
            "number": self.number,
            "state": self.state,
            "method": self.method,
            "kind": self.kind,
            "name": self.name,
            "action": self.action,
            "status": self.status,
        }
        return {name: value for name, value in body.items() if value not in ("", None)}


def in_words(method: str, kind: str, name: str, action: str) -> str:
    """Return a short name of a write; it has the kind only if the name is a generated one."""
    shown = kind if kind.casefold() == "roleassignments" else ""
    return " ".join(part for part in (method, shown, name, action) if part)


listener: ContextVar[Callable[[Write], None] | None] = ContextVar("write_listener", default=None)
"""The listener of writes of this task and of those that it starts; it is called before a request is sent."""

_CHANGE = frozenset({"PUT", "PATCH", "POST", "DELETE"})
_ONLY_ASK = (
    "checknameavailability",
    "checkpolicyrestrictions",
    "microsoft.resourcegraph/resources",
    "listclusterusercredential",
)
_numbers = itertools.count(1)


def is_write(method: str, path: str) -> bool:
    """Whether a request asks Azure to change something; a POST that only asks a question does not."""
    return method in _CHANGE and not path.rstrip("/").casefold().endswith(_ONLY_ASK)


def announce(method: str, host: str, path: str) -> Write | None:
    """Notify the listener that a write is about to be sent, and return it; return None for a request that changes nothing."""
    if not is_write(method, path):
        return None
    kind, name, action = _about(host, path)
    write = Write(next(_numbers), method, sanitize(kind), sanitize(name), sanitize(action))
    _notify(write)
    return write


def answered(write: Write, status: int, correlation_id: str) -> None:
    """Notify the listener of the response."""
    _notify(replace(write, state="answered", status=status, correlation_id=sanitize(correlation_id)))


def unanswered(write: Write, reason: str) -> None:
    """Notify the listener that there was no response."""
    _notify(replace(write, state="unanswered", reason=sanitize(reason)))


def _notify(write: Write) -> None:
    if on_write := listener.get():
        on_write(write)


def _about(host: str, path: str) -> tuple[str, str, str]:
    """Return the resource's kind and name and the action, from the path, in which types and names alternate."""
    parts = [part for part in path.split("/") if part]
    lowered = [part.casefold() for part in parts]
    if parts[:1] == ["keys"]:  # a vault's data plane: its name is in the host
        parts = ["vaults", host.partition(".")[0], *parts]
    elif "providers" in lowered:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        parts = parts[at + 2 :] if len(parts) > at + 3 else ["providers", *parts[at + 1 :]]
    else:
        parts = parts[-2:]
    whole = len(parts) - len(parts) % 2
    action = parts[whole] if whole < len(parts) else ""
    return parts[whole - 2] if whole else "", "/".join(parts[1:whole:2]), action

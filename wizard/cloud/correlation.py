"""Azure's correlation ids of what was written: what Microsoft's support, and whoever reads an activity log, asks for."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """One request that asked Azure Resource Manager to change something, as it was answered."""

    method: str
    name: str
    """The last part of the path: the resource's name."""
    status: int
    correlation_id: str

    def __str__(self) -> str:
        return f"{self.method} {self.name}: HTTP {self.status}, correlation id {self.correlation_id}"


listener: ContextVar[Callable[[Written], None] | None] = ContextVar("correlation_listener", default=None)
"""Who is told of writes in this task and in those that it starts."""

_ONLY_ASK = ("checknameavailability", "checkpolicyrestrictions", "/resources")


def heard(method: str, path: str, status: int, correlation_id: str) -> None:
    """Tell whoever listens of an answer; of one that changes nothing, nobody."""
    tell = listener.get()
    if tell is None or method not in {"PUT", "PATCH", "POST", "DELETE"} or not correlation_id:
        return
    if not path.casefold().endswith(_ONLY_ASK):
        tell(Written(method, path.rstrip("/").rpartition("/")[2], status, correlation_id))

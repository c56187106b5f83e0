"""What keeps a request from getting through at once: told to whoever waits, so that no wait is silent."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryNotice:
    """One try of a request that will be repeated."""

    what: str
    """The request: `GET aks-demo`."""
    why: str
    """`HTTP 503`, or what became of the connection."""
    seconds: float
    """Until the next try; of the wall's time."""
    asked: bool
    """Whether it is Azure that asks to wait so long."""

    def __str__(self) -> str:
        pause = f"{self.seconds:.0f} s" if self.seconds >= 1 else "a moment"
        if self.asked:
            return f"Azure asks to wait {pause} ({self.what}: {self.why})"
        return f"{self.what}: {self.why}; asking again in {pause}"


listener: ContextVar[Callable[[RetryNotice], None] | None] = ContextVar("hindrance_listener", default=None)
"""Who is told in this task and in those that it starts."""


def notify(hindrance: RetryNotice) -> None:
    """Tell whoever listens."""
    tell = listener.get()
    if tell is not None:
        tell(hindrance)

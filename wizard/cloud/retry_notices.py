"""Notices of retries, so that no wait is silent."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple


class RetryNotice(NamedTuple):
    """One try of a request that will be retried."""

    what: str
    """The request: `GET aks-demo`."""
    why: str
    """`HTTP 503`, or the error of the connection."""
    seconds: float
    """Until the next try, in real time."""
    asked: bool
    """Whether Azure asked for this wait."""

    def __str__(self) -> str:
        pause = f"{self.seconds:.0f} s" if self.seconds >= 1 else "a moment"
        if self.asked:
            return f"Azure asks to wait {pause} ({self.what}: {self.why})"
        return f"{self.what}: {self.why}; retrying in {pause}"


listener: ContextVar[Callable[[RetryNotice], None] | None] = ContextVar("retry_listener", default=None)
"""The listener of this task and of those that it starts."""


def notify(notice: RetryNotice) -> None:
    """Pass a notice to the listener."""
    if on_notice := listener.get():
        on_notice(notice)

"""What happens during a run, as one stream of frozen facts for the screen, the command line and the journal alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from wizard.cloud.writes import Write
from wizard.errors import Problem

EventType = Literal["step-started", "step-progress", "step-finished", "log", "run-finished"]
StepStatus = Literal["succeeded", "already", "failed", "skipped", "interrupted"]
"""`already`: it was so before and nothing was written. `skipped`: not begun, because something it needs failed."""
RunStatus = Literal["succeeded", "failed", "interrupted"]
Audience = Literal["operator", "detail"]
"""Whom a log line is for: the operator who watches, or whoever reads the whole log afterwards."""


@dataclass(frozen=True)
class Event:
    """One fact. `message` is plain text, cleaned of control characters, and may hold words from outside: never markup."""

    time: datetime
    type: EventType
    step: str | None = None
    """The step's key, or None for the run as a whole."""
    status: StepStatus | RunStatus | None = None
    """Set on step-finished and run-finished; never missing there."""
    seconds: float | None = None
    """How long the step or the run took (on finished events), or has taken so far (on step-progress)."""
    expected_seconds: float | None = None
    """On step-progress: how long this wait is expected to last in all, where that is known."""
    message: str = ""
    audience: Audience = "operator"
    problem: Problem | None = None
    """What went wrong, on a failed finish."""
    correlation_id: str = ""
    """On a log line that tells of a write: Azure's id of it."""
    write: Write | None = None
    """On a log line that tells of a write: which, and whether it is only announced or answered as well."""

    def to_json(self) -> dict[str, Any]:
        """The shape of a line of `apply -o jsonl`, and of the journal. What is not known is left out."""
        body: dict[str, Any] = {"time": self.time.isoformat(timespec="milliseconds"), "type": self.type}
        if self.step is not None:
            body["step"] = self.step
        if self.status is not None:
            body["status"] = self.status
        if self.seconds is not None:
            body["seconds"] = round(self.seconds, 3)
        if self.expected_seconds is not None:
            body["expected_seconds"] = self.expected_seconds
        body["message"] = self.message
        if self.type == "log":
            body["audience"] = self.audience
        if self.correlation_id:
            body["correlation_id"] = self.correlation_id
        if self.write is not None:
            body["write"] = self.write.to_json()
        if self.problem is not None:
            body["problem"] = self.problem.to_json()
        return body


Listener = Callable[[Event], None]
"""Takes each event in order, at once, on the engine's event loop; must not block."""

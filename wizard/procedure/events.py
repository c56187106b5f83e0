"""The events of a run: one stream of immutable facts for the wizard, the command line and the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from wizard.cloud.writes import Write
from wizard.errors import Problem

EventType = Literal["step-started", "step-progress", "step-finished", "log", "run-finished"]
StepStatus = Literal["succeeded", "already", "failed", "skipped", "interrupted"]
"""`already`: no change was required. `skipped`: not started, because a required step failed."""
RunStatus = Literal["succeeded", "failed", "interrupted"]
Audience = Literal["operator", "detail"]
"""The audience of a log line: the operator during the run, or readers of the complete log."""

HEARTBEAT = "waiting for Azure; last status: "
"""How the message of step-progress begins if it repeats the last one of a step that has been silent."""


@dataclass(frozen=True)
class Event:
    """One event. `message` is plain text without control characters. It may contain external text: never interpret it as markup."""

    time: datetime
    type: EventType
    step: str | None = None
    """The step's key, or None for the run as a whole."""
    status: StepStatus | RunStatus | None = None
    """Set on step-finished and run-finished; never missing there."""
    seconds: float | None = None
    """The duration of the step or the run (on finished events), or the time so far (on step-progress)."""
    expected_seconds: float | None = None
    """On step-progress: the expected total duration of this wait, if known."""
    message: str = ""
    audience: Audience = "operator"
    problem: Problem | None = None
    """The problem, on a finished event with status failed."""
    correlation_id: str = ""
    """On a log line about a write: Azure's correlation id."""
    write: Write | None = None
    """On a log line about a write: which one, and whether it was answered."""

    def to_json(self) -> dict[str, Any]:
        """Return the format of a line of `apply -o jsonl` and of the journal. Unknown values are left out."""
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
"""Receives each event in order and immediately, on the engine's event loop; must not block."""

"""A run as the screens see it: kept by the app, fed by the engine's events, outliving every screen."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from wizard.procedure.events import Event, RunStatus
from wizard.procedure.plan import Plan, PlannedStep
from wizard.reports.wording import hanging
from wizard.rules import Finding
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line, sanitize

LOG_KEPT = 10_000
"""Lines of the live log that stay in memory, however long the run goes on; the journal has them all."""

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.errors import Problem
    from wizard.runs.journal import Journal


@dataclass
class StepProgress:
    """One step of the run, as far as it has come."""

    step: PlannedStep
    status: str = "waiting"
    begun: float = 0.0
    """On Azure's clock."""
    seconds: float | None = None
    """How long it took, once it has finished."""
    expected: float | None = None
    message: str = ""


@dataclass(frozen=True)
class LogLine:
    """One line of the live log."""

    time: datetime
    step: str
    text: str

    def __str__(self) -> str:
        return f"{self._head}{self.text}"

    @property
    def _head(self) -> str:
        return f"{self.time.astimezone():%H:%M:%S} {self.step:<16} "

    def wrapped(self, width: int) -> str:
        """In as many lines of that width as it takes, the text below itself."""
        return f"{self._head}{hanging(self.text, len(self._head), width)}"


@dataclass
class ActiveRun:
    """What is known of a run while it goes on and afterwards. A listener of its events."""

    answers: "Answers"
    plan: Plan
    clock: Clock
    journal: "Journal | None" = None
    """Where it is written down; None where nothing could be written."""
    steps: dict[str, StepProgress] = field(default_factory=dict)
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_KEPT))
    told: int = 0
    """How many lines there were in all."""
    status: RunStatus | None = None
    """None while it goes on."""
    problem: "Problem | None" = None
    begun: float = 0.0
    took: float | None = None
    cluster_now: str = ""
    """After a failure, in words: what the cluster is like, or why that is not known; empty until it was looked at."""
    drifted: tuple[str, ...] = ()
    """Where the cloud was another one than the plan was made for, and nothing was begun: what differs."""
    refused: tuple[Finding, ...] = ()
    """Where the plan has errors, and nothing was begun."""

    def __post_init__(self) -> None:
        self.steps = {step.key: StepProgress(step) for step in self.plan.steps}
        self.begun = self.clock.elapsed()

    @property
    def in_flight(self) -> bool:
        """Whether it has not ended yet."""
        return self.status is None

    @property
    def elapsed(self) -> float:
        """Seconds of Azure's time since it began, up to its end."""
        return self.took if self.took is not None else self.clock.elapsed() - self.begun

    @property
    def finished_steps(self) -> int:
        """How many steps need nothing more."""
        return sum(s.status in {"succeeded", "already"} for s in self.steps.values())

    def has_done(self, step: str) -> bool:
        """Whether that step needs nothing more."""
        return step in self.steps and self.steps[step].status in {"succeeded", "already"}

    def log_from(self, number: int) -> list[LogLine]:
        """The lines after the first so many of all; those that are not kept any more are left out."""
        return list(islice(self.log, max(0, number - (self.told - len(self.log))), None))

    def waits_for(self, progress: StepProgress) -> list[str]:
        """The steps that this one still waits for."""
        done = {"succeeded", "already"}
        return [
            need for need in progress.step.needs if need in self.steps and self.steps[need].status not in done
        ]

    def spent(self, progress: StepProgress) -> float | None:
        """How long the step took or has taken so far; None before it began."""
        if progress.seconds is not None:
            return progress.seconds
        return self.clock.elapsed() - progress.begun if progress.status == "running" else None

    def __call__(self, event: Event) -> None:
        progress = self.steps.get(event.step or "")
        told_before = (
            event.type == "step-progress" and progress and progress.message == one_line(event.message)
        )
        if event.message and not told_before:
            for line in sanitize(event.message).splitlines():
                self.log.append(LogLine(event.time, event.step or "run", one_line(line)))
                self.told += 1
        match event.type:
            case "step-started" if progress:
                progress.status, progress.begun = "running", self.clock.elapsed()
            case "step-progress" if progress:
                progress.message, progress.expected = one_line(event.message), event.expected_seconds
            case "step-finished" if progress:
                progress.status, progress.seconds = event.status or "failed", event.seconds or 0.0
                progress.message = one_line(event.message)
                self.problem = self.problem or event.problem
            case "run-finished":
                self.took = event.seconds
                self.problem = event.problem or self.problem
                self.end("interrupted" if event.status == "interrupted" else _ended(event.status))

    def end(self, status: RunStatus) -> None:
        """It is over, as a whole."""
        if self.took is None:
            self.took = self.clock.elapsed() - self.begun
        self.status = status


def _ended(status: str | None) -> RunStatus:
    return "succeeded" if status == "succeeded" else "failed"

"""The run as the pages show it: kept by the session, updated by the events of the engine, independent of any page."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from screens.session.waits import Wait, report
from wizard.errors import AzureError
from wizard.procedure.cluster_lock import HeldError
from wizard.procedure.events import Event, Listener, RunStatus
from wizard.procedure.plan import Plan, PlannedStep
from wizard.procedure.run import DriftedError, RefusedError, Run
from wizard.rules import Finding
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line, sanitize

LOG_KEPT = 10_000
"""Lines of the live log that are kept in memory. The journal has all of them."""

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure
    from wizard.errors import Problem
    from wizard.runs.journal import Journal
    from wizard.verification.report import ClusterReport


@dataclass
class StepProgress:
    """The progress of one step."""

    step: PlannedStep
    status: str = "waiting"
    started: float = 0.0
    """On Azure's clock."""
    seconds: float | None = None
    """How long it took; None until it has finished."""
    message: str = ""
    waits: list[Wait] = field(default_factory=list)
    """Its waits so far; the last one is the present one."""


@dataclass(frozen=True)
class LogLine:
    """One line of the live log."""

    time: datetime
    step: str
    text: str
    level: int = 0
    """0: an event for the operator; 1: a request to Azure; 2: a detail."""

    def __str__(self) -> str:
        return f"{self.time.astimezone():%H:%M:%S} {self.step:<16} {self.text}"


@dataclass
class ActiveRun:
    """What is known of a run while it is in progress and afterwards. A listener of its events."""

    answers: "Answers"
    plan: Plan
    clock: Clock
    journal: "Journal | None" = None
    """None if the journal could not be created."""
    steps: dict[str, StepProgress] = field(default_factory=dict)
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_KEPT))
    lines: int = 0
    """How many lines the log has had in total."""
    status: RunStatus | None = None
    """None while it is in progress."""
    problem: "Problem | None" = None
    started: float = 0.0
    took: float | None = None
    cluster_now: str = ""
    """After a failure: the state of the cluster, or why it is not known; empty until it was read."""
    drifted: tuple[str, ...] = ()
    """If the run was not started because the state in Azure had changed: the differences."""
    report: "ClusterReport | None" = None
    """The verification with which the run ended."""
    refused: tuple[Finding, ...] = ()
    """If the run was not started because preflight checks failed: their findings."""

    def __post_init__(self) -> None:
        self.steps = {step.key: StepProgress(step) for step in self.plan.steps}
        self.started = self.clock.elapsed()

    @property
    def in_flight(self) -> bool:
        """Whether it has not ended yet."""
        return self.status is None

    @property
    def never_started(self) -> bool:
        """Whether the run was refused before its first step."""
        return bool(self.drifted or self.refused)

    @property
    def elapsed(self) -> float:
        """Seconds on Azure's clock since its start, up to its end."""
        return self.took if self.took is not None else self.clock.elapsed() - self.started

    @property
    def finished_steps(self) -> int:
        """How many steps are completed."""
        return sum(s.status in {"succeeded", "already"} for s in self.steps.values())

    def has_done(self, step: str) -> bool:
        """Whether this step is completed."""
        return step in self.steps and self.steps[step].status in {"succeeded", "already"}

    def log_from(self, number: int) -> list[LogLine]:
        """Return the lines after the first `number`, without those that are not kept any more."""
        return list(islice(self.log, max(0, number - (self.lines - len(self.log))), None))

    def waits_for(self, progress: StepProgress) -> list[str]:
        """Return the steps that this one still waits for."""
        done = {"succeeded", "already"}
        return [
            need for need in progress.step.needs if need in self.steps and self.steps[need].status not in done
        ]

    def spent(self, progress: StepProgress) -> float | None:
        """Return the seconds that the step took or has taken so far; None before it has started."""
        if progress.seconds is not None:
            return progress.seconds
        return self.clock.elapsed() - progress.started if progress.status == "running" else None

    def __call__(self, event: Event) -> None:
        progress = self.steps.get(event.step or "")
        is_repeated = (
            event.type == "step-progress" and progress and progress.message == one_line(event.message)
        )
        if event.message and not is_repeated:
            for line in sanitize(event.message).splitlines():
                self.log.append(LogLine(event.time, event.step or "run", one_line(line), _level(event)))
                self.lines += 1
        match event.type:
            case "step-started" if progress:
                progress.status, progress.started = "running", self.clock.elapsed()
            case "step-progress" if progress:
                progress.message, now = one_line(event.message), self.clock.elapsed()
                report(progress.waits, progress.message, event.seconds, event.expected_seconds, now)
            case "log" if progress and progress.waits and progress.waits[-1].left is None:
                progress.waits[-1].left = self.clock.elapsed()
            case "step-finished" if progress:
                progress.status, progress.seconds = event.status or "failed", event.seconds or 0.0
                progress.message = one_line(event.message)
                self.problem = self.problem or event.problem
            case "run-finished":
                self.took = event.seconds
                self.problem = event.problem or self.problem
                self.end("interrupted" if event.status == "interrupted" else _ended(event.status))

    async def execute(self, azure: "Azure") -> None:
        """Apply the plan, and take note of how that ends: whatever happens, the run has ended afterwards."""
        listeners: list[Listener] = [self]
        if self.journal:
            listeners.append(self.journal)
        run = Run(azure, self.answers, self.plan, listeners=listeners)
        if self.journal:
            run.set_run_id(self.journal.id)
        try:
            status = await run.execute(self.plan.digest)
            self.report = run.report
            if run.report and self.journal:
                self.journal.save_report(run.report)
            self.end(status)
        except DriftedError as drift:
            self.drifted = tuple(drift.differences)
            self.end("failed")
        except RefusedError as refused:
            self.refused = tuple(refused.findings)
            self.end("failed")
        except (HeldError, AzureError) as error:
            self.problem = error.problem
            self.end("failed")
        finally:
            if self.in_flight:
                self.end("interrupted")

    def end(self, status: RunStatus) -> None:
        """Take note that the run has ended."""
        if self.took is None:
            self.took = self.clock.elapsed() - self.started
        self.status = status


def _level(event: Event) -> int:
    if event.write is not None or event.correlation_id:
        return 1
    return 2 if event.audience == "detail" else 0


def _ended(status: str | None) -> RunStatus:
    return "succeeded" if status == "succeeded" else "failed"

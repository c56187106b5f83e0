"""Running a plan: the gate before it, its steps side by side where they may, and every word about it as an event."""

import asyncio
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from wizard.answers.model import Answers
from wizard.cloud.azure import Azure
from wizard.cloud.problems import AzureError, Problem, fault_of_ours
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Write
from wizard.cloud.writes import listener as of_writes
from wizard.procedure.cluster_lock import ClusterLock
from wizard.procedure.differences import differences
from wizard.procedure.events import Audience, Event, Listener, RunStatus, StepStatus
from wizard.procedure.order import applicable_steps
from wizard.procedure.plan import Plan
from wizard.procedure.planning import plan_in, read_snapshot
from wizard.procedure.revalidation import revalidate
from wizard.procedure.step import Step, Work
from wizard.rules import Finding
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize
from wizard.verification.report import ClusterReport


class NotConfirmedError(Exception):
    """The digest that was given is not that of the plan that was shown."""

    def __init__(self, plan: Plan, confirm: str) -> None:
        self.plan = plan
        given = f"{confirm[:12]}… is given" if confirm else "none is given"
        super().__init__(
            f"This plan's digest is {plan.digest[:12]}…, but {given}: look at the plan, then confirm it."
        )


class DriftedError(Exception):
    """The cloud has changed since the plan was shown; nothing was written."""

    def __init__(self, fresh: Plan, differences: list[str]) -> None:
        self.fresh = fresh
        """The plan as it would be now."""
        self.differences = differences
        """What is different, one sentence each."""
        super().__init__("Azure has changed since the plan was made: " + "; ".join(differences))


class RefusedError(Exception):
    """Rules speak against the plan; nothing was written."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.message for finding in findings))


class Run:
    """One run of one plan. Steps that do not need each other go at the same time."""

    def __init__(
        self,
        azure: Azure,
        answers: Answers,
        plan: Plan,
        *,
        timeouts: Timeouts | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._azure = azure
        self._target = Target(answers, azure.cloud.vault_suffix)
        self._plan = plan
        self._timeouts = timeouts or azure.timeouts
        self._listeners = list(listeners)
        self._begun: dict[str | None, float] = {}
        self._lock = ClusterLock(azure.cloud.arm, plan.cluster_id)
        self._said: dict[str, tuple[float, str]] = {}
        """By step: when it was last heard of, by the wall's clock, and its words."""
        self._granted: dict[str, float] = {}
        """By step: when (by the clock) it gave something to the identity."""
        self.statuses: dict[str, str] = {step.key: "waiting" for step in plan.steps}
        """By step: `waiting`, `running`, or the status it finished with."""
        self.problems: dict[str, Problem] = {}
        """By step: what went wrong."""
        self.report: ClusterReport | None = None
        """What the step `verify` read back; None before it."""

    def set_run_id(self, run: str) -> None:
        """The run's id in the journal: whoever is kept out by this run's lock is told it."""
        self._lock.set_run_id(run)

    async def execute(self, confirm: str) -> RunStatus:
        """Pass the gate, run the plan, and say how it ended; the last event is always run-finished.

        `confirm` is the digest of the plan that was shown. Before anything is written the plan is made once more:
        raises NotConfirmedError, DriftedError or RefusedError, in each case with nothing written; and HeldError where
        another run on this machine is at work on the cluster. Raises AzureError where the cloud cannot be read at all.
        Being cancelled ends the run as interrupted and passes the cancellation on; what Azure has begun goes on there.
        """
        no_lock = await self._take_lock()
        try:
            snapshot = await self._gate(confirm)
            if no_lock:
                self._log(None, no_lock, "operator")
            return await self._all_steps(snapshot)
        finally:
            self._lock.release()

    async def _take_lock(self) -> str:
        """Take the cluster's lock; where none can be kept here, why. Raises HeldError.

        As with the journal, a disk that keeps no lock is no reason not to encrypt: Azure refuses a second operation too.
        """
        try:
            await self._lock.acquire()
        except OSError as error:
            return sanitize(f"no lock can be kept on the cluster: {error.strerror or error}")
        return ""

    async def _all_steps(self, snapshot: Snapshot) -> RunStatus:
        self._begun[None] = self._azure.clock.elapsed()
        if self._azure.skew.warning:
            self._log(None, self._azure.skew.warning, "operator")
        planned = {step.key: step for step in self._plan.steps}
        tasks: dict[str, asyncio.Task[bool]] = {}
        for step in applicable_steps(self._target, snapshot):
            needs = [tasks[need] for need in planned[step.key].needs]
            work = self._work(step, snapshot)
            tasks[step.key] = asyncio.create_task(self._step(step, work, needs), name=step.key)
        try:
            done = await asyncio.gather(*tasks.values())
        except asyncio.CancelledError:
            for task in tasks.values():
                task.cancel()
            try:
                await asyncio.gather(*tasks.values(), return_exceptions=True)
            finally:  # whoever is with_timeout_hint cancels twice
                self._finish_run(
                    "interrupted",
                    "interrupted; what Azure has begun goes on there, and the same plan carries on",
                )
            raise
        if all(done):
            self._finish_run("succeeded", "done")
            return "succeeded"
        failed = [key for key, status in self.statuses.items() if status == "failed"]
        self._finish_run("failed", f"failed at: {', '.join(failed)}", self.problems[failed[0]])
        return "failed"

    async def _gate(self, confirm: str) -> Snapshot:
        if not confirm or confirm != self._plan.digest:
            raise NotConfirmedError(self._plan, confirm)
        snapshot = await read_snapshot(self._azure, self._target)
        fresh = plan_in(self._azure, self._target, snapshot)
        if fresh.digest != self._plan.digest:
            raise DriftedError(fresh, differences(self._plan.to_json(), fresh))
        if fresh.errors:
            raise RefusedError(fresh.errors)
        return snapshot

    async def _step(self, step: Step, work: Work, needs: Sequence["asyncio.Task[bool]"]) -> bool:
        """One step, once what it needs is done. True where it (or its being so already) was confirmed."""
        if not all(await asyncio.gather(*needs)):
            self._finish_step(step.key, "skipped", "not begun: something it needs failed")
            return False
        self._begun[step.key] = self._azure.clock.elapsed()
        self.statuses[step.key] = "running"
        planned = next(planned for planned in self._plan.steps if planned.key == step.key)
        self._emit(Event(_now(), "step-started", step.key, message=planned.title))
        of_writes.set(lambda write: self._tell_of(step.key, write))
        on_retry_notice.set(lambda hindrance: work.progress(str(hindrance), None, None))
        beating = asyncio.create_task(self._beat(step.key))
        acts = planned.action != "none"
        try:
            if acts:
                await step.apply(work)
            confirmed = await step.confirm(work)
        except asyncio.CancelledError:
            self._finish_step(step.key, "interrupted", "interrupted")
            raise
        except AzureError as error:
            self._fail(step.key, error.problem)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must end in a visible failure
            self._log(step.key, sanitize("".join(traceback.format_tb(error.__traceback__))), "detail")
            self._fail(step.key, fault_of_ours(error, f"the step {step.key}"))
            return False
        finally:
            beating.cancel()
        self._finish_step(step.key, "succeeded" if acts or step.read_only else "already", confirmed)
        return True

    async def _beat(self, key: str) -> None:
        """Until cancelled: a word wherever a step has been silent for a heartbeat, as whoever watches counts it."""
        while True:
            await asyncio.sleep(self._timeouts.heartbeat)
            when, words = self._said[key]
            if time.monotonic() - when >= self._timeouts.heartbeat:
                message = f"waiting for Azure; last: {words}"
                self._emit(Event(_now(), "step-progress", key, seconds=self._seconds(key), message=message))
                self._said[key] = time.monotonic(), words

    def _work(self, step: Step, snapshot: Snapshot) -> Work:
        key = step.key

        def progress(message: str, spent: float | None, expected: float | None) -> None:
            self._emit(
                Event(
                    _now(),
                    "step-progress",
                    key,
                    seconds=spent,
                    expected_seconds=expected,
                    message=sanitize(message),
                )
            )

        def log(message: str, audience: Audience) -> None:
            self._log(key, sanitize(message), audience)

        def verified(report: ClusterReport) -> None:
            self.report = report

        async def once_more() -> None:
            await revalidate(self._azure, self._target, self._plan, self.statuses)

        return Work(
            self._azure,
            self._target,
            snapshot,
            self._timeouts,
            progress,
            log,
            once_more,
            self._granted,
            verified,
        )

    def _fail(self, key: str, problem: Problem) -> None:
        self.problems[key] = problem
        self._finish_step(key, "failed", problem.summary, problem)

    def _finish_step(
        self, key: str, status: StepStatus, message: str, problem: Problem | None = None
    ) -> None:
        self.statuses[key] = status
        self._emit(
            Event(
                _now(),
                "step-finished",
                key,
                status,
                self._seconds(key),
                message=sanitize(message),
                problem=problem,
            )
        )

    def _finish_run(self, status: RunStatus, message: str, problem: Problem | None = None) -> None:
        self._emit(
            Event(_now(), "run-finished", None, status, self._seconds(None), message=message, problem=problem)
        )

    def _log(self, key: str | None, message: str, audience: Audience) -> None:
        self._emit(Event(_now(), "log", key, message=message, audience=audience))

    def _tell_of(self, key: str, write: Write) -> None:
        self._emit(
            Event(
                _now(),
                "log",
                key,
                message=str(write),
                audience="detail",
                correlation_id=write.correlation_id,
                write=write,
            )
        )

    def _seconds(self, key: str | None) -> float:
        begun = self._begun.get(key)
        return 0.0 if begun is None else self._azure.clock.elapsed() - begun

    def _emit(self, event: Event) -> None:
        """Tell every listener. One that breaks (a journal on a full disk) hears no more, and the others are told."""
        if event.step is not None:
            self._said[event.step] = time.monotonic(), event.message
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - whatever it is, a cluster must not be left half-way for it
                self._listeners.remove(listener)
                message = sanitize(f"a listener broke and hears no more: {type(error).__name__}: {error}")
                self._emit(Event(_now(), "log", None, message=message))


def _now() -> datetime:
    return datetime.now(UTC)

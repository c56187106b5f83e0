"""Run a plan: the gate first, then its steps, in parallel if possible, and every message as an event."""

import asyncio
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from wizard.answers.model import Answers
from wizard.cloud.azure import Azure
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Write
from wizard.cloud.writes import listener as on_write
from wizard.errors import AzureError, GateError, Problem, internal_error
from wizard.procedure.cluster_lock import ClusterLock
from wizard.procedure.differences import differences
from wizard.procedure.events import HEARTBEAT, Audience, Event, Listener, RunStatus, StepStatus
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


class NotConfirmedError(GateError):
    """The given digest is not that of the shown plan."""

    def __init__(self, plan: Plan, confirm: str) -> None:
        self.plan = plan
        given = f"the given digest is {confirm[:12]}…" if confirm else "no digest is given"
        super().__init__(
            f"The digest of this plan is {plan.digest[:12]}…, but {given}. Review the plan, then confirm it."
        )


class DriftedError(GateError):
    """The state in Azure has changed since the plan was shown. Nothing was written."""

    def __init__(self, fresh: Plan, differences: list[str]) -> None:
        self.fresh = fresh
        """The plan for the current state."""
        self.differences = differences
        """The differences, one sentence each."""
        super().__init__(
            "The state in Azure has changed since the plan was created: " + "; ".join(differences)
        )


class RefusedError(GateError):
    """Preflight checks failed. Nothing was written."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.message for finding in findings))


class Run:
    """One run of one plan. Independent steps run at the same time."""

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
        self._started: dict[str | None, float] = {}
        self._lock = ClusterLock(azure.cloud.arm, plan.cluster_id)
        self._lock_deleted = False
        self._last_message: dict[str, tuple[float, str]] = {}
        """By step: the time (wall clock) and the text of its last message."""
        self._granted: dict[str, float] = {}
        """By step: when (by the clock) it assigned a role to the identity."""
        self.statuses: dict[str, str] = {step.key: "waiting" for step in plan.steps}
        """By step: `waiting`, `running`, or the status it finished with."""
        self.problems: dict[str, Problem] = {}
        """By step: the problem with which it failed."""
        self.report: ClusterReport | None = None
        """The report of the step `verify`; None before it has run."""

    def set_run_id(self, run: str) -> None:
        """Set the run's id in the journal, which a process that this run's lock blocks will report."""
        self._lock.set_run_id(run)

    async def execute(self, confirm: str) -> RunStatus:
        """Pass the gate, run the plan, and return how it ended; the last event is always run-finished.

        `confirm` is the digest of the shown plan. Before the first write the plan is made again. Raise
        NotConfirmedError, DriftedError or RefusedError, each with nothing written; HeldError if another run on this
        computer works on the cluster; AzureError if Azure cannot be read. A cancellation ends the run as interrupted
        and is passed on; operations that have started continue in Azure.
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
        """Take the cluster's lock; return why none can be kept here, if so. Raise HeldError.

        As with the journal, a disk without locks does not prevent the run: Azure rejects a second operation too.
        """
        try:
            await self._lock.acquire()
        except OSError as error:
            return sanitize(f"the cluster cannot be locked on this computer: {error.strerror or error}")
        return ""

    async def _all_steps(self, snapshot: Snapshot) -> RunStatus:
        self._started[None] = self._azure.clock.elapsed()
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
            finally:  # an impatient caller cancels twice
                self._finish_run(
                    "interrupted",
                    "interrupted; operations started in Azure continue; resume with the same plan",
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
        acting = {step.key for step in fresh.steps if step.action != "none"}
        if any(
            step.key in acting and step.signs_in_to_vault(self._target)
            for step in applicable_steps(self._target, snapshot)
        ):
            await self._azure.sign_in_to_vaults()
        return snapshot

    async def _step(self, step: Step, work: Work, needs: Sequence["asyncio.Task[bool]"]) -> bool:
        """Run one step after those that it needs. Return whether its result was confirmed."""
        if not all(await asyncio.gather(*needs)):
            self._finish_step(step.key, "skipped", "skipped: a required step failed")
            return False
        self._started[step.key] = self._azure.clock.elapsed()
        self.statuses[step.key] = "running"
        planned = next(planned for planned in self._plan.steps if planned.key == step.key)
        self._emit(Event(_now(), "step-started", step.key, message=planned.title))
        on_write.set(lambda write: self._tell_of(step.key, write))
        on_retry_notice.set(lambda notice: work.progress(str(notice), None, None))
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
        except Exception as error:  # noqa: BLE001 - any error must end the run as a visible failure
            self._log(step.key, sanitize("".join(traceback.format_tb(error.__traceback__))), "detail")
            self._fail(step.key, internal_error(error, f"the step {step.key}"))
            return False
        finally:
            beating.cancel()
        self._finish_step(step.key, "succeeded" if acts or step.read_only else "already", confirmed)
        return True

    async def _beat(self, key: str) -> None:
        """Until cancelled: repeat the last message of a step that was silent for a heartbeat (wall clock)."""
        while True:
            await asyncio.sleep(self._timeouts.heartbeat)
            when, words = self._last_message[key]
            if time.monotonic() - when >= self._timeouts.heartbeat:
                message = f"{HEARTBEAT}{words}"
                self._emit(Event(_now(), "step-progress", key, seconds=self._seconds(key), message=message))
                self._last_message[key] = time.monotonic(), words

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

        async def check_again() -> None:
            await revalidate(self._azure, self._target, self._plan, self.statuses)

        return Work(
            self._azure,
            self._target,
            snapshot,
            self._timeouts,
            progress,
            log,
            check_again,
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
        started = self._started.get(key)
        return 0.0 if started is None else self._azure.clock.elapsed() - started

    def _check_lock(self) -> None:
        """Report once that the lock's file was deleted during the run."""
        if self._lock_deleted or not self._lock.deleted:
            return
        self._lock_deleted = True
        name = self._target.answers.cluster.name
        self._log(
            None,
            f"the lock of {name} was deleted: do not start another run on {name} on this computer until this one has ended",
            "operator",
        )

    def _emit(self, event: Event) -> None:
        """Send an event to every listener. One that raises (a journal on a full disk) is removed, and the others are notified."""
        if event.step is not None:
            self._last_message[event.step] = time.monotonic(), event.message
        if event.type in {"step-started", "step-finished"}:
            self._check_lock()
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - no error of a listener may leave a cluster half-configured
                self._listeners.remove(listener)
                message = sanitize(f"a listener failed and is removed: {type(error).__name__}: {error}")
                self._emit(Event(_now(), "log", None, message=message))


def _now() -> datetime:
    return datetime.now(UTC)

"""The wizard: one Textual app that owns the connection, the draft, the registration and the run."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import constants
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed, WorkerState

from screens.cli.outcome import DONE, INTERRUPTED, NO, UNREACHABLE
from screens.pages.welcome import WelcomeScreen
from screens.session.draft import Draft
from screens.session.feature_registration import FeatureWatch
from screens.steps import STEPS, import_all, screen_of
from screens.widgets.crash import discreet_console
from screens.widgets.frame import NARROW, Frame
from screens.widgets.theme import CALM
from wizard.cloud.arm import same
from wizard.cloud.problems import AzureError, Problem, fault_of_ours
from wizard.cloud.retry_notices import RetryNotice
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.reports.wording import duration, state_of

if TYPE_CHECKING:
    from textual.driver import Driver

    from screens.pages.fleet_rows import Fleet
    from screens.session.active_run import ActiveRun
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.inventory import ClusterRow, Unreadable
    from wizard.procedure.events import Listener
    from wizard.procedure.plan import Plan
    from wizard.runs.journal import Journal
    from wizard.runs.resume import ResumableRun
    from wizard.verification.report import ClusterReport

Connect = Callable[[Callable[[str], None]], "AbstractAsyncContextManager[Azure]"]
"""Opens the door to Azure; is given where to tell the operator how to sign in."""

_BETWEEN_WORDS = 5.0
"""Seconds for which a word about a request that is repeated stands."""


class WizardApp(App[int]):
    """The whole wizard. `run()` returns the exit code: 0 encrypted as asked, 1 it is not or a step failed, 3 Azure
    was never reached, 130 left before there was an answer, or during a run.
    """

    TITLE = "aks-kms"
    CSS_PATH = "wizard.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide"), (170, "-very-wide")]  # noqa: RUF012 - declared so by Textual

    def __init__(
        self,
        connect: Connect,
        *,
        environment: Mapping[str, str],
        speed_note: str = "",
        journal_root: Path | None = None,
        can_resume: bool = True,
    ) -> None:
        """`speed_note` is set for a simulated cloud (`60× faster`); `journal_root` is where runs are written.

        `can_resume`: runs of earlier times may be carried on here; not in a world that begins with the wizard.
        """
        super().__init__(driver_class=_driver(), ansi_color=True if environment.get("NO_COLOR") else None)
        self.console = discreet_console()
        self.register_theme(CALM)
        self.theme = CALM.name
        self._connect = connect
        self.environment = environment
        self.speed_note = speed_note
        self.journal_root = journal_root
        self.draft = Draft()
        self.azure_or_none: Azure | None = None
        self.connection_problem: Problem | None = None
        self.sign_in_instruction = ""
        self.subscriptions: list[Subscription] = []
        self.found: list[ClusterRow | Unreadable] = []
        """The clusters that were found; kept here so that coming back to the list shows them at once."""
        self.found_all = False
        """Whether these are all that there are, as far as is known."""
        self.fleet: Fleet | None = None
        """What a sweep over all subscriptions has found; kept here so that coming back to it shows it at once."""
        self.taken: frozenset[str] = frozenset()
        """Steps that were settled by choosing a cluster elsewhere, and that nobody has seen."""
        self.watches: dict[str, FeatureWatch] = {}
        """By subscription id."""
        self.can_resume = can_resume
        self.resumable: list[ResumableRun] | None = None
        """Runs of earlier times that can be carried on here, the newest first; None before the journal was read."""
        self.carried: ResumableRun | None = None
        """The one that is being carried on."""
        self._hindered_at = -_BETWEEN_WORDS
        self.active: ActiveRun | None = None
        self.result: int | None = None
        """The exit code that the last answer from the cloud stands for."""

    @property
    def azure(self) -> "Azure":
        """The open door. Screens behind the first one may count on it."""
        if self.azure_or_none is None:
            raise RuntimeError("Azure is used before the connection stands.")
        return self.azure_or_none

    def on_mount(self) -> None:
        self.push_screen(WelcomeScreen())
        self.call_after_refresh(self._after_first_frame)
        self._listen_to_signals()

    def _after_first_frame(self) -> None:
        self.connect()
        self.background(asyncio.to_thread(import_all), "importing")

    # -- the connection ------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open the door (again), and hold it open until the app ends."""
        self.connection_problem = None
        self.background(self._hold_connection(), "connection", group="connection", exclusive=True)

    async def _hold_connection(self) -> None:
        try:
            async with self._connect(self._tell) as azure:
                self.subscriptions = await azure.subscriptions()
                self.azure_or_none = azure
                self.sign_in_instruction = ""
                self.changed()
                self.find_resumable()
                await asyncio.Event().wait()
        except AzureError as error:
            self.connection_problem = error.problem
        except Exception as error:  # noqa: BLE001 - whatever it is, the first screen says it, and offers another try
            self.connection_problem = fault_of_ours(error, "connection")
        finally:
            self.azure_or_none = None
            self.changed()

    def _tell(self, instruction: str) -> None:
        """Show how to sign in. May be called from a thread."""
        self.sign_in_instruction = instruction
        self.call_later(self.changed)

    def find_resumable(self) -> None:
        """Look, in the background, for runs of earlier times that can be carried on with this sign-in."""
        if self.can_resume and self.azure_or_none:
            self.background(self._find_resumable(), "reading the journal", group="journal", exclusive=True)

    async def _find_resumable(self) -> None:
        from wizard.runs.journal import JournalError
        from wizard.runs.resume import resumable_runs

        try:
            found = await asyncio.to_thread(resumable_runs, self.journal_root, cloud=self.azure.cloud)
        except JournalError as error:
            self.notify(str(error), severity="warning", markup=False, timeout=10)
            return
        here = {subscription.id.casefold() for subscription in self.subscriptions}
        self.resumable = [run for run in found if run.answers.subscription.casefold() in here]
        self.changed()

    # -- what was chosen -----------------------------------------------------------------------------------------

    def settle(self, step: str, **changes: Any) -> None:
        """This step is answered; what depends on it and was answered before is due for review again."""
        self.draft, self.taken = self.draft.settle(step, **changes), self.taken - {step}
        self.changed()

    def changed(self) -> None:
        """Something that a frame or a screen shows is another now."""
        for screen in self.screen_stack:
            if isinstance(screen, Frame):
                screen.refresh_frame()

    def is_busy(self, step: str) -> bool:
        """Whether something goes on for this step in the background."""
        if step == "feature":
            watch = self.feature_watch
            return bool(watch and watch.following)
        return step == "run" and bool(self.active and self.active.in_flight)

    def has_failed(self, step: str) -> bool:
        """Whether what went on for this step has failed."""
        if step == "feature":
            watch = self.feature_watch
            return bool(watch and watch.problem)
        return step == "run" and bool(self.active and self.active.status == "failed")

    def is_left(self, step: str) -> bool:
        """Whether a settled step was not done: its screen was never seen, or it is left to the run."""
        watch = self.feature_watch if step == "feature" else None
        return step in self.taken or bool(watch and watch.left)

    def rail_note(self, step: str) -> str:
        """A few words under a step's name."""
        draft = self.draft
        match step:
            case "prerequisites" if step in self.taken:
                return "taken with the cluster"
            case "feature":
                return self.feature_watch.note if self.feature_watch else ""
            case "cluster" if "cluster" in draft.settled:
                return draft.cluster_name
            case "key" if draft.option:
                return {
                    "platform-managed": "AKS's own",
                    "Private": "yours, private",
                    "Public": "yours, public",
                }[draft.option]
            case "vault" if "vault" in draft.settled and draft.option != "platform-managed":
                return draft.vault_name
            case "run" if self.active:
                return self.active.status or duration(self.active.elapsed)
        return ""

    @property
    def feature_watch(self) -> "FeatureWatch | None":
        """What is known of the feature in the chosen subscription."""
        return self.watches.get(self.draft.subscription.id) if self.draft.subscription else None

    # -- moving --------------------------------------------------------------------------------------------------

    def go_to(self, step: str) -> bool:
        """Show that step: back to it where it is on the stack, on to it where everything before it stands. Gives whether it
        is shown now.
        """
        if step == "verify":
            reviewed = self.draft.answers_or_none() if "review" in self.draft.settled else None
            answers = reviewed or (self.active.answers if self.active else None)
            if answers:
                self.verify(answers)
            return answers is not None
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Frame) and step == screen.STEP:
                self._back_to(screen)
                return True
        may = self.active is not None if step == "run" else step in self.draft.reachable
        if may:
            self.push_screen(screen_of(step))
        return may

    def verify(self, answers: "Answers") -> None:
        """Read the cluster of these answers back and hold it against them, whatever else was verified before."""
        from screens.pages.verification import VerificationScreen

        for screen in reversed(self.screen_stack):
            if isinstance(screen, VerificationScreen) and screen.expect == answers:
                self._back_to(screen)
                return
        self.push_screen(VerificationScreen(expect=answers))

    def after(self, step: str) -> None:
        """Go on from a step that was just settled."""
        order = [s for s in STEPS if not (s == "vault" and self.draft.option == "platform-managed")]
        self.push_screen(screen_of(order[order.index(step) + 1]))

    def back(self) -> None:
        """One screen back."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def take_subscription(self, own: "Subscription") -> None:
        """Choose it without its step: with a cluster that is in it. The preview feature is looked up there, and the run
        waits for it as ever.
        """
        unseen = {"prerequisites", "feature"} - self.draft.settled
        self.settle("prerequisites", subscription=own)
        self.settle("feature")
        self.taken |= unseen
        self.watch_feature(own.id)

    def forget_clusters(self) -> None:
        """What was found of clusters does not hold any more: each list asks Azure again once it is seen."""
        from screens.widgets.cluster_table import ClusterTable

        self.found, self.found_all = [], False
        if self.fleet:
            self.fleet.whole = False
        for screen in self.screen_stack:
            if isinstance(screen, ClusterTable):
                screen.stale = True

    def another(self) -> None:
        """Start over with another cluster: what was chosen for the last one is not carried along."""
        from screens.widgets.cluster_table import ClusterTable

        subscription, self.carried = self.draft.subscription, None
        self.draft = Draft(
            subscription=subscription, settled=self.draft.settled & {"prerequisites", "feature"}
        )
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ClusterTable):
                self._back_to(screen)
                return
        self._back_to(self.screen_stack[1])
        self.changed()

    def _back_to(self, screen: Screen[Any]) -> None:
        while self.screen is not screen and len(self.screen_stack) > 2:
            self.pop_screen()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: what the footer offers, every step that can be gone to, and leaving."""
        offered = {
            active.binding.action: active
            for active in screen.active_bindings.values()
            if active.enabled and active.binding.show and active.binding.action != "app.command_palette"
        }
        for action, active in offered.items():
            what = active.binding.description
            yield SystemCommand(
                f"{what[:1].upper()}{what[1:]}",
                f"The key {self.get_key_display(active.binding)} here",
                partial(self.run_action, action, active.node),
            )
        for step in self.draft.reachable if self.azure_or_none else ():
            yield SystemCommand(
                f"Go to {STEPS[step].name}", "Nothing that was chosen is lost", lambda s=step: self.go_to(s)
            )
        if self.azure_or_none:
            from screens.fleet_ways import look_at_many

            yield SystemCommand("Look at many clusters", "With a verdict on each", lambda: look_at_many(self))
        if self.active:
            yield SystemCommand("Go to the run", "Its steps and its log", lambda: self.go_to("run"))
        if "app.quit" not in offered:
            yield SystemCommand("Quit", "Leave the wizard", self.action_quit)

    # -- work in the background ----------------------------------------------------------------------------------

    def background(
        self, work: Coroutine[Any, Any, None], name: str, *, group: str = "app", exclusive: bool = False
    ) -> Worker[None]:
        """Do `work` on the app's own account, so that no screen's end ends it; an error in it becomes visible, and so does
        what keeps its requests from getting through at once."""
        return self.run_worker(self._told(work), name, group, exit_on_error=False, exclusive=exclusive)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        on_retry_notice.set(self._hindered)
        await work

    def _hindered(self, hindrance: RetryNotice) -> None:
        """Say that Azure is asked again; of many such words in a row, the first and then one every few seconds."""
        if (now := time.monotonic()) - self._hindered_at > _BETWEEN_WORDS:
            self._hindered_at = now
            seconds = max(_BETWEEN_WORDS, hindrance.seconds)
            self.notify(str(hindrance), severity="warning", markup=False, timeout=seconds)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place where an error of any work in the background ends: on the screen."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        self.show_problem(
            error.problem if isinstance(error, AzureError) else fault_of_ours(error, event.worker.name)
        )

    def show_problem(self, problem: Problem) -> None:
        """A problem on top of whatever is shown."""
        from screens.widgets.dialogs import ProblemDialog

        self.push_screen(ProblemDialog(problem))

    def watch_feature(self, subscription: str) -> None:
        """Look up, in the background, whether the feature is registered in a subscription."""
        if subscription not in self.watches:
            self.watches[subscription] = FeatureWatch()
            self.background(
                self.watches[subscription].look(self.azure, subscription, self.changed), "feature"
            )

    def register_feature(self, subscription: str) -> None:
        """Register the feature in the background; the operator goes on meanwhile."""
        watch = self.watches.setdefault(subscription, FeatureWatch())
        if not watch.following:
            self.background(watch.follow(self.azure, subscription, self.changed), "registration")

    # -- the run -------------------------------------------------------------------------------------------------

    @property
    def ended_run(self) -> "ActiveRun | None":
        """The run that has ended, where none is under way."""
        return self.active if self.active and not self.active.in_flight else None

    def begin_run(self, answers: "Answers", plan: "Plan") -> None:
        """Carry out the plan that was shown for these answers and confirmed; show its screen."""
        from screens.session.active_run import ActiveRun

        self.draft = replace(self.draft, settled=self.draft.settled - {"run", "verify"})
        self.active = ActiveRun(answers, plan, self.azure.clock, self._journal(answers, plan))
        self.background(self._execute(self.active), "run", group="run")
        self.go_to("run")

    def _journal(self, answers: "Answers", plan: "Plan") -> "Journal | None":
        """The journal of a run; a disk that cannot keep one is no reason not to encrypt."""
        from wizard.runs.journal import Journal, JournalError

        try:
            return Journal.begin(answers, plan, root=self.journal_root)
        except JournalError as error:
            self.notify(f"{error} Going on without.", severity="warning", markup=False, timeout=20)
            return None

    async def _execute(self, active: "ActiveRun") -> None:
        from screens.widgets.dialogs import RunDialog
        from wizard.procedure.cluster_lock import HeldError
        from wizard.procedure.run import DriftedError, RefusedError, Run

        listeners: list[Listener] = [active]
        if active.journal:
            listeners.append(active.journal)
        run = Run(self.azure, active.answers, active.plan, listeners=listeners)
        if active.journal:
            run.set_run_id(active.journal.id)
        try:
            status = await run.execute(active.plan.digest)
            if run.report and active.journal:
                active.journal.keep_report(run.report)
            active.end(status)
        except DriftedError as drift:
            active.drifted = tuple(drift.differences)
            active.end("failed")
        except RefusedError as refused:
            active.refused = tuple(refused.findings)
            active.end("failed")
        except HeldError as held:
            active.problem = held.problem
            active.end("failed")
        except AzureError as error:
            active.problem = error.problem
            active.end("failed")
        finally:
            if active.in_flight:
                active.end("interrupted")
            self.result = DONE if active.status == "succeeded" else NO
            if active.status == "failed" and active.problem:
                self.background(self._look_at_cluster(active), "reading the cluster", group="run")
            if active.has_done("feature"):
                self.watches.pop(active.answers.subscription, None)
                self.watch_feature(active.answers.subscription)
            for screen in self.screen_stack:
                if isinstance(screen, RunDialog):
                    screen.run_ended(active.status or "interrupted")
            self.forget_clusters()  # however it ended: also one that failed has touched its cluster, or found it changed
            if active.status == "succeeded" and self.draft.is_about(active.plan.cluster_id):
                self.settle("run")
            self.changed()

    async def _look_at_cluster(self, active: "ActiveRun") -> None:
        """See what a run that failed has left the cluster like."""
        from wizard.state.snapshot import read_cluster
        from wizard.state.target import Target

        try:
            found = await read_cluster(self.azure, Target(active.answers, self.azure.cloud.vault_suffix))
        except AzureError as error:
            active.cluster_now = f"not known: {error.problem.summary}"
        else:
            active.cluster_now = state_of(found)

    def verified(self, report: "ClusterReport", *, asked: bool) -> None:
        """A verification has given its verdict; `asked`: on a cluster that was held against answers."""
        self.result = DONE if report.passed else NO
        if asked:
            self._keep(report)
        if asked and report.passed and self.draft.is_about(report.id):
            self.settle("verify")

    def _keep(self, report: "ClusterReport") -> None:
        """Keep a verification with the run that led to it: this wizard's own, or the one that was to be carried on."""
        if self.active and self.active.journal and same(self.active.plan.cluster_id, report.id):
            self.active.journal.keep_report(report)
        elif self.carried and same(str(self.carried.run.plan.get("cluster_id")), report.id):
            from wizard.runs.journal import keep_report

            try:
                keep_report(self.carried.run.summary.path, report)
            except OSError as error:
                said = f"The verification cannot be kept with its run: {error.strerror or error}."
                self.notify(said, severity="warning", markup=False)

    # -- leaving -------------------------------------------------------------------------------------------------

    @property
    def exit_code(self) -> int:
        """What leaving now means."""
        if self.active and self.active.in_flight:
            return INTERRUPTED
        if self.result is not None:
            return self.result
        return UNREACHABLE if self.connection_problem else INTERRUPTED

    async def action_quit(self) -> None:
        """Leave; during a run, ask first."""
        from screens.widgets.dialogs import LeaveDialog

        if not (self.active and self.active.in_flight):
            await self.leave()
            return
        if isinstance(self.screen, LeaveDialog):
            return
        await self.push_screen(
            LeaveDialog(
                "A run is under way. Leave all the same?",
                "What Azure has begun, Azure finishes; no step that has not begun yet will be started, and nothing is "
                "undone. Whatever is done by then is found and kept when the same answers are run again.",
                {"stay": "Stay", "leave": "Leave now"},
            ),
            self._leave_if_so,
        )

    async def _leave_if_so(self, answer: str | None) -> None:
        if answer == "leave":
            await self.leave()

    async def leave(self, code: int | None = None) -> None:
        """End everything in order (what screens do, the run, the connection last), then the app."""
        code = self.exit_code if code is None else code
        last = ("run", "app", "connection")
        own = sorted({worker.group for worker in self.workers} - {*last})
        for group in (*own, *last):
            for worker in self.workers.cancel_group(self, group):
                await _ended(worker)
        if self.active and self.active.journal:
            self.active.journal.close()
        self.exit(code)

    def _listen_to_signals(self) -> None:
        """A terminal that goes away, or a polite kill, leaves a sane terminal and a journal behind.

        Ctrl-C is a key here; a SIGINT comes from somewhere else, and means it.
        """
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            if number := getattr(signal, name, None):
                try:
                    loop.add_signal_handler(number, lambda: self.call_later(self.leave, INTERRUPTED))
                except (NotImplementedError, RuntimeError):
                    return  # on Windows, and where the app runs outside the main thread, there are none to listen to


def _driver() -> "type[Driver] | None":
    """The driver of the terminal; None for Textual's own choice."""
    if os.name != "posix" or constants.DRIVER:
        return None
    from screens.widgets.terminal import TerminalDriver  # not on Windows

    return TerminalDriver


async def _ended(worker: Worker[Any]) -> None:
    """Wait until a cancelled worker has put its things in order; two seconds are enough for that."""
    try:
        await asyncio.wait_for(worker.wait(), 2)
    except (WorkerCancelled, WorkerFailed, TimeoutError):
        return

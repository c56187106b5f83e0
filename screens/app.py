"""The wizard: one Textual app, in which pages, session and engine meet. It navigates, and shows what goes wrong."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import constants, on
from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from screens import messages, pages
from screens.exit_codes import INTERRUPTED
from screens.pages.welcome import WelcomeScreen
from screens.session import preferences
from screens.session.session import Connect, Session
from screens.widgets.background import BackgroundScreen, cancel, run_reported
from screens.widgets.crash import discreet_console
from screens.widgets.frame import NARROW, Frame
from screens.widgets.signals import TerminalSignals, end_of, title_of
from screens.widgets.theme import THEMES, cell_styles
from screens.wizard_steps import STEPS
from wizard.errors import Problem
from wizard.system.signals import on_end_signals

if TYPE_CHECKING:
    from textual.driver import Driver

    from screens.session.active_run import ActiveRun
    from wizard.answers.model import Answers
    from wizard.cloud.retry_notices import RetryNotice

_PAGES = {
    "prerequisites": "prerequisites:PrerequisitesScreen",
    "feature": "feature:FeatureScreen",
    "cluster": "cluster:ClusterScreen",
    "key": "key_option:KeyOptionScreen",
    "vault": "vault:VaultScreen",
    "review": "review:ReviewScreen",
    "run": "run:RunScreen",
}
"""The page of each step. Pages are imported when they are first shown, so that the first frame does not wait for them."""

_BETWEEN_NOTICES = 5.0
"""Seconds for which a notice about a retried request is shown, before the next one may replace it."""


class WizardApp(App[int]):
    """The whole wizard. `run()` returns the exit code: 0 encrypted as configured, 1 not encrypted or a step failed, 3 Azure
    was never reached, 130 quit before there was a result, or during a run.
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
        theme: str = preferences.DEFAULT_THEME,
    ) -> None:
        """`theme`: one of `THEMES`. See `Session` for the other arguments."""
        super().__init__(driver_class=_driver(), ansi_color=True if environment.get("NO_COLOR") else None)
        self.console = discreet_console()
        for each in THEMES.values():
            self.register_theme(each)
        self.use_theme(theme)
        self._coloured = self.current_theme
        self.stylesheet.set_variables(self.get_css_variables())
        self.session = Session(
            self,
            connect,
            environment=environment,
            speed_note=speed_note,
            journal_root=journal_root,
            can_resume=can_resume,
        )
        self.signals = TerminalSignals(self._write_to_terminal, environment)
        self._last_notice = -_BETWEEN_NOTICES
        self.kept = ""
        """After the end: the name of the cluster whose answers are kept for the next start; empty if there are none."""

    def use_theme(self, name: str) -> None:
        """Draw everything with a theme from now on."""
        self.console.push_theme(cell_styles(name))
        self.theme = name

    def refresh_css(self, animate: bool = True) -> None:
        """Draw everything with the colours of the theme. Textual asks for it at the start, too, where they are the same: to parse
        all style sheets a second time would take a tenth of the time until the first frame."""
        if self.current_theme is self._coloured:
            self._style(animate=animate)
        else:
            self._coloured = self.current_theme
            super().refresh_css(animate)

    def _style(self, *, animate: bool = False) -> None:
        for each in (self, *self.screen_stack):
            self.stylesheet.update(each, animate=animate)

    def get_default_screen(self) -> Screen[Any]:
        """Return the first page."""
        return WelcomeScreen(self.session)

    def on_mount(self) -> None:
        self.call_after_refresh(self._after_first_frame)
        self._listen_to_signals()
        self.set_interval(1.0, self._show_title)

    def _after_first_frame(self) -> None:
        self.stylesheet.read(Path(__file__).with_name("pages.tcss"))
        self.stylesheet.parse()
        self._style()
        self.session.connect()
        self.background(asyncio.to_thread(_import_pages), "importing")

    # -- the terminal -------------------------------------------------------------------------------------------

    def _write_to_terminal(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def _show_title(self) -> None:
        self.signals.title(title_of(self.session.active))

    def bell(self) -> None:
        """Ring the bell, unless the user has turned it off."""
        if self.signals.rings:
            super().bell()

    # -- what the session asks for -------------------------------------------------------------------------------

    def changed(self) -> None:
        """Redraw what shows the session."""
        from screens.widgets.dialogs import RunDialog

        ended = self.session.ended_run
        for screen in self.screen_stack:
            if isinstance(screen, Frame):
                screen.refresh_frame()
            elif isinstance(screen, RunDialog) and ended:
                screen.run_ended(ended.status or "interrupted")

    def run_ended(self, active: "ActiveRun") -> None:
        """Say that a run has ended to someone who is not looking."""
        self._show_title()
        self._alert(messages.Alert(end_of(active)))

    @on(messages.Alert)
    def _alert(self, message: messages.Alert) -> None:
        self.bell()
        self.signals.notify(message.text)

    def warn(self, text: str) -> None:
        """Show a warning for a few seconds."""
        self.notify(text, severity="warning", markup=False, timeout=20)

    def background(
        self, work: Coroutine[Any, Any, None], name: str, *, group: str = "app", exclusive: bool = False
    ) -> Worker[None]:
        """Run `work` until it ends or the app does, whichever page is shown; an error in it is shown in a dialog."""
        return run_reported(
            self,
            work,
            name,
            group,
            on_retry=self._show_retry,
            on_problem=self.show_problem,
            exclusive=exclusive,
        )

    # -- navigation ----------------------------------------------------------------------------------------------

    @on(messages.GoTo)
    def _go_to(self, message: messages.GoTo) -> None:
        if not self.go_to(message.step):
            self.bell()

    def go_to(self, step: str) -> bool:
        """Show the page of a step: the one on the stack, or a new one if every earlier step is completed. Return whether it
        is shown now.
        """
        if step == "verify":
            if answers := self.session.answers_to_verify:
                self._verify(answers)
            return answers is not None
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Frame) and step == screen.STEP:
                self._keep_input()
                self._back_to(screen)
                return True
        can = self.session.can_go_to(step)
        if can:
            self.push_screen(self._page_of(step))
        return can

    def _keep_input(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Frame) and screen.is_mounted:
                screen.keep_input()

    @on(messages.Completed)
    def _after(self, message: messages.Completed) -> None:
        following = self.session.draft.after(message.step)
        if (
            getattr(self.screen, "STEP", "") != following
        ):  # if the key was pressed twice, the page is shown once
            self.push_screen(self._page_of(following))

    def _page_of(self, step: str) -> Frame:
        module, _, name = _PAGES[step].partition(":")
        page = getattr(import_module(f"{pages.__name__}.{module}"), name)
        return cast("Frame", page(self.session))

    @on(messages.Back)
    def back(self) -> None:
        """Return to the previous page; from a run or verification that has ended, to the list of clusters or to the first page."""
        if isinstance(self.screen, Frame) and self.screen.is_the_end:
            self._back_to_list()
        elif len(self.screen_stack) > 1:
            self.pop_screen()

    def _back_to_list(self) -> None:
        from screens.widgets.cluster_table import ClusterTable

        tables = [screen for screen in self.screen_stack[:-1] if isinstance(screen, ClusterTable)]
        self._back_to(tables[-1] if tables else self.screen_stack[0])

    def _back_to(self, screen: Screen[Any]) -> None:
        while self.screen is not screen and len(self.screen_stack) > 1:
            self.pop_screen()

    def pop_screen(self) -> AwaitComplete:
        """Also end what the page does in the background, before Textual takes its widgets away."""
        if isinstance(self.screen, BackgroundScreen):
            self.screen.end_work()
        return super().pop_screen()

    @on(messages.PickCluster)
    def _pick_cluster(self) -> None:
        from screens.pages.cluster import ClusterScreen

        self.push_screen(ClusterScreen(self.session, verify_only=True))

    @on(messages.CreateCluster)
    def _create_cluster(self) -> None:
        from screens.pages.new_cluster import NewClusterScreen

        self.push_screen(NewClusterScreen(self.session))

    @on(messages.ShowFleet)
    def _show_fleet(self) -> None:
        from screens.pages.fleet import FleetScreen

        for screen in self.screen_stack:
            if isinstance(screen, FleetScreen):
                self._back_to(screen)
                return
        self.push_screen(FleetScreen(self.session))

    @on(messages.ShowHistory)
    def _show_history(self) -> None:
        from screens.pages.history import HistoryScreen

        self.push_screen(HistoryScreen(self.session))

    @on(messages.OpenInWizard)
    def _open_in_wizard(self, message: messages.OpenInWizard) -> None:
        from screens.pages.cluster import ClusterScreen

        cluster = message.cluster
        own = self.session.subscription_of(cluster.subscription_id)
        if own is None:
            self.notify(f"{cluster.name} is in a subscription that you cannot see.", markup=False)
            return
        self.session.select_subscription(own)
        self.push_screen(ClusterScreen(self.session, words=cluster.name, rows=message.rows))

    @on(messages.ChangeEncryption)
    def _change_encryption(self, message: messages.ChangeEncryption) -> None:
        own = self.session.subscription_of(message.cluster.subscription_id)
        if own is None:
            return
        self.start_over()
        self.session.select_subscription(own)
        self.session.complete("cluster", cluster=message.cluster)
        self.push_screen(self._page_of("key"))

    @on(messages.StartOver)
    def _start_over_with_another(self) -> None:
        self.session.forget_clusters()
        self.start_over()

    def start_over(self) -> None:
        """Forget the answers for this cluster, and return to the list of clusters."""
        self.session.start_over()
        self._back_to_list()

    @on(messages.VerifyCluster)
    def _verify_cluster(self, message: messages.VerifyCluster) -> None:
        from screens.pages.verification import VerificationScreen

        self.push_screen(VerificationScreen(self.session, message.cluster_id))

    @on(messages.VerifyAnswers)
    def _verify_answers(self, message: messages.VerifyAnswers) -> None:
        self._verify(message.answers, inside=message.inside)

    def _verify(self, answers: "Answers", *, inside: bool = False) -> None:
        from screens.pages.verification import VerificationScreen

        for screen in reversed(self.screen_stack):
            if isinstance(screen, VerificationScreen) and screen.expect == answers:
                self._back_to(screen)
                if inside:
                    screen.call_later(screen.action_inside)
                return
        run = self.session.ended_run
        of_run = run.report if run and run.status == "succeeded" and run.answers == answers else None
        self.push_screen(VerificationScreen(self.session, expect=answers, report=of_run, inside=inside))

    @on(messages.StartRun)
    def _start_run(self, message: messages.StartRun) -> None:
        """Start a run; ask first if it is irreversible and no journal can be kept."""
        from screens.widgets.dialogs import AskDialog  # late, as every dialog

        def start(answer: str | None = "apply") -> None:
            if answer == "apply" and self.session.start_run(message.answers, message.plan):
                self.go_to("run")

        if why := self.session.no_journal(message.plan):
            text = (
                f"{why}\n\nThe plan is irreversible. Without a journal, an interrupted run cannot be resumed."
            )
            answers = {"back": "Do not apply", "apply": "Apply without a journal"}
            self.push_screen(AskDialog("Apply without a journal?", text, answers), start)
        else:
            start()

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key as the pages show it."""
        shown = super().get_key_display(binding)
        if shown == "⏎":
            return "enter"
        return shown.upper() if shown[1:].isdigit() else shown

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the commands of the palette: what the page offers, the steps that can be shown, the fleet, and quitting."""
        from screens.widgets.palette import commands, offered

        more: dict[str, tuple[str, Callable[[], Any]]] = {"history": ("Show past runs", self._show_history)}
        if self.session.azure_or_none is not None:
            more["fleet"] = ("Show all clusters, with a verdict on each", self._show_fleet)
            for step in self.session.draft.reachable:
                more[step] = (f"Open the step {STEPS[step].name}", partial(self.go_to, step))
        if self.session.active:
            more["run"] = ("Show the run, with its steps and its log", partial(self.go_to, "run"))
        more["quit"] = ("Quit the wizard", self.action_quit)
        yield from commands(
            offered(screen),
            more,
            lambda active: self.run_action(active.binding.action, active.node),
            lambda active: self.get_key_display(active.binding),
            self.size.width,
        )
        for theme, what in preferences.THEMES.items():
            yield SystemCommand(f"Theme: {theme}", what.capitalize(), partial(self.choose_theme, theme))

    def choose_theme(self, theme: str) -> None:
        """Use a theme from now on, and remember it. `auto` is found out when the wizard starts."""
        if theme in THEMES:
            self.use_theme(theme)
        try:
            path = preferences.save_theme(theme)
        except OSError as error:
            self.warn(f"The theme was not saved: {error.strerror or error}.")
            return
        said = f"Theme {theme} saved in {path}"
        if theme == preferences.AUTO:
            said += "; it applies from the next start"
        if self.session.environment.get(preferences.THEME):
            said += f". {preferences.THEME} is set and takes precedence at the next start"
        self.notify(f"{said}.", markup=False)

    # -- problems ------------------------------------------------------------------------------------------------

    @on(messages.Retrying)
    def _retrying(self, message: messages.Retrying) -> None:
        self._show_retry(message.notice)

    def _show_retry(self, notice: "RetryNotice") -> None:
        """Show that a request is retried; of many notices in a row, the first and then one every few seconds."""
        if (now := time.monotonic()) - self._last_notice > _BETWEEN_NOTICES:
            self._last_notice = now
            seconds = max(_BETWEEN_NOTICES, notice.seconds)
            self.notify(str(notice), severity="warning", markup=False, timeout=seconds)

    @on(messages.Failed)
    def _failed(self, message: messages.Failed) -> None:
        self.show_problem(message.problem)

    def show_problem(self, problem: Problem) -> None:
        """Show a problem on top of any page."""
        from screens.widgets.dialogs import ProblemDialog

        self.push_screen(ProblemDialog(problem))

    # -- quitting -------------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Quit; during a run, ask first."""
        from screens.widgets.dialogs import QuitDialog

        if not (self.session.active and self.session.active.in_flight):
            await self.leave()
            return
        if isinstance(self.screen, QuitDialog):
            return
        await self.push_screen(
            QuitDialog(
                "A run is in progress. Quit anyway?",
                "Azure completes operations that have started. Remaining steps are not started, and nothing is rolled back. "
                "When you resume the run, completed steps are skipped.",
                {"stay": "Stay", "quit": "Quit now"},
            ),
            self._quit_if_confirmed,
        )

    async def _quit_if_confirmed(self, answer: str | None) -> None:
        if answer == "quit":
            await self.leave()

    async def leave(self, code: int | None = None) -> None:
        """Keep the answers, end the work of pages, then the run, then the connection; then exit."""
        self._keep_input()
        self.kept = self.session.keep_draft() or self.kept
        code = self.session.exit_code if code is None else code
        last = ("run", "app", "connection")
        own = sorted({worker.group for worker in self.workers} - {*last})
        for group in (*own, *last):
            workers = [worker for worker in self.workers if worker.group == group]
            cancel(workers)
            for worker in workers:
                await _ended(worker)
        if self.session.active and self.session.active.journal:
            self.session.active.journal.close()
        self.exit(code)

    def _listen_to_signals(self) -> None:
        """Quit in order on a signal, so that the terminal is restored and the journal is complete.

        Ctrl-C is a key in the wizard, so a SIGINT comes from another process.
        """
        on_end_signals(lambda _: self.call_later(self.leave, INTERRUPTED))


def _import_pages() -> None:
    """Import every page, and what its requests need; called in a thread once the first frame is shown, so that no later page
    has to wait for it.
    """
    import pkgutil

    from wizard.cloud.azure import import_operations

    for page in pkgutil.iter_modules(pages.__path__):
        import_module(f"{pages.__name__}.{page.name}")
    import_operations()


def _driver() -> "type[Driver] | None":
    """Return the driver of the terminal; None for Textual's own choice."""
    if sys.platform != "win32" and not constants.DRIVER:
        from screens.widgets.terminal import TerminalDriver

        return TerminalDriver
    return None


async def _ended(worker: Worker[Any]) -> None:
    """Wait until a cancelled worker has cleaned up, for at most two seconds."""
    try:
        await asyncio.wait_for(worker.wait(), 2)
    except (WorkerCancelled, WorkerFailed, TimeoutError):
        return

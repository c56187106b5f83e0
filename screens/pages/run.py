"""The run: the progress of its steps, the live log, and what to do when it fails."""

from typing import ClassVar

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.events import MouseScrollUp
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Input, Log, Static

from screens.messages import Back, GoTo, StartOver, VerifyAnswers
from screens.pages import run_text
from screens.session.active_run import LOG_KEPT, ActiveRun, LogLine
from screens.session.session import Session
from screens.widgets.change import change
from screens.widgets.dialogs import RunDialog, SaveDialog
from screens.widgets.frame import NARROW, Heading
from screens.widgets.infrastructure_code import CodePage
from wizard.errors import JournalError
from wizard.reports.run_report import run_report
from wizard.state.target import Target

DRAIN = 0.1
"""Seconds between two updates of the page; the lines that came meanwhile are written at once."""

_SIDEWAYS = 20
"""Columns by which a key scrolls the log to the left or right."""


class RunLog(Log):
    """The log. It stays at its end when its size changes, until the operator scrolls up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end", "scroll_end", "follow", tooltip="Follow the log; scrolling up pauses it"),
    ]

    _style: Style | None = None
    """The style of the text while lines are drawn. To compute it takes Textual as long as to draw a line."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw these lines."""
        self._style = super().rich_style
        try:
            return super().render_lines(crop)
        finally:
            self._style = None

    @property
    def rich_style(self) -> Style:
        """The style of the text."""
        return self._style or super().rich_style

    def follow(self) -> None:
        """Scroll to the end, unless the log is paused. Textual's own following stops when the size changes."""
        if self.is_vertical_scrollbar_grabbed:
            self.auto_scroll = False
        if self.auto_scroll:
            self.scroll_end(animate=False, x_axis=False)

    def on_resize(self) -> None:
        self.follow()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        del event
        self.auto_scroll = False

    def action_scroll_up(self) -> None:
        """Scroll up, and pause."""
        self.auto_scroll = False
        super().action_scroll_up()

    def action_page_up(self) -> None:
        """Scroll a page up, and pause."""
        self.auto_scroll = False
        super().action_page_up()

    def action_scroll_home(self) -> None:
        """Scroll to the first line, and pause."""
        self.auto_scroll = False
        super().action_scroll_home()

    def action_scroll_left(self) -> None:
        """Scroll to the left, several columns at once."""
        self.scroll_relative(x=-_SIDEWAYS, animate=False)

    def action_scroll_right(self) -> None:
        """Scroll to the right, several columns at once."""
        self.scroll_relative(x=_SIDEWAYS, animate=False)

    def action_scroll_end(self) -> None:
        """Scroll to the last line, and follow."""
        self.auto_scroll = True
        self.follow()


class RunScreen(CodePage):
    """The steps and their log."""

    STEP = "run"
    HELP = """\
Each step shows its state, how long it has taken, and the last message from Azure. Steps that do not depend on each other \
run at the same time. The log is also written to the file whose path is below it.

The run continues in the background when you go to other pages. If you quit the wizard, operations already started in Azure \
continue, and the remaining steps are not started. You can resume the run later with the same answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "verify", tooltip="After the run: verify the cluster, to see each check"),
        Binding("enter", "verify", "verify", show=False, tooltip="The same, after the run has succeeded"),
        Binding("i", "inside", "inside", tooltip="After a success: check inside the cluster with kubectl"),
        Binding(
            "r",
            "retry",
            "retry",
            tooltip="After a failure: plan again and retry; completed steps are skipped",
        ),
        Binding("m", "edit", "change", tooltip="After a failure: change the answers"),
        Binding("e", "another", "encrypt another", tooltip="After a success: encrypt another cluster"),
        Binding("s", "save", "save", tooltip="Save a report, after the run has ended"),
        Binding(  # with priority, so that fast typing goes to the filter
            "slash",
            "filter",
            "filter",
            priority=True,
            tooltip="Show only log lines with certain words; esc clears the filter",
        ),
        Binding("l", "level", "log level", tooltip="Show events; also requests to Azure; also every detail"),
        Binding("c", "copy", "copy", tooltip="Copy the log"),
        *[Binding(str(n), f"only({n})", "one step", show=False) for n in range(2, 10)],
        Binding(
            "1",
            "only(1)",
            "one step",
            show=False,
            key_display="1-9",
            tooltip="Show only the log of that step",
        ),
        Binding("a", "all_steps", "all steps", tooltip="Show each completed step, or how many they are"),
        Binding("0", "only(0)", "all steps", show=False, tooltip="Show the whole log"),
        Binding(
            "left_square_bracket",
            "beside(-1)",
            "previous step",
            show=False,
            tooltip="Show only the log of the previous step",
        ),
        Binding(
            "right_square_bracket",
            "beside(1)",
            "next step",
            show=False,
            tooltip="Show only the log of the next step",
        ),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._shown: ActiveRun | None = None
        """The run that is shown now."""
        self._written = 0
        self._only = ""
        self._words = ""
        self._level = 0
        """What the log shows, see `LEVELS_OF_LOG`."""
        self._all_steps = False
        """Whether steps that are completed have a row each also on a small terminal."""
        self._beats = 0
        self._ended: tuple[str | None, str] = None, ""
        """The status of the run and the state of the cluster that are shown."""

    @property
    def active(self) -> ActiveRun:
        """The run of the session."""
        if self.session.active is None:
            raise RuntimeError("The page of the run is shown without a run.")
        return self.session.active

    @property
    def is_the_end(self) -> bool:
        """Whether back leads to the list: after a success."""
        return self.active.status == "succeeded"

    def body(self) -> ComposeResult:
        yield Heading("")
        yield Static(id="axis", classes="text")
        with VerticalScroll(id="outcome"):
            yield Static(id="outcome-text")
        with Container(id="run"):
            with VerticalScroll(id="steps", can_focus=False):
                yield Static(id="step-rows")
            with Vertical(id="log-side"):
                yield Static(id="log-title", classes="muted")
                yield RunLog(id="log", highlight=False, max_lines=LOG_KEPT)
                yield Input(placeholder="only lines with…", id="log-filter", compact=True)
        yield Static(id="log-path", classes="muted")

    def on_mount(self) -> None:
        self.query_one("#log-filter").display = False
        self.query_one("#outcome").display = False
        self.query_one(RunLog).focus()
        self.every(DRAIN, self._drain)
        self._drain()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_outcome)  # once it has its new width

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show_new_run(self) -> None:
        """Show another run than before, with its whole log."""
        self._shown, self._ended, self._only, self._words = self.active, (None, ""), "", ""
        self.query_one("#log-filter", Input).value = ""
        self._filter_done()
        self._show_outcome()
        self._rewrite()

    def _drain(self) -> None:
        active = self.active
        if active is not self._shown:
            self._show_new_run()
        log = self.query_one(RunLog)
        self._beats += 1
        fresh = active.log_from(self._written)
        self._written = active.lines
        if lines := [str(line) for line in fresh if self._fits(line)]:
            log.write_lines(lines)
            log.follow()
        if self._beats % 3 == 1 or (active.status, active.cluster_now) != self._ended:
            self._draw()

    def _draw(self) -> None:
        active, columns = self.active, self.app.size.width
        title, note = run_text.heading(active)
        self.query_one(Heading).title(title)
        self.query_one(Heading).note(note)
        axis = self.query_one("#axis", Static)
        axis.display = active.in_flight
        if active.in_flight:
            room = min(run_text.AXIS, self.query_one(Heading).size.width)
            change(axis, run_text.time_axis(active.elapsed, *active.plan.usually, room))
        width = self.query_one("#steps").size.width
        rows = run_text.step_rows(active, width, columns, self._beats // 3, opened=self._all_steps)
        change(self.query_one("#step-rows", Static), rows)
        log = self.query_one(RunLog)
        log_title = run_text.log_title(
            following=log.auto_scroll,
            only=self._only,
            words=self._words,
            level=self._level,
            scrolls=log.max_scroll_x > 0,
        )
        change(self.query_one("#log-title", Static), Content(log_title))
        change(self.query_one("#log-path", Static), run_text.log_path(active, columns - self.beside))
        if (active.status, active.cluster_now) != self._ended:
            self._ended = active.status, active.cluster_now
            self._show_outcome()
            self.refresh_bindings()
        self.refresh_frame()

    def _show_outcome(self) -> None:
        active = self.active
        panel = self.query_one("#outcome")
        panel.display = active.status is not None
        panel.set_class(active.status != "succeeded", "problem")
        self.set_class(active.status is not None, "ended")
        panel.border_title = Content(run_text.outcome_title(active))
        width = self.query_one(Heading).size.width - 5
        outcome = run_text.outcome(active, width, self.session.portal_link)
        change(self.query_one("#outcome-text", Static), outcome)
        bad = [n for n, progress in enumerate(active.steps.values()) if progress.status == "failed"]
        if bad:
            self.call_after_refresh(self.query_one("#steps").scroll_to, y=max(0, bad[0] - 2), animate=False)

    # -- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer the keys that need an ended run only after its end."""
        status = self.session.active.status if self.session.active else None
        match action:
            case "verify":
                return status is not None and not (self.session.active and self.session.active.never_started)
            case "another" | "export" | "inside":
                return status == "succeeded"
            case "all_steps":
                return self.app.size.width < NARROW
            case "retry" | "edit":
                return status in {"failed", "interrupted"}
            case "save":
                return status is not None
            case "filter" if isinstance(self.focused, Input):
                return False  # in an input it is an ordinary character
            case "filter" | "level":
                return not self._log_is_hidden
        return True

    @property
    def _log_is_hidden(self) -> bool:
        """Whether the outcome takes the room of the log."""
        return self.app.size.width < NARROW and self.has_class("ended")

    def action_verify(self) -> None:
        """Go to the verification."""
        self.post_message(VerifyAnswers(self.active.answers))

    def action_inside(self) -> None:
        """Go to the verification, and ask there whether to check inside the cluster."""
        self.post_message(VerifyAnswers(self.active.answers, inside=True))

    def action_all_steps(self) -> None:
        """Show a row for each completed step, or one for all of them."""
        self._all_steps = not self._all_steps
        self._draw()

    def action_retry(self) -> None:
        """Return to the review for a new plan; completed steps are skipped."""
        self._back_to("review")

    def action_edit(self) -> None:
        """Return to a page on which answers can be edited."""
        self._back_to("vault" if self.active.answers.vault else "cluster")

    def _back_to(self, step: str) -> None:
        """Return to an earlier step, if its answers are still those of this run."""
        if self.session.draft.is_about(self.active.plan.cluster_id):
            self.post_message(GoTo(step))
            return
        text = "You have selected another cluster since."
        text += " Press r on the first page to resume this run." if self.session.can_resume else ""
        self.notify(text, severity="warning", markup=False)

    def action_save(self) -> None:
        """Save a report of the run from its journal, as `aks-kms runs report` prints it."""
        from wizard.runs.journal import read_run

        active = self.active
        if active.journal is None:
            return
        try:
            recorded = read_run(self.session.journal_root, active.journal.id)
        except JournalError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        step_failed = any(step.status == "failed" for step in active.steps.values())
        report = run_report(
            recorded, None if step_failed else active.problem
        )  # the journal has that of a step
        name = f"run-{active.answers.cluster.name}.md"
        self.app.push_screen(SaveDialog("Save a report of this run", name, {"": report}))

    def cluster_to_export(self) -> str:
        """Return the cluster of the run."""
        return Target(self.active.answers, "").cluster_id if self.active else ""

    def action_another(self) -> None:
        """Return to the list of clusters, to encrypt another one."""
        self.post_message(StartOver())

    def action_level(self) -> None:
        """Show more of the log, or only events again."""
        self._level = (self._level + 1) % len(run_text.LEVELS_OF_LOG)
        self._rewrite()

    def action_only(self, number: int) -> None:
        """Show only the log of one step; 0 shows all."""
        keys = ["", *self.active.steps]
        self._only = keys[number] if number < len(keys) else ""
        self._rewrite()

    def action_beside(self, by: int) -> None:
        """Show only the log of the previous or next step; the whole log is between the last step and the first."""
        keys = ["", *self.active.steps]
        self._only = keys[(keys.index(self._only) + by) % len(keys)]
        self._rewrite()

    def action_filter(self) -> None:
        """Put the cursor into the filter of the log."""
        field = self.query_one("#log-filter", Input)
        field.display = True
        self.set_focus(field)

    @on(Input.Changed, "#log-filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._words = event.value
        self._rewrite()
        self.refresh_bindings()

    @on(Input.Submitted, "#log-filter")
    def _filter_done(self) -> None:
        field = self.query_one("#log-filter", Input)
        field.display = bool(field.value)
        self.query_one(RunLog).focus()

    def _fits(self, line: LogLine) -> bool:
        shown = line.level <= self._level and (not self._only or line.step == self._only)
        return shown and (not self._words or self._words.casefold() in str(line).casefold())

    def _rewrite(self) -> None:
        self.query_one(RunLog).clear()
        self._written = 0
        self._drain()
        self._draw()

    def action_copy(self) -> None:
        """Copy the log to the clipboard of the terminal, if it has one."""
        text = "\n".join(str(line) for line in self.active.log if self._fits(line))
        self.app.copy_to_clipboard(text)
        journal = self.active.journal
        whole = f" The complete log: {journal.log_path}" if journal else ""
        self.notify(f"Copied, if your terminal allows it.{whole}", markup=False)

    @property
    def escape_does(self) -> str:
        """What Esc does first: clear the filter, or leave it."""
        field = next(iter(self.query("#log-filter").results(Input)), None)  # none before the page is complete
        if field is None:
            return ""
        return "clear filter" if field.value else "to the log" if field.has_focus else ""

    def action_back(self) -> None:
        """Clear the filter, as in the lists; or go back, after a word about a run in progress."""
        field = self.query_one("#log-filter", Input)
        if self.escape_does:
            field.value = ""
            self._filter_done()
        elif self.active.in_flight:
            self.app.push_screen(
                RunDialog(
                    "The run continues in the background",
                    "You can look at earlier pages meanwhile. The step rail shows the progress; the review or ctrl+p brings "
                    "you back here.",
                    {"stay": "Stay here", "leave": "Look at earlier pages"},
                ),
                self._leave,
            )
        elif self.active.status == "succeeded":
            self.action_another()
        else:
            super().action_back()

    def _leave(self, answer: str | None) -> None:
        if answer == "leave":
            self.post_message(Back())

"""The run: what is done, what goes on, what waits for what; the live log; and what to do when it fails."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.events import MouseScrollUp
from textual.widgets import Input, Log, Static

from screens.messages import Back, GoTo, VerifyAnswers
from screens.session.active_run import LOG_KEPT, ActiveRun, LogLine, StepProgress
from screens.session.session import Session
from screens.widgets.dialogs import RunDialog, SaveDialog, problem_content
from screens.widgets.frame import NARROW, Frame, Heading
from wizard.reports.run_report import run_report
from wizard.reports.wording import LEVELS, SPINNER, STEP_STATES, STYLES, duration, usually

DRAIN = 0.1
"""Seconds between two looks at the run; what came meanwhile is written at once."""


class RunLog(Log):
    """The log: it stays at its end, however its room changes, until somebody goes up in it."""

    def follow(self) -> None:
        """To the end, unless it is paused. Textual's own following ends where the room changes."""
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
        """Up, which pauses it."""
        self.auto_scroll = False
        super().action_scroll_up()

    def action_page_up(self) -> None:
        """A page up, which pauses it."""
        self.auto_scroll = False
        super().action_page_up()

    def action_scroll_home(self) -> None:
        """To the first line, which pauses it."""
        self.auto_scroll = False
        super().action_scroll_home()

    def action_scroll_end(self) -> None:
        """To the last line, and stay there."""
        self.auto_scroll = True
        self.follow()


class RunScreen(Frame):
    """Steps and their log."""

    STEP = "run"
    HELP = """\
Each step has a sign, how long it took or has taken so far, and what Azure said last. Steps that do not need each \
other go on at the same time. The log is also written to the file whose path stands below.

The run belongs to the wizard, not to this screen: esc lets you look at earlier screens while it goes on. Leaving the \
wizard ends the run: what Azure has begun, Azure finishes; the rest is not started, and the same answers carry on later.

f        follow the log, or pause it; going up in it pauses it as well
1-9      only the log of that step; 0 all of it
[ ]      only that of the step before, or after
/        only lines with certain words
c        copy the log
enter    to the verification, once the run has succeeded
After a failure:
r        plan again and retry: what is done is found and kept
e        edit the answers
s        save a report
ctrl+q   leave; the same answers carry on later"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "onward", "verify"),
        Binding("r", "retry", "retry"),
        Binding("e", "edit", "edit"),
        Binding("s", "save", "save"),
        Binding("f", "follow", "follow/pause"),
        Binding(
            "slash", "filter", "filter", priority=True
        ),  # so that what is typed after it at once gets there
        Binding("c", "copy", "copy"),
        *[Binding(str(n), f"only({n})", "one step", show=False) for n in range(10)],
        Binding("left_square_bracket", "beside(-1)", "step before", show=False),
        Binding("right_square_bracket", "beside(1)", "step after", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._of: ActiveRun | None = None
        """The run that is shown now."""
        self._written = 0
        self._width = 0
        """Columns for which the log was written."""
        self._only = ""
        self._words = ""
        self._beats = 0
        self._ended: tuple[str | None, str] = None, ""
        """How the run had ended when that was shown, and what was known of the cluster."""

    @property
    def active(self) -> ActiveRun:
        """The run that is shown."""
        if self.session.active is None:
            raise RuntimeError("The run's screen is shown without a run.")
        return self.session.active

    def body(self) -> ComposeResult:
        yield Heading("")
        with Container(id="run"):
            with VerticalScroll(id="steps", can_focus=False):
                yield Static(id="step-rows")
            with Vertical(id="log-side"):
                yield Static(id="log-title", classes="muted")
                yield RunLog(id="log", highlight=False, max_lines=LOG_KEPT)
                yield Input(placeholder="only lines with…", id="log-filter", compact=True)
        with VerticalScroll(id="outcome"):
            yield Static(id="outcome-text")
        yield Static(id="log-path", classes="muted")

    def on_mount(self) -> None:
        self.query_one("#log-filter").display = False
        self.query_one("#outcome").display = False
        self.query_one(RunLog).focus()
        self.every(DRAIN, self._drain)
        self._drain()

    # -- drawing -------------------------------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        """Show another run: from its first line, and all of it."""
        self._of, self._ended, self._only, self._words = self.active, (None, ""), "", ""
        self.query_one("#log-filter", Input).value = ""
        self._filter_done()
        self._show_outcome()
        self._rewrite()

    def _drain(self) -> None:
        active = self.active
        if active is not self._of:
            self._begin_anew()
        log = self.query_one(RunLog)
        if (width := log.scrollable_content_region.width) != self._width:
            self._width = width
            self._rewrite()
            return
        self._beats += 1
        if width:
            fresh = active.log_from(self._written)
            self._written = active.told
            if lines := [line.wrapped(width) for line in fresh if self._fits(line)]:
                log.write_lines(lines)
                log.follow()
        if self._beats % 3 == 1 or (active.status, active.cluster_now) != self._ended:
            self._draw()

    def _draw(self) -> None:
        active = self.active
        total, done = len(active.steps), active.finished_steps
        narrow = self.app.size.width < NARROW
        bar = "" if narrow else f"  {'█' * done}{'░' * (total - done)}"
        state = active.status or f"{done} of {total} done"
        self.query_one(Heading).title(f"{active.answers.cluster.name} · {state}")
        expected = f" · usually {usually(*active.plan.usually)}" if active.in_flight else ""
        self.query_one(Heading).note(f"{duration(active.elapsed)} elapsed{expected}{bar}")
        rows = [self._row(n, progress) for n, progress in enumerate(active.steps.values(), 1)]
        self.query_one("#step-rows", Static).update(Content("\n").join(rows))
        following = "following" if self.query_one(RunLog).auto_scroll else "paused; f follows"
        only = f" · only {self._only}" if self._only else ""
        words = f" · with “{self._words}”" if self._words else ""
        self.query_one("#log-title", Static).update(Content(f"log, {following}{only}{words}"))
        self.query_one("#log-path", Static).update(self._where())
        if (active.status, active.cluster_now) != self._ended:
            self._ended = active.status, active.cluster_now
            self._show_outcome()
            self.refresh_bindings()
        self.refresh_frame()

    def _where(self) -> Content:
        """Where the whole log is, or why it is nowhere."""
        journal = self.active.journal
        if journal is None:
            return Content.assemble(("! ", STYLES["warn"]), "this log is kept nowhere else")
        if journal.write_error:
            return Content.assemble(
                ("! ", STYLES["warn"]), f"this log is not complete: {journal.write_error}"
            )
        return Content(f"full log: {journal.log_path}")

    def _row(self, number: int, progress: StepProgress) -> Content:
        sign, word, tone = STEP_STATES.get(progress.status, ("?", progress.status, "warn"))
        spent = self.active.spent(progress)
        if progress.status == "running":
            sign = SPINNER[self._beats // 3 % 4]
            word = progress.message or "asking Azure"
            if progress.expected:
                word += f", about {duration(progress.expected)} in all"
        elif progress.status == "waiting":
            waits = self.active.waits_for(progress)
            word = f"waits for {', '.join(waits)}" if waits else "next"
        time = duration(spent) if spent is not None else ""
        style = STYLES[tone] if progress.status in {"running", "failed"} else "$quiet"
        room = 39 if self.app.size.width < NARROW else 46
        title = progress.step.title
        title = title if len(title) <= room else f"{title[: room - 1]}…"
        left = self.query_one("#steps").size.width - room - 15
        return Content.assemble(
            (f"{number:>2} ", "$quiet"),
            (f"{sign} ", STYLES[tone]),
            (f"{title:<{room}}", style if progress.status == "waiting" else ""),
            (f"{time:>6}  ", ""),
            (f"\n     {word}" if progress.status == "running" and len(word) > left else word, style),
        )

    def _show_outcome(self) -> None:
        active = self.active
        panel = self.query_one("#outcome")
        panel.display = active.status is not None
        panel.set_class(active.status != "succeeded", "problem")
        self.set_class(active.status not in {None, "succeeded"}, "ended-badly")
        self.query_one("#outcome-text", Static).update(self._outcome())
        bad = [n for n, progress in enumerate(active.steps.values()) if progress.status == "failed"]
        if bad:
            self.call_after_refresh(self.query_one("#steps").scroll_to, y=max(0, bad[0] - 2), animate=False)

    def _outcome(self) -> Content:
        active = self.active
        name = active.answers.cluster.name
        if active.status == "succeeded":
            over = Content.assemble(
                ("✓ ", STYLES["good"]),
                (f"Done in {duration(active.elapsed)}. ", "bold"),
                f"{name} was read back. Enter reads it again, and shows each check.",
            )
            return Content("\n").join([over, *self._afterwards()])
        if active.drifted:
            differing = "\n".join(f"  {line}" for line in active.drifted)
            return Content.assemble(
                ("! ", STYLES["warn"]),
                ("Nothing was begun: Azure is not as it was when the plan was made.\n", "bold"),
                differing,
                ("\nr  look at the fresh plan, and decide again", STYLES["busy"]),
            )
        if active.refused:
            lines = [Content.assemble(("Nothing was begun: what Azure says now stands against it.", "bold"))]
            for finding in active.refused:
                sign, _, tone = LEVELS[finding.level]
                lines.append(
                    Content.assemble((f"{sign} ", STYLES[tone]), f"{finding.message} {finding.remedy}")
                )
            keys = {"r": "plan again", "e": "edit answers", "s": "save report"}
            return Content("\n").join([*lines, _keys(keys)])
        parts: list[Content] = []
        if active.problem:
            parts.append(problem_content(active.problem))
        elif active.status == "interrupted":
            parts.append(Content.assemble(("! ", STYLES["warn"]), ("The run was interrupted.", "bold")))
        done = [s.step.key for s in active.steps.values() if s.status in {"succeeded", "already"}]
        parts.append(
            Content.assemble(
                ("Done and stays  ", "$quiet"), ", ".join(done) or "nothing; no step had finished"
            )
        )
        if active.problem:
            now = active.cluster_now or "not looked at yet"
            parts.append(Content.assemble(("The cluster now  ", "$quiet"), now))
        if active.plan.now != "none":
            before, then = active.plan.moves
            parts.append(Content.assemble(("Moving from  ", "$quiet"), before, (" to ", "$quiet"), then))
            parts += self._afterwards()
        parts.append(
            _keys(
                {
                    "r": "plan again and retry",
                    "e": "edit answers",
                    "s": "save report",
                    "^q": "leave; carried on later",
                }
            )
        )
        return Content("\n").join(parts)

    def _afterwards(self) -> list[Content]:
        """What of the past must stay, and what may go later."""
        plan = self.active.plan
        rows = [("! still needed  ", STYLES["warn"], text) for text in plan.still_needed]
        if self.active.status == "succeeded":
            rows += [("· later, by you  ", "$quiet", text) for text in plan.clean_up]
        return [Content.assemble((label, style), text) for label, style, text in rows]

    # -- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Keys that mean something only after an end show only then."""
        status = self.session.active.status if self.session.active else None
        match action:
            case "onward":
                return status == "succeeded"
            case "retry" | "edit":
                return status in {"failed", "interrupted"}
            case "save":
                return status is not None
            case "filter" if isinstance(self.focused, Input):
                return False  # there it is a letter like any other
            case "follow" | "filter":
                return not self._crowded_out
        return True

    @property
    def _crowded_out(self) -> bool:
        """Whether the log has given its room to what the run ended with."""
        return self.app.size.width < NARROW and self.has_class("ended-badly")

    def action_onward(self) -> None:
        """To the verification."""
        self.post_message(VerifyAnswers(self.active.answers))

    def action_retry(self) -> None:
        """Back to the review, with a fresh plan: what is done is found and kept."""
        self._back_to("review")

    def action_edit(self) -> None:
        """Back to what can be edited."""
        self._back_to("vault" if self.active.answers.vault else "cluster")

    def _back_to(self, step: str) -> None:
        """To an earlier step of this run's own answers."""
        if self.session.draft.is_about(self.active.plan.cluster_id):
            self.post_message(GoTo(step))
            return
        said = "Other answers are chosen here by now."
        said += " c on the first screen carries this run on." if self.session.can_resume else ""
        self.notify(said, severity="warning", markup=False)

    def action_save(self) -> None:
        """A report of the run as a file: what its journal has, as `aks-kms runs report` writes it."""
        from wizard.errors import JournalError
        from wizard.runs.journal import read_run

        active = self.active
        if active.journal is None:
            return
        try:
            recorded = read_run(self.session.journal_root, active.journal.id)
        except JournalError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        of_a_step = any(
            step.status == "failed" for step in active.steps.values()
        )  # the journal has told it then
        report = run_report(recorded, None if of_a_step else active.problem)
        name = f"run-{active.answers.cluster.name}.md"
        self.app.push_screen(SaveDialog("Save a report of this run", name, {"": report}))

    def action_follow(self) -> None:
        """Follow the log, or let it stand."""
        log = self.query_one(RunLog)
        log.auto_scroll = not log.auto_scroll
        log.follow()
        self._draw()

    def action_only(self, number: int) -> None:
        """Only the log of one step; 0 for all."""
        keys = ["", *self.active.steps]
        self._only = keys[number] if number < len(keys) else ""
        self._rewrite()

    def action_beside(self, by: int) -> None:
        """Only the log of the step before or after, round and round; all of it lies between the last and the first."""
        keys = ["", *self.active.steps]
        self._only = keys[(keys.index(self._only) + by) % len(keys)]
        self._rewrite()

    def action_filter(self) -> None:
        """Ask for words that a line must have."""
        field = self.query_one("#log-filter", Input)
        field.display = True
        self.set_focus(field)

    @on(Input.Changed, "#log-filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._words = event.value
        self._rewrite()

    @on(Input.Submitted, "#log-filter")
    def _filter_done(self) -> None:
        self.query_one("#log-filter").display = bool(self._words)
        self.query_one(RunLog).focus()

    def _fits(self, line: LogLine) -> bool:
        return (not self._only or line.step == self._only) and self._words.casefold() in str(line).casefold()

    def _rewrite(self) -> None:
        log = self.query_one(RunLog)
        log.clear()
        self._written = 0
        self._drain()
        self._draw()

    def action_copy(self) -> None:
        """Put the log on the terminal's clipboard, where the terminal has one."""
        text = "\n".join(str(line) for line in self.active.log if self._fits(line))
        self.app.copy_to_clipboard(text)
        journal = self.active.journal
        whole = f" The whole log: {journal.log_path}" if journal else ""
        self.notify(f"Copied, if your terminal allows it.{whole}", markup=False)

    def action_back(self) -> None:
        """Leave the filter; or this screen, saying that the run goes on."""
        field = self.query_one("#log-filter", Input)
        if field.has_focus:
            field.value = ""
            self._filter_done()
        elif self.active.in_flight:
            self.app.push_screen(
                RunDialog(
                    "The run goes on",
                    "You can look at earlier screens meanwhile; the spine shows how far it is, and the review or ctrl+p "
                    "brings you back here. What is under way in Azure goes on in any case.",
                    {"stay": "Stay here", "leave": "Look at earlier screens"},
                ),
                self._leave,
            )
        else:
            super().action_back()

    def _leave(self, answer: str | None) -> None:
        if answer == "leave":
            self.post_message(Back())


def _keys(does: dict[str, str]) -> Content:
    """Keys and what they do, in a line."""
    return Content("   ").join(
        Content.assemble((key, STYLES["busy"]), f" {words}") for key, words in does.items()
    )

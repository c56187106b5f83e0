"""Earlier runs that were not completed: offered on the first page, and resumed from the current state in Azure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.widgets.dialogs import Dialog
from screens.widgets.key_footer import KeyFooter
from screens.wizard_steps import STEPS
from wizard.reports.wording import STYLES, count

if TYPE_CHECKING:
    from screens.session.saved_drafts import SavedDraft
    from wizard.procedure.plan import Plan
    from wizard.runs.resume import ResumableRun


class ResumeDialog(Dialog["ResumableRun | SavedDraft | None"]):
    """Ask what to resume; show what was in progress when a run ended, and how far answers that were not applied are."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete", "discard", "delete these answers")]

    def __init__(
        self,
        runs: "Sequence[ResumableRun]",
        drafts: "Sequence[SavedDraft]",
        discard: "Callable[[SavedDraft], None]",
    ) -> None:
        """`discard` is called to delete a draft."""
        super().__init__()
        self._runs = list(runs)
        self._drafts = list(drafts)
        self._discard = discard

    def compose(self) -> ComposeResult:
        what = "Which run do you want to resume?" if not self._drafts else "What do you want to resume?"
        lines = [*(run_line(run) for run in self._runs), *(draft_line(draft) for draft in self._drafts)]
        with Vertical(classes="dialog"):
            yield Static(Content(what), classes="title")
            yield OptionList(*lines, compact=True)
            with VerticalScroll(classes="below-list", can_focus=False):
                yield Static(id="ended")
            yield Static(id="then", classes="muted")
        yield KeyFooter()

    def _under_cursor(self) -> "tuple[ResumableRun | None, SavedDraft | None]":
        """The run or the draft under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is None:
            return None, None
        if place < len(self._runs):
            return self._runs[place], None
        return None, self._drafts[place - len(self._runs)]

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        run, draft = self._under_cursor()
        if run:
            self.query_one("#ended", Static).update(how_it_ended(run))
        elif draft:
            self.query_one("#ended", Static).update(how_far(draft))
        then = "continue with these answers" if draft else "create a new plan from the current state in Azure"
        then += ". The review shows what is different" if run else ""
        text = f"Press Enter to {then}. Nothing is written before you type the cluster name."
        self.query_one("#then", Static).update(Content(text))
        self.refresh_bindings()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        run, draft = self._under_cursor()
        self.dismiss(run or draft)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer to delete answers, but no run: its journal has them."""
        return action != "discard" or self._under_cursor()[1] is not None

    def action_discard(self) -> None:
        """Delete the answers under the cursor."""
        lines, (_, draft) = self.query_one(OptionList), self._under_cursor()
        if draft is None or lines.highlighted is None:
            return
        self._discard(draft)
        self._drafts.remove(draft)
        lines.remove_option_at_index(lines.highlighted)
        if not lines.option_count:
            self.dismiss(None)

    def action_close(self) -> None:
        """Resume none of them."""
        self.dismiss(None)


def offer(runs: "Sequence[ResumableRun]", drafts: "Sequence[SavedDraft]" = ()) -> Content:
    """Return what the first page shows of what can be resumed; there is at least one run or draft."""
    parts: list[tuple[str, str]] = []
    if runs:
        newest, *others = runs
        more = f" {count(len(others), 'other run')} can be resumed too." if others else ""
        in_flight = "".join(f" {sentence}" for sentence in newest.in_flight.sentences)
        parts = [
            ("!  ", STYLES["warn"]),
            (newest.outcome, "bold"),
            (f" {_started(newest)}.{in_flight}{more}\n", ""),
        ]
    if drafts:
        draft, *others_ = drafts
        more = f" There are {count(len(others_), 'other draft')}." if others_ else ""
        parts += [
            ("!  ", STYLES["warn"]),
            (f"Your answers for {draft.name} were not applied", "bold"),
            (f" (saved {when(draft.saved.astimezone())}).{more}\n", ""),
        ]
    then = "resumes it with a new plan, from the current state in Azure"
    if drafts:
        then = "shows them, to resume one" if runs or len(drafts) > 1 else "continues with them"
    return Content.assemble(*parts, ("r", STYLES["busy"]), f"  {then}")


def how_far(draft: "SavedDraft") -> Content:
    """Return which steps are answered in a draft."""
    done = ", ".join(STEPS[step].name for step in draft.completed) or "none"
    return Content(
        f"Answers that were not applied, saved {when(draft.saved.astimezone())}. Completed: {done}."
    )


def draft_line(draft: "SavedDraft") -> Content:
    """Return a draft in one line: its cluster, when it was saved, and what it is."""
    return Content(f"{draft.name}  ·  {when(draft.saved.astimezone())}  ·  answers, not applied")


def how_it_ended(run: "ResumableRun") -> Content:
    """Return how a run ended, and what was in progress then."""
    lines = [f"{run.outcome} {_started(run)}.", *run.in_flight.sentences]
    return Content("\n".join(lines))


def resumed_rows(run: "ResumableRun", plan: "Plan") -> list[tuple[str, str]]:
    """Return what the review shows of the run that is resumed, as labels and sentences: how it ended, and what is different
    in the new plan.
    """
    rows = [("resumed", f"run {run.id}. {run.outcome} {_started(run)}.")]
    rows += [("! when it ended", sentence) for sentence in run.in_flight.sentences]
    if done := run.completed_since(plan):
        rows.append(("✓ completed", "; ".join(done)))
    rows += [("· since then", sentence) for sentence in run.differences(plan)]
    if run.run.plan.get("digest") == plan.digest:
        rows.append(("· since then", "No changes: the new plan is the same."))
    return rows


def when(moment: datetime | None) -> str:
    """Return a local time, with the day unless it is today."""
    if moment is None:
        return "at an unknown time"
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M} today" if moment.date() == today else f"{moment:%A %d %B, %H:%M}"


def run_line(run: "ResumableRun") -> Content:
    """Return a run in one line: its cluster, when it was started, and its status."""
    summary = run.run.summary
    return Content(f"{run.answers.cluster.name}  ·  {when(summary.started)}  ·  {summary.status}")


def _started(run: "ResumableRun") -> str:
    summary = run.run.summary
    return f"(started {when(summary.started)}{f', in {summary.cloud_text}' if summary.cloud else ''})"

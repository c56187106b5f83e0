"""Earlier runs that were not completed: offered on the first page, and resumed from the current state in Azure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from screens.widgets.marked_list import MarkedList
from screens.wizard_steps import STEPS
from wizard.reports.wording import STYLES, ago, count, hanging
from wizard.system.sanitize import sanitize

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
            yield MarkedList(*lines, compact=True)
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


def offer_title(runs: "Sequence[ResumableRun]") -> str:
    """Return the title of what can be resumed: of these runs, or of drafts alone."""
    if not runs:
        return "! Answers that were not applied"
    return "! Unfinished run" if len(runs) == 1 else f"! {count(len(runs), 'unfinished run')}"


def offer(
    runs: "Sequence[ResumableRun]",
    drafts: "Sequence[SavedDraft]",
    in_azure: str,
    width: int,
    *,
    narrow: bool = False,
) -> Content:
    """Return what the first page shows of what can be resumed: labels, and what there is to say beside them.

    `in_azure`: the cluster of the newest run as it is now; `narrow`: the title is the first label, and only what is needed
    to choose is said.
    """
    rows: list[tuple[str, str]] = []
    if runs:
        newest, *others = runs
        flying = newest.in_flight
        rows.append(("! Unfinished run" if narrow else "run", f"{how_far_it_came(newest)}, {_since(newest)}"))
        if not narrow:
            rows.append(("what it does", newest.run.summary.title))
        if flying.running_in_azure or (flying.unanswered and not narrow):
            open_ = replace(flying, steps=(), unanswered=() if narrow else flying.unanswered)
            rows.append(("when it ended", " ".join(open_.sentences)))
        rows.append(("now in Azure", in_azure))
        rows += [("also", f"{count(len(others), 'other run')} can be resumed")] if others else []
    if drafts:
        draft, *more = drafts
        text = f"your answers for {draft.name}, saved {when(draft.saved.astimezone())}"
        label = "also not applied" if runs else "! Not applied" if narrow else "not applied"
        rows.append((label, text + (f", and {count(len(more), 'other draft')}" if more else "")))
    return Content("\n").join(_row(label, text, width) for label, text in rows)


_LABEL = 18


def _row(label: str, text: str, width: int) -> Content:
    style = STYLES["warn"] if label.startswith("!") else "$quiet"
    return Content.assemble((f"{label:<{_LABEL}}", style), hanging(text, _LABEL, width))


def how_far_it_came(run: "ResumableRun") -> str:
    """Return how a run ended, at which of its steps, and how many are complete: from what the journal has of it."""
    ended = {"failed": "failed", "interrupted": "was interrupted"}.get(
        run.run.summary.status, "ended unexpectedly"
    )
    steps = {str(step.get("key")): str(step.get("title") or "") for step in run.run.plan.get("steps") or ()}
    done, last = 0, ""
    for event in run.run.events:
        if event.get("type") == "step-started":
            last = str(event.get("step"))
        elif event.get("type") == "step-finished" and event.get("status") in {"succeeded", "already"}:
            done += 1
        elif event.get("type") == "step-finished" and event.get("status") == "failed":
            last = str(event.get("step"))
            break
    where = ""
    if last in steps:
        where = f" at step {[*steps].index(last) + 1} of {len(steps)}, {sanitize(steps[last])}"
    kept = f"; {count(done, 'step')} completed" if done else ""
    return f"{run.answers.cluster.name} {ended}{where}{kept}"


def resume_task(runs: "Sequence[ResumableRun]", drafts: "Sequence[SavedDraft]") -> tuple[str, str, str]:
    """Return the entry that resumes: its name, and what it does, in short and at length."""
    if len(runs) + len(drafts) > 1:
        what = " and ".join(
            count(number, thing) for number, thing in ((len(runs), "run"), (len(drafts), "draft")) if number
        )
        return (
            "Resume…",
            f"choose one of {what}",
            f"Choose one of {what}. Nothing is written before you confirm.",
        )
    if drafts:
        text = "Continue with your answers. Nothing is written before you confirm."
        return f"Resume {drafts[0].name}", "continue with your answers", text
    text = "Plan again from the current state. Nothing is written before you confirm."
    return f"Resume {runs[0].answers.cluster.name}", "plan again; confirmed on the review", text


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
    rows = [("resumed", f"run {run.id}: {run.run.summary.status}, {_since(run)}")]
    rows += [("! when it ended", sentence) for sentence in run.in_flight.sentences]
    if done := run.completed_since(plan):
        rows += [("" if number else "✓ completed", title) for number, title in enumerate(done)]
    for sentence in run.differences(plan):
        what, _, change = sentence.partition(": ")
        rows.append((f"~ {what}", change) if change else ("~ changed", what))
    if run.run.plan.get("digest") == plan.digest:
        rows.append(("= the plan", "as before"))
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


def _since(run: "ResumableRun") -> str:
    """Return when a run was started, and how long ago that is if it was today."""
    started = run.run.summary.started
    if started is None:
        return when(started)
    seconds = (datetime.now().astimezone() - started).total_seconds()
    return f"started {when(started)}" + (f", {ago(seconds)}" if 0 <= seconds < _RECENT else "")


_RECENT = 2 * 3600
"""Seconds for which it is said how long ago a run was started."""


def _started(run: "ResumableRun") -> str:
    summary = run.run.summary
    return f"(started {when(summary.started)}{f', in {summary.cloud_text}' if summary.cloud else ''})"

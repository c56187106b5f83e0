"""Earlier runs that were not completed: offered on the first page, and resumed from the current state in Azure."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.widgets.dialogs import Dialog
from screens.widgets.key_footer import KeyFooter
from wizard.reports.wording import STYLES, count

if TYPE_CHECKING:
    from wizard.procedure.plan import Plan
    from wizard.runs.resume import ResumableRun


class ResumeDialog(Dialog["ResumableRun | None"]):
    """Ask which run to resume; show what was in progress when each of them ended."""

    def __init__(self, runs: "Sequence[ResumableRun]") -> None:
        super().__init__()
        self._runs = runs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Which run do you want to resume?"), classes="title")
            yield OptionList(*(run_line(run) for run in self._runs), compact=True)
            with VerticalScroll(classes="below-list", can_focus=False):
                yield Static(id="ended")
            yield Static(
                Content(
                    "Press Enter to create a new plan from the current state in Azure. The review shows what is different. "
                    "Nothing is written before you type the cluster name."
                ),
                classes="muted",
            )
        yield KeyFooter()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#ended", Static).update(how_it_ended(self._runs[event.option_index]))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._runs[event.option_index])

    def action_close(self) -> None:
        """Resume none of them."""
        self.dismiss(None)


def offer(runs: "Sequence[ResumableRun]") -> Content:
    """Return what the first page shows of the runs that can be resumed; there is at least one."""
    newest, *others = runs
    more = f" {count(len(others), 'other run')} can be resumed too." if others else ""
    return Content.assemble(
        ("!  ", STYLES["warn"]),
        (newest.outcome, "bold"),
        f" {_started(newest)}.",
        "".join(f" {sentence}" for sentence in newest.in_flight.sentences),
        more,
        ("\nr", STYLES["busy"]),
        "  resumes it with a new plan, from the current state in Azure",
    )


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

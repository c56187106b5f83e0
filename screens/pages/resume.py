"""A run that did not come to its end: offered on the first screen, and carried on from what Azure says now."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, OptionList, Static

from screens.widgets.dialogs import Dialog
from wizard.reports.wording import STYLES, count

if TYPE_CHECKING:
    from wizard.procedure.plan import Plan
    from wizard.runs.resume import ResumableRun


class ResumeDialog(Dialog["ResumableRun | None"]):
    """Which run to carry on; what was under way in each."""

    def __init__(self, runs: "Sequence[ResumableRun]") -> None:
        super().__init__()
        self._runs = runs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Carry on which run?"), classes="title")
            yield OptionList(*(_line(run) for run in self._runs), compact=True)
            with VerticalScroll(classes="below-list", can_focus=False):
                yield Static(id="was")
            yield Static(
                Content(
                    "Enter plans it again from what Azure says now and shows what is different. "
                    "Nothing is written before you type the cluster's name."
                ),
                classes="muted",
            )
        yield Footer(compact=True)

    @on(OptionList.OptionHighlighted)
    def _shown(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#was", Static).update(was(self._runs[event.option_index]))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._runs[event.option_index])

    def action_close(self) -> None:
        """None of them now; they stay as they are."""
        self.dismiss(None)


def offer(runs: "Sequence[ResumableRun]") -> Content:
    """What the first screen says of the runs that can be carried on, of which there is one at least."""
    newest, *others = runs
    more = f" {count(len(others), 'other run')} can be carried on too." if others else ""
    return Content.assemble(
        ("!  ", STYLES["warn"]),
        (newest.outcome, "bold"),
        f" {_begun(newest)}.",
        "".join(f" {sentence}" for sentence in newest.in_flight.sentences),
        more,
        ("\nc", STYLES["busy"]),
        "  carries it on: planned again from what Azure says now",
    )


def was(run: "ResumableRun") -> Content:
    """How a run ended, and what was under way then."""
    lines = [f"{run.outcome} {_begun(run)}.", *run.in_flight.sentences]
    return Content("\n".join(lines))


def carried(run: "ResumableRun", plan: "Plan") -> list[tuple[str, str]]:
    """What the review says of the run that it carries on, label and sentence: how that ended, and what is different in
    the plan that is made now."""
    rows = [("carried on", f"run {run.id}. {run.outcome} {_begun(run)}.")]
    rows += [("! when it ended", said) for said in run.in_flight.sentences]
    if done := run.completed_since(plan):
        rows.append(("✓ done by now", "; ".join(done)))
    rows += [("· since then", said) for said in run.differences(plan)]
    if run.run.plan.get("digest") == plan.digest:
        rows.append(("· since then", "Nothing is different: the plan is the same."))
    return rows


def when(moment: datetime | None) -> str:
    """A moment as somebody would say it who looks at the clock: local time, with the day where it was another one."""
    if moment is None:
        return "at a time that is not known"
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M} today" if moment.date() == today else f"{moment:%A %d %B, %H:%M}"


def _begun(run: "ResumableRun") -> str:
    summary = run.run.summary
    return f"(begun {when(summary.started)}{f', in {summary.cloud_text}' if summary.cloud else ''})"


def _line(run: "ResumableRun") -> Content:
    summary = run.run.summary
    return Content(f"{run.answers.cluster.name}  ·  {when(summary.started)}  ·  {summary.status}")

"""A run that did not come to its end: offered on the first screen, and carried on from what Azure says now."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, OptionList, Static

from screens.session.draft import Draft
from screens.steps import screen_of
from screens.widgets.dialogs import Dialog
from wizard.cloud.arm import ResourceId, same
from wizard.cloud.inventory import one_cluster
from wizard.errors import AzureError, Problem
from wizard.reports.wording import STYLES, count
from wizard.state.target import Target

if TYPE_CHECKING:
    from screens.app import WizardApp
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
        (newest.ended, "bold"),
        f" {_begun(newest)}.",
        "".join(f" {sentence}" for sentence in newest.in_flight.sentences),
        more,
        ("\nc", STYLES["busy"]),
        "  carries it on: planned again from what Azure says now",
    )


def was(run: "ResumableRun") -> Content:
    """How a run ended, and what was under way then."""
    lines = [f"{run.ended} {_begun(run)}.", *run.in_flight.sentences]
    return Content("\n".join(lines))


def carried(run: "ResumableRun", plan: "Plan") -> list[tuple[str, str]]:
    """What the review says of the run that it carries on, label and sentence: how that ended, and what is different in
    the plan that is made now."""
    rows = [("carried on", f"run {run.id}. {run.ended} {_begun(run)}.")]
    rows += [("! when it ended", said) for said in run.in_flight.sentences]
    if done := run.done(plan):
        rows.append(("✓ done by now", "; ".join(done)))
    rows += [("· since then", said) for said in run.differences(plan)]
    if run.run.plan.get("digest") == plan.digest:
        rows.append(("· since then", "Nothing is different: the plan is the same."))
    return rows


async def resume_run(wizard: "WizardApp", run: "ResumableRun") -> None:
    """To the review of the run's answers, as Azure is now. Raises AzureError where its cluster cannot be read."""
    answers = run.answers
    own = next((each for each in wizard.subscriptions if same(each.id, answers.subscription)), None)
    if own is None:
        raise AzureError(
            Problem(
                "input",
                f"The run {run.id} is for the subscription {answers.subscription}, which is not to be seen here.",
                f"{wizard.azure.signed_in.name} has no role in it, or it is in another cloud or tenant.",
                "Sign in as whoever began the run, then start the wizard again.",
            )
        )
    cluster = None
    if not answers.cluster.create:
        cluster_id = Target(answers, wizard.azure.cloud.vault_suffix).cluster_id
        cluster = await one_cluster(wizard.azure, ResourceId.parse(cluster_id), own)
    wizard.draft = Draft.of(answers, own, cluster)
    wizard.carried = run
    wizard.watch_feature(own.id)
    wizard.push_screen(screen_of("review"))


def when(moment: datetime | None) -> str:
    """A moment as somebody would say it who looks at the clock: local time, with the day where it was another one."""
    if moment is None:
        return "at a time that is not known"
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M} today" if moment.date() == today else f"{moment:%A %d %B, %H:%M}"


def _begun(run: "ResumableRun") -> str:
    summary = run.run.summary
    return f"(begun {when(summary.begun)}{f', in {summary.where}' if summary.cloud else ''})"


def _line(run: "ResumableRun") -> Content:
    summary = run.run.summary
    return Content(f"{run.answers.cluster.name}  ·  {when(summary.begun)}  ·  {summary.status}")

"""The review: the plan with every resource by name, and the gate, where the cluster name is typed to start the run."""

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, DescendantBlur, DescendantFocus, ScreenResume
from textual.widgets import Button, Input, Static

from screens.messages import StartRun, VerifyAnswers
from screens.pages import review_text
from screens.session.active_run import ActiveRun
from screens.session.session import Session
from screens.widgets.dialogs import SaveDialog, TextDialog, problem_content
from screens.widgets.frame import Frame, Heading
from screens.widgets.links import resources
from wizard.answers.model import Answers
from wizard.errors import AnswersError, AzureError, Problem
from wizard.procedure.plan import Plan
from wizard.procedure.planning import plan_in, read_snapshot
from wizard.procedure.script import script
from wizard.reports.wording import SPINNER, STYLES, ago, command_in
from wizard.rules import Finding
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_SECTIONS = (
    "resumed",
    "irreversible",
    "create",
    "change",
    "keep",
    "never-delete",
    "still_needed",
    "clean_up",
    "warnings",
    "passed",
)


class ProblemBox(Static, can_focus=True):
    """A finding that prevents the run, with its remedy."""

    def __init__(self, finding: Finding, number: int) -> None:
        super().__init__(review_text.problem(finding), classes="problem-box")
        self.finding = finding
        self.border_title = Content(f"✗ {number}  {finding.code}")


class TypedName(Input):
    """The cluster name, which is typed to start the run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "apply", tooltip="Start the run, if the name matches"),
    ]


class ReviewScreen(Frame):
    """The plan, and the cluster name to be typed."""

    STEP = "review"
    HELP = """\
The plan was made from the current state in Azure; nothing has been changed. The state is read again when you start the \
run: if anything has changed by then, the run is not started and you review a new plan.

If the cluster is encrypted already, the first lines show what it changes from and to. Keep what is still needed until the \
cluster has been verified from inside. You can delete later what the plan lists as such: no plan deletes anything.

If a run is resumed, the first lines show how it ended, what was in progress then, and what is completed. They also show \
what else has changed since. An operation that is still in progress in Azure is followed, not started again.

Enter shows the plan page by page. Once you have seen its end, type the cluster name and press Enter to start the run. A plan with a problem cannot be applied: its problems come first, \
each with its fix."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "read_on", "read on", tooltip="Show more of the plan; at its end: go to the cluster name"
        ),
        Binding("enter", "gate", "to the name", tooltip="Go to the cluster name; there: start the run"),
        Binding("f8", "problem", "next problem", tooltip="Go to the next problem"),
        Binding(
            "ctrl+y",
            "copy_fix",
            "copy fix",
            tooltip="Copy the fix of the problem: its command, if it has one",
        ),
        Binding(
            "f2",
            "commands",
            "az commands",
            tooltip="Show the plan as Azure CLI commands, for the current state",
        ),
        Binding(
            "f3",
            "checks",
            "all checks",
            tooltip="Show all preflight checks, and what they found with remedies",
        ),
        Binding("ctrl+s", "save", "save", tooltip="Save the answers as a file for `aks-kms apply -f FILE`"),
        Binding("f5", "plan", "plan again", tooltip="Make the plan again"),
        Binding("f4", "unchanged", "unchanged", show=False, tooltip="Show or hide what stays unchanged"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._answers: Answers | None = None
        """What the plan is made for."""
        self._plan: Plan | None = None
        self._snapshot: Snapshot | None = None
        """What the plan was made from."""
        self._after: ActiveRun | None = None
        """The last run that had ended when the plan was made."""
        self._made = 0.0
        self._planning = False
        self._beats = 0
        self._opened = False
        """Whether what stays unchanged is shown."""
        self._seen = False
        """Whether the end of the plan has been on the screen: before that the name cannot be typed."""

    def body(self) -> ComposeResult:
        yield Heading(f"Review: {self.session.draft.cluster_name}")
        yield Static(id="summary")
        with VerticalScroll(id="plan"):
            yield Static(id="state", classes="section")
            yield Static(id="refusal", classes="section")
            yield Vertical(id="problems")
            yield Static(Content("Plan, for information"), id="only-information", classes="muted")
            for key in _SECTIONS:
                yield Static(id=f"section-{key}", classes="section")
        yield Static(id="below")
        with Vertical(id="gate"):
            with Horizontal(classes="line"):
                yield Static(Content("Type the cluster name to confirm: "), id="ask")
                yield TypedName(id="typed", compact=True, disabled=True)
            yield Static(id="gate-text")
            yield Button("Verify it now", id="verify", compact=True, variant="primary")

    def on_mount(self) -> None:
        self.query_one("#verify").display = False
        self.query_one("#plan").focus()
        self.watch(self.query_one("#plan"), "scroll_y", self._show_below, init=False)
        self.every(0.25, self._beat)
        self.action_plan()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)  # once the plan has its new width

    @on(ScreenResume)
    def _shown_again(self) -> None:
        if self._planning or not self.is_current:  # while several pages are being closed
            return
        if self.session.draft.answers_or_none() != self._answers or self.session.ended_run is not self._after:
            self.action_plan()

    # -- the plan ------------------------------------------------------------------------------------------------

    def action_plan(self) -> None:
        """Make the plan from the current state in Azure."""
        if not self._planning:
            self._planning = True
            self._plan, self._seen = None, False
            typed = self.query_one("#typed", Input)
            typed.value, typed.disabled = "", True
            self.query_one("#plan").focus().scroll_home(animate=False)
            self._show_gate()
            self.background(self._make_plan(), "making the plan")

    async def _make_plan(self) -> None:
        self._started = time.monotonic()
        self._answers, self._after = None, self.session.ended_run
        try:
            answers = self._answers = self.session.draft.answers()
            target = Target(answers, self.session.azure.cloud.vault_suffix)
            snapshot = await read_snapshot(self.session.azure, target)
        except AzureError as error:
            self._fail(error.problem)
            return
        except AnswersError as error:
            remedy = "Press Esc to go back, and correct it."
            self._fail(Problem("input", "The configuration is not valid.", str(error), remedy))
            return
        finally:
            self._planning = False
        if not self.is_current and self.session.draft.answers_or_none() != answers:
            self._answers = None  # the answers have changed: a new plan is made when this page is shown again
            return
        self._snapshot, self._made = snapshot, time.monotonic()
        self._plan = plan_in(self.session.azure, target, snapshot)
        self.session.complete("review")
        self._show()

    def _fail(self, problem: Problem) -> None:
        self._show_state(problem_content(problem, width=self.query_one("#plan").size.width - 2))
        self.query_one("#gate-text", Static).update(
            Content("There is no plan yet. Press F5 to make it again.")
        )

    def _beat(self) -> None:
        self._beats += 1
        if self._planning:
            sign = SPINNER[self._beats % 4]
            waited = time.monotonic() - self._started
            self._show_state(
                Content.assemble(
                    (f"{sign} ", STYLES["busy"]), f"Reading the current state in Azure… {waited:.0f} s"
                )
            )
        elif self._plan and self._beats % 4 == 0:
            self._note()

    def _note(self) -> None:
        if self._plan:
            age = ago(time.monotonic() - self._made)
            self.query_one(Heading).note(f"plan {self._plan.digest[:6]} · made {age}")

    def _show(self) -> None:
        if not self.is_mounted or self._plan is None:
            return
        plan = self._plan
        self.query_one(Heading).title(review_text.title(plan))
        self._note()
        width = self.query_one("#plan").size.width - 2
        texts = review_text.sections(
            plan, width, self._resumed_rows(plan), opened=self._opened, urls=self._urls
        )
        for key in _SECTIONS:
            self._write(f"section-{key}", texts.get(key))
        self._write("summary", review_text.summary(plan, width))
        self._write("state", None)
        self._write("refusal", review_text.refusal(plan))
        self._show_problems(plan)
        typed = self.query_one("#typed", Input)
        nothing = not plan.writes and not plan.errors
        typed.disabled = not self._seen or not self._can_start
        self.query_one("#gate .line").display = self._can_start
        self.query_one("#gate").set_class(bool(plan.errors), "refused")
        self.query_one("#verify").display = nothing
        self._show_gate()
        if nothing:
            self.query_one("#verify").focus()
        self.call_after_refresh(self._show_below)

    def _show_problems(self, plan: Plan) -> None:
        """Show each problem in a box of its own, before the plan; the first of them has the focus."""
        around = self.query_one("#problems", Vertical)
        shown = [box.finding for box in self.query(ProblemBox)]
        self.query_one("#only-information").display = around.display = bool(plan.errors)
        self.refresh_bindings()
        if shown == list(plan.errors):
            return
        around.remove_children()
        boxes = [ProblemBox(finding, number) for number, finding in enumerate(plan.errors, 1)]
        around.mount(*boxes)
        if boxes:
            self.call_after_refresh(boxes[0].focus, scroll_visible=False)

    def _show_state(self, text: Content) -> None:
        """Show only this in place of a plan."""
        for key in (*(f"section-{key}" for key in _SECTIONS), "summary", "refusal", "below"):
            self._write(key, None)
        self.query_one("#problems").display = self.query_one("#only-information").display = False
        self._write("state", text)

    def _write(self, name: str, text: Content | None) -> None:
        """Show a text; without one its widget takes no room."""
        widget = self.query_one(f"#{name}", Static)
        widget.display = text is not None and bool(text.plain)
        if text is not None:
            widget.update(text)

    def _show_below(self) -> None:
        """Show which sections of the plan are further down."""
        plan, around = self._plan, self.query_one("#plan", VerticalScroll)
        if plan is None:
            return
        end = around.scroll_offset.y + around.size.height
        keys = {"problems"} if self.query_one("#problems").virtual_region.bottom > end else set()
        for key in _SECTIONS:
            widget = self.query_one(f"#section-{key}")
            if widget.display and widget.virtual_region.y + widget.size.height > end:
                keys.add(key)
        if not self._seen and around.virtual_size.height <= end:
            self._seen = True
            self.query_one("#typed").disabled = not self._can_start
            self._show_gate()
            self.refresh_bindings()
        below = self.query_one("#below", Static)
        below.display = True
        below.update(review_text.more_below(keys, plan, self.query_one("#plan").size.width))

    @property
    def _cluster_name(self) -> str:
        """The name of the cluster in the plan."""
        return self._answers.cluster.name if self._answers else self.session.draft.cluster_name

    @property
    def _urls(self) -> dict[str, str]:
        """The portal's URLs of what the plan may change, by names."""
        if self._answers is None:
            return {}
        return {each.rpartition("/")[2]: self.session.portal_link(each) for each in resources(self._answers)}

    def _resumed_rows(self, plan: Plan) -> list[tuple[str, str]]:
        """Return what to show of the run that is resumed, if it has these answers."""
        run, last = self.session.resumed_run, self.session.ended_run
        if run is None or run.answers != self._answers:
            return []
        if last and last.journal and last.answers == run.answers and last.journal.id != run.id:
            return []  # it was resumed, and that run is the last one
        from screens.pages.resume import resumed_rows

        return resumed_rows(run, plan)

    def _show_gate(self, refusal: str = "") -> None:
        """Show what the gate expects, or why it has refused what was typed."""
        field = self.query_one("#typed", Input)
        text, style = review_text.gate(
            self._plan, self._cluster_name, field.value, focused=field.has_focus, seen=self._seen
        )
        if refusal:
            text, style = refusal, STYLES["bad"]
        self.query_one("#gate-text", Static).update(Content.assemble((text, style)))

    # -- the gate ------------------------------------------------------------------------------------------------

    @on(DescendantFocus, "#typed")
    def _focused(self) -> None:
        """Show the end of the plan while the name is typed: what must never be deleted, as far as there is room, and the warnings."""
        self.query_one("#plan").scroll_end(animate=False)
        self._show_gate()

    @on(DescendantBlur, "#typed")
    def _left(self) -> None:
        self._show_gate()

    @on(Input.Changed, "#typed")
    def _typing(self) -> None:
        self._show_gate()

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        plan = self._plan
        if plan is None or plan.errors or self._answers is None:
            return
        if event.value.strip() != self._cluster_name:
            self._show_gate(f"✗ That is not {self._cluster_name}. Nothing was started.")
            return
        if self.session.active and self.session.active.in_flight:
            self._show_gate("✗ A run is already in progress. Only one run at a time is possible.")
            return
        self.query_one("#typed", Input).value = ""  # to be typed again, if this page is shown again
        self.query_one("#plan").focus()
        self.post_message(StartRun(self._answers, plan))

    @on(Button.Pressed, "#verify")
    def _verify(self) -> None:
        if self._plan and self._answers:
            self.post_message(VerifyAnswers(self._answers))

    @property
    def _can_start(self) -> bool:
        """Whether the plan changes something, and nothing prevents it."""
        return bool(self._plan and self._plan.writes and not self._plan.errors)

    def action_read_on(self) -> None:
        """Show the next part of the plan."""
        self.query_one("#plan", VerticalScroll).scroll_page_down(animate=False)

    def action_gate(self) -> None:
        """Go to the input for the cluster name."""
        self.query_one("#typed", Input).focus()

    # -- the problems and the rest of the plan ---------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer the keys of problems only if there are any, and the gate only once the plan has been read."""
        match action:
            case "problem" | "copy_fix":
                return bool(self._plan and self._plan.errors)
            case "read_on":
                return self._can_start and not self._seen
            case "gate":
                return self._can_start and self._seen
        return True

    def action_problem(self) -> None:
        """Go to the next problem; after the last comes the first."""
        boxes = list(self.query(ProblemBox))
        here = next((at for at, box in enumerate(boxes) if box.has_focus), -1)
        if boxes:
            boxes[(here + 1) % len(boxes)].focus()

    def action_copy_fix(self) -> None:
        """Copy the fix of the problem that has the focus: its command if it has one, else its sentence."""
        boxes = list(self.query(ProblemBox))
        if boxes:
            finding = next((box for box in boxes if box.has_focus), boxes[0]).finding
            fix = command_in(finding.remedy) or finding.remedy or finding.message
            self.app.copy_to_clipboard(fix)
            self.notify(f"Copied, if your terminal allows it: {fix}", markup=False)

    def action_unchanged(self) -> None:
        """Show or hide what stays unchanged."""
        self._opened = not self._opened
        self._show()

    @on(Click, "#section-keep")
    def _clicked_unchanged(self) -> None:
        self.action_unchanged()

    # -- other keys ----------------------------------------------------------------------------------------------

    def action_commands(self) -> None:
        """Show the plan as a script for the Azure CLI, as `aks-kms script --live` prints it."""
        if self._plan is None or self._answers is None:
            return
        if self._plan.errors:
            self.notify("There is no script yet. Fix the errors marked ✗ first.", markup=False)
            return
        text = script(self._answers, self.session.azure.cloud.vault_suffix, self._snapshot)
        name = f"encrypt-{self._answers.cluster.name}.sh"
        self.app.push_screen(TextDialog("Azure CLI commands for the current state", text, name))

    def action_checks(self) -> None:
        """Show every preflight check, and what it found."""
        if self._plan:
            found = review_text.all_checks(self._plan.findings)
            name = f"checks-{self.session.draft.cluster_name}.txt"
            self.app.push_screen(TextDialog("Preflight checks", found, name, wrap=True))

    def action_save(self) -> None:
        """Save the answers as a file."""
        try:
            text = self.session.draft.answers().to_yaml()
        except AnswersError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        name = f"{self.session.draft.cluster_name}.yaml"
        self.app.push_screen(SaveDialog("Save the answers, for aks-kms apply -f FILE", name, {"": text}))

"""The review: every resource by name, what cannot be undone, how long it takes, and the gate."""

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, ScreenResume
from textual.widgets import Button, Input, Static

from screens.messages import StartRun, VerifyAnswers
from screens.session.active_run import ActiveRun
from screens.session.session import Session
from screens.widgets.dialogs import SaveDialog, TextDialog, problem_content
from screens.widgets.frame import NARROW, Frame, Heading
from wizard.answers.model import Answers
from wizard.errors import AnswersError, AzureError, Problem
from wizard.procedure.plan import Effect, Plan, PlannedStep
from wizard.procedure.planning import plan_in, read_snapshot
from wizard.procedure.script import script
from wizard.reports.wording import (
    FOLLOWS,
    LEVELS,
    SPINNER,
    STYLES,
    VERBS,
    ago,
    count,
    finding_text,
    hanging,
    usually,
)
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_NOTHING = Content("")


class ReviewScreen(Frame):
    """The plan in human words, and the cluster's name to be typed."""

    STEP = "review"
    HELP = """\
The plan was made from what Azure says now; nothing has been changed. It is looked at once more when you start: if \
anything differs by then, nothing is begun and you are asked again.

Where the cluster is encrypted already, the first lines say from what it moves to what. What is still needed must stay \
until the cluster has been verified from inside; what may be cleaned up later is for you to remove: no plan deletes anything.

Where a run is carried on, the lines before that say how it ended, what was under way then, what is done by now, and what \
else is different since. An operation that still runs in Azure is followed, not started again.

To start, type the cluster's name and press enter. A plan with an error cannot be started; each error says what to do.

enter   go to the line where the name is typed, with what is for ever above it; there: start
f2      the same as Azure CLI commands, for what exists now
f3      every check that was made, with its remedy
s       save your answers as a file that `aks-kms apply -f FILE` takes
r       make the plan again
esc     back, to change something"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "gate", "to the name", show=False),
        Binding("f2", "commands", "az commands"),
        Binding("f3", "checks", "all checks"),
        Binding("s", "save", "save"),
        Binding("r", "again", "plan again"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._answers: Answers | None = None
        """What the plan is made for."""
        self._plan: Plan | None = None
        self._snapshot: Snapshot | None = None
        """What the plan was made from."""
        self._after: ActiveRun | None = None
        """The run that had ended by then."""
        self._made = 0.0
        self._planning = False
        self._beats = 0

    def body(self) -> ComposeResult:
        yield Heading(f"Review: {self.session.draft.cluster_name}")
        with VerticalScroll(id="plan"):
            yield Static(id="rows")
            yield Static(id="for-ever", classes="text")
            yield Static(id="also", classes="text")
        with Vertical(id="gate"):
            with Horizontal(classes="line"):
                yield Static(Content("Type the cluster's name to start: "), id="ask")
                yield Input(id="typed", compact=True, disabled=True)
            yield Static(id="gate-says")
            yield Button("Verify it now", id="verify", compact=True, variant="primary")

    def on_mount(self) -> None:
        self.query_one("#verify").display = False
        self.query_one("#plan").focus()
        self.every(0.25, self._beat)
        self.action_again()

    def on_resize(self) -> None:
        self._show()

    @on(ScreenResume)
    def _back_here(self) -> None:
        if self._planning or not self.is_current:  # on the way further back it is seen for no time at all
            return
        if self.session.draft.answers_or_none() != self._answers or self.session.ended_run is not self._after:
            self.action_again()

    # -- the plan ------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Make the plan from what Azure says now."""
        if not self._planning:
            self._planning = True
            self._plan = None
            self.query_one("#typed", Input).value = ""
            self.query_one("#plan").focus().scroll_home(animate=False)
            self._show()
            self.background(self._make(), "making the plan")

    async def _make(self) -> None:
        self._began = time.monotonic()
        self._answers, self._after = None, self.session.ended_run
        try:
            answers = self._answers = self.session.draft.answers()
            target = Target(answers, self.session.azure.cloud.vault_suffix)
            snapshot = await read_snapshot(self.session.azure, target)
        except AzureError as error:
            self._fail(error.problem)
            return
        except AnswersError as error:
            self._fail(
                Problem(
                    "input", "What was chosen cannot be taken.", str(error), "Go back with esc and mend it."
                )
            )
            return
        finally:
            self._planning = False
        if not self.is_current and self.session.draft.answers_or_none() != answers:
            self._answers = (
                None  # other answers were chosen meanwhile: there is a plan once this is seen again
            )
            return
        self._snapshot, self._made = snapshot, time.monotonic()
        self._plan = plan_in(self.session.azure, target, snapshot)
        self.session.complete("review")
        self._show()

    def _fail(self, problem: Problem) -> None:
        self._write(problem_content(problem))
        self.query_one("#gate-says", Static).update(Content("There is no plan yet. r makes it again."))

    def _beat(self) -> None:
        self._beats += 1
        if self._planning:
            sign = SPINNER[self._beats % 4]
            waited = time.monotonic() - self._began
            self._write(
                Content.assemble(
                    (f"{sign} ", STYLES["busy"]), f"Reading Azure to make the plan… {waited:.0f} s"
                )
            )
        elif self._plan and self._beats % 4 == 0:
            self._note()

    def _note(self) -> None:
        if self._plan:
            self.query_one(Heading).note(
                f"plan {self._plan.digest[:6]} · made {ago(time.monotonic() - self._made)}"
            )

    def _show(self) -> None:
        if not self.is_mounted or self._plan is None:
            return
        plan = self._plan
        self.query_one(Heading).title(plan.title)
        self._note()
        width = self.query_one("#plan").size.width - 2
        self._write(_rows(plan, width, self._carried(plan)), _for_ever(plan, width), _also(plan, width))
        typed = self.query_one("#typed", Input)
        nothing = not plan.writes and not plan.errors
        typed.disabled = bool(plan.errors) or nothing
        self.query_one("#gate .line").display = not nothing
        self.query_one("#verify").display = nothing
        self._gate_says("")
        if nothing:
            self.query_one("#verify").focus()

    def _write(self, rows: Content, for_ever: Content = _NOTHING, also: Content = _NOTHING) -> None:
        """What stands above the gate: what is done, what of it is for ever, and whatever else there is to say."""
        for name, text in (("rows", rows), ("for-ever", for_ever), ("also", also)):
            widget = self.query_one(f"#{name}", Static)
            widget.update(text)
            widget.display = bool(text.plain)

    @property
    def _cluster_name(self) -> str:
        """The cluster's name, as the plan has it."""
        return self._answers.cluster.name if self._answers else self.session.draft.cluster_name

    def _carried(self, plan: Plan) -> list[tuple[str, str]]:
        """What there is to say of a run that is carried on with the answers as they stand."""
        run = self.session.resumed_run
        if run is None or run.answers != self._answers:
            return []
        from screens.pages.resume import carried

        return carried(run, plan)

    def _gate_says(self, text: str, tone: str = "$quiet") -> None:
        plan = self._plan
        if plan and plan.errors:
            text, tone = (
                f"✗ {count(len(plan.errors), 'error')}: it cannot be started. What to do stands above, and in f3 to be copied.",
                STYLES["bad"],
            )
        elif plan and not plan.writes:
            text = (
                f"· {FOLLOWS}: verify it when that has ended."
                if plan.follows
                else "✓ Nothing to do: everything is so already."
            )
        elif not text:
            text = f"Enter, then type {self._cluster_name}. Until then nothing is changed."
        self.query_one("#gate-says", Static).update(Content.assemble((text, tone)))

    # -- the gate ------------------------------------------------------------------------------------------------

    @on(DescendantFocus, "#typed")
    def _asked(self) -> None:
        """Nobody types the name without what is for ever standing above it."""
        for_ever = self.query_one("#for-ever")
        if for_ever.display:
            self.query_one("#plan").scroll_to_widget(for_ever, animate=False, top=True)

    @on(Input.Changed, "#typed")
    def _typing(self) -> None:
        self._gate_says("")

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        plan = self._plan
        if plan is None or plan.errors or self._answers is None:
            return
        if event.value.strip() != self._cluster_name:
            self._gate_says(f"✗ That is not {self._cluster_name}; nothing was started.", STYLES["bad"])
            return
        if self.session.active and self.session.active.in_flight:
            self._gate_says("✗ A run is under way already; only one goes at a time.", STYLES["bad"])
            return
        self.post_message(StartRun(self._answers, plan))

    @on(Button.Pressed, "#verify")
    def _verify(self) -> None:
        if self._plan and self._answers:
            self.post_message(VerifyAnswers(self._answers))

    def action_gate(self) -> None:
        """To where the name is typed."""
        typed = self.query_one("#typed", Input)
        if not typed.disabled:
            typed.focus()

    # -- one key away --------------------------------------------------------------------------------------------

    def action_commands(self) -> None:
        """This plan as a script for the Azure CLI, as `aks-kms script --live` prints it."""
        if self._plan is None or self._answers is None:
            return
        if self._plan.errors:
            self.notify("There is no script yet: mend what is marked ✗ first.", markup=False)
            return
        text = script(self._answers, self.session.azure.cloud.vault_suffix, self._snapshot)
        name = f"encrypt-{self._answers.cluster.name}.sh"
        self.app.push_screen(TextDialog("The same with the Azure CLI, for what exists now", text, name))

    def action_checks(self) -> None:
        """Every finding of the rules."""
        if self._plan:
            found = (
                "\n\n".join(finding_text(f) for f in self._plan.findings) or "No rule has anything to say."
            )
            name = f"checks-{self.session.draft.cluster_name}.txt"
            self.app.push_screen(TextDialog("What the rules found", found, name, wrap=True))

    def action_save(self) -> None:
        """The answers as a file."""
        try:
            text = self.session.draft.answers().to_yaml()
        except AnswersError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        name = f"{self.session.draft.cluster_name}.yaml"
        self.app.push_screen(SaveDialog("Save the answers, for aks-kms apply -f FILE", name, {"": text}))


def _rows(plan: Plan, width: int, carried: list[tuple[str, str]]) -> Content:
    """What is done, in words, in that many columns; before it, label and sentence, what is said of an earlier run."""
    effects = [effect for step in plan.steps for effect in step.effects]
    blocks = [_labelled(carried, width)] if carried else []
    if plan.now != "none":
        blocks.append(_labelled([("from", plan.moves[0]), ("to", plan.moves[1])], width))
    for verb, words in VERBS.items():
        if rows := [effect for effect in effects if effect.verb == verb]:
            blocks.append(_block(verb, words, rows, width))
    if plan.writes:
        blocks.append(_time_line(plan, width))
    return Content("\n\n").join(blocks)


def _for_ever(plan: Plan, width: int) -> Content:
    """What cannot be undone, and what must be kept for ever."""
    sentences = [("! cannot be undone", text) for text in plan.irreversible]
    sentences += [("! keep for ever", text) for text in plan.keep]
    return _labelled(sentences, width)


def _also(plan: Plan, width: int) -> Content:
    """What of the past is still needed, what may go later, and what the rules found."""
    sentences = [("! still needed", text) for text in plan.still_needed]
    sentences += [("· later, by you", text) for text in plan.clean_up]
    blocks = [_labelled(sentences, width)] if sentences else []
    return Content("\n\n").join([*blocks, _verdict(plan, width)])


_MARGIN = 20
"""Columns that a row's label takes."""


def _labelled(rows: list[tuple[str, str]], width: int) -> Content:
    """Sentences, each with what kind it is before it; only what warns is coloured."""
    return Content("\n").join(
        Content.assemble(
            (f"{label:<{_MARGIN}}", STYLES["warn"] if label.startswith("!") else "$quiet"),
            hanging(text, _MARGIN, width),
        )
        for label, text in rows
    )


def _block(verb: str, words: str, rows: list[Effect], width: int) -> Content:
    """What is created, or changed, or stays: a line for each resource; its detail below where there is little room."""
    tone = {"create": STYLES["good"], "change": STYLES["warn"], "keep": "$quiet"}[verb]
    what = min(24, max(len(row.what) for row in rows))
    name = min(32, max(len(row.name) for row in rows))
    narrow = width < NARROW - 22
    lines = [Content.assemble((words, tone))]
    for row in rows:
        begin = 6 if narrow else 6 + max(what, len(row.what)) + max(name, len(row.name))
        lines.append(
            Content.assemble(
                (f"  {row.what:<{what}}  ", "$quiet"),
                (f"{row.name:<{name}}  ", "bold" if verb != "keep" else ""),
                ("\n      " if narrow and row.detail else "", ""),
                (hanging(row.detail, begin, width), "$quiet"),
            )
        )
    return Content("\n").join(lines)


def _time_line(plan: Plan, width: int) -> Content:
    """How long it takes, and which steps take most of that; a step's stretch is never broken."""
    head = f"{'usually ' + usually(*plan.usually):<{_MARGIN}}"
    parts: list[tuple[str, str]] = [(head, "bold")]
    column = len(head)
    for step in _longest(plan):
        stretch = f" {step.key} {usually(*step.usually)} "
        if column > _MARGIN and column + len(stretch) + 2 > width:
            parts.append((f"\n{'':<{_MARGIN}}", ""))
            column = _MARGIN
        parts += [("▕", "$quiet"), (stretch, STYLES["busy"]), ("▏", "$quiet")]
        column += len(stretch) + 2
    return Content.assemble(*parts)


def _longest(plan: Plan) -> list[PlannedStep]:
    """The steps along the longest chain that take more than a moment."""
    steps = {step.key: step for step in plan.steps}
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for step in plan.steps:
        last = max((n for n in step.needs if n in ends), key=lambda n: ends[n], default="")
        before[step.key] = last
        ends[step.key] = ends.get(last, 0.0) + (step.usually[1] if step.action != "none" else 0.0)
    here = max(ends, key=lambda key: ends[key], default="")
    chain = []
    while here:
        chain.append(steps[here])
        here = before[here]
    return [step for step in reversed(chain) if step.action != "none" and step.usually[1] >= 20]


def _verdict(plan: Plan, width: int) -> Content:
    lines = []
    for finding in (*plan.errors, *plan.warnings):
        sign, word, tone = LEVELS[finding.level]
        lines.append(
            Content.assemble(
                (f"{f'{sign} {word}':<{_MARGIN}}", STYLES[tone]),
                hanging(finding.message, _MARGIN, width),
                (
                    f"\n{'':<{_MARGIN}}{hanging(finding.remedy, _MARGIN, width)}" if finding.remedy else "",
                    "$quiet",
                ),
            )
        )
    if not plan.errors:
        notes = len(plan.findings) - len(plan.warnings)
        text = "no warning" if not plan.warnings else count(len(plan.warnings), "warning")
        extra = f", {count(notes, 'note')} (f3)" if notes else ""
        lines.append(Content.assemble(("✓ ", STYLES["good"]), f"nothing stands against it; {text}{extra}"))
    return Content("\n").join(lines)

"""The first screen: what this is, what it will not do unasked, and whether Azure is reached."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import ScreenResume
from textual.widgets import Button, Static

from screens.messages import GoTo, PickCluster, ShowFleet
from screens.session.session import Session
from screens.widgets.frame import Frame
from wizard.reports.wording import SPINNER, STYLES, duration
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from wizard.runs.resume import ResumableRun

TITLE = "Encrypt the Kubernetes secrets of an AKS cluster, and prove it"

ABOUT = """\
An AKS cluster keeps its secrets in etcd. This wizard has them encrypted there with a key \
from Azure Key Vault: one that AKS manages for you, or one of your own."""

PROMISES = (
    ("Nothing changes unasked", "until you type the cluster's name on the review, nothing of it is touched."),
    ("Everything by name", "you see what is created, changed and kept, and how long it usually takes."),
    ("Proof at the end", "the cluster is read back and checked; only then is it called encrypted."),
)

ONE_WAY = (
    "This is one way. AKS does not let the encryption be turned off again, and whoever loses a key of their own "
    "loses the cluster's secrets with it."
)


class WelcomeScreen(Frame):
    """What will happen, and the ways in."""

    HELP = """\
The wizard goes through the steps on the spine, one screen each. Esc goes back, and nothing that you chose is lost.

enter   begin with the prerequisites
v       only verify a cluster that exists: how its secrets are encrypted now
a       look at many clusters: all that you can see, with a verdict on each
c       carry on a run that did not come to its end: offered where there is one
r       sign in again, after a failed sign-in
ctrl+p  all commands
ctrl+q  leave

Who you are comes from your sign-in to Azure: environment variables, a workload or managed identity, or `az login`; \
start with --credential to choose another way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
        Binding("v", "verify", "verify only"),
        Binding("a", "many", "all clusters"),
        Binding("c", "resume", "carry on"),
        Binding("r", "again", "sign in again"),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Content(TITLE), classes="title")
            yield Static(id="resumable", classes="text caution")
            yield Static(Content(ABOUT), classes="text")
            yield Static(
                Content("\n").join(
                    Content.assemble(("·  ", STYLES["busy"]), (what, "bold"), f": {how}")
                    for what, how in PROMISES
                ),
                classes="text",
                id="promises",
            )
            yield Static(Content.assemble(("!  ", STYLES["warn"]), ONE_WAY), classes="text caution")
            with Horizontal(classes="buttons"):
                yield Button("Carry on", id="carry-on", compact=True, disabled=True)
                yield Button("Begin", id="begin", variant="primary", compact=True, disabled=True)
                yield Button("Verify an existing cluster", id="verify", compact=True, disabled=True)
                yield Button("Look at many clusters", id="many", compact=True, disabled=True)
            yield Static(id="connection", classes="text")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._carrying: ResumableRun | None = None
        """The run that is to be carried on, while its cluster is being read."""
        self._clock = Clock()
        self._beats = 0

    def on_mount(self) -> None:
        self.query_one("#resumable").display = self.query_one("#carry-on").display = False
        self.every(0.25, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        if self._carrying or (self.session.azure_or_none is None and self.session.connection_problem is None):
            self._show_connection()

    def refresh_frame(self) -> None:
        """Also the connection."""
        super().refresh_frame()
        self._show_connection()
        self._show_resumable()

    @on(ScreenResume)
    def _back_here(self) -> None:
        self.session.find_resumable()

    def _show_resumable(self) -> None:
        panel = self.query_one("#resumable", Static)
        runs = self.session.resumable or []
        if panel.display != bool(runs):
            panel.display = self.query_one("#carry-on").display = bool(runs)
            self.set_class(bool(runs), "has-resumable")
            self.refresh_bindings()
        if runs:
            from screens.pages.resume import offer

            panel.update(offer(runs))

    def _show_connection(self) -> None:
        if not self.is_mounted:
            return
        session = self.session
        ready = session.azure_or_none is not None
        if self.has_class("no-azure") != (session.connection_problem is not None):
            self.toggle_class("no-azure")
            self.refresh_bindings()
        begin = self.query_one("#begin", Button)
        closed = not ready or self._carrying is not None
        if begin.disabled != closed:
            for button in self.query(Button):
                button.disabled = closed
            if not closed:
                begin.focus()
            self.refresh_bindings()
        self.query_one("#connection", Static).update(self._connection())

    def _connection(self) -> Content:
        session = self.session
        if session.connection_problem:
            from screens.widgets.dialogs import problem_content

            return problem_content(session.connection_problem) + Content("\n\nr  try again")
        sign = SPINNER[self._beats % len(SPINNER)]
        waited = duration(self._clock.elapsed())
        if self._carrying:
            name = self._carrying.answers.cluster.name
            return Content.assemble((f"{sign} ", STYLES["busy"]), f"Reading {name} as it is now… {waited}")
        if azure := session.azure_or_none:
            return Content.assemble(
                ("✓ ", STYLES["good"]), f"Signed in to {azure.cloud.title} as {azure.signed_in.name}."
            )
        text = Content.assemble((f"{sign} ", STYLES["busy"]), f"Signing in to Azure… {waited}")
        if session.sign_in_instruction:
            text += Content.assemble("\n", (session.sign_in_instruction, "bold"))
        return text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Signing in again is offered where it failed, the ways in where it did not and none was taken."""
        failed = self.session.connection_problem is not None
        may = not failed and self._carrying is None
        offered = {
            "again": failed,
            "verify": may,
            "many": may,
            "resume": may and bool(self.session.resumable),
        }
        return offered.get(action, True)

    @on(Button.Pressed, "#begin")
    def begin(self) -> None:
        """To the first step."""
        self.post_message(GoTo("prerequisites"))

    @on(Button.Pressed, "#verify")
    def action_verify(self) -> None:
        """Choose a cluster, only to look at how it is encrypted."""
        if self.session.azure_or_none:
            self.post_message(PickCluster())

    @on(Button.Pressed, "#many")
    def action_many(self) -> None:
        """All clusters of all subscriptions, with a verdict on each."""
        if self.session.azure_or_none:
            self.post_message(ShowFleet())

    @on(Button.Pressed, "#carry-on")
    def action_resume(self) -> None:
        """Choose a run that did not come to its end, and go to its review."""
        from screens.pages.resume import ResumeDialog

        if self.session.azure_or_none and self.session.resumable:
            self.app.push_screen(ResumeDialog(self.session.resumable), self._resume)

    def _resume(self, run: "ResumableRun | None") -> None:
        if run:
            self._carrying, self._clock = run, Clock()
            self._show_connection()
            self.background(self._to_review(run), f"carrying on {run.id}")

    async def _to_review(self, run: "ResumableRun") -> None:
        try:
            await self.session.resume(run)
        finally:
            self._carrying = None
            self._show_connection()
        self.post_message(GoTo("review"))

    def action_again(self) -> None:
        """Try the sign-in again."""
        if self.session.connection_problem:
            self._clock = Clock()
            self.session.connect()

"""The first page: what the wizard does, whether Azure is connected, and earlier runs that can be resumed."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import ScreenResume
from textual.widgets import Button, Static

from screens.messages import GoTo, PickCluster, ShowFleet
from screens.session.session import Session
from screens.widgets.frame import Frame
from wizard.cloud.cloud_shell import notice
from wizard.reports.wording import SPINNER, STYLES, duration
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from screens.session.saved_drafts import SavedDraft
    from wizard.runs.resume import ResumableRun

TITLE = "Encrypt the Kubernetes secrets of an AKS cluster, and verify the result"

ABOUT = """\
An AKS cluster stores its secrets in etcd. This wizard encrypts them there with a key from Azure Key Vault: \
a platform-managed key, or a customer-managed key of your own."""

PROMISES = (
    (
        "No change without confirmation",
        "the cluster is not changed until you type its name on the review page.",
    ),
    ("Every resource by name", "the plan lists what is created, changed and kept, and how long it takes."),
    ("Verified at the end", "success is reported only after the cluster has been read back and checked."),
)

IRREVERSIBLE = (
    "This change is irreversible: AKS cannot disable the encryption later, and losing a customer-managed key means "
    "losing the cluster's secrets."
)


def _hanging(sign: str, style: str, text: Content) -> ComposeResult:
    """Yield a sign and a text beside it, whose lines begin at the same column."""
    with Horizontal(classes="hanging"):
        yield Static(Content.styled(sign, style), classes="sign")
        yield Static(text)


class WelcomeScreen(Frame):
    """What the wizard does, and where to start."""

    HELP = """\
The wizard goes through the steps in the step rail, one page each. Esc goes back, and nothing that you entered is lost. If \
you quit before the answers are applied, they are kept, and offered here the next time. ^p lists all commands, among them the \
themes.

Your identity comes from your sign-in to Azure: environment variables, a workload or managed identity, or `az login`. \
Start with --credential to choose another method."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
        Binding("r", "resume", "resume", tooltip="Resume an earlier run that was not completed"),
        Binding("r", "sign_in", "sign in again", tooltip="Sign in again, after a failed sign-in"),
        Binding("e", "start", "encrypt", tooltip="Encrypt the secrets of a cluster, step by step"),
        Binding("v", "verify", "verify", tooltip="Verify an existing cluster, without changing it"),
        Binding(
            "a", "fleet", "all clusters", tooltip="Show all clusters that you can see, with a verdict on each"
        ),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Content(TITLE), classes="title")
            yield Static(id="resumable", classes="text caution")
            yield Static(Content(self._cloud_shell), id="cloud-shell", classes="text caution")
            yield Static(Content(ABOUT), classes="text")
            with Vertical(id="promises", classes="text"):
                for what, how in PROMISES:
                    yield from _hanging("·", STYLES["busy"], Content.assemble((what, "bold"), f": {how}"))
            with Vertical(classes="text caution"):
                yield from _hanging("!", STYLES["warn"], Content(IRREVERSIBLE))
            with Horizontal(classes="buttons"):
                yield Button("Resume", id="resume", compact=True, disabled=True)
                yield Button("Start", id="start", variant="primary", compact=True, disabled=True)
                yield Button("Verify a cluster", id="verify", compact=True, disabled=True)
                yield Button("Fleet overview", id="fleet-overview", compact=True, disabled=True)
            yield Static(id="connection", classes="text")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._resuming = ""
        """The name of the cluster whose run or answers are being resumed, while it is read."""
        self._clock = Clock()
        self._beats = 0
        self._cloud_shell = notice(session.environment)

    def on_mount(self) -> None:
        self.query_one("#cloud-shell").display = bool(self._cloud_shell)
        self.set_class(bool(self._cloud_shell), "in-cloud-shell")
        self.query_one("#resumable").display = self.query_one("#resume").display = False
        self.every(0.25, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        if self._resuming or (self.session.azure_or_none is None and self.session.connection_problem is None):
            self._show_connection()

    def refresh_frame(self) -> None:
        """Also draw the connection and the runs that can be resumed."""
        super().refresh_frame()
        self._show_connection()
        self._show_resumable()

    @on(ScreenResume)
    def _shown_again(self) -> None:
        self.session.find_resumable()

    def _show_resumable(self) -> None:
        panel = self.query_one("#resumable", Static)
        runs, drafts = self.session.resumable or [], self.session.drafts
        found = bool(runs or drafts)
        if panel.display != found:
            panel.display = self.query_one("#resume").display = found
            self.set_class(found, "has-resumable")
            self.refresh_bindings()
        if found:
            from screens.pages.resume import offer

            panel.update(offer(runs, drafts))

    def _show_connection(self) -> None:
        if not self.is_mounted:
            return
        failed = self.session.connection_problem is not None
        if self.has_class("no-azure") != failed:
            self.toggle_class("no-azure")
            self.refresh_bindings()
        start = self.query_one("#start", Button)
        disabled = self.session.azure_or_none is None or bool(self._resuming)
        if start.disabled != disabled:
            for button in self.query(Button):
                button.disabled = disabled
            if not disabled:
                start.focus()
            self.refresh_bindings()
        self.query_one("#connection", Static).update(self._connection())

    def _connection(self) -> Content:
        session = self.session
        if session.connection_problem:
            from screens.widgets.dialogs import problem_content

            return problem_content(session.connection_problem) + Content("\n\nr  try again")
        sign = SPINNER[self._beats % len(SPINNER)]
        waited = duration(self._clock.elapsed())
        if self._resuming:
            return Content.assemble(
                (f"{sign} ", STYLES["busy"]), f"Reading the current state of {self._resuming}… {waited}"
            )
        if azure := session.azure_or_none:
            return Content.assemble(
                ("✓ ", STYLES["good"]), f"Signed in to {azure.cloud.title} as {azure.signed_in.name}."
            )
        text = Content.assemble((f"{sign} ", STYLES["busy"]), f"Signing in to Azure… {waited}")
        if session.sign_in_instruction:
            text += Content.assemble("\n", (session.sign_in_instruction, "bold"))
        return text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer another sign-in after a failed one, and otherwise the ways to start."""
        failed = self.session.connection_problem is not None
        can_start = not failed and not self._resuming
        offered = {
            "sign_in": failed,
            "start": can_start,
            "verify": can_start,
            "fleet": can_start,
            "resume": can_start and bool(self.session.resumable or self.session.drafts),
        }
        return offered.get(action, True)

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Show the first step."""
        if self.session.azure_or_none:
            self.post_message(GoTo("prerequisites"))

    @on(Button.Pressed, "#verify")
    def action_verify(self) -> None:
        """Show the list of clusters, to verify one of them."""
        if self.session.azure_or_none:
            self.post_message(PickCluster())

    @on(Button.Pressed, "#fleet-overview")
    def action_fleet(self) -> None:
        """Show all clusters of all subscriptions, with a verdict on each."""
        if self.session.azure_or_none:
            self.post_message(ShowFleet())

    @on(Button.Pressed, "#resume")
    def action_resume(self) -> None:
        """Resume the run, or ask which of several. Answers that were not applied can also be deleted."""
        from screens.pages.resume import ResumeDialog

        runs, drafts = self.session.resumable or [], self.session.drafts
        if self.session.azure_or_none is None:
            return
        if drafts or len(runs) > 1:
            self.app.push_screen(ResumeDialog(runs, drafts, self.session.discard), self._resume)
        elif runs:
            self._resume(runs[0])

    def _resume(self, chosen: "ResumableRun | SavedDraft | None") -> None:
        from screens.session.saved_drafts import SavedDraft

        if chosen is None:
            return
        name = chosen.name if isinstance(chosen, SavedDraft) else chosen.answers.cluster.name
        self._resuming, self._clock = name, Clock()
        self._show_connection()
        self.background(self._go_on(chosen), f"resuming {self._resuming}")

    async def _go_on(self, chosen: "ResumableRun | SavedDraft") -> None:
        from screens.session.saved_drafts import SavedDraft

        try:
            if isinstance(chosen, SavedDraft):
                await self.session.restore(chosen)
            else:
                await self.session.resume(chosen)
        finally:
            self._resuming = ""
            self._show_connection()
        self.post_message(GoTo(self.session.draft.reachable[-1]))

    def action_sign_in(self) -> None:
        """Try to sign in again."""
        if self.session.connection_problem:
            self._clock = Clock()
            self.session.connect()

"""The first page: what can be resumed, where one can start, and whether Azure is connected."""

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import ScreenResume
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.messages import GoTo, PickCluster, ShowFleet, ShowHistory
from screens.session.session import Session
from screens.widgets.frame import NARROW, Frame
from screens.widgets.marked_list import MarkedList
from wizard.cloud.cloud_shell import notice
from wizard.reports.wording import SPINNER, STYLES, count, duration, hanging, short
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from screens.session.saved_drafts import SavedDraft
    from wizard.runs.resume import ResumableRun

TITLE = "KMS encryption for AKS secrets"

ABOUT = (
    "Encrypts the Kubernetes secrets of a cluster with a key from Azure Key Vault, then verifies the result."
)

IRREVERSIBLE = (
    "Encryption cannot be turned off again. If a customer-managed key is lost, the secrets are lost."
)


class Task(NamedTuple):
    """One way to start: its key, its action, what it does, and more of that where there is room."""

    key: str
    action: str
    name: str
    short: str
    long: str


ENCRYPT = Task(
    "e",
    "start",
    "Encrypt a cluster",
    "8 steps; confirmed on the review",
    "8 steps. Nothing is written before you type the cluster name on the review.",
)
TASKS = (
    Task(
        "v", "verify", "Verify a cluster", "read-only", "Read one cluster back and check it. Changes nothing."
    ),
    Task(
        "a",
        "fleet",
        "All clusters",
        "read-only",
        "Encryption state of every cluster that you can see. Changes nothing.",
    ),
    Task(
        "h",
        "history",
        "History",
        "past runs, logs and reports",
        "Past runs with their answers, logs and reports.",
    ),
)
_WITHOUT_AZURE = ("history",)
_TITLE_STYLE = "bold $text"


def prompt(task: Task, *, narrow: bool) -> Content:
    """Return one line for a way to start: its key, its name, and what it does."""
    does, wide = (task.short, 20) if narrow else (task.long, 24)
    return Content.assemble(
        (f"{task.key}  ", f"bold {STYLES['busy']}"), f"{task.name:<{wide}}  ", (does, STYLES["dim"])
    )


class UnfocusedScroll(VerticalScroll, can_focus=False):
    """The page, which scrolls in a small terminal; the keys are those of the list on it."""


class WelcomeScreen(Frame):
    """What can be resumed, and where to start."""

    HELP = """\
An AKS cluster stores its secrets in etcd. This wizard encrypts them there with a key from Azure Key Vault: a platform-managed \
key, or a customer-managed key of your own.

The wizard goes through the steps in the step rail, one page each. Esc goes back, and nothing that you entered is lost. The \
cluster is not changed until you type its name on the review, which lists every resource that is created, changed and kept. \
Success is reported only after the cluster has been read back and checked.

If you quit before the answers are applied, they are kept, and offered here the next time. ^p lists all commands, among them \
the themes.

Your identity comes from your sign-in to Azure: environment variables, a workload or managed identity, or `az login`. \
Start with --credential to choose another method."""

    BODY = UnfocusedScroll
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
        Binding(
            "r",
            "resume",
            "resume",
            show=False,
            tooltip="Resume a run that was not completed, or continue with your answers",
        ),
        Binding("r", "sign_in", "sign in again", tooltip="Sign in again, after a failed sign-in"),
        Binding(
            "e", "start", "encrypt", show=False, tooltip="Encrypt the secrets of a cluster, step by step"
        ),
        Binding(
            "v",
            "verify",
            "verify",
            show=False,
            tooltip="Verify an existing cluster, without changing it",
        ),
        Binding(
            "a",
            "fleet",
            "all clusters",
            show=False,
            tooltip="Show all clusters that you can see, with a verdict on each",
        ),
        Binding(
            "h",
            "history",
            "history",
            show=False,
            tooltip="Show past runs with their answers, logs and reports",
        ),
    ]

    def body(self) -> ComposeResult:
        yield Static(id="about-this", classes="muted")
        if self._cloud_shell:
            yield Static(Content(self._cloud_shell), id="cloud-shell", classes="text caution")
        yield Static(Content("What do you want to do?"), id="ask-what", classes="title text")
        yield MarkedList(id="tasks", classes="text")
        yield Static(id="irreversible", classes="text")
        yield Static(id="connection", classes="text")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._resuming = ""
        """The name of the cluster whose run or answers are being resumed, while it is read."""
        self._clock = Clock()
        self._beats = 0
        self._cloud_shell = notice(session.environment)
        self._drawn: tuple[object, ...] = ()
        """What the ways to start were drawn for."""
        self._first = ""
        """The way to start that was highlighted without the operator."""
        self._in_azure: dict[str, str] = {}
        """The cluster of a run as it is now, by the ID of the run."""

    def on_mount(self) -> None:
        self.query_one(MarkedList).focus()
        self.every(0.25, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        if self._resuming or (self.session.azure_or_none is None and self.session.connection_problem is None):
            self._show_connection()

    def refresh_frame(self) -> None:
        """Also draw what can be resumed, the ways to start and the connection."""
        super().refresh_frame()
        if self.is_mounted:
            narrow, room = self.app.size.width < NARROW, self.app.size.width - self.beside
            title = Content.styled(TITLE, _TITLE_STYLE)
            self.query_one("#about-this", Static).update(title if narrow else title + Content(f"\n{ABOUT}"))
            irreversible = Content(f"! {hanging(IRREVERSIBLE, 2, room)}")
            self.query_one("#irreversible", Static).update(irreversible)
            self._show_resumable()
            self._show_connection()

    @on(ScreenResume)
    def _shown_again(self) -> None:
        self._in_azure = {}
        self.session.find_resumable()

    # -- what can be resumed -------------------------------------------------------------------------------------

    @property
    def _resumable(self) -> "tuple[list[ResumableRun], list[SavedDraft]]":
        return self.session.resumable or [], self.session.drafts

    def _show_resumable(self) -> None:
        runs, drafts = self._resumable
        panel = next(iter(self.query("#resumable").results(Static)), None)
        if panel:
            panel.display = bool(runs or drafts)
        if not (runs or drafts):
            return
        if panel is None:
            panel = Static(id="resumable", classes="text")
            self.query_one(self.BODY).mount(panel, before="#ask-what")
        from screens.pages.resume import offer, offer_title

        newest = runs[0] if runs else None
        if newest and newest.id not in self._in_azure and self.session.azure_or_none:
            self._in_azure[newest.id] = "reading…"
            self.background(self._read_cluster(newest), "reading the cluster")
        in_azure = self._in_azure.get(newest.id, "not read") if newest else ""
        narrow = self.app.size.width < NARROW
        panel.border_title = "" if narrow else offer_title(runs)
        panel.update(offer(runs, drafts, in_azure, self.app.size.width - self.beside - 4, narrow=narrow))

    async def _read_cluster(self, run: "ResumableRun") -> None:
        """Read the state in which the cluster of a run is now."""
        self._in_azure[run.id] = await self.session.cluster_now(run.answers)
        self.refresh_frame()

    # -- the ways to start ---------------------------------------------------------------------------------------

    def _tasks(self) -> list[Task]:
        """Return the ways to start. What was not completed comes first, so that enter resumes it."""
        tasks = [ENCRYPT, *TASKS]
        if any(self._resumable):
            from screens.pages.resume import resume_task

            tasks.insert(0, Task("r", "resume", *resume_task(*self._resumable)))
        return tasks

    def _show_tasks(self) -> None:
        ready = self.session.azure_or_none is not None and not self._resuming
        narrow, tasks = self.app.size.width < NARROW, self._tasks()
        if (drawn := (ready, narrow, *tasks)) == self._drawn:
            return
        self._drawn = drawn
        options = self.query_one(MarkedList)
        now = options.highlighted_option
        chosen = now.id if now and now.id != self._first else None
        self._first = tasks[0].action if ready else ""
        options.set_options(
            Option(
                prompt(task, narrow=narrow),
                id=task.action,
                disabled=not ready and task.action not in _WITHOUT_AZURE,
            )
            for task in tasks
        )
        places = [task.action for task in tasks]
        options.highlighted = places.index(chosen) if chosen in places else (0 if ready else None)
        self.refresh_bindings()

    @on(OptionList.OptionSelected)
    async def _selected(self, event: OptionList.OptionSelected) -> None:
        await self.run_action(str(event.option_id))

    # -- the connection ------------------------------------------------------------------------------------------

    def _show_connection(self) -> None:
        failed = self.session.connection_problem is not None
        if self.has_class("no-azure") != failed:
            self.toggle_class("no-azure")
            self.refresh_bindings()
        self._show_tasks()
        title = "" if self.app.size.width < NARROW else "Connection\n"
        text = Content.styled(title, _TITLE_STYLE) + self._connection()
        self.query_one("#connection", Static).update(text)

    def _connection(self) -> Content:
        session = self.session
        if session.connection_problem:
            from screens.widgets.dialogs import problem_content

            return problem_content(
                session.connection_problem, width=self.app.size.width - self.beside
            ) + Content("\n\nr  try again")
        sign = SPINNER[self._beats % len(SPINNER)]
        waited = duration(self._clock.elapsed())
        if self._resuming:
            return Content.assemble(
                (f"{sign} ", STYLES["busy"]), f"Reading the current state of {self._resuming}… {waited}"
            )
        if session.azure_or_none:
            return self._connected()
        text = Content.assemble((f"{sign} ", STYLES["busy"]), f"Signing in to Azure… {waited}")
        if session.sign_in_instruction:
            text += Content.assemble("\n", (session.sign_in_instruction, "bold"))
        return text

    def _connected(self) -> Content:
        """Return as whom, how many subscriptions that identity sees, and which tool is missing."""
        from wizard.system.processes import program

        azure, number = self.session.azure, len(self.session.subscriptions)
        good, warn = ("✓ ", STYLES["good"]), ("! ", STYLES["warn"])
        name = azure.signed_in.name
        name = short(name) if self.app.size.width < NARROW else name
        who = Content.assemble(good, f"Signed in to {azure.cloud.title} as {name}")
        facts = []
        if number:
            facts.append(Content.assemble(good, count(number, "subscription")))
        else:
            fix = "Ask for a role in one, or set AZURE_TENANT_ID to sign in to another tenant."
            facts.append(Content.assemble(warn, f"This identity has no accessible subscription. {fix}"))
        if program("az", self.session.environment) is None:
            facts.append(
                Content.assemble(warn, "Azure CLI not found", (" (only exported scripts need it)", "$quiet"))
            )
        beside = "   " if number and self.app.size.width < NARROW else "\n"
        return Content("\n").join([who, Content(beside).join(facts)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer another sign-in after a failed one, and otherwise the ways to start."""
        failed = self.session.connection_problem is not None
        can_start = not failed and not self._resuming
        offered = {
            "sign_in": failed,
            "start": can_start,
            "verify": can_start,
            "fleet": can_start,
            "resume": can_start and any(self._resumable),
        }
        return offered.get(action, True)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_start(self) -> None:
        """Show the first step."""
        if self.session.azure_or_none:
            self.post_message(GoTo("prerequisites"))

    def action_verify(self) -> None:
        """Show the list of clusters, to verify one of them."""
        if self.session.azure_or_none:
            self.post_message(PickCluster())

    def action_fleet(self) -> None:
        """Show all clusters of all subscriptions, with a verdict on each."""
        if self.session.azure_or_none:
            self.post_message(ShowFleet())

    def action_history(self) -> None:
        """Show the runs in the journal."""
        self.post_message(ShowHistory())

    def action_resume(self) -> None:
        """Resume the run, or ask which of several. Answers that were not applied can also be deleted."""
        from screens.pages.resume import ResumeDialog

        runs, drafts = self._resumable
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

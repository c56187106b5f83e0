"""The prerequisites: the tools and what needs them, the sign-in, the subscription."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.messages import Completed
from screens.widgets.frame import NARROW, Frame, Heading
from screens.widgets.marked_list import MarkedList
from wizard.reports.wording import STYLES, TOOL_STATES
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.tools import Prerequisite


class Subscriptions(MarkedList, inherit_bindings=False):
    """The list of subscriptions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *MarkedList.BINDINGS[:-1],
        Binding("enter", "select", "select", tooltip="Select the subscription and continue"),
    ]


class PrerequisitesScreen(Frame):
    """Tools, sign-in and subscription."""

    STEP = "prerequisites"
    HELP = """\
The wizard itself needs none of these tools, because it calls Azure directly. The exported script needs the Azure CLI with \
its aks-preview extension. Checks inside a cluster need kubectl. Below each tool that is not ✓ is the command that installs it.

Select the subscription for a new cluster. Its clusters are also listed first. You can select an existing cluster from any \
subscription that you can see."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reload", "refresh", tooltip="Check the tools again, after you installed one"),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Heading("Prerequisites")
            yield Static(id="who", classes="text")
            yield Static(Content("Which subscription?"), classes="title text")
            yield Subscriptions(id="subscriptions", compact=True)
            yield Static(Content("Tools"), classes="title text")
            yield Static(
                Content("The wizard itself needs none of these tools: it calls Azure directly."),
                classes="muted",
            )
            yield Static(id="tools")

    def on_mount(self) -> None:
        subscriptions, chosen = self.session.subscriptions, self.session.draft.subscription
        self.query_one("#who", Static).update(signed_in(self.session.azure, subscriptions))
        options = self.query_one(OptionList)
        width = min(40, max((len(each.name) for each in subscriptions), default=0))
        for subscription in subscriptions:
            text = Content.assemble(
                f"{subscription.name:<{width}}  ", (f"{subscription.id}  {subscription.state}", STYLES["dim"])
            )
            options.add_option(Option(text, id=subscription.id, disabled=not subscription.usable))
        if chosen and chosen in subscriptions:
            options.highlighted = subscriptions.index(chosen)
        else:
            options.action_first()
        options.focus()
        self.action_reload()

    def action_reload(self) -> None:
        """Check the tools again."""
        self.query_one("#tools", Static).update(
            Content.assemble(("◐ ", STYLES["busy"]), "Checking the tools…")
        )
        self.background(self._check(), "checking the tools")

    async def _check(self) -> None:
        from wizard.cloud.tools import check

        tools = await check(self.session.environment)
        narrow = self.app.size.width < NARROW
        self.query_one("#tools", Static).update(
            Content("\n").join(tool_line(tool, narrow=narrow) for tool in tools)
        )

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        wanted = next(s for s in self.session.subscriptions if s.id == event.option_id)
        draft = self.session.draft
        if draft.subscription != wanted and draft.cluster and draft.cluster.subscription_id != wanted.id:
            self.session.complete("prerequisites", subscription=wanted, cluster=None)
        else:
            self.session.complete("prerequisites", subscription=wanted)
        self.session.look_up_feature(wanted.id)
        self.post_message(Completed("prerequisites"))


def signed_in(azure: "Azure", subscriptions: "list[Subscription]") -> Content:
    """Return who is signed in, or that this identity sees no subscription."""
    who = azure.signed_in
    if not subscriptions:
        return Content.assemble(
            ("! ", STYLES["warn"]),
            f"{who.name} has no accessible subscription in tenant {who.tenant_id}. "
            "Ask for a role in one, or set AZURE_TENANT_ID to sign in to another tenant. Then start the wizard again.",
        )
    return Content.assemble(
        ("✓ ", STYLES["good"]),
        ("Signed in", "bold"),
        f" to {azure.cloud.title} as {who.name}",
        (f"\n  tenant {who.tenant_id}", STYLES["dim"]),
    )


def tool_line(tool: "Prerequisite", *, narrow: bool) -> Content:
    """Return the line of a tool: what was found, what is required and by what, and how to install it."""
    sign, tone = TOOL_STATES[tool.state]
    found = one_line(tool.found or "")
    needs = "" if tool.state == "found" else f"needs {tool.required}"
    parts: list[tuple[str, str]] = [
        (f"{sign} ", STYLES[tone]),
        (f"{tool.name:<22}", "bold"),
        (f"{tool.state:<9}", STYLES[tone]),
        (f"{' '.join(filter(None, (found, needs))):<24}", ""),
        (f"\n  for {tool.needed_by}" if narrow or needs else f"  for {tool.needed_by}", "$quiet"),
    ]
    if tool.state != "found":
        parts += [("\n  to fix it, run  ", "$quiet"), (tool.remedy, STYLES["busy"])]
    return Content.assemble(*parts)

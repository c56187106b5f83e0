"""What must be there: the tools, with what needs them; the sign-in; the subscription."""

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
from wizard.reports.wording import STYLES, TOOL_STATES
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.tools import Prerequisite


class Subscriptions(OptionList, inherit_bindings=False):
    """The list of them. What enter does is in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            binding
            for binding in OptionList.BINDINGS
            if not (isinstance(binding, Binding) and binding.key == "enter")
        ),
        Binding("enter", "select", "choose"),
    ]


class PrerequisitesScreen(Frame):
    """Tools, sign-in, subscription."""

    STEP = "prerequisites"
    HELP = """\
The wizard talks to Azure itself and needs none of these tools. The script that you can export needs the Azure CLI with \
its aks-preview extension; looking inside a cluster needs kubectl. Each line that is not ✓ shows the command that mends it.

The subscription is where a new cluster would go, and the first one that is searched. An existing cluster may be chosen \
from any subscription you can see.

enter   choose the subscription and go on
r       look again, after you mended something"""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "again", "look again")]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Heading("What is needed, and what is here")
            yield Static(
                Content("The wizard itself needs none of these tools: it talks to Azure directly."),
                classes="muted",
            )
            yield Static(id="tools", classes="text")
            yield Static(id="who", classes="text")
            yield Static(Content("Which subscription?"), classes="title text")
            yield Subscriptions(id="subscriptions", compact=True)

    def on_mount(self) -> None:
        azure = self.session.azure
        self.query_one("#who", Static).update(
            Content.assemble(
                ("✓ ", STYLES["good"]),
                ("Signed in", "bold"),
                f" to {azure.cloud.title} as {azure.signed_in.name}",
                (f"\n  tenant {azure.signed_in.tenant_id}", STYLES["dim"]),
            )
        )
        options = self.query_one(OptionList)
        for subscription in self.session.subscriptions:
            text = Content.assemble(
                f"{subscription.name}  ", (f"{subscription.id}  {subscription.state}", STYLES["dim"])
            )
            options.add_option(Option(text, id=subscription.id, disabled=not subscription.usable))
        chosen = self.session.draft.subscription
        if chosen and chosen in self.session.subscriptions:
            options.highlighted = self.session.subscriptions.index(chosen)
        else:
            options.action_first()
        options.focus()
        if not self.session.subscriptions:
            self.query_one("#who", Static).update(
                Content.assemble(
                    ("! ", STYLES["warn"]),
                    f"{azure.signed_in.name} sees no subscription in tenant {azure.signed_in.tenant_id}. "
                    "Ask for a role in one, or sign in to another tenant (AZURE_TENANT_ID), then start again.",
                )
            )
        self.action_again()

    def action_again(self) -> None:
        """Look at the tools again."""
        self.query_one("#tools", Static).update(
            Content.assemble(("◐ ", STYLES["busy"]), "Looking for the tools…")
        )
        self.background(self._look(), "looking for the tools")

    async def _look(self) -> None:
        from wizard.cloud.tools import check

        tools = await check(self.session.environment)
        narrow = self.app.size.width < NARROW
        self.query_one("#tools", Static).update(
            Content("\n").join(_line(tool, narrow=narrow) for tool in tools)
        )

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        wanted = next(s for s in self.session.subscriptions if s.id == event.option_id)
        draft = self.session.draft
        if draft.subscription != wanted and draft.cluster and draft.cluster.subscription_id != wanted.id:
            self.session.complete("prerequisites", subscription=wanted, cluster=None)
        else:
            self.session.complete("prerequisites", subscription=wanted)
        self.session.look_up_feature(wanted.id)
        self.post_message(Completed("prerequisites"))


def _line(tool: "Prerequisite", *, narrow: bool) -> Content:
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
        parts += [("\n  mend it with  ", "$quiet"), (tool.remedy, STYLES["busy"])]
    return Content.assemble(*parts)

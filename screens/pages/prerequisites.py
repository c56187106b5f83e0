"""The prerequisites: the subscription, the sign-in, the tools and what needs them."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from screens.messages import Completed
from screens.session.session import Session
from screens.widgets.filter_words import filter_words, has_words
from screens.widgets.frame import NARROW, Frame, Heading
from screens.widgets.marked_list import MarkedList
from wizard.cloud.default_subscription import default_subscription
from wizard.reports.table import cut
from wizard.reports.wording import STYLES, TOOL_STATES, hanging
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.tools import Prerequisite


_MANY = 10
"""Subscriptions that are listed without a filter."""


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
        Binding(  # with priority, so that fast typing goes to the filter
            "slash",
            "filter",
            "filter",
            priority=True,
            tooltip="Filter the subscriptions by any words; esc clears the filter",
        ),
        Binding("r", "reload", "refresh", tooltip="Check the tools again, after you installed one"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session, id="prerequisites")
        self._default = default_subscription(session.environment)
        self._listed: list[Subscription] = []

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Heading("Prerequisites")
            yield Static(id="who", classes="text")
            yield Heading("Which subscription?")
            if self._many:
                with Horizontal(id="filter-line"):
                    yield Static(Content("/"), classes="sign")
                    yield Input(placeholder="filter", compact=True, id="filter")
            yield Subscriptions(id="subscriptions", compact=True)
            yield Static(Content("Tools"), classes="title text")
            yield Static(
                Content("The wizard itself needs none of these tools: it calls Azure directly."),
                classes="muted",
            )
            yield Static(id="tools")

    @property
    def _many(self) -> bool:
        """Whether there are so many subscriptions that a filter helps."""
        return len(self.session.subscriptions) > _MANY

    def on_mount(self) -> None:
        self._listed = sorted(self.session.subscriptions, key=lambda each: each.id.lower() != self._default)
        self._show_who()
        self._fill()
        self.query_one(OptionList).focus()
        self.action_reload()

    def on_resize(self) -> None:
        self._show_who()

    def _show_who(self) -> None:
        width = self.app.size.width - self.beside
        self.query_one("#who", Static).update(
            signed_in(self.session.azure, self.session.subscriptions, width)
        )

    @property
    def _words(self) -> tuple[str, ...]:
        """The words of the filter."""
        return filter_words(" ".join(field.value for field in self.query(Input)))

    def _fill(self) -> None:
        """List the subscriptions that match the filter; the one that was selected before, or else the default, is highlighted."""
        options, chosen, words = self.query_one(OptionList), self.session.draft.subscription, self._words
        width = min(40, max((len(each.name) for each in self._listed), default=0))
        shown = [each for each in self._listed if has_words(f"{each.name} {each.id}", words)]
        options.set_options(
            Option(
                subscription_line(each, width, default=each.id.lower() == self._default),
                id=each.id,
                disabled=not each.usable,
            )
            for each in shown
        )
        if chosen in shown and chosen:
            options.highlighted = shown.index(chosen)
        else:
            options.action_first()
        if self._many:
            number = f"{len(shown)} of {len(self._listed)}" if words else f"{len(shown)}"
            list(self.query(Heading))[1].note(f"{number} subscriptions")
        self.refresh_bindings()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._fill()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(OptionList).focus()

    def action_filter(self) -> None:
        """Put the cursor into the filter."""
        self.query_one(Input).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """In the filter, its own key is an ordinary character."""
        return action != "filter" or (self._many and not isinstance(self.focused, Input))

    @property
    def escape_does(self) -> str:
        """What Esc does first: clear the filter, or leave it."""
        return "clear filter" if self._words else "to the list" if isinstance(self.focused, Input) else ""

    def action_back(self) -> None:
        """Clear the filter first; then go back."""
        if self.escape_does:
            self.query_one(Input).value = ""
            self.query_one(OptionList).focus()
        else:
            super().action_back()

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


def subscription_line(subscription: "Subscription", width: int, *, default: bool) -> Content:
    """Return the line of a subscription, its name in `width` columns. `default`: the Azure CLI uses it."""
    state = "default" if default and subscription.state == "Enabled" else subscription.state
    facts = f"{subscription.id}  {state}"
    return Content.assemble(f"{cut(one_line(subscription.name), width):<{width}}  ", (facts, STYLES["dim"]))


def signed_in(azure: "Azure", subscriptions: "list[Subscription]", width: int) -> Content:
    """Return who is signed in, or that this identity sees no subscription, in `width` columns."""
    who = azure.signed_in
    if not subscriptions:
        text = (
            f"{who.name} has no accessible subscription in tenant {who.tenant_id}. "
            "Ask for a role in one, or set AZURE_TENANT_ID to sign in to another tenant. Then start the wizard again."
        )
        return Content.assemble(("! ", STYLES["warn"]), hanging(text, 2, width))
    gap = " " if len(f"✓ Signed in to {azure.cloud.title} as {who.name}") <= width else "\n  "
    return Content.assemble(
        ("✓ ", STYLES["good"]),
        ("Signed in", "bold"),
        f" to {azure.cloud.title}{gap}as {who.name}",
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

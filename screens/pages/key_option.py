"""The key option: three cards side by side, with what each means, which one is in use now, and which cannot be selected."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Click, DescendantFocus
from textual.message import Message
from textual.widgets import Static

from screens.messages import Completed
from screens.session.draft import Draft, KeyChoice
from screens.widgets.fields import findings_content
from screens.widgets.frame import NARROW, Frame, Heading
from wizard.cloud.inventory import ClusterRow
from wizard.errors import AnswersError, AzureError
from wizard.procedure.planning import make_plan
from wizard.reports.wording import STYLES, explained
from wizard.rules.regions import WITHOUT_IDENTITIES
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.rules import Finding


@dataclass(frozen=True)
class Option:
    """One key option."""

    choice: KeyChoice
    title: str
    owner: str
    rotation: str
    created: str
    time: str
    caution: str
    suits: str


OPTIONS = (
    Option(
        "platform-managed",
        "Platform-managed key",
        "AKS; you cannot see it",
        "AKS, automatically",
        "no resource of yours",
        "3–6 min",
        "none: there is no key that you could lose",
        "encryption without a key to manage",
    ),
    Option(
        "Private",
        "Customer-managed key, private vault",
        "you, in your key vault",
        "you, or a policy of the vault; AKS follows in 6 hours",
        "vault, key, identity, two role assignments",
        "8–12 min",
        "never delete, disable or let expire key or vault",
        "production with a requirement to own the key",
    ),
    Option(
        "Public",
        "Customer-managed key, public vault",
        "you, in your key vault",
        "you, or a policy of the vault; AKS follows in 6 hours",
        "vault, key, identity, three role assignments",
        "4–8 min",
        "never delete, disable or let expire key or vault",
        "test clusters, and networks that cannot use a key vault firewall",
    ),
)


class Card(Static, can_focus=True):
    """One option; it can have the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "select", tooltip="Select the option"),
        # bound by the card, because its container would scroll
        Binding("left,up", "screen.move(-1)", "compare", key_display="←→"),
        Binding("right,down", "screen.move(1)", "next", show=False),
    ]

    class Chosen(Message):
        """The operator has selected this card."""

        def __init__(self, option: Option) -> None:
            super().__init__()
            self.option = option

    def __init__(self, option: Option, *, now: bool, why_not: str | None) -> None:
        super().__init__(id=f"card-{option.choice}", classes="card")
        self.option = option
        self._now = now
        self.why_not = why_not
        self.moves: tuple[tuple[str, str], ...] = ()
        """For an encrypted cluster: what it changes to, and what is still needed."""

    def show(self, *, narrow: bool, chosen: bool) -> None:
        """Draw the card; more compact if there is little room."""
        option = self.option
        head: list[tuple[str, str]] = [(option.title, "bold")]
        if self._now:
            head.append(("  now", STYLES["good"]))
        if chosen:
            head.append(("  ✓ selected", STYLES["busy"]))
        rows = [
            *self.moves,
            ("key managed by", option.owner),
            ("rotated by", option.rotation),
            ("will be created", option.created),
            ("usually takes", option.time),
            ("caution", option.caution),
            ("suits", option.suits),
        ][: -1 if self.moves else None]
        parts: list[tuple[str, str]] = [*head, ("\n", "")]
        for label, text in rows:
            if narrow:
                parts += [(f"\n{label:<19}", "$quiet"), (text, "")]
            else:
                parts += [(f"\n{label}\n", "$quiet"), (f"{text}\n", "")]
        if narrow:
            parts[len(head)] = ("", "")
        if self.why_not:
            parts += [("\n! ", STYLES["warn"]), (self.why_not, "")]
        self.update(Content.assemble(*parts))

    def action_choose(self) -> None:
        """Select this card."""
        self.post_message(self.Chosen(self.option))

    def on_click(self, event: Click) -> None:
        event.stop()
        self.action_choose()


class KeyOptionScreen(Frame):
    """The three key options."""

    STEP = "key"
    HELP = """\
Platform-managed key: AKS creates, stores and rotates the key. You can neither see it nor lose it.

Customer-managed key: you own the key, in a key vault of yours. If the key is deleted, disabled or expires, the secrets of \
the cluster are lost. For this reason the vault gets purge protection unless you decline it.

Private vault: its firewall denies all public access; AKS reaches it as a trusted Azure service. Public vault: any identity \
with a role assignment reaches it from any network.

If the cluster is encrypted already, the card of its current option says "now", and each card shows what it changes to and \
what is still needed. A cluster with legacy KMS can change to all three options. AKS then rewrites every secret, so disable \
policies that block updating secrets first. You cannot return to legacy KMS.

You can change between these options later. You cannot return to "not encrypted": AKS cannot disable this encryption.

Use the arrow keys or tab to go to the next card."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "1", "take(0)", "choose", key_display="1-3", tooltip="Select the first, second or third option"
        ),
        Binding("2", "take(1)", "second", show=False),
        Binding("3", "take(2)", "third", show=False),
    ]

    def body(self) -> ComposeResult:
        draft = self.session.draft
        yield Heading(
            f"Who manages the encryption key of {draft.cluster_name}?", "arrow keys and Enter, or 1 to 3"
        )
        yield Static(id="from")
        yield Static(id="of-cluster")
        with VerticalScroll(can_focus=False), Horizontal(id="cards"):
            for option in OPTIONS:
                yield Card(option, now=is_now(draft, option), why_not=why_not(draft, option))

    def on_mount(self) -> None:
        self.query_one("#from").display = self.query_one("#of-cluster").display = False
        self.background(self._check_cluster(), "checking the cluster")
        chosen = self.session.draft.option or "Private"
        self.query_one(f"#card-{chosen}", Card).focus(scroll_visible=False)

    def refresh_frame(self) -> None:
        """Also draw the cards."""
        super().refresh_frame()
        self._draw()

    def _draw(self) -> None:
        for card in self.query(Card):
            chosen = card.option.choice == self.session.draft.option
            card.show(narrow=self.app.size.width < NARROW, chosen=chosen)
        self.call_after_refresh(self._scroll)

    @on(DescendantFocus)
    def _scroll(self) -> None:
        """Scroll to the top, or as far as is needed to show the whole card that has the focus."""
        card, seen = self.focused, self.query_one(VerticalScroll)
        if isinstance(card, Card):
            top, bottom = card.virtual_region.y, card.virtual_region.bottom
            seen.scroll_to(y=max(0, min(top, bottom - seen.size.height)), animate=False)

    async def _check_cluster(self) -> None:
        """Show the findings about the cluster itself, which hold for every option, and what each option changes."""
        draft = self.session.draft
        below = self.query_one("#of-cluster", Static)
        try:
            plan = await make_plan(self.session.azure, replace(draft, option="platform-managed").answers())
        except AnswersError:
            return
        except AzureError as error:
            below.update(Content(f"! {sanitize(error.problem.summary)} The review checks it again."))
            below.display = True
            return
        found = [f for f in plan.findings if f.level != "info" and is_about_cluster(f)]
        below.update(findings_content(found))
        below.display = bool(found)
        errors = [f for f in found if f.level == "error"]
        for card in self.query(Card):
            if errors and not card.why_not:
                card.why_not = f"{errors[0].message} {errors[0].remedy}"
            if draft.cluster and plan.now != "none":
                card.moves = moves(draft.cluster, card.option, plan.moves[1])
        if plan.now != "none":
            before = self.query_one("#from", Static)
            before.update(Content.assemble(("now  ", STYLES["good"]), sanitize(plan.moves[0])))
            before.display = True
        self._draw()

    def action_move(self, by: int) -> None:
        """Go to the next card; after the last comes the first."""
        cards = list(self.query(Card))
        here = next((i for i, card in enumerate(cards) if card.has_focus), 0)
        cards[(here + by) % len(cards)].focus(scroll_visible=False)

    def action_take(self, number: int) -> None:
        """Select a card by its place."""
        card = list(self.query(Card))[number]
        card.focus(scroll_visible=False)
        card.action_choose()

    @on(Card.Chosen)
    def _chosen(self, event: Card.Chosen) -> None:
        card = self.query_one(f"#card-{event.option.choice}", Card)
        if card.why_not:
            self.notify(card.why_not, severity="warning", markup=False)
            return
        self.session.complete("key", option=event.option.choice)
        if event.option.choice == "platform-managed":
            self.session.complete("vault")
        self.post_message(Completed("key"))


def is_now(draft: Draft, option: Option) -> bool:
    """Whether the cluster uses this option now."""
    cluster = draft.cluster
    if cluster is None:
        return False
    if cluster.kind == "platform-managed":
        return option.choice == "platform-managed"
    return cluster.kind == "customer-managed" and option.choice == cluster.encryption.network_access


def why_not(draft: Draft, option: Option) -> str | None:
    """Return why an option cannot be selected, as far as is known without reading from Azure."""
    if draft.cluster and draft.cluster.why_not:
        return f"{draft.cluster.name}: {explained(draft.cluster)}"
    if draft.cluster is None and draft.location in WITHOUT_IDENTITIES and option.choice != "platform-managed":
        return (
            f"In {draft.location} no cluster can be created with a user-assigned identity, which a customer-managed key "
            "needs."
        )
    return None


def is_about_cluster(finding: "Finding") -> bool:
    """Whether a finding is about the cluster itself, so that it holds for every option."""
    about = ("cluster-", "legacy-", "version-", "no-version-", "quota-", "secret-")
    return finding.code.startswith(about) or finding.code == "identity-gone"


def moves(cluster: ClusterRow, option: Option, to_platform: str) -> tuple[tuple[str, str], ...]:
    """Return what an option changes an encrypted cluster to, and what is still needed, as labels and texts."""
    own, platform = cluster.encryption, option.choice == "platform-managed"
    if platform and cluster.kind == "platform-managed":
        return _repairs(cluster) or (("no changes", "the cluster uses this option already"),)
    to = to_platform if platform else f"a customer-managed key, {option.choice.lower()} vault"
    if not own.kms_enabled:
        return (("changes to", to), *(() if platform else (("still needed", "nothing else"),)))
    if platform:
        stays = f"{own.key_name}, its vault and the identity, until verified inside the cluster"
        return (("changes to", to), ("still needed", stays))
    if cluster.kind == "legacy-kms":
        return (
            ("changes to", f"{to}, without its version"),
            ("still needed", f"{own.key_name}, every version"),
        )
    return (
        *(_repairs(cluster, "the same key") if option.choice == own.network_access else ()),
        ("changes to", f"{to}: the same key or another one"),
        ("still needed", f"{own.key_name}, even if you select another key"),
    )


def _repairs(cluster: ClusterRow, choosing: str = "selecting it") -> tuple[tuple[str, str], ...]:
    """Return what selecting the current option does if the last operation on the cluster failed; nothing otherwise."""
    if not cluster.failed_operation:
        return ()
    return (
        ("last operation", cluster.failed_operation),
        (choosing, "re-applies the cluster update, which often repairs it"),
    )

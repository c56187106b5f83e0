"""Whose key: three cards side by side, with what each means, what is so now, and what cannot be."""

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
from screens.session.draft import KeyChoice
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
    """One way to hold the key, in an operator's words."""

    choice: KeyChoice
    title: str
    owner: str
    rotation: str
    created: str
    time: str
    heed: str
    who: str


OPTIONS = (
    Option(
        "platform-managed",
        "Platform-managed key",
        "AKS; you never see it",
        "AKS, by itself",
        "nothing of yours",
        "3–6 min",
        "nothing: there is no key of yours to lose",
        "whoever wants encryption without a key to look after",
    ),
    Option(
        "Private",
        "Your key, private vault",
        "you, in your key vault",
        "you, or the vault's policy; AKS follows in 6 hours",
        "vault, key, identity, two roles",
        "8–12 min",
        "never delete, disable or let expire key or vault",
        "production with a mandate to own the key",
    ),
    Option(
        "Public",
        "Your key, public vault",
        "you, in your key vault",
        "you, or the vault's policy; AKS follows in 6 hours",
        "vault, key, identity, three roles",
        "4–8 min",
        "never delete, disable or let expire key or vault",
        "test clusters, and networks where a firewall on the vault is impossible",
    ),
)


class Card(Static, can_focus=True):
    """One option; takes the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "choose"),
        # the card's own, since what it lies in would scroll by them
        Binding("left,up", "screen.move(-1)", "previous", show=False),
        Binding("right,down", "screen.move(1)", "next", show=False),
    ]

    class Chosen(Message):
        """The operator took this card."""

        def __init__(self, option: Option) -> None:
            super().__init__()
            self.option = option

    def __init__(self, option: Option, *, now: bool, why_not: str | None) -> None:
        super().__init__(id=f"card-{option.choice}", classes="card")
        self.option = option
        self._now = now
        self.why_not = why_not
        self.moves: tuple[tuple[str, str], ...] = ()
        """For a cluster that is encrypted already: to what it leads, and what stays needed."""

    def show(self, *, narrow: bool, taken: bool) -> None:
        """Draw it, short where there is little room."""
        option = self.option
        head: list[tuple[str, str]] = [(option.title, "bold")]
        if self._now:
            head.append(("  now", STYLES["good"]))
        if taken:
            head.append(("  ✓ chosen", STYLES["busy"]))
        rows = [
            *self.moves,
            ("the key is held by", option.owner),
            ("it is rotated by", option.rotation),
            ("will be created", option.created),
            ("usually takes", option.time),
            ("what to heed", option.heed),
            ("for", option.who),
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
        """Take this one."""
        self.post_message(self.Chosen(self.option))

    def on_click(self, event: Click) -> None:
        event.stop()
        self.action_choose()


class KeyOptionScreen(Frame):
    """Three cards."""

    STEP = "key"
    HELP = """\
Platform-managed: AKS makes, keeps and rotates the key. You can neither see it nor lose it.

Customer-managed: the key is yours, in a key vault of yours. Whoever deletes it, disables it or lets it expire takes the \
cluster's secrets with it, so the vault gets purge protection unless you decline it.

Private vault: its firewall denies everybody, except Azure's trusted services, by which AKS reaches it. Public vault: \
whoever has a role on it reaches it from any network.

Where the cluster is encrypted already, the card of what is so says "now", and each card says where it leads and what of the past stays needed. From the legacy KMS both ways are open; AKS then rewrites every secret, so policies \
that block updating secrets must make way first, and there is no way back to it.

One may move between these later; back to "not encrypted" one may not: AKS does not turn this encryption off, and nor \
does this wizard.

left, right   the next card (also up, down and tab)
enter         choose the card"""

    def body(self) -> ComposeResult:
        name = self.session.draft.cluster_name
        yield Heading(f"Who holds the key of {name}?", "arrows and enter")
        yield Static(id="from")
        yield Static(id="of-cluster")
        with VerticalScroll(can_focus=False), Horizontal(id="cards"):
            for option in OPTIONS:
                yield Card(option, now=self._is_now(option), why_not=self._why_not(option))

    def on_mount(self) -> None:
        self.query_one("#from").display = self.query_one("#of-cluster").display = False
        self.background(self._look_ahead(), "asking the rules about the cluster")
        chosen = self.session.draft.option or "Private"
        self.query_one(f"#card-{chosen}", Card).focus(scroll_visible=False)

    def refresh_frame(self) -> None:
        """Also the cards: which one is taken."""
        super().refresh_frame()
        self._draw()

    def _draw(self) -> None:
        for card in self.query(Card):
            taken = card.option.choice == self.session.draft.option
            card.show(narrow=self.app.size.width < NARROW, taken=taken)
        self.call_after_refresh(self._bring)

    @on(DescendantFocus)
    def _bring(self) -> None:
        """Begin at the top, unless the card that has the focus would not be seen whole."""
        card, seen = self.focused, self.query_one(VerticalScroll)
        if isinstance(card, Card):
            top, bottom = card.virtual_region.y, card.virtual_region.bottom
            seen.scroll_to(y=max(0, min(top, bottom - seen.size.height)), animate=False)

    def _is_now(self, option: Option) -> bool:
        cluster = self.session.draft.cluster
        if cluster is None:
            return False
        if cluster.kind == "platform-managed":
            return option.choice == "platform-managed"
        return cluster.kind == "customer-managed" and option.choice == cluster.encryption.network_access

    def _why_not(self, option: Option) -> str | None:
        """Why an option cannot be taken, as far as it is known at once."""
        draft = self.session.draft
        if draft.cluster and draft.cluster.why_not:
            return f"{draft.cluster.name}: {explained(draft.cluster)}"
        if (
            draft.cluster is None
            and draft.location in WITHOUT_IDENTITIES
            and option.choice != "platform-managed"
        ):
            return f"In {draft.location} no cluster can be created with a user-assigned identity, which your own key needs."
        return None

    async def _look_ahead(self) -> None:
        """What the rules say of the cluster itself, whoever will hold its key; and from where it would move."""
        draft = self.session.draft
        below = self.query_one("#of-cluster", Static)
        try:
            plan = await make_plan(self.session.azure, replace(draft, option="platform-managed").answers())
        except AnswersError:
            return
        except AzureError as error:
            below.update(Content(f"! {sanitize(error.problem.summary)} The review asks again."))
            below.display = True
            return
        found = [f for f in plan.findings if f.level != "info" and _of_the_cluster(f)]
        below.update(findings_content(found))
        below.display = bool(found)
        errors = [f for f in found if f.level == "error"]
        for card in self.query(Card):
            if errors and not card.why_not:
                card.why_not = f"{errors[0].message} {errors[0].remedy}"
            if draft.cluster and plan.now != "none":
                card.moves = _moves(draft.cluster, card.option, plan.moves[1])
        if plan.now != "none":
            before = self.query_one("#from", Static)
            before.update(Content.assemble(("now  ", STYLES["good"]), sanitize(plan.moves[0])))
            before.display = True
        self._draw()

    def action_move(self, by: int) -> None:
        """The next card, round and round."""
        cards = list(self.query(Card))
        here = next((i for i, card in enumerate(cards) if card.has_focus), 0)
        cards[(here + by) % len(cards)].focus(scroll_visible=False)

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


def _of_the_cluster(finding: "Finding") -> bool:
    """Whether a finding is about the cluster itself, so that it holds for every option."""
    about = ("cluster-", "legacy-", "version-", "no-version-", "quota-", "secret-")
    return finding.code.startswith(about) or finding.code == "identity-gone"


def _moves(cluster: ClusterRow, option: Option, to_platform: str) -> tuple[tuple[str, str], ...]:
    """To what an option leads a cluster that is encrypted already, and what of the past stays needed."""
    own, platform = cluster.encryption, option.choice == "platform-managed"
    if platform and cluster.kind == "platform-managed":
        return _repairs(cluster) or (("it is so already", "choosing it changes nothing"),)
    to = to_platform if platform else f"a key of yours, reached as {option.choice}"
    if not own.kms_enabled:
        return (("leads to", to), *(() if platform else (("still needed", "nothing of the past"),)))
    if platform:
        stays = f"{own.key_name}, its vault and the identity, until verified from inside"
        return (("leads to", to), ("still needed", stays))
    if cluster.kind == "legacy-kms":
        return (
            ("leads to", f"{to}, without its version"),
            ("still needed", f"{own.key_name}, every version"),
        )
    return (
        *(_repairs(cluster, "the same key") if option.choice == own.network_access else ()),
        ("leads to", f"{to}: the same or another"),
        ("still needed", f"{own.key_name}, also where you choose another"),
    )


def _repairs(cluster: ClusterRow, choosing: str = "choosing it") -> tuple[tuple[str, str], ...]:
    """What choosing what is so by a cluster's settings does where its last operation ended badly; nothing elsewhere."""
    if not cluster.failed_operation:
        return ()
    return (
        ("last operation", cluster.failed_operation),
        (choosing, "sends the whole cluster again, which often repairs it"),
    )

"""The key option: three cards side by side, with what each means, which one is in use now, and which cannot be selected."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Click, DescendantFocus
from textual.message import Message
from textual.widgets import Static

from screens.messages import Completed
from screens.pages.key_option_text import (
    LABEL,
    OPTIONS,
    Option,
    aligned,
    compared,
    facts,
    is_about_cluster,
    is_now,
    moves,
    preselection,
    why_not,
)
from screens.widgets.fields import findings_content
from screens.widgets.frame import NARROW, Frame, Heading
from screens.widgets.grid import Cell, rows
from wizard.errors import AnswersError, AzureError
from wizard.procedure.planning import make_plan
from wizard.reports.wording import STYLES
from wizard.system.sanitize import sanitize

_BESIDE = 30
"""Columns of the step rail, of the margins of the page, of those between the cards, and of a scrollbar."""


class Card(Static, can_focus=True):
    """One option; it can have the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "select", tooltip="Select the option"),
        # bound by the card, because its container would scroll
        Binding("left,up", "screen.move(-1)", "compare", key_display="←→"),
        Binding("right,down,tab", "screen.move(1)", "next", show=False),
        Binding("shift+tab", "screen.move(-1)", "previous", show=False),
    ]

    class Chosen(Message):
        """The operator has selected this card."""

        def __init__(self, option: Option) -> None:
            super().__init__()
            self.option = option

    def __init__(self, option: Option, number: int, *, now: bool, why_not: str | None) -> None:
        super().__init__(id=f"card-{option.choice}", classes="card")
        self.option = option
        self.number = number
        self._now = now
        self.why_not = why_not
        self.moves: tuple[tuple[str, str], ...] = ()
        """For an encrypted cluster: what it changes to, and what is still needed."""

    @property
    def facts(self) -> dict[str, str]:
        """What there is to say of the option, by labels."""
        return facts(self.option, self.moves, self.why_not)

    def show(self, lines: list[str], title: int, *, chosen: bool) -> None:
        """Draw the card with these lines, of which so many are its title."""
        self.border_title = Content(f"{self.number}{self._notes(chosen=chosen)}")
        self.update(Content.assemble(("\n".join(lines[:title]), "bold"), "\n", "\n".join(lines[title:])))

    def show_alone(self, labels: list[str], width: int, *, chosen: bool) -> None:
        """Draw the card with these of its facts in one column."""
        self.border_title = None
        title = f"{self.option.title}{self._notes(chosen=chosen)}"
        its = self.facts
        table: list[list[Cell]] = [[(label, "$quiet"), (its[label], "")] for label in labels if label in its]
        self.update(Content.assemble((f"{title}\n\n", "bold"), rows(table, (0, LABEL + 1), width)))

    def tab(self, *, chosen: bool) -> str:
        """Return the title of the card's tab, with a sign for each of its notes."""
        notes = f"{' · now' * self._now}{' ✗' * (self.why_not is not None)}{' ✓' * chosen}"
        return f"{self.number} {self.option.tab}{notes}"

    def _notes(self, *, chosen: bool) -> str:
        notes = {"now": self._now, "✓ selected": chosen, "not possible": self.why_not is not None}
        return "".join(f" · {note}" for note, holds in notes.items() if holds)

    def show_and_focus(self) -> None:
        """Give the card the focus, also if another one is shown in its place."""
        self.display = True
        self.focus(scroll_visible=False)

    def action_choose(self) -> None:
        """Select this card."""
        self.post_message(self.Chosen(self.option))

    def on_click(self, event: Click) -> None:
        event.stop()
        self.action_choose()


class Tab(Static):
    """The title of a card, where there is room for one card only."""

    def __init__(self, number: int) -> None:
        super().__init__(classes="tab")
        self._number = number

    def on_click(self) -> None:
        """Show the card."""
        self.screen.query(Card)[self._number].show_and_focus()


class KeyOptionScreen(Frame):
    """The three key options."""

    STEP = "key"
    HELP = """\
Platform-managed key: AKS creates, stores and rotates the key. You can neither see it nor lose it.

Customer-managed key: you own the key, in a key vault of yours. If the key is deleted, disabled or expires, the secrets of \
the cluster are lost. For this reason the vault gets purge protection unless you decline it.

Private vault: its firewall denies all public access; AKS reaches it as a trusted Azure service. Public vault: any identity \
with a role assignment reaches it from any network.

If the cluster is encrypted already, the card of its current option says "now". Each card shows what it changes to and \
what is still needed. A cluster with legacy KMS can change to all three options. AKS then rewrites every secret, so disable \
policies that block updating secrets first. You cannot return to legacy KMS.

You can change between these options later. You cannot return to "not encrypted": AKS cannot disable this encryption.

Use the arrow keys or tab to go to the next card, and Enter to select it. The keys 1 to 3 select a card directly."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "1", "take(0)", "choose", key_display="1-3", tooltip="Select the first, second or third option"
        ),
        Binding("2", "take(1)", "second", show=False),
        Binding("3", "take(2)", "third", show=False),
    ]

    def body(self) -> ComposeResult:
        draft = self.session.draft
        yield Heading(f"Who manages the encryption key of {draft.cluster_name}?", "Enter, or 1 to 3")
        yield Static(id="from")
        yield Static(id="of-cluster")
        with Horizontal(id="tabs"):
            for number, _ in enumerate(OPTIONS):
                yield Tab(number)
        with VerticalScroll(can_focus=False):
            with Horizontal(id="cards"):
                yield Static(id="labels")
                for number, option in enumerate(OPTIONS, 1):
                    yield Card(option, number, now=is_now(draft, option), why_not=why_not(draft, option))
            yield Static(Content(preselection(draft)), id="default", classes="muted")

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
        cards, selected = list(self.query(Card)), self.session.draft.option
        if not cards:  # the session has changed while the page is being mounted
            return
        titles, columns = [card.option.title for card in cards], [card.facts for card in cards]
        if self.app.size.width < NARROW:
            here = next((card for card in cards if card.has_focus), None)
            for card, tab in zip(cards, self.query(Tab), strict=True):
                chosen = card.option.choice == selected
                card.show_alone(compared(columns), self.app.size.width - 6, chosen=chosen)
                card.display = here in {None, card}
                tab.update(Content(card.tab(chosen=chosen)))
                tab.set_class(card is here, "here")
        else:
            width = (self.app.size.width - _BESIDE - LABEL) // len(cards) - 4  # without border and padding
            labels, lines, title = aligned(titles, columns, width)
            self.query_one("#labels", Static).update(Content("\n".join(labels)))
            for card, its in zip(cards, lines, strict=True):
                card.display = True
                card.show(its, title, chosen=card.option.choice == selected)
        self.call_after_refresh(self._scroll)

    @on(DescendantFocus)
    def _another(self) -> None:
        """With little room, only the card that has the focus is shown."""
        if self.app.size.width < NARROW:
            self._draw()
        self._scroll()

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
        cards[(here + by) % len(cards)].show_and_focus()

    def action_take(self, number: int) -> None:
        """Select a card by its place."""
        card = list(self.query(Card))[number]
        card.show_and_focus()
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

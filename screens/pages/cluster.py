"""The cluster: a list of all clusters that can be seen, with how each is encrypted and why it cannot be selected."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.messages import Completed, CreateCluster, ShowFleet, VerifyCluster
from screens.pages import cluster_text
from screens.pages.cluster_text import Line
from screens.session.session import Session
from screens.widgets.cluster_table import ClusterTable
from screens.widgets.frame import Heading
from wizard.cloud.inventory import ClusterRow
from wizard.fleet.sweep import Gone, Swept, sweep
from wizard.reports.wording import SPINNER, ago, duration
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from wizard.cloud.azure import Subscription


class ClusterScreen(ClusterTable[Line]):
    """A list of clusters with a filter. `verify_only`: the selected cluster is verified, not changed."""

    STEP = "cluster"
    HELP = """\
All clusters of all subscriptions that you can see. The last column shows why a cluster cannot be changed now; it can still \
be verified. You can select a cluster whose last operation failed: the review shows its settings and what they lack, and the \
same plan often repairs it.

A customer-managed key needs a user-assigned identity. A cluster with a system-assigned identity is moved to a new one. The \
run assigns the new identity its roles on the vault. You must assign \
it the other roles of the old identity, for example on your own virtual network, a registry or a DNS zone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "select", tooltip="Select the cluster"),
        Binding("n", "new", "new", tooltip="Create a new cluster with encryption enabled instead"),
        Binding("v", "verify", "verify", tooltip="Only verify the cluster under the cursor"),
        Binding("a", "fleet", "all clusters", tooltip="Show all clusters, with a verdict on each"),
    ]

    def __init__(
        self,
        session: Session,
        *,
        verify_only: bool = False,
        words: str = "",
        rows: Sequence[ClusterRow] | None = None,
    ) -> None:
        """`words`: the initial filter; `rows`: the clusters to list, if they are known."""
        title = "Verify which cluster?" if verify_only else "Which cluster?"
        super().__init__(session, title, words=words)
        self._verify_only = verify_only
        if verify_only:  # no cluster is created, and enter verifies
            self.never = frozenset({"new", "verify"})
        self._given = rows
        self._found: list[Line] = []
        self._read_subscriptions = 0
        """Subscriptions that were read completely, including those without clusters."""
        self._clock = Clock()
        self._asked: ClusterRow | None = None
        """The cluster of another subscription whose selection is to be confirmed."""

    @property
    def has_rail(self) -> bool:
        """Whether the page is a step; a list to verify one cluster is none."""
        return not self._verify_only

    def on_mount(self) -> None:
        self.every(5, self._show_age)

    def _show_age(self) -> None:
        if not self.reading:
            self.show_totals()

    # -- reading -------------------------------------------------------------------------------------------------

    def recall(self) -> bool:
        """Restore the clusters that were given, or all that were found before."""
        if self._given is None and not self.session.clusters_complete:
            return False
        self._found = list(self.session.clusters if self._given is None else self._given)
        self._read_subscriptions = len(self.session.subscriptions) if self._given is None else 0
        return True

    def forget(self) -> None:
        """Forget what was found."""
        self._found, self._read_subscriptions, self._clock = [], 0, Clock()

    async def read(self) -> AsyncGenerator[Line, None]:
        """Read the clusters of the selected subscription, then those of all others."""
        for subscriptions in self._in_turn():
            async with aclosing(sweep(self.session.azure, subscriptions, whole=False)) as swept:
                async for each in swept:
                    if not isinstance(each, Gone):
                        self._found.append(each.row if isinstance(each, Swept) else each)
                        yield self._found[-1]

    def finished(self) -> None:
        """Keep the clusters in the session, so that returning to the list shows them at once."""
        self._read_subscriptions = len(self.session.subscriptions)
        self.session.clusters, self.session.clusters_complete = self._found, not self.stale
        self.session.clusters_read = Clock()
        if self.columns() != self.drawn:  # the names are longer than expected
            self.fill()

    def _in_turn(self) -> "list[list[Subscription]]":
        chosen = self.session.draft.subscription
        everything = self.session.subscriptions
        turns = [[s for s in everything if s == chosen], [s for s in everything if s != chosen]]
        return [turn for turn in turns if turn]

    def show_totals(self) -> None:
        """Show how many clusters were found, and whether the search continues."""
        number = sum(isinstance(row, ClusterRow) for row in self._found)
        places = max(self._read_subscriptions, len({row.subscription_id for row in self._found}))
        text = cluster_text.totals(self.shown, number, places, filtered=bool(self.words))
        if self.reading:
            text = f"{SPINNER[self.beats // 3 % 4]} searching… {text} · {duration(self._clock.elapsed())}"
        elif self._given is None:
            age = f" · read {ago(self.session.clusters_read.elapsed())}"
            text += age if len(text + age) <= self.query_one(Heading).room else ""
        self.query_one(Heading).note(text)

    # -- the table -----------------------------------------------------------------------------------------------

    def columns(self) -> dict[str, int]:
        """Return the columns that leave room for the names of the clusters."""
        searched = [each.name for each in self.session.subscriptions] if self._given is None else ()
        return cluster_text.columns(self._found, self.room, searched)

    def rows(self) -> list[Line]:
        """Return the rows that match the filter, in the order in which they were found."""
        return [row for row in self._found if self.fits(row)]

    def wanted(self, row: Line) -> bool:
        """Whether it is the cluster that was selected before."""
        chosen = self.session.draft.cluster
        return bool(chosen and isinstance(row, ClusterRow) and row.id == chosen.id)

    def cells(self, row: Line) -> Mapping[str, Text]:
        """Return the cells of a row."""
        return cluster_text.cells(row)

    def fits(self, row: Line) -> bool:
        """Whether each word of the filter occurs in it."""
        return cluster_text.matches(row, self.words, self.columns_shown)

    def describe(self, row: Line | None) -> Content:
        """Return what is known of a cluster before it is selected, or why there is none."""
        if row is not None:
            return cluster_text.description(row, self.session.portal_link, verify_only=self._verify_only)
        if self.reading:
            return Content("Reading the clusters from Azure…")
        if self._found:
            return Content("No cluster matches the filter. Press Esc to clear it.")
        new = "" if self._verify_only else " Press n to create one with encryption enabled."
        return Content(f"There are no clusters that you can access.{new}")

    # -- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what this list can be used for."""
        return action not in self.never and super().check_action(action, parameters)

    def action_open(self) -> None:
        """Select this cluster if it can be changed now; the line below the table shows why not."""
        row = self.under_cursor
        if not isinstance(row, ClusterRow):
            return
        if self._verify_only:
            self.action_verify()
        elif row.why_not:
            self.app.bell()
            self.query_one("#detail").add_class("refused")
        else:
            before = self.session.draft.subscription
            own = self.session.subscription_of(row.subscription_id) or before
            if own and before and own != before and self._asked is not row:
                self._ask(row, before.name)
                return
            self.session.complete("cluster", cluster=row, subscription=own)
            if own and own != before:
                self.session.look_up_feature(own.id)
            self.post_message(Completed("cluster"))

    def _ask(self, row: ClusterRow, selected: str) -> None:
        """Ask whether the subscription is to be changed together with the cluster. The same key again confirms it."""
        self._asked = row
        self.session.look_up_feature(row.subscription_id)
        self._show_question(row, selected)

    def _show_question(self, row: ClusterRow, selected: str) -> None:
        feature = self.session.registrations.get(row.subscription_id)
        says = self.query_one("#detail", Static)
        says.update(cluster_text.confirmation(row, selected, feature))
        says.add_class("refused")
        self.refresh_bindings()

    def refresh_frame(self) -> None:
        """Also show the state of the preview feature in the question about another subscription."""
        super().refresh_frame()
        if self._asked and self.session.draft.subscription:
            self._show_question(self._asked, self.session.draft.subscription.name)

    def detail_shown(self) -> None:
        """Forget the question about another subscription: another row is described."""
        if self._asked:
            self._asked = None
            self.refresh_bindings()

    @property
    def escape_does(self) -> str:
        """What Esc does first: take back the question about another subscription, or clear the filter."""
        return "choose another" if self._asked else super().escape_does

    def action_back(self) -> None:
        """Take back the question about another subscription; or clear the filter, or go back."""
        if self._asked:
            self.show_detail()
        else:
            super().action_back()

    def action_new(self) -> None:
        """Show the form for a new cluster."""
        self.post_message(CreateCluster())

    def action_fleet(self) -> None:
        """Show all clusters, with a verdict on each."""
        self.post_message(ShowFleet())

    def action_verify(self) -> None:
        """Verify the cluster under the cursor."""
        row = self.under_cursor
        if isinstance(row, ClusterRow):
            self.post_message(VerifyCluster(row.id))

"""Many clusters at once: a table that fills as they are read, sorts and filters, and from which one of them is opened."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, Static

from screens.messages import OpenInWizard, VerifyCluster
from screens.pages.fleet_rows import CHOICES, ORDERS, Order, View
from screens.pages.fleet_words import amounts, cells_of, said
from screens.session.fleet import Fleet, Line, Shown
from screens.session.session import Session
from screens.widgets.cluster_table import ClusterTable
from screens.widgets.frame import Heading
from wizard.cloud.inventory import Unreadable
from wizard.fleet.judging import judge
from wizard.reports.wording import KINDS, SPINNER, count, duration, sweep_notes


class FleetScreen(ClusterTable[Line]):
    """All clusters of all subscriptions, with a verdict on each."""

    HELP = """\
Azure Resource Graph says where there are clusters; one list for each subscription says how they are, because Resource \
Graph lags behind. Nothing is changed. A subscription that cannot be listed is a line that says why.

At first sight, the verdict is what a cluster says of itself. In full depth (d) the vaults, keys, identities, roles and \
locks that clusters depend on are looked at as well, each of them once.

enter   open the cluster: every check, with its evidence
t       take the cluster to the wizard, to encrypt it or to change its key
/       filter by any words of a line; esc empties the filters, then goes back
k       only clusters of one kind of encryption, then the next
x       only failures
o       another order; O turns it round; a click on a column's head does as well
d       look again in full depth, or at first sight
s       save what is shown, as JSON and as Markdown
r       ask Azure again"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("k", "kind", "kind"),
        Binding("x", "failed", "failed"),
        Binding("o", "order", "order", show=False),
        Binding("O", "turn", "turn round", show=False),
        Binding("t", "wizard", "wizard"),
        Binding("d", "depth", "depth"),
        Binding("s", "save", "save"),
        Binding("r", "again", "ask again", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session, "Many clusters", id="fleet")
        self._view = View()

    def above(self) -> ComposeResult:
        """What all of them amount to."""
        yield Static(id="sum")

    @property
    def _fleet(self) -> Fleet:
        if self.session.fleet is None:
            self.session.fleet = Fleet()
        return self.session.fleet

    # -- reading -------------------------------------------------------------------------------------------------

    def recall(self) -> bool:
        """What a sweep found that went to its end."""
        return self._fleet.complete

    def forget(self) -> None:
        """Begin anew, as deep as before."""
        self.session.fleet = Fleet(self._fleet.depth)

    async def read(self) -> AsyncGenerator[Line, None]:
        """Every cluster of every subscription, with its verdict."""
        session, fleet = self.session, self._fleet
        verdicts = judge(session.azure, session.subscriptions, depth=fleet.depth, progress=fleet.progress)
        async with aclosing(verdicts):
            async for verdict in verdicts:
                line = fleet.take(verdict)
                if line is not None:
                    yield line

    def whole(self) -> None:
        """The sweep went to its end; what was added as it came is put in order."""
        self._fleet.complete = not self.stale
        if self._view.order != "found" or self._view.backwards:
            self.fill()
        problem = self._fleet.progress.graph_problem
        notes = sweep_notes(self._fleet.progress, self._fleet.gone)
        for text in (*([problem.summary] if problem else []), *notes):
            self.notify(text, markup=False, timeout=8)

    # -- the table -----------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Also by what was typed."""
        self._view = replace(self._view, words=self.typed)
        super().fill()

    def rows(self) -> list[Line]:
        """Those that the view shows, in its order."""
        return self._view.of(self._fleet.lines)

    def fits(self, row: Line) -> bool:
        """Whether the view shows it."""
        return self._view.fits(row)

    def cells(self, row: Line) -> Mapping[str, Text]:
        """As many clusters are shown elsewhere."""
        return cells_of(row)

    def head(self, column: str) -> str:
        """A column's name, with an arrow where the lines are in its order."""
        arrow = "↓" if self._view.backwards else "↑"
        if column == "sign":
            return arrow if self._view.order == "verdict" else ""
        return f"{column} {arrow}" if self._view.order == column else column

    def columns(self) -> dict[str, int]:
        """What there is room for; what is left out is said below the table."""
        fixed = {"sign": 1, "version": 8}
        names = ["sign", "cluster", "group", "subscription", "region", "version", "now"]
        room = self.room - 1
        names = names if room >= 110 else [name for name in names if name != "region"]
        names = names if room >= 84 else [name for name in names if name != "subscription"]
        each, rest = divmod(room - sum(fixed.values()) - 2 * len(names), len(names) - len(fixed))
        widths = {name: fixed.get(name, max(6, each)) for name in names}
        widths["cluster"] += rest
        return widths

    # -- words ---------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """How far the sweep is, or what it came to; which lines are shown."""
        fleet, progress = self._fleet, self._fleet.progress
        if self.reading:
            of = f" of {progress.expected:,}" if progress.expected is not None else ""
            note = (
                f"{SPINNER[self.beats // 3 % 4]} {progress.clusters:,}{of} · {progress.rate:,.0f} a second · "
                f"{duration(progress.elapsed)}"
            )
        else:
            depth = "in full depth" if fleet.depth == "full" else "at first sight"
            places = count(progress.subscriptions, "subscription")
            note = f"{progress.clusters:,} in {places} · {depth} · {progress.elapsed:.1f} s"
        self.query_one(Heading).note(note)
        self.query_one("#sum", Static).update(amounts(fleet, self.room, reading=self.reading))
        self.query_one("#view", Static).update(self._view_words())

    def _view_words(self) -> Content:
        view = self._view
        progress = self._fleet.progress
        parts = (
            [f"{progress.listed} of {count(progress.subscriptions, 'subscription')}"] if self.reading else []
        )
        parts += [f"{self.shown:,} shown"] if view.narrows else []
        parts += [KINDS[view.kind]] if view.kind else []
        parts += ["failures"] if view.failed else []
        parts.append(ORDERS[view.order] + (", turned round" if view.backwards else ""))
        return Content.assemble((" · ".join(parts), "$quiet"))

    def say(self, row: Line | None) -> Content:
        """The cluster, and what is wrong with it."""
        if isinstance(row, Shown):
            return said(row)
        if isinstance(row, Unreadable):
            from screens.widgets.dialogs import problem_content

            return problem_content(row.problem)
        nothing = self._fleet.lines and not self.shown
        return Content("No cluster fits. Esc empties the filters." if nothing else "")

    # -- keys ----------------------------------------------------------------------------------------------------

    def _look(self, **changes: object) -> None:
        """Another view of the same."""
        view = replace(self._view, **changes)  # type: ignore[arg-type]  # each caller gives a field of View
        if view != self._view:
            self._view = view
            self.fill()

    @on(DataTable.HeaderSelected)
    def _by_column(self, event: DataTable.HeaderSelected) -> None:
        key = str(event.column_key.value)
        order = cast("Order", "verdict" if key == "sign" else key)
        self._look(order=order, backwards=not self._view.backwards if order == self._view.order else False)

    def action_open(self) -> None:
        """Every check on the cluster under the cursor."""
        line = self.under_cursor
        if isinstance(line, Shown):
            self.post_message(VerifyCluster(line.row.id))

    def action_kind(self) -> None:
        """The next kind of encryption, or all again."""
        self._look(kind=CHOICES[(CHOICES.index(self._view.kind) + 1) % len(CHOICES)])

    def action_failed(self) -> None:
        """Only failures, or all again."""
        self._look(failed=not self._view.failed)

    def action_order(self) -> None:
        """The next order."""
        orders = list(ORDERS)
        self._look(order=orders[(orders.index(self._view.order) + 1) % len(orders)], backwards=False)

    def action_turn(self) -> None:
        """The same order, the other way round."""
        self._look(backwards=not self._view.backwards)

    def action_depth(self) -> None:
        """Look again, deeper or less deep."""
        if self.reading:
            self.notify("Wait until all clusters are read, then look deeper.", markup=False)
        else:
            self._fleet.depth = "basic" if self._fleet.depth == "full" else "full"
            self.action_again()

    def action_wizard(self) -> None:
        """To the wizard's choice of a cluster, this one under the cursor."""
        line = self.under_cursor
        if isinstance(line, Shown):
            same_place = [each.row for each in self._fleet.lines if isinstance(each, Shown) and each.row.subscription_id == line.row.subscription_id]  # fmt: skip
            self.post_message(OpenInWizard(line.row, same_place))

    def action_save(self) -> None:
        """What is shown, as JSON and as Markdown."""
        if self.reading:
            self.notify("Wait until all clusters are read, then save.", markup=False)
            return
        from screens.widgets.dialogs import SaveDialog
        from wizard.reports.saved import saved

        self.app.push_screen(
            SaveDialog(
                "Save what is shown (.json and .md are added)",
                "clusters",
                saved(self._fleet.findings(self._view.of(self._fleet.lines), self.session.azure.cloud.arm)),
            )
        )

    @property
    def narrows(self) -> bool:
        """Whether anything may be left out."""
        return self._view.narrows

    def widen(self) -> None:
        """All kinds, failures or not, whatever their words."""
        super().widen()
        self._look(words=(), kind=None, failed=False)

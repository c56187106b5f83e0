"""The fleet overview: all clusters in a table that fills while they are read, with filters, orders and verdicts."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, Static

from screens.messages import OpenInWizard, VerifyCluster
from screens.pages import fleet_text
from screens.pages.fleet_rows import CHOICES, ORDERS, REVERSED, Prepared, View
from screens.session.fleet import Fleet, Line, Shown
from screens.session.session import Session
from screens.widgets.change import change
from screens.widgets.cluster_table import ClusterTable
from screens.widgets.dialogs import AskDialog
from screens.widgets.frame import Heading
from wizard.cloud.inventory import Unreadable
from wizard.fleet.verify import verify_all
from wizard.reports.fleet_columns import COLUMN
from wizard.reports.wording import KINDS, SPINNER, count, duration, sweep_notes

_NEAR = 300
"""Rows among which the table keeps the cursor on its row when it is drawn again."""
_SLOWER = 3
"""How many times longer a full verification takes at least than the settings, as measured: tests/benchmarks/fleet.py."""


class FleetScreen(ClusterTable[Line]):
    """All clusters of all subscriptions, with a verdict on each."""

    HELP = """\
Clusters are found with Azure Resource Graph. Their settings are listed per subscription, because Resource Graph data can be \
stale. Nothing is changed. A subscription that cannot be listed is a line with the reason.

At first, a verdict uses the settings of the cluster only. A full verdict also reads the vaults, keys, identities, role \
assignments and locks that clusters depend on, each of them once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="Open the cluster: every check, with its evidence"),
        Binding(
            "e",
            "wizard",
            "encrypt",
            tooltip="Open the cluster in the wizard, to encrypt it or to change its key",
        ),
        Binding(
            "k", "kind", "kind", tooltip="Show only clusters of one kind of encryption, then of the next"
        ),
        Binding("f", "failed", "failed", tooltip="Show only clusters that are not verified"),
        Binding("z", "order", "sort", tooltip="Change the order, as a click on a column header does"),
        Binding("Z", "reverse", "reverse", show=False, tooltip="Reverse the order"),
        Binding("d", "depth", "depth", tooltip="Verify again in full depth, or by the settings only"),
        Binding("s", "save", "save", tooltip="Save the clusters that are shown, as JSON and Markdown"),
        Binding("r", "reload", "refresh", tooltip="Read the clusters from Azure again"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session, "All clusters", id="fleet")
        self._view = View()
        self._prepared = Prepared()

    def above(self) -> ComposeResult:
        """Yield the totals of all clusters."""
        yield Static(id="totals")

    @property
    def _fleet(self) -> Fleet:
        if self.session.fleet is None:
            self.session.fleet = Fleet()
        return self.session.fleet

    # -- reading -------------------------------------------------------------------------------------------------

    def recall(self) -> bool:
        """Restore what a completed sweep has found."""
        return self._fleet.complete

    def forget(self) -> None:
        """Start a new sweep of the same depth."""
        self.session.fleet, self._prepared = Fleet(self._fleet.depth), Prepared()

    async def read(self) -> AsyncGenerator[Line, None]:
        """Read every cluster of every subscription, with its verdict."""
        session, fleet = self.session, self._fleet
        verdicts = verify_all(
            session.azure, session.subscriptions, depth=fleet.depth, progress=fleet.progress
        )
        async with aclosing(verdicts):
            async for verdict in verdicts:
                line = fleet.take(verdict)
                if line is not None:
                    yield line

    def finished(self) -> None:
        """Put the lines in order, and show the notes of the sweep. A row to which the operator has moved stays under the cursor:
        if the order puts it too far down, the lines stay as they were found."""
        self._fleet.complete = not self.stale
        here = self.under_cursor
        if self.query_one(DataTable).cursor_row and all(each is not here for each in self.rows()[:_NEAR]):
            self._view = replace(self._view, order="found")
        self.fill()  # in order, and with what the list now has
        problem = self._fleet.progress.graph_problem
        notes = sweep_notes(self._fleet.progress, self._fleet.gone)
        for text in (*([problem.summary] if problem else []), *notes):
            self.notify(text, markup=False, timeout=8)

    # -- the table -----------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Draw the table with the words that are in the filter now."""
        self._view = replace(self._view, words=self.typed, columns=tuple(self.columns())[1:])
        super().fill()

    def rows(self) -> list[Line]:
        """Return the lines of the view, in its order."""
        return self._view.of(self._fleet.lines, self._prepared)

    def fits(self, row: Line) -> bool:
        """Whether the view shows it."""
        return self._view.fits(row)

    def cells(self, row: Line) -> Mapping[str, Text]:
        """Return the cells of a line."""
        return fleet_text.cells(row)

    def head(self, column: str) -> str:
        """Return the name of a column, with an arrow once the lines are in its order."""
        heading = COLUMN[column].heading if column != "sign" else ""
        if not self._fleet.complete or self._view.order != ("verdict" if column == "sign" else column):
            return heading
        return f"{heading} {'↓' if self._view.backwards else '↑'}".strip()

    def columns(self) -> dict[str, int]:
        """Return the columns that fit."""
        names = max((len(each.name) for each in self.session.subscriptions), default=0)
        longest = {"subscription_name": names} | self._fleet.longest
        return fleet_text.columns(self.room, longest, self._view.order)

    # -- texts ---------------------------------------------------------------------------------------------------

    def show_totals(self) -> None:
        """Show the progress or the result of the sweep, and which lines are shown."""
        fleet, progress = self._fleet, self._fleet.progress
        if self.reading:
            self._prepared.texts(fleet.lines, self._view.columns)
            self._prepared.sorted(fleet.lines, self._view.order)
            of = f" of {progress.expected:,}" if progress.expected is not None else ""
            note = (
                f"{SPINNER[self.beats // 3 % 4]} {progress.clusters:,}{of} · {progress.rate:,.0f} per second · "
                f"{duration(progress.elapsed)}"
            )
        else:
            depth = "full depth" if fleet.depth == "full" else "settings only"
            places = count(progress.subscriptions, "subscription")
            note = f"{progress.clusters:,} in {places} · {depth} · read in {progress.elapsed:.1f} s"
        self.query_one(Heading).note(note)
        totals = fleet_text.totals(fleet, self.room, reading=self.reading)
        change(self.query_one("#totals", Static), totals)
        change(self.query_one("#view", Static), self._view_text())

    def _view_text(self) -> Content:
        view = self._view
        progress = self._fleet.progress
        parts = (
            [f"{progress.listed} of {count(progress.subscriptions, 'subscription')}"] if self.reading else []
        )
        parts += [f"{self.shown:,} of {len(self._fleet.lines):,} shown"] if view.narrows else []
        parts += [KINDS[view.kind]] if view.kind else []
        parts += ["failures"] if view.failed else []
        order = (REVERSED if view.backwards else ORDERS)[view.order]
        parts.append("in order once read" if self.reading and view.order != "found" else order)
        return Content.assemble((" · ".join(parts), "$quiet"))

    def describe(self, row: Line | None) -> Content:
        """Return the cluster in words, and what is wrong with it."""
        if isinstance(row, Shown):
            return fleet_text.description(row, self.session.portal_link)
        if isinstance(row, Unreadable):
            from screens.widgets.dialogs import problem_content

            return problem_content(row.problem)
        nothing = self._fleet.lines and not self.shown
        return Content("No cluster matches. Press Esc to clear the filters." if nothing else "")

    # -- keys ----------------------------------------------------------------------------------------------------

    def _change_view(self, **changes: object) -> None:
        view = replace(self._view, **changes)  # type: ignore[arg-type]  # each caller gives a field of View
        if view != self._view:
            self._view = view
            self.fill()

    @on(DataTable.HeaderSelected)
    def _header_selected(self, event: DataTable.HeaderSelected) -> None:
        key = str(event.column_key.value)
        order = "verdict" if key == "sign" else key
        backwards = not self._view.backwards if order == self._view.order else False
        self._change_view(order=order, backwards=backwards)

    def action_open(self) -> None:
        """Show every check on the cluster under the cursor."""
        line = self.under_cursor
        if isinstance(line, Shown):
            self.post_message(VerifyCluster(line.row.id))

    def action_kind(self) -> None:
        """Show the next kind of encryption, or all again."""
        self._change_view(kind=CHOICES[(CHOICES.index(self._view.kind) + 1) % len(CHOICES)])

    def action_failed(self) -> None:
        """Show only failures, or all again."""
        self._change_view(failed=not self._view.failed)

    def action_order(self) -> None:
        """Show the next order."""
        orders = list(ORDERS)
        following = orders[(orders.index(self._view.order) + 1) % len(orders)]
        self._change_view(order=following, backwards=False)

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._change_view(backwards=not self._view.backwards)

    def action_depth(self) -> None:
        """Verify again in the other depth."""
        if self.reading:
            self.notify("Wait until all clusters are read, then change the depth.", markup=False)
        elif self._fleet.depth == "full":
            self._change_depth("basic")
        else:
            self.app.push_screen(
                AskDialog(
                    f"Verify {count(self._fleet.tally.clusters, 'cluster')} in full depth?",
                    fleet_text.cost(self._fleet, _SLOWER),
                    {"not": "Not now", "full": "Verify in full depth"},
                ),
                self._change_depth,
            )

    def _change_depth(self, depth: str | None) -> None:
        if depth in {"basic", "full"}:
            self._fleet.depth = "full" if depth == "full" else "basic"
            self.action_reload()

    def action_wizard(self) -> None:
        """Open the cluster under the cursor in the wizard."""
        line = self.under_cursor
        if isinstance(line, Shown):
            same_place = [each.row for each in self._fleet.lines if isinstance(each, Shown) and each.row.subscription_id == line.row.subscription_id]  # fmt: skip
            self.post_message(OpenInWizard(line.row, same_place))

    def action_save(self) -> None:
        """Save the clusters that are shown, as JSON and Markdown."""
        if self.reading:
            self.notify("Wait until all clusters are read, then save.", markup=False)
            return
        from screens.widgets.dialogs import SaveDialog
        from wizard.reports.saved import saved

        self.app.push_screen(
            SaveDialog(
                "Save the clusters that are shown (adds .json and .md)",
                "clusters",
                saved(
                    self._fleet.findings(
                        self._view.of(self._fleet.lines, self._prepared), self.session.azure.cloud.arm
                    )
                ),
            )
        )

    @property
    def narrows(self) -> bool:
        """Whether the view may hide lines."""
        return self._view.narrows

    def widen(self) -> None:
        """Clear every filter."""
        super().widen()
        self._change_view(words=(), kind=None, failed=False)

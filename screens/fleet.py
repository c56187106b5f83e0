"""Many clusters at once: a table that fills as they are read, sorts and filters, and from which one of them is opened."""

from collections import deque
from contextlib import aclosing
from dataclasses import replace
from typing import ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from screens.fleet_rows import CHOICES, ORDERS, Fleet, Line, Order, Shown, View
from screens.fleet_ways import take_to_wizard
from screens.fleet_words import amounts, cells_of, said
from screens.frame import NARROW, Frame, Heading
from screens.words import KINDS, SPINNER, count, duration, sweep_notes
from wizard.cloud.inventory import Unreadable
from wizard.fleet.judging import judge

_AT_A_TIME = 100
"""Rows added in one go, ten times a second: about 30 ms of work, so that keys are answered meanwhile."""
_AHEAD = 300
"""Rows kept ready below the last one that is seen. The others are added as the cursor gets near them: a table of ten
thousand rows costs Textual a second whenever it is drawn anew, and nobody looks at them all."""


class FleetScreen(Frame):
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
        Binding("enter", "open", "open", show=True),
        Binding("slash", "filter", "filter"),
        Binding("k", "kind", "kind"),
        Binding("x", "failed", "failed"),
        Binding("o", "order", "order"),
        Binding("O", "turn", "turn round", show=False),
        Binding("t", "wizard", "to wizard"),
        Binding("d", "depth", "depth"),
        Binding("s", "save", "save"),
        Binding("r", "again", "ask again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="fleet")
        self._view = View()
        self._waiting: deque[Line] = deque()
        """Lines that fit and are not in the table yet."""
        self._shown: list[Line] = []
        self._reading = False
        self._beats = 0

    def body(self) -> ComposeResult:
        yield Heading("Many clusters")
        yield Static(id="sum")
        with Horizontal(id="filter-line"):
            yield Static(Content("/"), classes="sign")
            yield Input(placeholder="filter", compact=True, id="filter")
            yield Static(id="view")
        yield DataTable[Text](cursor_type="row", id="clusters")
        yield Static(id="detail")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(DataTable).focus()
        self.every(0.1, self._beat)
        if self._fleet.whole:
            self._fill()
        else:
            self.action_again()

    def on_resize(self) -> None:
        super().on_resize()
        if self.is_mounted:
            self._fill()

    @property
    def _fleet(self) -> Fleet:
        if self.wizard.fleet is None:
            self.wizard.fleet = Fleet()
        return self.wizard.fleet

    # -- reading -------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Ask Azure again, from the start."""
        if not self._reading:
            self.wizard.fleet = Fleet(self._fleet.depth)
            self._reading = True
            self._fill()
            self.background(self._read(self._fleet), "reading the clusters")

    async def _read(self, fleet: Fleet) -> None:
        wizard = self.wizard
        try:
            verdicts = judge(wizard.azure, wizard.subscriptions, depth=fleet.depth, progress=fleet.progress)
            async with aclosing(verdicts):
                async for verdict in verdicts:
                    line = fleet.take(verdict)
                    if line is not None and self._view.fits(line):
                        self._waiting.append(line)
        finally:
            self._reading = False
        fleet.whole = True
        if self._view.order != "found" or self._view.backwards:
            self._fill()
        self._tell()
        self._detail()
        problem = fleet.progress.graph_problem
        for text in (*([problem.summary] if problem else []), *sweep_notes(fleet.progress, fleet.gone)):
            self.notify(text, markup=False, timeout=8)

    def _beat(self) -> None:
        self._beats += 1
        if self._waiting and len(self._shown) < self._seen + _AHEAD:
            self._add(_AT_A_TIME)
        if self._reading and self._beats % 3 == 0:  # each time, the screen is laid out anew
            self._tell()

    @property
    def _seen(self) -> int:
        """The last row that is seen, or that the cursor is on."""
        table = self.query_one(DataTable)
        return max(table.cursor_row, int(table.scroll_offset.y) + table.size.height)

    # -- the table -----------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Draw the table anew, its first lines at once and the others as time allows; the cursor stays with its line if
        that is among them."""
        table, keep = self.query_one(DataTable[Text]), self._under_cursor()
        table.clear(columns=True)
        for key, width in self._columns().items():
            table.add_column(Text(self._head(key), no_wrap=True), key=key, width=width)
        self._shown, lines = [], self._view.of(self._fleet.lines)
        self._waiting = deque(lines)
        place = next((at for at, line in enumerate(lines[:_AHEAD]) if line is keep), 0)
        self._add(_AT_A_TIME + place)
        if place:
            table.move_cursor(row=place)
        self._tell()
        self._detail()

    def _head(self, column: str) -> str:
        """A column's name, with an arrow where the lines are in its order."""
        arrow = "↓" if self._view.backwards else "↑"
        if column == "sign":
            return arrow if self._view.order == "verdict" else ""
        return f"{column} {arrow}" if self._view.order == column else column

    def _columns(self) -> dict[str, int]:
        """The columns and their widths, as the terminal's width allows; what is left out is said below the table."""
        fixed = {"sign": 1, "version": 8}
        names = ["sign", "cluster", "group", "subscription", "region", "version", "now"]
        room = self._room - 1
        names = names if room >= 110 else [name for name in names if name != "region"]
        names = names if room >= 84 else [name for name in names if name != "subscription"]
        each, rest = divmod(room - sum(fixed.values()) - 2 * len(names), len(names) - len(fixed))
        widths = {name: fixed.get(name, max(6, each)) for name in names}
        widths["cluster"] += rest
        return widths

    @property
    def _room(self) -> int:
        """Columns of the terminal beside the spine and the margins, known before anything is laid out."""
        return self.app.size.width - (27 if self.app.size.width >= NARROW else 3)

    def _add(self, number: int) -> None:
        table = self.query_one(DataTable[Text])
        columns = [str(key.value) for key in table.columns]
        for _ in range(min(number, len(self._waiting))):
            line = self._waiting.popleft()
            self._shown.append(line)
            cells = cells_of(line)
            table.add_row(*(cells[name] for name in columns), height=1)
        if self._shown and len(self._shown) <= number:
            self._detail()

    def _under_cursor(self) -> Line | None:
        row = self.query_one(DataTable).cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    # -- words ---------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        fleet, progress = self._fleet, self._fleet.progress
        if self._reading:
            of = f" of {progress.expected:,}" if progress.expected is not None else ""
            note = (
                f"{SPINNER[self._beats // 3 % 4]} {progress.clusters:,}{of} · {progress.rate:,.0f} a second · "
                f"{duration(progress.elapsed)}"
            )
        else:
            depth = "in full depth" if fleet.depth == "full" else "at first sight"
            places = count(progress.subscriptions, "subscription")
            note = f"{progress.clusters:,} in {places} · {depth} · {progress.elapsed:.1f} s"
        self.query_one(Heading).note(note)
        self.query_one("#sum", Static).update(amounts(fleet, self._room, reading=self._reading))
        self.query_one("#view", Static).update(self._view_words())

    def _view_words(self) -> Content:
        view = self._view
        shown = len(self._shown) + len(self._waiting)
        progress = self._fleet.progress
        parts = (
            [f"{progress.listed} of {count(progress.subscriptions, 'subscription')}"] if self._reading else []
        )
        parts += [f"{shown:,} shown"] if view.narrows else []
        parts += [KINDS[view.kind]] if view.kind else []
        parts += ["failures"] if view.failed else []
        parts.append(ORDERS[view.order] + (", turned round" if view.backwards else ""))
        return Content.assemble((" · ".join(parts), "$quiet"))

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._detail()

    def _detail(self) -> None:
        line, says = self._under_cursor(), self.query_one("#detail", Static)
        if isinstance(line, Shown):
            says.update(said(line))
        elif isinstance(line, Unreadable):
            from screens.dialogs import problem_content

            says.update(problem_content(line.problem))
        elif self._fleet.lines and not self._waiting:
            says.update(Content("No cluster fits. Esc empties the filters."))
        else:
            says.update(Content(""))

    # -- keys ----------------------------------------------------------------------------------------------------

    def _look(self, **changes: object) -> None:
        """Another view of the same."""
        view = replace(self._view, **changes)  # type: ignore[arg-type]  # each caller gives a field of View
        if view != self._view:
            self._view = view
            self._fill()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self._look(words=tuple(event.value.casefold().split()))

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(DataTable).focus()

    @on(DataTable.HeaderSelected)
    def _by_column(self, event: DataTable.HeaderSelected) -> None:
        key = str(event.column_key.value)
        order = cast("Order", "verdict" if key == "sign" else key)
        self._look(order=order, backwards=not self._view.backwards if order == self._view.order else False)

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        """Every check on the cluster under the cursor."""
        from screens.verification import VerificationScreen

        line = self._under_cursor()
        if isinstance(line, Shown):
            self.app.push_screen(VerificationScreen(cluster_id=line.row.id))

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one("#filter", Input).focus()

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
        if self._reading:
            self.notify("Wait until all clusters are read, then look deeper.", markup=False)
        else:
            self._fleet.depth = "basic" if self._fleet.depth == "full" else "full"
            self.action_again()

    def action_wizard(self) -> None:
        """To the wizard's choice of a cluster, this one under the cursor."""
        line = self._under_cursor()
        if isinstance(line, Shown):
            same_place = [each.row for each in self._fleet.lines if isinstance(each, Shown) and each.row.subscription_id == line.row.subscription_id]  # fmt: skip
            take_to_wizard(self.wizard, line.row, same_place)

    def action_save(self) -> None:
        """What is shown, as JSON and as Markdown."""
        if self._reading:
            self.notify("Wait until all clusters are read, then save.", markup=False)
            return
        from screens.dialogs import SaveDialog
        from screens.reports import fleet_reports

        self.app.push_screen(
            SaveDialog(
                "Save what is shown (.json and .md are added)",
                "clusters",
                fleet_reports(self._view.of(self._fleet.lines), self._fleet, self.wizard.azure.cloud.arm),
            )
        )

    def action_back(self) -> None:
        """Empty the filters first, then back."""
        field = self.query_one("#filter", Input)
        if self._view.narrows or field.has_focus:
            field.value = ""
            self.query_one(DataTable).focus()
            self._look(words=(), kind=None, failed=False)
        else:
            super().action_back()

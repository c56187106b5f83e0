"""A list of clusters: a filter, a table that fills while rows arrive, and a description of the row under the cursor."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import ScreenResume
from textual.widgets import DataTable, Input, Static

from screens.session.session import Session
from screens.widgets.change import change
from screens.widgets.filter_words import filter_words
from screens.widgets.frame import Frame, Heading
from screens.widgets.rows import Rows

Row = TypeVar("Row")

_AT_A_TIME = 50
"""Rows added at once, ten times a second: about 15 ms of work, so that the page stays responsive."""
_TURN = 0.01
"""Seconds for which rows are taken before the page may do something else."""
_AHEAD = 300
"""Rows in the table beyond the last visible one. More are added when the cursor gets near them, because Textual needs a
second to redraw a table of ten thousand rows."""


class ClusterTable(Frame, Generic[Row]):
    """A list of clusters. Subclasses define where rows come from, which are shown and in which order, the table cells, and
    the texts about all rows and about the one under the cursor.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding(  # with priority, so that fast typing goes to the filter
            "slash",
            "filter",
            "filter",
            priority=True,
            tooltip="Filter by any words of a row; esc clears the filter",
        ),
        Binding("r", "reload", "refresh", tooltip="Read the clusters from Azure again"),
    ]

    def __init__(
        self,
        session: Session,
        heading: str,
        *,
        id: str | None = None,  # noqa: A002 - Textual's
        words: str = "",
    ) -> None:
        """`heading`: the title of the page; `words`: the initial filter."""
        super().__init__(session, id=id)
        self._heading = heading
        self._first_words = words
        self._waiting: deque[Row] = deque()
        """Rows that match the filter and are not in the table yet."""
        self._shown: list[Row] = []
        self.reading = False
        self.beats = 0
        self.words: tuple[str, ...] = ()
        """The words of the filter for which the table was drawn, in lower case; each must occur in a row."""
        self._width = 0
        """The width of the terminal for which the table was drawn."""
        self._revision = session.clusters_revision
        self._escape_did = ""
        self.drawn: dict[str, int] = {}
        """The columns of the table, and their widths."""

    # -- defined by subclasses -----------------------------------------------------------------------------------

    def columns(self) -> dict[str, int]:
        """Return the keys and widths of the columns that fit into `room`."""
        raise NotImplementedError

    def head(self, column: str) -> str:
        """Return the header of a column."""
        return column

    def cells(self, row: Row) -> Mapping[str, Text]:
        """Return the cells of a row by column, including columns that are not shown."""
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """Return all known rows that match the filter, in order."""
        raise NotImplementedError

    def fits(self, row: Row) -> bool:
        """Whether a row matches the filter."""
        raise NotImplementedError

    def wanted(self, row: Row) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the cursor moves to this row when it arrives."""
        return False

    def recall(self) -> bool:
        """Restore the rows that were read before. Return whether there are any; otherwise they are read from Azure."""
        raise NotImplementedError

    def forget(self) -> None:
        """Forget all rows, because they are read again."""
        raise NotImplementedError

    def read(self) -> AsyncGenerator[Row, None]:
        """Read the rows from Azure, and keep them."""
        raise NotImplementedError

    def finished(self) -> None:
        """Take note that all rows were read."""
        raise NotImplementedError

    def describe(self, row: Row | None) -> Content:
        """Return a description of the row under the cursor, or why there is none."""
        raise NotImplementedError

    def show_totals(self) -> None:
        """Show how many rows there are, and whether they are still being read."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Open the row under the cursor."""
        raise NotImplementedError

    def detail_shown(self) -> None:
        """Take note that the description of the row under the cursor is shown."""

    @property
    def narrows(self) -> bool:
        """Whether something other than the words of the filter hides rows."""
        return False

    def widen(self) -> None:
        """Clear every filter, including its words."""
        self.query_one("#filter", Input).value = ""

    # -- the page ----------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        yield Heading(self._heading)
        yield from self.above()
        with Horizontal(id="filter-line"):
            yield Static(Content("/"), classes="sign")
            yield Input(self._first_words, placeholder="filter", compact=True, id="filter")
            yield Static(id="view")
        yield Rows(cursor_type="row", id="clusters")
        yield Static(id="detail")

    def above(self) -> ComposeResult:
        """Yield the widgets above the filter, if there are any."""
        yield from ()

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.every(0.1, self._beat)
        if self.recall():
            self.fill()
        else:
            self.action_reload()

    @on(ScreenResume)
    def _seen_again(self) -> None:
        if self._width and self.app.size.width != self._width:
            self.fill()
        if self.stale and not self.reading and self.is_current:  # not while several pages are being closed
            self.widen()
            self.action_reload()

    @property
    def stale(self) -> bool:
        """Whether the rows are out of date: they are read again when the list is next shown."""
        return self._revision != self.session.clusters_revision

    @property
    def room(self) -> int:
        """Columns of the terminal beside the step rail and the margins; known before the layout."""
        return self.app.size.width - self.beside

    # -- reading -------------------------------------------------------------------------------------------------

    def action_reload(self) -> None:
        """Read all rows from Azure again."""
        if not self.reading:
            self.reading = True
            self._revision = self.session.clusters_revision
            self.forget()
            self.fill()
            self.background(self._read(), "reading the clusters")

    async def _read(self) -> None:
        began = time.monotonic()
        try:
            async with aclosing(self.read()) as rows:
                async for row in rows:
                    if self.fits(row):
                        self._waiting.append(row)
                    if (
                        time.monotonic() - began > _TURN
                    ):  # a page of a list has a hundred rows, without a wait between them
                        await asyncio.sleep(0)
                        began = time.monotonic()
            self._add(_AT_A_TIME)
            self.finished()
        finally:
            self.reading = False
            self.call_later(self._read_ended)  # never, if this screen has gone meanwhile

    def _read_ended(self) -> None:
        self.show_totals()
        self.show_detail()

    def _beat(self) -> None:
        self.beats += 1
        if self.app.size.width != self._width:  # here, and not each time that it changes
            self.fill()
        elif self._waiting and len(self._shown) < self._last_seen + _AHEAD:
            self._add(_AT_A_TIME)
        if self.reading and self.beats % 3 == 0:  # not each time, because it changes the layout
            self.show_totals()

    @property
    def _last_seen(self) -> int:
        """The last visible row, or the row of the cursor below it."""
        table = self.query_one(Rows)
        return max(table.cursor_row, int(table.scroll_offset.y) + table.size.height)

    # -- the table -----------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Draw the table: what is visible of it at once, the others later. The cursor stays on its row if that is one of the first."""
        table, keep = self.query_one(Rows), self.under_cursor
        self._width, self.words = self.app.size.width, self.typed
        table.clear(columns=True)
        self.drawn = self.columns()
        for key, width in self.drawn.items():
            table.add_column(Text(self.head(key), no_wrap=True), key=key, width=width)
        rows = self.rows()
        self._shown, self._waiting = [], deque(rows)
        near = rows[:_AHEAD]
        place = next((at for at, row in enumerate(near) if row is keep), None)
        if place is None:
            place = next((at for at, row in enumerate(near) if self.wanted(row)), 0)
        self._add(self.app.size.height + place)
        if rows:
            table.move_cursor(row=place)
        self.show_totals()
        self.show_detail()
        if (does := self.escape_does) != self._escape_did:
            self._escape_did = does
            self.refresh_bindings()

    def _add(self, number: int) -> None:
        table = self.query_one(Rows)
        columns = self.columns_shown
        before = len(self._shown)
        for _ in range(min(number, len(self._waiting))):
            row = self._waiting.popleft()
            self._shown.append(row)
            cells = self.cells(row)
            for cell in cells.values() if self.words else ():
                cell.highlight_words(self.words, "underline", case_sensitive=False)
            table.add_row(*(cells[name] for name in columns), height=1)
            if self.reading and not table.cursor_row and self.wanted(row):
                table.move_cursor(row=len(self._shown) - 1)
        if not before:
            self.show_detail()

    @property
    def shown(self) -> int:
        """How many rows match, including those that are not in the table yet."""
        return len(self._shown) + len(self._waiting)

    @property
    def under_cursor(self) -> Row | None:
        """The row under the cursor."""
        row = self.query_one(Rows).cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @property
    def columns_shown(self) -> list[str]:
        """The keys of the columns in the table."""
        return [str(key.value) for key in self.query_one(Rows).columns]

    @on(DataTable.RowHighlighted)
    def show_detail(self) -> None:
        """Describe the row under the cursor."""
        self.detail_shown()
        says = self.query_one("#detail", Static)
        change(says, self.describe(self.under_cursor))
        says.remove_class("refused")

    # -- keys ----------------------------------------------------------------------------------------------------

    @property
    def typed(self) -> tuple[str, ...]:
        """The words that are in the filter now."""
        return filter_words(self.query_one("#filter", Input).value)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        if self.typed != self.words:
            self.fill()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(Rows).focus()

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """In the filter, its own key is an ordinary character."""
        return action != "filter" or not isinstance(self.focused, Input)

    def action_filter(self) -> None:
        """Put the cursor into the filter."""
        self.set_focus(self.query_one("#filter"))

    @property
    def escape_does(self) -> str:
        """What Esc does first: clear the filter, or leave it."""
        field = next(iter(self.query("#filter").results(Input)), None)  # none before the page is complete
        if field is None:
            return ""
        return "clear filter" if field.value or self.narrows else "to the list" if field.has_focus else ""

    def action_back(self) -> None:
        """Clear the filters first; then go back."""
        if self.escape_does:
            self.query_one(Rows).focus()
            self.widen()
        else:
            super().action_back()

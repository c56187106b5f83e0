"""What every list of clusters has: a filter line, a table that fills as rows come, and the row under the cursor in words."""

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
from screens.widgets.frame import NARROW, Frame, Heading

Row = TypeVar("Row")

_AT_A_TIME = 100
"""Rows added in one go, ten times a second: about 30 ms of work, so that keys are answered meanwhile."""
_AHEAD = 300
"""Rows kept ready below the last one that is seen. The others are added as the cursor gets near them: a table of ten
thousand rows costs Textual a second whenever it is drawn anew, and nobody looks at them all."""


class Rows(DataTable[Text], inherit_bindings=False):
    """The table. Enter is its screen's own key, so that the footer says what it does there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in DataTable.BINDINGS
        if not (isinstance(binding, Binding) and binding.key == "enter")
    ]


class ClusterTable(Frame, Generic[Row]):
    """A list of clusters. Subclasses say where the rows come from and are kept, which are shown and in which order, what
    stands in the table's cells, and what is said of all of them and of the one under the cursor.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding(
            "slash", "filter", "filter", priority=True
        ),  # so that what is typed after it at once gets there
        Binding("r", "again", "ask again"),
    ]

    def __init__(
        self,
        session: Session,
        heading: str,
        *,
        id: str | None = None,  # noqa: A002 - Textual's
        words: str = "",
    ) -> None:
        """`heading`: the question or what there is; `words`: what the filter holds at first."""
        super().__init__(session, id=id)
        self._heading = heading
        self._first_words = words
        self._waiting: deque[Row] = deque()
        """Rows that fit and are not in the table yet."""
        self._shown: list[Row] = []
        self.reading = False
        self.beats = 0
        self.words: tuple[str, ...] = ()
        """The filter's words for which the table was drawn, in lower case; each has to be somewhere in a row."""
        self._width = 0
        """The terminal's width for which it was drawn."""
        self._revision = session.clusters_revision

    # -- what a subclass gives -----------------------------------------------------------------------------------

    def columns(self) -> dict[str, int]:
        """The columns' keys and widths, as `room` allows."""
        raise NotImplementedError

    def head(self, column: str) -> str:
        """What stands over a column."""
        return column

    def cells(self, row: Row) -> Mapping[str, Text]:
        """A row's cells, by column; a column that is not shown may be there as well."""
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """All rows that are known and fit, in order."""
        raise NotImplementedError

    def fits(self, row: Row) -> bool:
        """Whether a row is shown."""
        raise NotImplementedError

    def wanted(self, row: Row) -> bool:  # noqa: ARG002 - for whoever wants one
        """Whether the cursor goes to this row as soon as it is there."""
        return False

    def recall(self) -> bool:
        """Take up all rows where they are known already; gives whether they are, so that Azure need not be asked."""
        raise NotImplementedError

    def forget(self) -> None:
        """Forget all rows: they are read again."""
        raise NotImplementedError

    def read(self) -> AsyncGenerator[Row, None]:
        """Read the rows from Azure, and keep each."""
        raise NotImplementedError

    def whole(self) -> None:
        """All rows were read."""
        raise NotImplementedError

    def say(self, row: Row | None) -> Content:
        """The row under the cursor in words, or why there is none."""
        raise NotImplementedError

    def tell(self) -> None:
        """Say what there is in all, and whether it is being read."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Go on with the row under the cursor."""
        raise NotImplementedError

    @property
    def narrows(self) -> bool:
        """Whether anything but the filter's words leaves rows out."""
        return False

    def widen(self) -> None:
        """Let that which leaves rows out, the words included, leave out none."""
        self.query_one("#filter", Input).value = ""

    # -- the screen ----------------------------------------------------------------------------------------------

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
        """What stands above the filter, if anything does."""
        yield from ()

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.every(0.1, self._beat)
        if self.recall():
            self.fill()
        else:
            self.action_again()

    def on_resize(self) -> None:
        if self.is_mounted and self.app.size.width != self._width:
            self.fill()

    @on(ScreenResume)
    def _seen_again(self) -> None:
        if self.stale and not self.reading and self.is_current:  # not on the way further back
            self.widen()
            self.action_again()

    @property
    def stale(self) -> bool:
        """Whether the rows are out of date: they are read again when the list is next shown."""
        return self._revision != self.session.clusters_revision

    @property
    def room(self) -> int:
        """Columns of the terminal beside the spine and the margins, known before anything is laid out."""
        return self.app.size.width - (27 if self.app.size.width >= NARROW else 3)

    # -- reading -------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Ask Azure again, from the start."""
        if not self.reading:
            self.reading = True
            self._revision = self.session.clusters_revision
            self.forget()
            self.fill()
            self.background(self._read(), "reading the clusters")

    async def _read(self) -> None:
        try:
            async with aclosing(self.read()) as rows:
                async for row in rows:
                    if self.fits(row):
                        self._waiting.append(row)
            self._add(_AT_A_TIME)
            self.whole()
        finally:
            self.reading = False
            self.call_later(self._over)  # never, if this screen has gone meanwhile

    def _over(self) -> None:
        self.tell()
        self._detail()

    def _beat(self) -> None:
        self.beats += 1
        if self._waiting and len(self._shown) < self._last_seen + _AHEAD:
            self._add(_AT_A_TIME)
        if self.reading and self.beats % 3 == 0:  # each time, the screen is laid out anew
            self.tell()

    @property
    def _last_seen(self) -> int:
        """The last row that is seen, or that the cursor is on."""
        table = self.query_one(Rows)
        return max(table.cursor_row, int(table.scroll_offset.y) + table.size.height)

    # -- the table -----------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Draw the table anew, its first rows at once and the others as time allows; the cursor stays with its row if that
        is among them.
        """
        table, keep = self.query_one(Rows), self.under_cursor
        self._width, self.words = self.app.size.width, self.typed
        table.clear(columns=True)
        for key, width in self.columns().items():
            table.add_column(Text(self.head(key), no_wrap=True), key=key, width=width)
        rows = self.rows()
        self._shown, self._waiting = [], deque(rows)
        near = rows[:_AHEAD]
        place = next((at for at, row in enumerate(near) if row is keep), None)
        if place is None:
            place = next((at for at, row in enumerate(near) if self.wanted(row)), 0)
        self._add(_AT_A_TIME + place)
        if rows:
            table.move_cursor(row=place)
        self.tell()
        self._detail()

    def _add(self, number: int) -> None:
        table = self.query_one(Rows)
        columns = [str(key.value) for key in table.columns]
        before = len(self._shown)
        for _ in range(min(number, len(self._waiting))):
            row = self._waiting.popleft()
            self._shown.append(row)
            cells = self.cells(row)
            table.add_row(*(cells[name] for name in columns), height=1)
            if self.reading and not table.cursor_row and self.wanted(row):
                table.move_cursor(row=len(self._shown) - 1)
        if not before:
            self._detail()

    @property
    def shown(self) -> int:
        """How many rows are shown, those included that are not in the table yet."""
        return len(self._shown) + len(self._waiting)

    @property
    def under_cursor(self) -> Row | None:
        """The row under the cursor."""
        row = self.query_one(Rows).cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @on(DataTable.RowHighlighted)
    def _detail(self) -> None:
        says = self.query_one("#detail", Static)
        says.update(self.say(self.under_cursor))
        says.remove_class("refused")

    # -- keys ----------------------------------------------------------------------------------------------------

    @property
    def typed(self) -> tuple[str, ...]:
        """The filter's words as they are now."""
        return tuple(self.query_one("#filter", Input).value.casefold().split())

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
        """In the filter, its key is a letter like any other."""
        return action != "filter" or not isinstance(self.focused, Input)

    def action_filter(self) -> None:
        """Type what to look for."""
        self.set_focus(self.query_one("#filter"))

    def action_back(self) -> None:
        """Empty the filters first, then back."""
        field = self.query_one("#filter", Input)
        if field.value or field.has_focus or self.narrows:
            self.query_one(Rows).focus()
            self.widen()
        else:
            super().action_back()

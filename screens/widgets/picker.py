"""Choosing one of many: a dialog with a filter, and the form entries that open it.

A tenant has thousands of vaults and identities. All of them are searched, but only those near the cursor are in the list.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click
from textual.widgets import Input, OptionList, Static

from screens.widgets.dialogs import Dialog
from screens.widgets.fields import Check, Choice, Field
from screens.widgets.filter_words import filter_words, has_words
from screens.widgets.key_footer import KeyFooter
from screens.widgets.marked_list import MarkedList
from wizard.reports.table import cut
from wizard.reports.wording import STYLES

_AT_ONCE = 100
"""Rows that are put into the list at once: about 20 ms of work."""
_GAP = "  "
_ARROW = "▼"
_LEAST = 8
"""Columns that each column of the list keeps."""
_MARGINS = 9
"""Columns of a dialog that its rows do not have: borders, margins, the bar in front of the highlighted one, a scrollbar."""
_LARGEST = 110 - _MARGINS
"""Columns for the rows in the largest dialog; as in the style sheet."""


class Row(NamedTuple):
    """One of those that can be chosen."""

    value: str
    cells: tuple[str, ...]
    """Its text, column by column."""
    closed: str = ""
    """What a form shows once it is chosen, if that is not its cells."""

    @property
    def text(self) -> str:
        """What a form shows once it is chosen."""
        return self.closed or " · ".join(filter(None, self.cells))


def matching(rows: Sequence[Row], filter_: str) -> list[Row]:
    """Return the rows in which each word of the filter occurs; upper and lower case are the same."""
    words = filter_words(filter_)
    return [row for row in rows if not words or has_words("\n".join(row.cells), words)]


def widths(rows: Sequence[Row], heads: Sequence[str], room: int) -> list[int]:
    """Return the width of each column: that of its longest cell, and less for the widest where there is no room for all."""
    found = [len(head) for head in heads]
    for row in rows:
        if len(row.cells) > 1:
            for at, text in enumerate(row.cells):
                found[at] = max(found[at], len(text))
    room -= len(_GAP) * (len(found) - 1)
    while sum(found) > room and max(found) > _LEAST:
        found[found.index(max(found))] -= 1
    return found


def line(cells: Sequence[str], columns: Sequence[int]) -> str:
    """Return the cells as one line. A cell that does not fit ends with an ellipsis; one that is alone may use them all."""
    if len(cells) == 1:
        return cells[0]
    return _GAP.join(
        f"{cut(text, width):<{width}}" for text, width in zip(cells, columns, strict=False)
    ).rstrip()


CLOSED = ".closed"
"""Selects the widget of an entry that shows what is chosen."""
Load = Callable[[], Awaitable[Sequence[Row]]]
"""Reads what can be chosen. Raises AzureError."""


class PickDialog(Dialog[str | None]):
    """Choose one of many. The filter has the focus; the arrow keys move in the list. Its result is the value, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "choose", priority=True),
        *(
            Binding(key, f"move('{action}')", show=False, priority=True)
            for key, action in (
                ("up", "cursor_up"),
                ("down", "cursor_down"),
                ("pageup", "page_up"),
                ("pagedown", "page_down"),
                ("ctrl+home", "first"),
            )
        ),
    ]

    def __init__(
        self, title: str, heads: Sequence[str], rows: Sequence[Row] | Load, chosen: str = ""
    ) -> None:
        """`heads`: of the columns; `rows`: what can be chosen, or how to read it; `chosen`: the value that is highlighted."""
        super().__init__()
        self._title = title
        self._heads = heads
        self._load = rows if callable(rows) else None
        self._rows: Sequence[Row] = () if callable(rows) else rows
        self._chosen = chosen
        self._matching: list[Row] = []
        self._columns: list[int] = []
        self._reading = self._load is not None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large pick"):
            yield Static(Content(self._title), classes="title")
            with Horizontal(id="filter-line"):
                yield Static(Content("/"), classes="sign")
                yield Input(placeholder="filter", compact=True, id="filter")
                yield Static(id="matches")
            yield Static(id="heads", classes="muted")
            yield MarkedList(compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one(MarkedList).can_focus = False  # the letters go to the filter
        if self._load:
            self.background(self._read(self._load), "listing")
        self._measure()

    async def _read(self, load: Load) -> None:
        try:
            self._rows = await load()
        finally:
            self._reading = False
            if self.is_mounted:
                self._measure()

    def on_resize(self) -> None:
        if self._columns:
            self._measure()

    def _measure(self) -> None:
        """Find out how wide the columns are, and show the rows."""
        room = min(_LARGEST, self.app.size.width * 94 // 100 - _MARGINS)
        self._columns = widths(self._rows, self._heads, room)
        most = self.app.size.height * 6 // 10
        self.query_one(MarkedList).styles.min_height = min(len(self._rows), most)  # also with a filter
        self.query_one("#heads", Static).update(Content(f"  {line(self._heads, self._columns)}"))
        self._show()

    def _show(self) -> None:
        """Show the rows that match, and highlight the one that is chosen now, else the first."""
        filter_ = self.query_one(Input).value
        self._matching = matching(self._rows, filter_)
        chosen = (at for at, row in enumerate(self._matching) if row.value == self._chosen and not filter_)
        place = next(chosen, 0)
        if place >= _AT_ONCE:  # the list does not reach that far
            self._matching.insert(0, self._matching.pop(place))
            place = 0
        number, total = len(self._matching), len(self._rows)
        count = (
            "listing…"
            if self._reading
            else f"matches {number:,} of {total:,}"
            if number < total
            else f"{total:,}"
        )
        self.query_one("#matches", Static).update(Content(count))
        options = self.query_one(MarkedList)
        options.clear_options()
        self._more(_AT_ONCE)
        if self._matching:
            options.highlighted = place

    def _more(self, wanted: int) -> None:
        """Have so many rows in the list, if that many match."""
        options = self.query_one(MarkedList)
        if options.option_count < wanted:
            added = self._matching[options.option_count : wanted]
            options.add_options([Content(line(row.cells, self._columns)) for row in added])

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index + _AT_ONCE // 2 > event.option_list.option_count:
            self._more(event.option_list.option_count + _AT_ONCE)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._matching[event.option_index].value)

    def action_move(self, action: str) -> None:
        """Move in the list."""
        getattr(self.query_one(MarkedList), f"action_{action}")()

    def action_choose(self) -> None:
        """Choose the row that is highlighted."""
        self.query_one(MarkedList).action_select()

    @property
    def escape_does(self) -> str:
        """What Esc does first."""
        return "clear filter" if any(field.value for field in self.query(Input)) else ""

    def action_close(self) -> None:
        """Clear the filter first; then choose nothing."""
        if self.query_one(Input).value:
            self.query_one(Input).value = ""
        else:
            self.dismiss(None)


class _Closed(Static, can_focus=True):
    """What is chosen, in a form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,down,up", "open", "choose"),
    ]

    def __init__(self, key: str) -> None:
        super().__init__(id=f"{key}-select", classes="closed")
        self._text = ""

    def show(self, text: str) -> None:
        """Change what is shown."""
        self._text = text
        self.refresh()

    def render(self) -> Content:
        """Draw the text, and at the right the sign of a list, as Textual's own choice does."""
        room = max(1, self.content_size.width - 4)  # it has no width before the first layout
        return Content.assemble(f"{cut(self._text, room):<{room}}", (f"  {_ARROW}", STYLES["dim"]))

    def action_open(self) -> None:
        """Show the list."""
        for ancestor in self.ancestors:
            if isinstance(ancestor, PickChoice):
                ancestor.open()

    def on_click(self) -> None:
        """Show the list."""
        self.focus()
        self.action_open()


class PickChoice(Choice):
    """A choice among many, in a dialog with a filter."""

    def __init__(
        self, label: str, rows: Sequence[Row], *, key: str, heads: Sequence[str], hint: str = ""
    ) -> None:
        """The first row is chosen."""
        super().__init__(label, [(row.text, row.value) for row in rows], key=key, hint=hint)
        self._heads = heads
        self._rows: Sequence[Row] = rows
        self._value = rows[0].value

    def _make(self, options: list[tuple[str, str]], key: str) -> None:
        del options
        self._face = _Closed(key)

    def compose(self) -> ComposeResult:
        yield from self._line(self._face)

    def on_mount(self) -> None:
        self._draw()

    @property
    def value(self) -> str:
        """The value of the row that is chosen."""
        return self._value

    def offer_rows(self, rows: Sequence[Row], value: str) -> None:
        """Change the rows and choose one, without a `Changed` message."""
        self._rows, self._value = rows, value
        self._draw()

    def _draw(self) -> None:
        row = next((row for row in self._rows if row.value == self._value), self._rows[0])
        self._face.show(row.text)

    def open(self) -> None:
        """Show the list, and take what is chosen in it."""
        if not self.disabled:
            self.app.push_screen(
                PickDialog(self._label.strip(), self._heads, self._rows, self._value), self._take
            )

    def _take(self, value: str | None) -> None:
        if value is not None and value != self._value:
            self._value = value
            self._draw()
            self.post_message(self.Changed(self))


class PickField(Field):
    """A line of text for which existing names can be chosen in a dialog."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(  # with priority, as Textual's input has scrolling at this key
            "down",
            "open",
            "choose",
            priority=True,
            tooltip="Choose one that exists, in a list with a filter",
        ),
    ]

    def __init__(
        self,
        label: str,
        *,
        key: str,
        check: Check,
        load: Load,
        heads: Sequence[str],
        value: str = "",
        hint: str = "",
        placeholder: str = "",
    ) -> None:
        super().__init__(label, key=key, check=check, value=value, hint=hint, placeholder=placeholder)
        self._load = load
        self._heads = heads

    def compose(self) -> ComposeResult:
        self.add_class("list")
        yield from self._line(self._input, _Arrow())

    def action_open(self) -> None:
        """Show the list, and take what is chosen in it."""
        if not self.disabled:
            dialog = PickDialog(self._label.strip(), self._heads, self._load, self.value)
            self.app.push_screen(dialog, self._take)

    def _take(self, value: str | None) -> None:
        if value is not None:
            self._input.value = value
            self._input.cursor_position = len(value)


class _Arrow(Static):
    """Says that there is a list, and opens it."""

    def __init__(self) -> None:
        super().__init__(Content(_ARROW), classes="opens")

    def on_click(self, event: Click) -> None:
        """Show the list."""
        event.stop()
        for ancestor in self.ancestors:
            if isinstance(ancestor, PickField):
                ancestor.edit()
                ancestor.action_open()

"""A table of one-line rows that draws its own lines."""

from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable

_HEADER = -1
"""The row that Textual gives a click on the header."""


class Rows(DataTable[Text], inherit_bindings=False):
    """The table. Enter is bound by the page, so that the footer says what it does there.

    It draws lines as Textual's own table does, which has Rich lay out each cell and takes 30 ms for a screen, at each added row.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in DataTable.BINDINGS
        if not (isinstance(binding, Binding) and binding.key == "enter")
    ]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw these lines."""
        self._base = self.rich_style  # computed once, because it takes as long as a line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw a line: the header, or a row."""
        width, left = self.size.width, int(self.scroll_offset.x)
        row = y - self.header_height + int(self.scroll_offset.y) if y >= self.header_height else _HEADER
        if row >= self.row_count:
            return Strip.blank(width, self._base)
        columns = self.ordered_columns
        cells = self.get_row_at(row) if row != _HEADER else [column.label for column in columns]
        style, over = self._styles_of(row)
        console, segments, length = self.app.console, [], 0
        for number, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            here = style + _meta(row, number)
            segments.append(Segment(" " * self.cell_padding, here))
            drawn, room = _cell(console, cell, column.width)
            segments += Segment.apply_style(drawn, here, over)
            segments.append(Segment(" " * (room + self.cell_padding), here))
            length += column.get_render_width(self)
        if length < width:
            segments.append(Segment(" " * (width - length), style + _meta(row, 0, out_of_bounds=True)))
        return Strip(segments, max(length, width)).crop(left, left + width).simplify()

    def _styles_of(self, row: int) -> tuple[Style, Style]:
        """Return the style of a row, and what of it also overrides the style of a cell."""
        named = self.get_component_rich_style
        header, marks = row == _HEADER, Style.null()
        if self.show_cursor and self.mouse_hover and row == self.hover_row:
            marks += named("datatable--hover")
            if header:
                marks += named("datatable--header-hover")
        if self.show_cursor and row == self.cursor_row:
            marks += named("datatable--cursor")
        style = named("datatable--header") if header else self._base
        return style + marks, Style.from_color(marks.color)


@lru_cache(2000)
def _meta(row: int, column: int, *, out_of_bounds: bool = False) -> Style:
    """Return what Textual's table takes from a click."""
    return Style.from_meta(
        {"row": row, "column": column, **({"out_of_bounds": True} if out_of_bounds else {})}
    )


def _cell(console: Console, cell: Text, width: int) -> tuple[list[Segment], int]:
    """Return a cell of at most this width, and the columns that it leaves. Only unusual cells are left to Rich."""
    text, room = cell.plain, width - cell_len(cell.plain)
    if not cell.spans and text.isprintable() and (text.isascii() or room >= 0):
        if room < 0:
            text = f"{text[: width - 1]}…" if cell.overflow == "ellipsis" else text[:width]
        return [Segment(text, console.get_style(cell.style))], max(room, 0)
    options = console.options.update(width=width, height=1, no_wrap=True)
    return console.render_lines(cell, options)[0], 0

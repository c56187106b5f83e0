"""A table that draws its own lines looks as Textual's own table, whose lines it draws faster."""

import pytest
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.coordinate import Coordinate
from textual.strip import Strip
from textual.widgets import DataTable

from screens.widgets.rows import Rows
from screens.widgets.theme import cell, cell_styles


class _Table(App[None]):
    def compose(self) -> ComposeResult:
        yield Rows(cursor_type="row")

    def on_mount(self) -> None:
        self.console.push_theme(cell_styles("calm"))
        table = self.query_one(Rows)
        for number, width in enumerate((1, 12, 20, 18, 8, 20)):
            table.add_column(Text(f"head {number}", no_wrap=True), width=width, key=str(number))
        for row in range(30):
            name = cell("aks-demo" * (1 + row % 3), bold=True)
            if row % 3 == 0:
                name.highlight_words(["demo"], "underline", case_sensitive=False)
            group = "rg-é" if row % 4 else "rg-中文 and more than fits"
            others = (cell("x y  " * row), cell("1.33"), cell("not encrypted", "bad"))
            table.add_row(cell("✓", "good"), name, cell(group), *others, height=1)


def _letters(strip: Strip) -> list[tuple[str, Style]]:
    return [(letter, segment.style or Style()) for segment in strip for letter in segment.text]


@pytest.mark.parametrize(
    ("cursor", "hovered", "scrolled"), [(0, None, 0), (3, -1, 0), (5, 7, 0), (29, 5, 13)]
)
async def test_lines_are_those_of_textuals_own_table(cursor: int, hovered: int | None, scrolled: int) -> None:
    app = _Table()
    async with app.run_test(size=(80, 20)) as pilot:
        table = app.query_one(Rows)
        table.move_cursor(row=cursor)
        if hovered is not None:
            await pilot.hover(Rows, offset=(3, 2))
            table.hover_coordinate = Coordinate(hovered, 2)
        table.scroll_to(scrolled // 2, scrolled, animate=False, force=True)
        await pilot.pause()
        lines = table.render_lines(table.size.region)
        for y, line in enumerate(lines):
            assert _letters(table.render_line(y)) == _letters(DataTable.render_line(table, y))
            assert cell_len(line.text) == table.size.width

"""Choosing one of many: the filter, the columns, and a list that holds only what is near the cursor."""

import pytest
from textual.app import App
from textual.widgets import Input, Static

from screens.widgets.marked_list import MarkedList
from screens.widgets.picker import PickDialog, Row, line, matching, widths
from screens.widgets.theme import THEMES

HEADS = ("name", "resource group", "region")
ROWS = [Row("", ("a new one",)), *(Row(f"/{n}", (f"kv-{n}", f"rg-{n % 7}", "westus2")) for n in range(5_000))]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [("", 5_001), ("new", 1), ("KV-4999", 1), ("rg-3 kv-1", 160), ("westus2 rg-9", 0)],
)
def test_each_word_of_the_filter_occurs_in_a_row(filter_: str, found: int) -> None:
    assert len(matching(ROWS, filter_)) == found


@pytest.mark.parametrize("room", [24, 40, 90])
def test_columns_fit_and_are_no_wider_than_their_cells(room: int) -> None:
    rows = [*ROWS[:3], Row("x", ("a" * 60, "b" * 30, "c"))]
    columns = widths(rows, HEADS, room)
    assert sum(columns) <= max(room, 24)
    assert all(len(line(row.cells, columns)) <= max(room, 28) for row in rows)
    assert widths(ROWS[:2], HEADS, 90) == [4, 14, 7]


class _App(App[None]):
    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = "calm"
        self.chosen: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(PickDialog("Key vault", HEADS, ROWS, "/4000"), self.chosen.append)


async def test_thousands_are_searched_and_hundreds_are_listed() -> None:
    app = _App()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        options, count = app.screen.query_one(MarkedList), app.screen.query_one("#matches", Static)
        assert options.highlighted_option is not None
        assert str(options.highlighted_option.prompt).startswith("kv-4000 "), "what is chosen now"
        await pilot.press("k", "v", "-", "4")
        assert (str(count.visual), options.highlighted) == ("matches 1,111 of 5,001", 0)
        assert options.option_count == 100
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert options.option_count > 100
        await pilot.press("escape")
        assert app.screen.query_one(Input).value == ""
        await pilot.press(*"kv-4999", "up", "down", "enter")
    assert app.chosen == ["/4999"]

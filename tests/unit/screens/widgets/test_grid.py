"""Rows on a grid."""

from textual.content import Content

from screens.widgets.grid import row, section


def test_a_cell_wider_than_its_column_pushes_the_next_one_to_its_own_column_below() -> None:
    shown = row(
        [("+", ""), ("a long kind", ""), ("name", ""), ("a detail of some words", "")], (0, 2, 8, 16), 33
    )
    assert shown.plain.splitlines() == [
        "+ a long kind",
        "        name    a detail of some",
        "                words",
    ]


def test_a_section_without_content_is_empty() -> None:
    assert section("Create", Content("")).plain == ""
    assert section("Create", Content("row")).plain == "Create\nrow"

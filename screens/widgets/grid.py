"""Rows on a fixed grid of columns, so that the eye runs down each of them. Pure functions."""

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style

from wizard.reports.wording import hanging

Cell = tuple[str, str | Style]
"""A text and its style."""

PROSE = 76
"""Columns of a paragraph at most, at any width of the terminal."""


def row(cells: Sequence[Cell], starts: Sequence[int], width: int) -> Content:
    """Return cells that start at these columns, in `width` columns. The last cell is wrapped and keeps its column.

    A cell that is wider than its column pushes the next one to the next line, at its own column.
    """
    parts: list[Cell] = []
    column, last = 0, len(cells) - 1
    for at, ((text, style), start) in enumerate(zip(cells, starts, strict=False)):
        if at == last and not text:
            break
        if at and column >= start:
            parts.append(("\n", ""))
            column = 0
        shown = hanging(text, start, width) if at == last else text
        parts += [(" " * (start - column), ""), (shown, style)]
        column = start + len(text)
    return Content.assemble(*parts)


def rows(table: Sequence[Sequence[Cell]], starts: Sequence[int], width: int) -> Content:
    """Return rows of one grid, one below the other."""
    return Content("\n").join(row(cells, starts, width) for cells in table)


def section(heading: str, *blocks: Content) -> Content:
    """Return a heading and what is below it; empty if there is nothing."""
    below = [block for block in blocks if block.plain]
    return Content("\n").join([Content.assemble((heading, "bold")), *below]) if below else Content("")

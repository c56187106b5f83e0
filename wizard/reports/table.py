"""Tables as plain text."""

from collections.abc import Sequence

from wizard.system.sanitize import one_line

_SHORTEST = 8
"""Characters to which a column is shortened at most."""


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    indent: str = "",
    *,
    width: int = 0,
    shorten: Sequence[int] = (),
) -> str:
    """Return aligned columns, two spaces apart. Cells are sanitized and put on one line.

    If the table is wider than `width`, the columns `shorten` are cut with an ellipsis, one after the other. 0: any width.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
    for column in shorten if width else ():
        excess = len(indent) + sum(widths) + 2 * (len(widths) - 1) - width
        widths[column] = max(widths[column] - max(0, excess), min(widths[column], _SHORTEST))
    return "\n".join(
        indent
        + "  ".join(cut(cell, wide).ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in ([list(heads)] if any(heads) else []) + cells
    )


def cut(text: str, width: int) -> str:
    """Return the text, cut with an ellipsis if it has more characters than `width`."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"

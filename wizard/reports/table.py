"""Tables as plain text."""

from collections.abc import Sequence

from wizard.system.sanitize import one_line


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return aligned columns, two spaces apart. Cells are sanitized and put on one line."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
    return "\n".join(
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in ([list(heads)] if any(heads) else []) + cells
    )

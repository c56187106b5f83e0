"""Names in a sentence: of five hundred, the first few."""

from collections.abc import Iterable

_MOST = 5


def listed(names: Iterable[str], most: int = _MOST) -> str:
    """Return `a, b, c`, with at most so many names: `a, b and 498 more`. Empty for none."""
    found = list(names)
    if len(found) <= most:
        return ", ".join(found)
    return f"{', '.join(found[:most])} and {len(found) - most:,} more"

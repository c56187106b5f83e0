"""How Kusto compares, orders and converts values; null is None."""

import json
from collections.abc import Callable
from typing import Any

Value = Any
"""Whatever JSON can hold."""


def text(value: Value) -> str:
    """`tostring()`."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def folded(value: Value) -> str:
    """The text without regard to case."""
    return text(value).casefold()


def number(value: Value) -> float | int | None:
    """`toint()`, `toreal()`: None for what is no number."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    try:
        parsed = float(text(value))
    except ValueError:
        return None
    return int(parsed) if parsed.is_integer() else parsed


def boolean(value: Value) -> bool | None:
    """`tobool()`."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(folded(value))


def equal(left: Value, right: Value) -> bool:
    """`==`; nothing equals null."""
    if left is None or right is None:
        return False
    if isinstance(left, str) != isinstance(right, str):
        return text(left) == text(right)
    return bool(left == right)


def unequal(left: Value, right: Value) -> bool:
    """`!=`; two nulls are neither equal nor unequal."""
    return not (left is None and right is None) and not equal(left, right)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        if left is None or right is None:
            return False
        if isinstance(left, str) and isinstance(right, str):
            return holds(left, right)
        first, second = number(left), number(right)
        return first is not None and second is not None and holds(first, second)

    return compare


def _has(left: Value, right: Value) -> bool:
    """A whole term: letters and digits on neither side."""
    whole, part = folded(left), folded(right)
    at = whole.find(part)
    while at >= 0:
        after = at + len(part)
        if (at == 0 or not whole[at - 1].isalnum()) and (after == len(whole) or not whole[after].isalnum()):
            return True
        at = whole.find(part, at + 1)
    return False


COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": equal,
    "!=": unequal,
    "=~": lambda left, right: folded(left) == folded(right),
    "!~": lambda left, right: folded(left) != folded(right),
    "<": _ordered(lambda left, right: left < right),
    ">": _ordered(lambda left, right: left > right),
    "<=": _ordered(lambda left, right: left <= right),
    ">=": _ordered(lambda left, right: left >= right),
    "contains": lambda left, right: folded(right) in folded(left),
    "!contains": lambda left, right: folded(right) not in folded(left),
    "startswith": lambda left, right: folded(left).startswith(folded(right)),
    "!startswith": lambda left, right: not folded(left).startswith(folded(right)),
    "endswith": lambda left, right: folded(left).endswith(folded(right)),
    "!endswith": lambda left, right: not folded(left).endswith(folded(right)),
    "has": _has,
    "!has": lambda left, right: not _has(left, right),
}

FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "tostring": (1, 1, text),
    "toint": (1, 1, number),
    "tolong": (1, 1, number),
    "toreal": (1, 1, number),
    "todouble": (1, 1, number),
    "tobool": (1, 1, boolean),
    "tolower": (1, 1, lambda value: text(value).lower()),
    "toupper": (1, 1, lambda value: text(value).upper()),
    "isempty": (1, 1, lambda value: text(value) == ""),
    "isnotempty": (1, 1, lambda value: text(value) != ""),
    "isnull": (1, 1, lambda value: value is None),
    "isnotnull": (1, 1, lambda value: value is not None),
    "not": (1, 1, lambda value: value is not True),
    "strcat": (1, 64, lambda *values: "".join(map(text, values))),
    "strlen": (1, 1, lambda value: len(text(value))),
    "array_length": (1, 1, lambda value: len(value) if isinstance(value, list) else None),
    "iff": (3, 3, lambda condition, yes, no: yes if condition is True else no),
    "iif": (3, 3, lambda condition, yes, no: yes if condition is True else no),
    "coalesce": (2, 64, lambda *values: next((value for value in values if text(value)), None)),
}
"""Name: fewest and most arguments, and what it does."""


def rank(value: Value) -> tuple[int, Any]:
    """The place of a value in an order: null first, then booleans, numbers, texts."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    return (2, value) if isinstance(value, (int, float)) else (3, text(value))

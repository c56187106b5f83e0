"""`summarize`: rows become groups, and each group one row."""

from collections.abc import Callable
from dataclasses import dataclass

from wizard.simulator.resource_graph.values import Value, number, rank, text

Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function and the expression inside it (None for `count()`)."""

    inside: Callable[[Row], Value] | None
    fold: Callable[[list[Value]], Value]


def _numbers(values: list[Value]) -> list[float | int]:
    return [found for found in map(number, values) if found is not None]


def _unique(values: list[Value]) -> list[Value]:
    return list({text(value): value for value in values if value is not None}.values())


AGGREGATES: dict[str, tuple[bool, str, Callable[[list[Value]], Value]]] = {
    "count": (False, "long", len),
    "countif": (True, "long", lambda values: sum(value is True for value in values)),
    "dcount": (True, "long", lambda values: len(_unique(values))),
    "sum": (True, "long", lambda values: sum(_numbers(values))),
    "avg": (True, "real", lambda values: sum(_numbers(values)) / len(_numbers(values)) if _numbers(values) else None),
    "min": (True, "string", lambda values: min((value for value in values if value is not None), key=rank, default=None)),
    "max": (True, "string", lambda values: max((value for value in values if value is not None), key=rank, default=None)),
    "make_list": (True, "dynamic", lambda values: [value for value in values if value is not None]),
    "make_set": (True, "dynamic", _unique),
}  # fmt: skip
"""Name: whether it takes an argument, the type of its result, and how it folds the group's values."""


def summarize(
    rows: list[Row], aggregates: dict[str, Aggregate], keys: dict[str, Callable[[Row], Value]]
) -> list[Row]:
    """One row for each combination of the keys, in order of first appearance; without keys one row for all."""
    groups: dict[tuple[str, ...], tuple[Row, list[Row]]] = {}
    for row in rows:
        values = {name: value(row) for name, value in keys.items()}
        groups.setdefault(tuple(map(text, values.values())), (values, []))[1].append(row)
    if not keys:
        groups = groups or {(): ({}, [])}
    return [
        values
        | {
            name: aggregate.fold([aggregate.inside(row) if aggregate.inside else None for row in inside])
            for name, aggregate in aggregates.items()
        }
        for values, inside in groups.values()
    ]

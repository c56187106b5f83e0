"""The one form of query that the simulated Resource Graph answers: the resources of one type.

    resources
    | where type =~ 'microsoft.containerservice/managedclusters'
    | project id, subscriptionId
    | order by subscriptionId asc, id asc

`project` and `order by` are optional. The rest of the Kusto Query Language is refused in Resource Graph's own error format.
"""

import re
from dataclasses import dataclass

from wizard.simulator.protocol.wire import Json

COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku", "plan", "properties", "tags",
    "identity", "zones", "extendedLocation",
)  # fmt: skip
_DYNAMIC = {"sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}
"""The columns that hold JSON, by which Kusto does not sort."""

_TABLE = re.compile(r"\s*(\w+)\s*")
_WHERE = re.compile(r"\s*where\s+type\s*=~\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*")
_PROJECT = re.compile(r"\s*project\s+(\w+(?:\s*,\s*\w+)*)\s*")
_ORDER = re.compile(r"\s*order\s+by\s+(\w+(?:\s+(?:asc|desc))?(?:\s*,\s*\w+(?:\s+(?:asc|desc))?)*)\s*")
_SUPPORTED = (
    "The simulated Resource Graph supports only queries of the form: resources | where type =~ '<resource type>' "
    "| project <columns> | order by <columns>"
)


class QueryRefusedError(Exception):
    """The query is not supported; `detail` is the second entry of `details` in the refusal, after InvalidQuery."""

    def __init__(self, code: str, message: str, **more: str | int) -> None:
        super().__init__(message)
        self.detail: Json = {"code": code, "message": message, **more}


@dataclass(frozen=True, slots=True)
class Query:
    """A supported query. `type` is in lower case; `order` has each column to sort by, and whether it is descending."""

    type: str
    columns: tuple[str, ...] = COLUMNS
    order: tuple[tuple[str, bool], ...] = ()

    def project(self, row: Json) -> Json:
        """Return the columns of the query only: all that is kept of a row."""
        return {name: row[name] for name in self.columns}

    def sort(self, rows: list[Json]) -> list[Json]:
        """Return the rows in the order of the query."""
        for column, descending in reversed(self.order):
            rows = sorted(rows, key=lambda row: str(row[column]), reverse=descending)
        return rows


def parse_query(text: str) -> Query:
    """Return the query that a text holds. Raise QueryRefusedError if it is not of the supported form."""
    table, *stages = text.split("|")
    starts = [len(table) + 1]
    for stage in stages:
        starts.append(starts[-1] + len(stage) + 1)
    if (match := _TABLE.fullmatch(table)) is None:
        raise _unsupported(text, 0)
    if match[1].lower() != "resources":
        raise QueryRefusedError(
            "DisallowedLogicalTableName", f"Table {match[1]} is invalid, unsupported or disallowed."
        )
    if not stages or (match := _WHERE.fullmatch(stages[0])) is None:
        raise _unsupported(text, starts[0])
    wanted, at = str(match[1] or match[2] or "").lower(), 1
    columns: tuple[str, ...] = COLUMNS
    order: tuple[tuple[str, bool], ...] = ()
    if at < len(stages) and (match := _PROJECT.fullmatch(stages[at])):
        columns, at = tuple(name.strip() for name in match[1].split(",")), at + 1
        _check_columns(columns, COLUMNS)
    if at < len(stages) and (match := _ORDER.fullmatch(stages[at])):
        words = [part.split() for part in match[1].split(",")]
        order, at = tuple((name, direction != ["asc"]) for name, *direction in words), at + 1
        _check_columns([name for name, _ in order], columns)
        for name, _ in order:
            if name in _DYNAMIC:
                raise QueryRefusedError(
                    "Default", f"order operator: key can't be of dynamic type: '{name}'. Use tostring()."
                )
    if at < len(stages):
        raise _unsupported(text, starts[at])
    return Query(wanted, columns, order)


def _check_columns(names: list[str] | tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise QueryRefusedError(
                "Default", f"Failed to resolve column or scalar expression named '{name}'."
            )


def _unsupported(text: str, start: int) -> QueryRefusedError:
    """Return the refusal of a query whose part from `start` on is not supported."""
    rest = text[start:]
    at = start + len(rest) - len(rest.lstrip())
    token = re.match(r"\w+|\S?", text[at:])
    line = text.count("\n", 0, at) + 1
    position = at - (text.rfind("\n", 0, at) + 1)
    return QueryRefusedError(
        "InvalidQueryLanguage", _SUPPORTED, line=line, characterPositionInLine=position, token=(token and token[0]) or "<EOF>",
    )  # fmt: skip

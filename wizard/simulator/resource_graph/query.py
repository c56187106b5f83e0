"""A query, compiled: the table it reads, and what it does with the rows, one operator after the other.

Supported: where, project, project-away, extend, order/sort by, limit/take, top, count, distinct, summarize; the functions
and comparisons of `values`. Everything else is refused as Resource Graph refuses what it does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from wizard.simulator.resource_graph.expressions import (
    Compiled,
    Expression,
    Expressions,
    Row,
    only_true,
    unresolved,
)
from wizard.simulator.resource_graph.language import QueryRefused, Word, words_of
from wizard.simulator.resource_graph.summarize import AGGREGATES, Aggregate, summarize
from wizard.simulator.resource_graph.values import folded, rank

Stage = Callable[[list[Row]], list[Row]]

TABLES: dict[str, dict[str, str]] = {
    table: {
        "id": "string", "name": "string", "type": "string", "tenantId": "string", "kind": "string", "location": "string",
        "resourceGroup": "string", "subscriptionId": "string", "managedBy": "string", "sku": "dynamic", "plan": "dynamic",
        "properties": "dynamic", "tags": "dynamic", "identity": "dynamic", "zones": "dynamic", "extendedLocation": "dynamic",
    }
    for table in ("resources", "resourcecontainers")
}  # fmt: skip


@dataclass
class Query:
    """`filters` are the conditions that stand right behind the table; `types` the only resource types they let through."""

    table: str
    filters: list[Expression] = field(default_factory=list)
    types: frozenset[str] | None = None
    stages: list[Stage] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def finish(self, rows: list[Row]) -> list[Row]:
        """What becomes of the rows that passed the filters."""
        for stage in self.stages:
            rows = stage(rows)
        return [{name: row.get(name) for name in self.columns} for row in rows]


def compile_query(text: str) -> Query:
    """Understand a query.

    Raises QueryRefused.
    """
    return _Compiler(words_of(text)).query()


class _Compiler(Expressions):
    """Reads the operators."""

    # -- operators ----------------------------------------------------------------------------------------------------

    def query(self) -> Query:
        table = "resources"
        if self.next.kind == "name" and self.next.text not in _OPERATORS:
            name = self.name()
            table = name.lower()
            if table not in TABLES:
                raise QueryRefused(
                    "DisallowedLogicalTableName", f"Table {name} is invalid, unsupported or disallowed."
                )
            first = self.skip("|")
        else:
            first = True
        query = Query(table)
        self.schema = dict(TABLES[table])
        while first or self.skip("|"):
            first = False
            self._operator(query)
        self.skip(";")
        if self.next.kind != "end":
            raise self.next.refused("|")
        query.columns = self.schema
        return query

    def _operator(self, query: Query) -> None:
        word = self.take()
        if word.kind != "name":
            raise word.refused()
        if word.text == "project" and self.skip("-", "away"):
            stage = self._project_away()
        elif word.text in _OPERATORS:
            if word.text == "where" and not query.stages:
                start = self.at
                query.filters.append(only_true(self.expression().value))
                if query.types is None:
                    query.types = _only_types(self.words[start : self.at])
                return
            stage = _OPERATORS[word.text](self)
        else:
            raise QueryRefused(
                "InvalidQueryLanguage", line=word.line, characterPositionInLine=word.position, token=word.text
            )
        query.stages.append(stage)

    def where(self) -> Stage:
        holds = only_true(self.expression().value)
        return lambda rows: [row for row in rows if holds(row)]

    def _columns(self) -> list[tuple[str, Compiled]]:
        """`a, b = expression, …`"""
        found: list[tuple[str, Compiled]] = []
        while True:
            given = ""
            if self.next.kind == "name" and self.words[self.at + 1].text == "=":
                given = self.name()
                self.need("=")
            compiled = self.expression()
            found.append((given or compiled.name or f"Column{len(found) + 1}", compiled))
            if not self.skip(","):
                return found

    def project(self) -> Stage:
        columns = self._columns()
        self.schema = {name: compiled.type for name, compiled in columns}
        return lambda rows: [{name: compiled.value(row) for name, compiled in columns} for row in rows]

    def _project_away(self) -> Stage:
        while True:
            name = self.name()
            if name not in self.schema:
                raise unresolved(name)
            del self.schema[name]
            if not self.skip(","):
                return lambda rows: rows

    def extend(self) -> Stage:
        columns = self._columns()
        self.schema |= {name: compiled.type for name, compiled in columns}
        return lambda rows: [row | {name: compiled.value(row) for name, compiled in columns} for row in rows]

    def order(self) -> Stage:
        self.need("by")
        return self._ordering()

    def _ordering(self) -> Stage:
        keys: list[tuple[Expression, bool, bool]] = []
        while True:
            compiled = self.expression()
            if compiled.type == "dynamic":
                raise QueryRefused(
                    "Default",
                    f"order operator: key can't be of dynamic type: '{compiled.name}'. Use tostring().",
                )
            descending = not self.skip("asc")
            if descending:
                self.skip("desc")
            nulls_first = not descending
            if self.skip("nulls"):
                nulls_first = self.skip("first") or not self._need_last()
            keys.append((compiled.value, descending, nulls_first))
            if not self.skip(","):
                break

        def stage(rows: list[Row]) -> list[Row]:
            for value, descending, nulls_first in reversed(keys):
                empty = [row for row in rows if value(row) is None]
                full = [row for row in rows if value(row) is not None]
                full.sort(key=lambda row: rank(value(row)), reverse=descending)
                rows = empty + full if nulls_first else full + empty
            return rows

        return stage

    def _need_last(self) -> bool:
        self.need("last")
        return True

    def limit(self) -> Stage:
        most = self.number()
        return lambda rows: rows[:most]

    def top(self) -> Stage:
        most = self.number()
        self.need("by")
        order = self._ordering()
        return lambda rows: order(rows)[:most]

    def count(self) -> Stage:
        self.schema = {"Count": "long"}
        return lambda rows: [{"Count": len(rows)}]

    def distinct(self) -> Stage:
        columns = self._columns()
        self.schema = {name: compiled.type for name, compiled in columns}
        return lambda rows: summarize(rows, {}, {name: compiled.value for name, compiled in columns})

    def summarize(self) -> Stage:
        aggregates: dict[str, Aggregate] = {}
        types: dict[str, str] = {}
        while self.next.text != "by" and self.next.kind != "end" and self.next.text != "|":
            name, aggregate, kind = self._aggregate()
            aggregates[name], types[name] = aggregate, kind
            if not self.skip(","):
                break
        keys: dict[str, Expression] = {}
        if self.skip("by"):
            for name, compiled in self._columns():
                if compiled.type == "dynamic":
                    raise QueryRefused(
                        "Default",
                        f"Summarize group key '{name}' is of a 'dynamic' type. Please use an explicit cast (for example, 'summarize ... by "
                        f"tostring('{name}')') as grouping by a 'dynamic' type is not supported.",
                    )
                keys[name] = compiled.value
                types = types | {name: compiled.type}
        if not keys and not aggregates:
            raise self.next.refused("<aggregate>")
        self.schema = {name: types[name] for name in (*keys, *aggregates)}
        return lambda rows: summarize(rows, aggregates, keys)

    def _aggregate(self) -> tuple[str, Aggregate, str]:
        given = ""
        if self.next.kind == "name" and self.words[self.at + 1].text == "=":
            given = self.name()
            self.need("=")
        word = self.next
        function = self.name()
        if function not in AGGREGATES:
            raise QueryRefused("Default", f"Unknown aggregate function: {function}.")
        self.need("(")
        inside: Compiled | None = None
        if not self.skip(")"):
            inside = self.expression()
            self.need(")")
        takes, kind, fold = AGGREGATES[function]
        if takes is not (inside is not None):
            raise word.refused()
        name = (
            given
            or f"{function.removeprefix('make_')}_{inside.name if inside and function != 'countif' else ''}"
        )
        return name, Aggregate(inside.value if inside else None, fold), kind


_OPERATORS: dict[str, Callable[[_Compiler], Stage]] = {
    "where": _Compiler.where,
    "project": _Compiler.project,
    "extend": _Compiler.extend,
    "order": _Compiler.order,
    "sort": _Compiler.order,
    "limit": _Compiler.limit,
    "take": _Compiler.limit,
    "top": _Compiler.top,
    "count": _Compiler.count,
    "distinct": _Compiler.distinct,
    "summarize": _Compiler.summarize,
}


def _only_types(words: list[Word]) -> frozenset[str] | None:
    """The types that a condition lets through, where that is plain to see: `type =~ 'x' and …`, `type in~ ('x', 'y') and …`."""
    texts = [word.text for word in words]
    if "or" in texts or texts[:1] != ["type"]:
        return None
    if texts[1:2] in (["=~"], ["=="]) and words[2].kind == "string":
        return frozenset({folded(texts[2])})
    if texts[1:2] in (["in~"], ["in"]) and ")" in texts:
        return frozenset(folded(word.text) for word in words[3 : texts.index(")")] if word.kind == "string")
    return None

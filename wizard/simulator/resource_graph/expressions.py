"""The expressions of a query, compiled to functions of a row."""

from collections.abc import Callable
from dataclasses import dataclass

from wizard.simulator.resource_graph.language import QueryRefused, Word
from wizard.simulator.resource_graph.values import COMPARISONS, FUNCTIONS, Value

Row = dict[str, Value]
Expression = Callable[[Row], Value]
_TYPES = {
    "tostring": "string",
    "tolower": "string",
    "toupper": "string",
    "strcat": "string",
    "toint": "int",
    "tolong": "long",
}
_TYPES |= {"toreal": "real", "todouble": "real", "strlen": "long", "array_length": "long"}
_CONVERSIONS = {"tostring", "toint", "tolong", "toreal", "todouble", "tobool", "tolower", "toupper"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression: what it yields, of which type, and the column name it gives by itself ("" = none)."""

    value: Expression
    type: str
    name: str = ""


class Expressions:
    """Reads expressions off the words of a query; `schema` are the columns that there are, with their types."""

    def __init__(self, words: list[Word]) -> None:
        self.words, self.at = words, 0
        self.schema: dict[str, str] = {}

    # -- words --------------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Word:
        """The word that comes next."""
        return self.words[self.at]

    def take(self) -> Word:
        """The next word, which is behind us then."""
        word = self.next
        self.at += word.kind != "end"
        return word

    def skip(self, *texts: str) -> bool:
        """Whether these words came next; then they are behind us."""
        ahead = self.words[self.at : self.at + len(texts)]
        if [word.text for word in ahead] == list(texts) and all(word.kind != "string" for word in ahead):
            self.at += len(texts)
            return True
        return False

    def need(self, text: str) -> None:
        """This word has to come next."""
        if not self.skip(text):
            raise self.next.refused(text)

    def name(self) -> str:
        """A name has to come next."""
        if self.next.kind != "name":
            raise self.next.refused("<name>")
        return self.take().text

    def number(self) -> int:
        """A whole number has to come next."""
        word = self.take()
        if word.kind != "number" or "." in word.text:
            raise word.refused("<number>")
        return int(word.text)

    # -- expressions --------------------------------------------------------------------------------------------------

    def expression(self) -> Compiled:
        """The longest expression that starts here.

        Raises QueryRefused.
        """
        parts = [self._conjunction()]
        while self.skip("or"):
            parts.append(self._conjunction())
        return _logical(parts, any)

    def _conjunction(self) -> Compiled:
        parts = [self._comparison()]
        while self.skip("and"):
            parts.append(self._comparison())
        return _logical(parts, all)

    def _comparison(self) -> Compiled:
        left, word = self._operand(), self.next
        if word.kind != "string" and word.text in {"in", "in~", "!in", "!in~"}:
            self.take()
            self.need("(")
            options = self._arguments()
            exact, wanted = not word.text.endswith("~"), not word.text.startswith("!")
            same = COMPARISONS["==" if exact else "=~"]
            return Compiled(
                lambda row: any(same(left.value(row), option.value(row)) for option in options) is wanted,
                "bool",
            )
        if word.kind != "string" and word.text in COMPARISONS:
            self.take()
            right, compare = self._operand(), COMPARISONS[word.text]
            return Compiled(lambda row: compare(left.value(row), right.value(row)), "bool")
        return left

    def _arguments(self) -> list[Compiled]:
        if self.skip(")"):
            return []
        found = [self.expression()]
        while self.skip(","):
            found.append(self.expression())
        self.need(")")
        return found

    def _operand(self) -> Compiled:
        word = self.take()
        if word.kind == "string":
            return _constant(word.text, "string")
        if word.kind == "number" or (word.text == "-" and self.next.kind == "number"):
            text = word.text if word.kind == "number" else f"-{self.take().text}"
            return _constant(float(text) if "." in text else int(text), "real" if "." in text else "long")
        if word.text == "(" and word.kind == "operator":
            inside = self.expression()
            self.need(")")
            return inside
        if word.kind != "name" or word.text in {"and", "or", "by", "in"}:
            raise word.refused()
        if word.text in {"true", "false"}:
            return _constant(word.text == "true", "bool")
        if self.next.text == "(" and self.next.kind == "operator":
            return self._path(self._call(word))
        if word.text not in self.schema:
            raise unresolved(word.text)
        column = word.text
        return self._path(Compiled(lambda row: row.get(column), self.schema[column], column))

    def _call(self, word: Word) -> Compiled:
        if word.text not in FUNCTIONS:
            raise QueryRefused("Default", f"Unknown function: '{word.text}'.")
        self.need("(")
        arguments = self._arguments()
        fewest, most, function = FUNCTIONS[word.text]
        if not fewest <= len(arguments) <= most:
            raise QueryRefused("Default", f"{word.text}(): function expects {fewest} argument(s).")
        values = [argument.value for argument in arguments]
        kind = _TYPES.get(word.text, "bool")
        if word.text in {"iff", "iif", "coalesce"}:
            kind = arguments[-1].type
        name = arguments[0].name if word.text in _CONVERSIONS else ""
        return Compiled(lambda row: function(*(value(row) for value in values)), kind, name)

    def _path(self, start: Compiled) -> Compiled:
        found = start
        while True:
            if self.skip("."):
                found = _member(found, self.name())
            elif self.skip("["):
                word = self.take()
                if word.kind not in {"string", "number"}:
                    raise word.refused("<index>")
                self.need("]")
                found = _member(found, word.text if word.kind == "string" else int(word.text))
            else:
                return found


def unresolved(name: str) -> QueryRefused:
    """There is no such column."""
    return QueryRefused("Default", f"Failed to resolve column or scalar expression named '{name}'.")


def _constant(value: Value, kind: str) -> Compiled:
    return Compiled(lambda _: value, kind)


def only_true(value: Expression) -> Expression:
    """A condition holds where it is true; null is not."""
    return lambda row: value(row) is True


def _logical(parts: list[Compiled], how: Callable[..., bool]) -> Compiled:
    if len(parts) == 1:
        return parts[0]
    return Compiled(lambda row: how(each.value(row) is True for each in parts), "bool")


def _member(of: Compiled, key: str | int) -> Compiled:
    if of.type != "dynamic":
        raise QueryRefused("Default", f"Path expression source must be dynamic: '{of.name}'.")

    def value(row: Row) -> Value:
        whole = of.value(row)
        if isinstance(key, str):
            return whole.get(key) if isinstance(whole, dict) else None
        return whole[key] if isinstance(whole, list) and key < len(whole) else None

    return Compiled(value, "dynamic", f"{of.name}_{key}")

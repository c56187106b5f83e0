"""The words of a query, and the refusals that Resource Graph gives for what it does not understand."""

import re
from dataclasses import dataclass

_WORDS = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<string>@?'(?:[^'\\\n]|\\.)*'|@?"(?:[^"\\\n]|\\.)*")
    |(?P<number>\d{1,18}(?:\.\d+)?)
    |(?P<operator>!in~|!in\b|in~|!contains\b|!startswith\b|!endswith\b|!has\b|==|!=|=~|!~|<=|>=|[-+*/%<>|(),=.:$\[\]{};])
    |(?P<name>[A-Za-z_]\w*)""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
END = "<EOF>"


class QueryRefused(Exception):  # noqa: N818 - the query is wrong, not the service
    """What stands in `details` behind InvalidQuery."""

    def __init__(self, code: str, message: str = "", **more: str | int) -> None:
        super().__init__(message or code)
        self.detail: dict[str, str | int] = {"code": code, "message": message or code, **more}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query; `text` of a string is its value."""

    kind: str
    text: str
    line: int
    position: int

    def refused(self, expected: str = "") -> QueryRefused:
        """The parser stops here."""
        more = {"expectedToken": expected} if expected else {}
        return QueryRefused(
            "ParserFailure", line=self.line, characterPositionInLine=self.position, token=self.text, **more
        )


def words_of(query: str) -> list[Word]:
    """Cut a query into words; the last one is END.

    Raises QueryRefused where it cannot be cut.
    """
    words, at, line, line_start = [], 0, 1, 0
    while at < len(query):
        match = _WORDS.match(query, at)
        if match is None:
            raise Word("", query[at], line, at - line_start).refused()
        kind, text = str(match.lastgroup), match.group()
        if kind == "string":
            words.append(Word(kind, _value(text), line, at - line_start))
        elif kind != "space":
            words.append(Word(kind, text, line, at - line_start))
        if "\n" in text:
            line, line_start = line + text.count("\n"), at + text.rindex("\n") + 1
        at = match.end()
    return [*words, Word("end", END, line, at - line_start)]


def _value(text: str) -> str:
    if text.startswith("@"):
        return text[2:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])

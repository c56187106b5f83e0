"""What Azure says in the body of an error: its codes and its message, in any letter case and at any depth.

Services write `innererror`, `innerError` and `InnerError` (docs/azure.md#letter-case-and-null), of which azure-core reads the first.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 8
"""Levels of inner errors and details that are read."""


@dataclass(frozen=True)
class ErrorBody:
    """The body of an error."""

    codes: tuple[str, ...]
    """The outermost first; empty if Azure gave none."""
    message: str
    """The outermost message; empty if Azure gave none."""

    @property
    def code(self) -> str:
        """The outermost code; empty if Azure gave none."""
        return self.codes[0] if self.codes else ""


def error_body(error: Any) -> ErrorBody:
    """Return what the response of an azure-core error says; nothing if it has no JSON."""
    try:
        body = json.loads(error.response.text())
    except (AttributeError, TypeError, ValueError, RecursionError):
        return ErrorBody((), "")
    outer = _field(body, "error") if isinstance(_field(body, "error"), Mapping) else body
    message = _field(outer, "message")
    return ErrorBody(tuple(_codes(outer, 0)), message if isinstance(message, str) else "")


def _codes(error: object, depth: int) -> Iterator[str]:
    """Yield the code of an error, then those of its inner error and its details."""
    code = _field(error, "code")
    if depth == 0:
        yield code if isinstance(code, str) else ""
    elif isinstance(code, str):
        yield code
    if depth < _DEEPEST:
        yield from _codes(_field(error, "innererror"), depth + 1)
        details = _field(error, "details")
        for each in details if isinstance(details, list) else ():
            yield from _codes(each, depth + 1)


def _field(body: object, name: str) -> Any:
    """Return the value of a field whose name has any letter case; None if there is none."""
    if not isinstance(body, Mapping):
        return None
    return next((value for key, value in body.items() if str(key).casefold() == name), None)

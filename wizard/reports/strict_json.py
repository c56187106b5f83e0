"""JSON as RFC 8259 has it, whatever Azure sent."""

import json
import math
from typing import Any


def strict_json(body: Any, *, indent: int | None = None) -> str:
    """The body as JSON that every reader takes: a number that JSON does not know is written as text.

    Python reads and writes NaN and Infinity, and 1e999 is Infinity to it; they may be anywhere in what Azure returned.
    """
    try:
        return json.dumps(body, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_known(body), indent=indent, allow_nan=False)


def _known(value: Any) -> Any:
    """The same with texts (`NaN`, `Infinity`, `-Infinity`) for such numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return value

"""JSON according to RFC 8259, also for numbers that JSON lacks."""

import json
import math
from typing import Any


def strict_json(body: Any, *, indent: int | None = None) -> str:
    """Return the body as JSON that every parser reads: numbers that JSON does not have are written as strings.

    Python reads and writes NaN and Infinity (and reads 1e999 as Infinity), which may be anywhere in a response from Azure.
    """
    try:
        return json.dumps(body, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_known(body), indent=indent, allow_nan=False)


def _known(value: Any) -> Any:
    """Return the same with `NaN`, `Infinity` and `-Infinity` as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return value

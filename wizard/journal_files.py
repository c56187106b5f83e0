"""Reading a journal's files as what they are: somebody's disk, on which anything may lie by now."""

import json
import os
import stat
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wizard.cloud.arm import Json

_MOST = 64 * 1024 * 1024
"""Bytes of one file; a run of an hour writes less than one of these."""


class _Lenient(BaseModel):
    """Whatever it holds beside what readers rely on is kept as it is: it may be from a later version of this program."""

    model_config = ConfigDict(extra="allow")


class PlanShape(_Lenient):
    """What readers of `plan.json` rely on."""

    title: str = ""
    moves: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = []
    keep: list[Any] | None = None
    still_needed: list[Any] | None = None
    clean_up: list[Any] | None = None


class EventShape(_Lenient):
    """What readers of a line of `events.jsonl` rely on."""

    type: str
    step: str | None = None
    status: str | None = None
    seconds: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    message: str = ""
    problem: dict[str, Any] | None = None
    correlation_id: str = ""


class ReportShape(_Lenient):
    """What readers of `report.json` rely on."""

    verdict: str = ""
    checks: list[dict[str, Any]] = []


def read_bytes(path: Path) -> bytes:
    """The whole of a plain file; never through a link, and never waiting for a pipe. Raises OSError, ValueError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(path, flags)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError(f"{path.name} is no plain file.")
        data = opened.read(_MOST + 1)
    if len(data) > _MOST:
        raise ValueError(f"{path.name} is longer than any journal.")
    return data


def parsed(text: str, shape: type[BaseModel], name: str) -> Json:
    """The JSON object that a text holds, as it is; of that shape. Raises ValueError, which names the file."""
    try:
        body: Json = json.loads(text)
        shape.model_validate(body)
    except RecursionError:
        raise ValueError(f"{name} is nested deeper than any journal.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{name} is not as it was written{f' at {place}' if place else ''}.") from None
    return body

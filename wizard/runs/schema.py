"""The schema of a journal's files. They are validated when they are read: anything may have changed them on the disk."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wizard.cloud.arm import Json


class _Lenient(BaseModel):
    """Fields beyond those that readers rely on are kept: they may come from a later version of this program."""

    model_config = ConfigDict(extra="allow")


class CloudShape(_Lenient):
    """The cloud in `plan.json`."""

    name: str
    resource_manager: str
    simulated: bool
    described: str


class _Named(_Lenient):
    name: str


class _Reader(_Named):
    object_id: str


class _Tool(_Named):
    version: str


class StepShape(_Lenient):
    """A step in `plan.json`."""

    key: str = ""
    title: str = ""
    action: str = ""
    effects: list[dict[str, Any]] = []


class PlanShape(_Lenient):
    """`plan.json`."""

    title: str = ""
    tool: _Tool
    cloud: CloudShape
    moves: dict[str, Any] | None = None
    steps: list[StepShape] = []
    basis: dict[str, Any] | None = None
    keep: list[Any] | None = None
    still_needed: list[Any] | None = None
    clean_up: list[Any] | None = None


_StrictInt = Annotated[int, Field(strict=True)]


class WriteShape(_Lenient):
    """The request of an event."""

    number: _StrictInt = 0
    state: str = ""
    method: str = ""
    kind: str = ""
    name: str = ""
    action: str = ""
    status: _StrictInt | None = None


class EventShape(_Lenient):
    """A line of `events.jsonl`."""

    type: str
    step: str | None = None
    status: str | None = None
    seconds: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    message: str = ""
    problem: dict[str, Any] | None = None
    correlation_id: str = ""
    write: WriteShape | None = None


class ProvenanceShape(_Lenient):
    """The origin of a report."""

    read_at: Annotated[str, AfterValidator(datetime.fromisoformat)]
    signed_in: _Reader
    cloud: CloudShape
    tool: _Tool


class ReportShape(_Lenient):
    """`report.json`."""

    headline: str = ""
    provenance: ProvenanceShape | None = None
    checks: list[dict[str, Any]] = []


def parse(text: str, shape: type[BaseModel], name: str) -> Json:
    """Return the JSON object in a text, unchanged, after validation. Raise ValueError, which names the file."""
    try:
        body: Json = json.loads(text)
        shape.model_validate(body)
    except RecursionError:
        raise ValueError(f"{name} is nested too deeply.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{name} is not valid{f' at {place}' if place else ''}.") from None
    return body

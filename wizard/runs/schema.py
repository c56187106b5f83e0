"""What a journal's files hold, read as what they are: somebody's disk, on which anything may lie by now."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wizard.cloud.arm import Json


class _Lenient(BaseModel):
    """Whatever it holds beside what readers rely on is kept as it is: it may be from a later version of this program."""

    model_config = ConfigDict(extra="allow")


class CloudShape(_Lenient):
    """What readers of the cloud in `plan.json` rely on; plans of earlier versions name none."""

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
    """What they rely on of one of its steps."""

    key: str = ""
    title: str = ""
    action: str = ""
    effects: list[dict[str, Any]] = []


class PlanShape(_Lenient):
    """What readers of `plan.json` rely on."""

    title: str = ""
    tool: _Tool | None = None
    cloud: CloudShape | None = None
    moves: dict[str, Any] | None = None
    steps: list[StepShape] = []
    basis: dict[str, Any] | None = None
    keep: list[Any] | None = None
    still_needed: list[Any] | None = None
    clean_up: list[Any] | None = None


_Whole = Annotated[int, Field(strict=True)]


class WriteShape(_Lenient):
    """What readers rely on of the request that an event tells of."""

    number: _Whole = 0
    state: str = ""
    method: str = ""
    kind: str = ""
    name: str = ""
    action: str = ""
    status: _Whole | None = None


class EventShape(_Lenient):
    """What readers of a line of `events.jsonl` rely on."""

    type: str
    step: str | None = None
    status: str | None = None
    seconds: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    message: str = ""
    problem: dict[str, Any] | None = None
    correlation_id: str = ""
    write: WriteShape | None = None


class ProvenanceShape(_Lenient):
    """What readers of where a report comes from rely on; reports of earlier versions do not say."""

    read_at: Annotated[str, AfterValidator(datetime.fromisoformat)]
    signed_in: _Reader
    cloud: CloudShape
    tool: _Tool


class ReportShape(_Lenient):
    """What readers of `report.json` rely on."""

    verdict: str = ""
    provenance: ProvenanceShape | None = None
    checks: list[dict[str, Any]] = []


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

"""What a journal's files hold, read as what they are: somebody's disk, on which anything may lie by now."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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


class PlanShape(_Lenient):
    """What readers of `plan.json` rely on."""

    title: str = ""
    cloud: CloudShape | None = None
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

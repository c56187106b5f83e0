"""What goes over the wire of a Kubernetes API: a request as it came in, replies, and refusals as `Status` objects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.simulator.kubernetes import protobuf
from wizard.simulator.protocol.wire import Json, decode_json


@dataclass(slots=True)
class Reply:
    """What the API server sends back."""

    content: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an API server. `query` keeps the names as they were written."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def parsed(self) -> Json:
        """The object in the body, from JSON or protobuf; {} where there is no body.

        Raises ApiError: 415 for another form, 400 for what is no object.
        """
        if not self.body:
            return {}
        if self.content_type not in {"", "application/json", protobuf.MEDIA_TYPE}:
            raise ApiError(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                f"application/json, {protobuf.MEDIA_TYPE}",
            )  # fmt: skip
        try:
            parsed = (
                protobuf.read(self.body)
                if self.content_type == protobuf.MEDIA_TYPE
                else decode_json(self.body)
            )
        except (ValueError, RecursionError) as problem:
            raise bad_request(f"couldn't get version/kind; parse error: {problem}") from problem
        if not isinstance(parsed, dict):
            raise bad_request("couldn't get version/kind; json parse error: an object is expected")
        return parsed

    @property
    def wants_table(self) -> bool:
        """Whether the caller prefers a Table, as `kubectl get` does."""
        return "as=Table" in self.headers.get("Accept", "").partition(",")[0]


def object_in(parsed: Json, name: str) -> Json:
    """The object in a field; {} where there is none.

    Raises ApiError(400) for what is no object.
    """
    found = parsed.get(name)
    if found is not None and not isinstance(found, dict):
        raise bad_request(f"json: cannot unmarshal into Go struct field {name}: an object is expected")
    return found or {}


class ApiError(Exception):
    """The API server says no: HTTP status, reason, text, and what it is about."""

    def __init__(self, status: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.details = status, reason, message, details

    def reply(self) -> Reply:
        """The refusal as it is sent."""
        body = status_object("Failure", self.status, self.message) | {"reason": self.reason}
        return as_json(body | ({"details": self.details} if self.details else {}), self.status)


class Unreachable(Exception):  # noqa: N818 - it says how the cluster is
    """Nobody answers at the API server's address: the cluster is stopped, private, or not up yet."""


def status_object(state: str, code: int, message: str = "") -> Json:
    """A `Status`."""
    shown: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": state}
    return shown | ({"message": message} if message else {}) | {"code": code}


def as_json(body: Json, status: int = 200) -> Reply:
    """A JSON object."""
    return Reply(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), status)


def as_text(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Reply:
    """Plain text."""
    return Reply(text.encode(), status, content_type, {"X-Content-Type-Options": "nosniff"})


def not_found(resource: str, name: str) -> ApiError:
    """There is no object of this name."""
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', {"name": name, "kind": resource})


def no_such_path() -> ApiError:
    """The server does not serve this path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def bad_request(message: str) -> ApiError:
    """The request makes no sense."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: str, name: str, place: str, message: str, *, reason: str = "FieldValueInvalid") -> ApiError:
    """An object that breaks a rule, at one place of it."""
    cause = {"reason": reason, "message": message, "field": place}
    details = {"name": name, "kind": kind, "causes": [cause]}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {place}: {message}', details)

"""Requests and replies of a Kubernetes API, and its errors as `Status` objects."""

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
    """One request to an API server. The names in `query` are case-sensitive."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def parsed(self) -> Json:
        """Return the object in the body, from JSON or protobuf, or {} if there is no body.

        Raise ApiError: 415 for another media type, 400 if the body is not an object.
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
                protobuf.read_secret(self.body)
                if self.content_type == protobuf.MEDIA_TYPE
                else decode_json(self.body)
            )
        except (ValueError, RecursionError) as problem:
            raise bad_request(f"couldn't get version/kind; parse error: {problem}") from problem
        if not isinstance(parsed, dict):
            raise bad_request("couldn't get version/kind; json parse error: an object is expected")
        return parsed


class ApiError(Exception):
    """An error response: HTTP status, reason, message, and details about the object."""

    def __init__(self, status: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.details = status, reason, message, details

    def reply(self) -> Reply:
        """Return the error as a reply."""
        body = status_object("Failure", self.status, self.message)
        body |= {"reason": self.reason} if self.reason else {}
        return as_json(body | ({"details": self.details} if self.details else {}), self.status)


class Unreachable(Exception):  # noqa: N818 - a state of the cluster, not an error of the API server
    """No API server answers at the address: the cluster is stopped, private, being created, or does not exist."""


def status_object(state: str, code: int, message: str = "") -> Json:
    """Return a `Status` object."""
    shown: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": state}
    return shown | ({"message": message} if message else {}) | {"code": code}


def as_json(body: Json, status: int = 200) -> Reply:
    """Return a reply with a JSON object."""
    return Reply(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), status)


def as_text(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Reply:
    """Return a reply with plain text."""
    return Reply(text.encode(), status, content_type, {"X-Content-Type-Options": "nosniff"})


def not_found(resource: str, name: str) -> ApiError:
    """Return the error for an object that does not exist."""
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', {"name": name, "kind": resource})


def no_such_path() -> ApiError:
    """Return the error for a path that the server does not serve."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def bad_request(message: str) -> ApiError:
    """Return the error for an invalid request."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: str, name: str, place: str, message: str, *, reason: str = "FieldValueInvalid") -> ApiError:
    """Return the error for an object whose field `place` is invalid."""
    cause = {"reason": reason, "message": message, "field": place}
    details = {"name": name, "kind": kind, "causes": [cause]}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {place}: {message}', details)

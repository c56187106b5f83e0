"""What goes over the wire: a call as it came in, an answer as it goes out, and a refusal in Azure's own form."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

Json = dict[str, Any]
"""A JSON object as Azure speaks it."""


@dataclass(slots=True)
class Answer:
    """What the server sends back. `body` None means no content.

    `content` is sent as it is, for what is no JSON; `reset` closes the connection instead of answering.
    """

    status: int = 200
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    reset: bool = False


class Refusal(Exception):  # noqa: N818 - it is Azure's answer, not a fault of the server
    """Azure says no: HTTP status, code and text, in the form that ARM and Key Vault share.

    `inner` becomes `innererror.code` (Key Vault tells the sort of a 403 there), `more` is put beside code and message.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str | None = None,
        headers: Mapping[str, str] | None = None,
        details: list[Json] | None = None,
        more: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.inner, self.headers, self.details = inner, dict(headers or {}), details
        self.more = more or {}

    def answer(self) -> Answer:
        """The refusal as it is sent."""
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        if self.inner:
            error["innererror"] = {"code": self.inner}
        error |= self.more
        return Answer(self.status, {"error": error}, self.headers)


class FlatRefusal(Refusal):
    """The AKS resource provider says no, in a form of its own: not inside `error`, and with a `subcode` (AZURE.md §1a, EtagMismatch)."""

    def answer(self) -> Answer:
        """The refusal as it is sent."""
        flat: Json = {
            "code": self.code,
            "details": self.details,
            "message": self.message,
            "subcode": "",
        }
        return Answer(self.status, flat | self.more, self.headers)


@dataclass(slots=True)
class Call:
    """One request, parsed.

    `path` has no trailing slash and is percent-decoded; `names` are the values of the matched route's {placeholders};
    `caller` is the object id of the signed-in principal ("" until it is known);
    `operation_fails` is the error with which a fault lets the long-running operation of this call end, `operation_odd`
    how else that operation misbehaves, `token_fault` what a fault does to its access token (all as in FaultSpec).
    """

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Json | None
    base_url: str
    names: dict[str, str] = field(default_factory=dict)
    caller: str = ""
    operation_fails: Json | None = None
    operation_odd: str = ""
    token_fault: str = ""

    @property
    def api_version(self) -> str:
        """The `api-version` of the query, "" where it is missing."""
        return self.query.get("api-version", "")

    def require_body(self) -> Json:
        """The body of a request that must have one.

        Raises Refusal(400 InvalidRequestContent), ARM's answer to an empty body.
        """
        if self.body is None:
            raise Refusal(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: 'The request body is empty.'.",
            )
        return self.body


def base64url(raw: bytes) -> str:
    """base64 for URLs, without padding, as tokens and JSON Web Keys write it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def base64url_number(number: int) -> str:
    """A number of a JSON Web Key."""
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def decode_json(text: bytes) -> object:
    """What a JSON text says.

    Raises ValueError for what is no JSON, and for half a surrogate pair in it: nothing could ever write that down.
    """
    said: object = json.loads(text)
    json.dumps(said, ensure_ascii=False).encode()
    return said


def decode_query(raw: str) -> dict[str, str]:
    """The query string as a mapping with lower-case names for Azure's own parameters; a `+` is a space, as aiohttp and browsers send it."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    decoded = ((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)
    return {name.lower(): value for name, value in decoded}


def merge(under: Json, over: Json) -> Json:
    """Lay one mapping over another, deeply; None removes."""
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged

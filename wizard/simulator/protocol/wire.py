"""Calls, answers and Azure's error responses."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

Json = dict[str, Any]
"""A JSON object."""


@dataclass(slots=True)
class Answer:
    """A response. `body` None means no content.

    `content` is sent unchanged, for responses that are not JSON. `reset` closes the connection instead of responding.
    `show` makes the entries of a long list, `value`: only those of the page that is sent.
    """

    status: int = 200
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    reset: bool = False
    show: Callable[[Any], Json] | None = None


class Refusal(Exception):  # noqa: N818 - it is Azure's answer, not an error in the server
    """An error response of Azure: HTTP status, code and text, in the form that ARM and Key Vault share.

    `inner` becomes `innererror.code` (Key Vault gives the kind of a 403 there); `more` is added beside code and message.
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
        """Return the response."""
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        if self.inner:
            error["innererror"] = {"code": self.inner}
        error |= self.more
        return Answer(self.status, {"error": error}, self.headers)


class FlatRefusal(Refusal):
    """An error response of the AKS resource provider: not inside `error`, and with a `subcode` (docs/azure.md#refusals-of-the-aks-resource-provider, EtagMismatch)."""

    def answer(self) -> Answer:
        """Return the response."""
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

    `path` has no trailing slash and is percent-decoded. `names` are the values of the matched route's {placeholders}.
    `caller` is the object id of the signed-in principal ("" until it is known).
    A fault (see FaultSpec) sets `operation_fails`, the error with which the long-running operation of this call ends;
    `operation_odd`, another defect of that operation; `keeps`, the properties that the resource keeps in spite of the
    request; and `token_fault`, what is wrong with the access token.
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
    keeps: tuple[str, ...] = ()
    token_fault: str = ""

    @property
    def api_version(self) -> str:
        """The `api-version` of the query, "" if it is missing."""
        return self.query.get("api-version", "")

    def require_body(self) -> Json:
        """Return the body of a request that must have one.

        Raise Refusal 400 InvalidRequestContent, as ARM does, if there is none.
        """
        if self.body is None:
            raise Refusal(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: 'The request body is empty.'.",
            )
        return self.body


def base64url(raw: bytes) -> str:
    """Return base64 for URLs without padding, as used in tokens and JSON Web Keys."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def base64url_number(number: int) -> str:
    """Return a number as a JSON Web Key encodes it."""
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def decode_json(text: bytes) -> object:
    """Return the value of a JSON text.

    Raise ValueError for text that is not JSON, and for an unpaired surrogate in it, which cannot be encoded again.
    """
    value: object = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def decode_query(raw: str) -> dict[str, str]:
    """Return the query string as a mapping with lower-case names; a `+` is a space, as aiohttp and browsers send it."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    decoded = ((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)
    return {name.lower(): value for name, value in decoded}


def merge(under: Json, over: Json) -> Json:
    """Merge `over` into `under`, mapping by mapping; None removes a key."""
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged

"""Rejects responses that did not come from Azure: a proxy's page, an incomplete or an empty response.

Imports the SDKs' core: late, by `connect`.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from azure.core.exceptions import DecodeError, HttpResponseError, ServiceResponseError
from azure.core.pipeline import policies

from wizard.cloud.retrying import named
from wizard.system.sanitize import one_line

SchemaError = Callable[[str, str, int, object], str | None]
"""Returns why a body is not a valid response to a request (method, path, status, body); None if it may be one."""


DECODED = "decoded_body"
"""An option of a request: a list that receives its decoded response, which would otherwise be decoded twice."""


class InvalidResponseError(ServiceResponseError):
    """A response that did not come from Azure. The SDKs treat it as a lost response."""


class ResponseValidationPolicy(policies.ContentDecodePolicy):
    """Decodes responses as azure-core's own policy does, and rejects those that are not JSON objects.

    A proxy's 404 does not mean that a resource does not exist, and must not lead to a plan that creates it. The token is sent
    with each request: the next page of a list is read from the same host only, and a long-running operation is followed
    there or in Azure's regions only.
    """

    def __init__(self, schema_error: SchemaError | None = None, *, quote: bool = True) -> None:
        """`schema_error` checks the format of responses. With `quote`, errors may quote a response: it contains no secret."""
        super().__init__()
        self._schema_error = schema_error
        self._quote = quote

    def on_request(self, request: Any) -> None:
        """Called before each try: have the whole response read within the try, so that a broken one can be retried."""
        request.context.options["stream"] = False
        if (decoded := request.context.options.pop(DECODED, None)) is not None:
            request.context[DECODED] = decoded  # for every try
        super().on_request(request)

    def on_response(self, request: Any, response: Any) -> None:
        """Called for the response of each try. Raise InvalidResponseError."""
        answer = response.http_response
        _in_whole_seconds(answer)
        if answer.request.method == "HEAD":
            return
        if self._schema_error and answer.status_code < 300 and (why := _follows_away(answer)):
            raise self._rejected(answer, why)
        if answer.status_code in {200, 201}:
            self._decode(request, response)
            body = response.context.get(self.CONTEXT_NAME)
            if not isinstance(body, Mapping) and answer.request.method != "DELETE":
                raise self._rejected(answer)
            if (decoded := request.context.get(DECODED)) is not None:
                decoded[:] = [body]
        elif answer.status_code == 404:
            self._decode(request, response)
            body = response.context.get(self.CONTEXT_NAME)
            if not isinstance(body, Mapping) or not {"error", "code"} & body.keys():
                raise self._rejected(answer)
        else:
            with suppress(DecodeError, ValueError):  # the status of an error is sufficient
                self._not_too_deep(request, response)
        if self._schema_error and self.CONTEXT_NAME in response.context:
            address = answer.request.url
            body = response.context[self.CONTEXT_NAME]
            why = self._schema_error(
                answer.request.method, urlsplit(address).path, answer.status_code, body
            ) or _leads_away(body, address)
            if why:
                raise self._rejected(answer, why)

    def _decode(self, request: Any, response: Any) -> None:
        try:
            self._not_too_deep(request, response)
        except (DecodeError, ValueError) as error:
            raise self._rejected(response.http_response) from error

    def _not_too_deep(self, request: Any, response: Any) -> None:
        """Decode with azure-core; JSON that is nested too deeply for Python is rejected, because reading it would fail later."""
        try:
            super().on_response(request, response)
        except RecursionError as error:
            raise self._rejected(response.http_response, "its objects are nested too deeply") from error

    def _rejected(self, answer: Any, why: str = "") -> InvalidResponseError:
        kind = answer.headers.get("Content-Type") or "no content type"
        quote = self._quote and not _may_be_secret(answer.request)
        begins = (
            one_line(answer.body()[:200].decode(errors="replace"))
            if quote
            else "its content is not shown, because it may be secret"
        )
        return InvalidResponseError(
            f"the response to {named(answer.request)} is not from Azure (HTTP {answer.status_code}, {one_line(kind)})"
            f": {why or begins or 'it is empty'}"
        )


class ErrorsWithoutJson(policies.SansIOHTTPPolicy[Any, Any]):
    """Raises HttpResponseError for errors without JSON, which the SDKs cannot read, after the last retry."""

    def on_response(self, request: Any, response: Any) -> None:
        """Called for the response that the SDK receives. Raise HttpResponseError."""
        del request
        answer = response.http_response
        if answer.status_code < 400 or answer.request.method == "HEAD":
            return
        try:
            said = isinstance(json.loads(answer.body()), Mapping)
        except ValueError:
            said = False
        if not said:
            raise HttpResponseError(response=answer)


class AcceptedPut(policies.SansIOHTTPPolicy[Any, Any]):
    """Has the SDKs follow a PUT that was answered with 202 as one with 201: most of them take 202 for a refusal."""

    def on_response(self, request: Any, response: Any) -> None:
        """Called for the response that the SDK receives."""
        del request
        answer = response.http_response
        if answer.request.method == "PUT" and answer.status_code == HTTPStatus.ACCEPTED:
            answer.status_code = HTTPStatus.CREATED.value


def _in_whole_seconds(answer: Any) -> None:
    """Replace a `Retry-After` that is a date (RFC 9110) by seconds: the SDKs of today fail on it (docs/azure.md#polling)."""
    asked = answer.headers.get("Retry-After")
    if answer.status_code >= 400 or not asked or asked.isdigit():
        return
    try:
        seconds = math.ceil(_seconds(asked))
    except (ValueError, TypeError, OverflowError):
        seconds = 0
    with suppress(TypeError):  # headers that cannot be changed belong to SDKs that do not read them
        answer.headers["Retry-After"] = str(max(0, seconds))


def _seconds(retry_after: str) -> float:
    try:
        return float(retry_after)
    except ValueError:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()


def _leads_away(body: object, address: str) -> str | None:
    """Return why the next page of a list is not read: its link leads to another host."""
    link = body.get("nextLink") if isinstance(body, Mapping) else None
    if not link or _place(str(link)) == _place(address):
        return None
    return f"the link to its next page leads to {_place(str(link))[1] or 'no host'}"


def _follows_away(answer: Any) -> str | None:
    """Return why a long-running operation is not followed: its link leads to another host that is not one of its regions."""
    here = _place(answer.request.url)
    for header in ("Azure-AsyncOperation", "Operation-Location", "Location"):
        link = str(answer.headers.get(header) or "")
        scheme, host, port = _place(link, answer.request.url)
        if (scheme, port) != (here[0], here[2]) or not (host == here[1] or host.endswith(f".{here[1]}")):
            return f"the link to its operation leads to {host or 'no host'}"
    return None


def _place(address: str, base: str = "") -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL, which may be relative to a base; empty values if it is not valid."""
    try:
        parts = urlsplit(urljoin(base, address))
        port = parts.port or 443
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port


def _may_be_secret(request: Any) -> bool:
    """Return whether a response may contain a credential: Azure Resource Manager returns them for a POST to an action `list…`."""
    action = urlsplit(request.url).path.rstrip("/").rpartition("/")[2]
    return bool(request.method == "POST" and action.casefold().startswith("list"))

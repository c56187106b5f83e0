"""Whether it was Azure that answered: a proxy's page, half an answer and an answer of nothing are none of its.

Imports the SDKs' core: late, by the door.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from azure.core.exceptions import DecodeError, HttpResponseError, ServiceResponseError
from azure.core.pipeline import policies

from wizard.cloud.retrying import named
from wizard.system.sanitize import one_line

Illegible = Callable[[str, str, int, object], str | None]
"""Says why a body is no answer of Azure's to such a request; None where it may be one."""


class NotUnderstoodError(ServiceResponseError):
    """An answer that cannot be Azure's. To the SDKs it is one that was lost on its way."""


class ResponseValidationPolicy(policies.ContentDecodePolicy):
    """Decodes answers as azure-core's own policy does, and takes nothing for an answer that is no JSON object.

    A 404 that does not come from Azure is no word about what exists: that of a proxy must not become a plan to create.
    A next page is looked for where the first one came from and nowhere else, and a long-running operation there or in
    Azure's regions, for the token goes along.
    """

    def __init__(self, schema_error: Illegible | None = None, *, quote: bool = True) -> None:
        """`schema_error` knows the shapes of what answers: it is given method, path, status and body.

        `quote`: an odd answer may be quoted, because no secret is in it.
        """
        super().__init__()
        self._illegible = schema_error
        self._quote = quote

    def on_request(self, request: Any) -> None:
        """Called before each try: every answer is read at once, where a try that breaks off can be repeated."""
        request.context.options["stream"] = False
        super().on_request(request)

    def on_response(self, request: Any, response: Any) -> None:
        """Called for each try's answer. Raises NotUnderstoodError."""
        answer = response.http_response
        _in_whole_seconds(answer)
        if answer.request.method == "HEAD":
            return
        if self._illegible and answer.status_code < 300 and (why := _follows_away(answer)):
            raise self._not_azures(answer, why)
        if answer.status_code in {200, 201}:
            self._decode(request, response)
            body = response.context.get(self.CONTEXT_NAME)
            if not isinstance(body, Mapping) and answer.request.method != "DELETE":
                raise self._not_azures(answer)
        elif answer.status_code == 404:
            self._decode(request, response)
            body = response.context.get(self.CONTEXT_NAME)
            if not isinstance(body, Mapping) or not {"error", "code"} & body.keys():
                raise self._not_azures(answer)
        else:
            with suppress(DecodeError, ValueError):  # an error speaks by its status too
                self._not_too_deep(request, response)
        if self._illegible and self.CONTEXT_NAME in response.context:
            address = answer.request.url
            body = response.context[self.CONTEXT_NAME]
            why = self._illegible(
                answer.request.method, urlsplit(address).path, answer.status_code, body
            ) or _leads_away(body, address)
            if why:
                raise self._not_azures(answer, why)

    def _decode(self, request: Any, response: Any) -> None:
        try:
            self._not_too_deep(request, response)
        except (DecodeError, ValueError) as error:
            raise self._not_azures(response.http_response) from error

    def _not_too_deep(self, request: Any, response: Any) -> None:
        """azure-core's own decoding; what is nested deeper than Python can go would fail again wherever it is read."""
        try:
            super().on_response(request, response)
        except RecursionError as error:
            raise self._not_azures(response.http_response, "objects in objects without end") from error

    def _not_azures(self, answer: Any, why: str = "") -> NotUnderstoodError:
        kind = answer.headers.get("Content-Type") or "no content type"
        quote = self._quote and not _may_be_secret(answer.request)
        begins = (
            one_line(answer.body()[:200].decode(errors="replace")) if quote else "what it says may be secret"
        )
        return NotUnderstoodError(
            f"the answer to {named(answer.request)} is not Azure's (HTTP {answer.status_code}, {one_line(kind)})"
            f": {why or begins or 'nothing'}"
        )


class Wordless(policies.SansIOHTTPPolicy[Any, Any]):
    """Raises the errors that have no JSON to say what they are, once no try is left: the SDKs would stumble over them."""

    def on_response(self, request: Any, response: Any) -> None:
        """Called for the answer that the SDK is to get. Raises HttpResponseError."""
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


def _in_whole_seconds(answer: Any) -> None:
    """Replace a `Retry-After` that is a date (RFC 9110) by seconds: the SDKs of today fail on it (AZURE-CLIENTS.md §6)."""
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
    """Why the next page of a list is not looked for: it is said to be somewhere else."""
    link = body.get("nextLink") if isinstance(body, Mapping) else None
    if not link or _place(str(link)) == _place(address):
        return None
    return f"its next page is said to be on {_place(str(link))[1] or 'no host'}"


def _follows_away(answer: Any) -> str | None:
    """Why a long-running operation is not followed: it is said to be somewhere else. A region's own host is none."""
    here = _place(answer.request.url)
    for header in ("Azure-AsyncOperation", "Operation-Location", "Location"):
        link = str(answer.headers.get(header) or "")
        scheme, host, port = _place(link, answer.request.url)
        if (scheme, port) != (here[0], here[2]) or not (host == here[1] or host.endswith(f".{here[1]}")):
            return f"what it has begun is said to be followed on {host or 'no host'}"
    return None


def _place(address: str, base: str = "") -> tuple[str, str, int]:
    """Scheme, host and port of an address, which may be relative to a base; nothing of what is none."""
    try:
        parts = urlsplit(urljoin(base, address))
        port = parts.port or 443
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port


def _may_be_secret(request: Any) -> bool:
    """Whether an answer may be a credential: Azure Resource Manager hands them out by a POST to an action `list…`."""
    action = urlsplit(request.url).path.rstrip("/").rpartition("/")[2]
    return bool(request.method == "POST" and action.casefold().startswith("list"))

"""Retries of requests, if that is safe and may help: how often, after which pause, and with a notice.

azure-core's own policy also retries a POST after a server error, although Azure may have processed it, and waits as long as
Azure asks, without notice. Imports the SDKs' core: late, by `connect`.
"""

import asyncio
import math
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse, policies

from wizard.cloud.retry_notices import RetryNotice, notify
from wizard.cloud.throttling import TOO_MANY
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Repeat, declaration, is_write
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line, without_secret

_TRANSIENT = frozenset({408, TOO_MANY, 500, 502, 503, 504})
_READS = frozenset({"GET", "HEAD"})
_ALL = _READS | {"PUT", "DELETE", "PATCH", "POST"}
_CONDITIONS = ("If-Match", "If-None-Match")


class Retrying(policies.AsyncRetryPolicy[Any, Any]):
    """Retries requests. Its own pauses are in Azure's time; those that Azure asks for are in real time."""

    def __init__(self, clock: Clock, timeouts: Timeouts, *, sends_writes: bool = True) -> None:
        """`sends_writes`: whether a PUT, POST, PATCH or DELETE of this client can be a write, which must be declared."""
        super().__init__(
            retry_total=7,
            retry_status=6,
            retry_read=4,
            retry_connect=4,
            retry_backoff_factor=0.8,
            retry_backoff_max=30,
        )
        self._clock, self._timeouts, self._sends_writes = clock, timeouts, sends_writes

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of one request; a write is repeated as its caller has declared."""
        settings: dict[str, Any] = super().configure_retries(options)
        repeat = declaration() if self._sends_writes else None
        settings["methods"] = _READS if repeat in {Repeat.IF_THROTTLED, Repeat.BY_CALLER} else _ALL
        return settings | {"retry_throttled": repeat is not Repeat.BY_CALLER, "waited": 0.0}

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send one request, as often as it may be repeated. Raise TypeError if it is a write that is not declared."""
        if self._sends_writes:
            _check_declared(request)
        return await super().send(request)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the request is retried after a response."""
        answer = response.http_response
        if answer.status_code not in _TRANSIENT or settings["total"] <= 0:
            return False
        unprocessed = answer.status_code == TOO_MANY and settings["retry_throttled"]
        if response.http_request.method not in settings["methods"] and not unprocessed:
            return False
        return bool(settings["waited"] + (self.asked(response) or 0) <= self._timeouts.throttling)

    def asked(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Return the seconds that a response asks to wait; None if it does not."""
        try:
            seconds = self.get_retry_after(response)
        except (ValueError, OverflowError):  # neither a number nor a date
            return None
        return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None

    async def sleep(
        self, settings: dict[str, Any], transport: Any, response: PipelineResponse[Any, Any] | None = None
    ) -> None:
        """Wait before the next try, and send a notice. Raise the error of the last one if the connection was closed here, as
        when another read has failed: what broke it was not Azure, and nothing waits for the response."""
        if getattr(transport, "closed", False) and (error := settings["history"][-1].error):
            raise error
        asked = self.asked(response) if response is not None else None
        pause = self._clock.scaled(self.get_backoff_time(settings)) if asked is None else asked
        settings["waited"] += pause
        last = settings["history"][-1]
        answer = last.http_response
        why = _said(last.error) if answer is None else f"HTTP {answer.status_code}"
        notify(RetryNotice(named(last.http_request), why, pause, asked is not None))
        await asyncio.sleep(pause)


def _check_declared(request: PipelineRequest[Any]) -> None:
    """Raise TypeError if a write does not say how it may be repeated, or says that it is safe although it is conditional.

    A condition on an eTag no longer holds once the write was carried out: repeated after a lost response, the write
    would fail with HTTP 412 although it has succeeded.
    """
    sent, repeat = request.http_request, declaration()
    if not is_write(sent.method, urlsplit(sent.url).path):
        return
    if repeat is None:
        raise TypeError(
            f"{named(sent)} does not declare how it may be repeated (wizard.cloud.writes.declared)"
        )
    if repeat is Repeat.SAFE and any(name in sent.headers for name in _CONDITIONS):
        raise TypeError(
            f"{named(sent)} is conditional: repeated after a lost response it would fail with 412"
        )


def named(request: Any) -> str:
    """Return a short name of a request: its method and the last part of its path."""
    return f"{request.method} {urlsplit(request.url).path.rstrip('/').rpartition('/')[2]}"


def _said(error: Exception | None) -> str:
    return one_line(without_secret(str(error)) or type(error).__name__)[:200]

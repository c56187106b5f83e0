"""Retries of requests, if that is safe and may help: how often, after which pause, and with a notice.

azure-core's own policy also retries a POST after a server error, although Azure may have processed it, and waits as long as
Azure asks, without notice. Imports the SDKs' core: late, by `connect`.
"""

import asyncio
import math
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineResponse, policies

from wizard.cloud.retry_notices import RetryNotice, notify
from wizard.cloud.throttling import TOO_MANY
from wizard.cloud.timeouts import Timeouts
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line, without_secret

_TRANSIENT = frozenset({408, TOO_MANY, 500, 502, 503, 504})
_READS = frozenset({"GET", "HEAD"})
_IDEMPOTENT = _READS | {"PUT", "DELETE"}

ARM_REPEATS = _IDEMPOTENT | {"PATCH", "POST"}
"""Each POST and PATCH that is sent to ARM here (registrations, queries, merges) is idempotent."""
VAULT_REPEATS = _IDEMPOTENT
"""A POST to a vault creates a new version of a key: a retry would create another one."""
ONLY_READS = _READS
"""For `retry_on_methods` of a write that its step retries itself, after reading the current state."""


class Retrying(policies.AsyncRetryPolicy[Any, Any]):
    """Retries requests. Its own pauses are in Azure's time; those that Azure asks for are in real time."""

    def __init__(self, clock: Clock, timeouts: Timeouts, repeats: frozenset[str]) -> None:
        super().__init__(
            retry_total=7,
            retry_status=6,
            retry_read=4,
            retry_connect=4,
            retry_backoff_factor=0.8,
            retry_backoff_max=30,
        )
        self._clock, self._timeouts, self._repeats = clock, timeouts, repeats

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of one request; its own `retry_on_methods` takes precedence."""
        special = "retry_on_methods" in options
        settings: dict[str, Any] = super().configure_retries(options)
        if not special:
            settings["methods"] = self._repeats
        return settings | {"retry_throttled": not special, "waited": 0.0}

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
        """Wait before the next try, and send a notice."""
        del transport
        asked = self.asked(response) if response is not None else None
        pause = self._clock.scaled(self.get_backoff_time(settings)) if asked is None else asked
        settings["waited"] += pause
        last = settings["history"][-1]
        answer = last.http_response
        why = _said(last.error) if answer is None else f"HTTP {answer.status_code}"
        notify(RetryNotice(named(last.http_request), why, pause, asked is not None))
        await asyncio.sleep(pause)


def named(request: Any) -> str:
    """Return a short name of a request: its method and the last part of its path."""
    return f"{request.method} {urlsplit(request.url).path.rstrip('/').rpartition('/')[2]}"


def _said(error: Exception | None) -> str:
    return one_line(without_secret(str(error)) or type(error).__name__)[:200]

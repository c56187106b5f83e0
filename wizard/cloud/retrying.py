"""Asking again where that is safe and may help: how often, after what pause, and with a word about it.

azure-core's own policy also repeats a POST whose answer was a fault, which may have been carried out, and waits as long
as it is asked to, in silence. Imports the SDKs' core: late, by the door.
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

_PASSING = frozenset({408, TOO_MANY, 500, 502, 503, 504})
_READS = frozenset({"GET", "HEAD"})
_SAME_TWICE = _READS | {"PUT", "DELETE"}

ARM_REPEATS = _SAME_TWICE | {"PATCH", "POST"}
"""Every POST and PATCH that is sent to ARM here (registrations, questions, merges) comes to the same when it is sent twice."""
VAULT_REPEATS = _SAME_TWICE
"""A POST to a vault makes a new version of a key: sent again, it would make another one."""
ONLY_READS = _READS
"""For `retry_on_methods` of a write that its step repeats itself, after a look at what became of it."""


class Retrying(policies.AsyncRetryPolicy[Any, Any]):
    """Repeats requests. Pauses of its own are in Azure's time; those that Azure asks for are the wall's."""

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
        """The settings of one request; `retry_on_methods` given with it takes precedence."""
        special = "retry_on_methods" in options
        settings: dict[str, Any] = super().configure_retries(options)
        if not special:
            settings["methods"] = self._repeats
        return settings | {"refused_unread": not special, "waited": 0.0}

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether an answer is a reason to ask again."""
        answer = response.http_response
        if answer.status_code not in _PASSING or settings["total"] <= 0:
            return False
        untouched = answer.status_code == TOO_MANY and settings["refused_unread"]
        if response.http_request.method not in settings["methods"] and not untouched:
            return False
        return bool(settings["waited"] + (self.asked(response) or 0) <= self._timeouts.throttling)

    def asked(self, response: PipelineResponse[Any, Any]) -> float | None:
        """The seconds that an answer asks to wait, where it does."""
        try:
            seconds = self.get_retry_after(response)
        except (ValueError, OverflowError):  # neither a number nor a date
            return None
        return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None

    async def sleep(
        self, settings: dict[str, Any], transport: Any, response: PipelineResponse[Any, Any] | None = None
    ) -> None:
        """The pause before the next try, with a word about it."""
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
    """A request in a few words: its method and the last part of its path."""
    return f"{request.method} {urlsplit(request.url).path.rstrip('/').rpartition('/')[2]}"


def _said(error: Exception | None) -> str:
    return one_line(without_secret(str(error)) or type(error).__name__)[:200]

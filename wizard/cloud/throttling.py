"""The throttling that services report, so that a sweep can wait and a screen can say why."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

TOO_MANY = 429
MOST_TRIES = 5
"""Retries of a read for many clusters after a 429 that outlasted the pipeline's own retries."""
_UNSAID = 5.0
"""Seconds to wait if a 429 gives no time; AKS and ARM give one (docs/azure.md#refusals-of-the-aks-resource-provider)."""


@dataclass
class Throttling:
    """How often a service asked to wait, and until when. Seconds are real time, as in `Retry-After`."""

    times: int = 0
    _until: float = 0.0

    def record(self, seconds: float) -> None:
        """Record that a service asked to wait that many seconds."""
        self.times += 1
        self.hold(seconds)

    def hold(self, seconds: float) -> None:
        """Wait that many seconds before the next request, for example because a quota is used up."""
        self._until = max(self._until, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until requests may continue; 0 if they may now."""
        return max(0.0, self._until - time.monotonic())

    async def wait(self) -> None:
        """Return when no service asks to wait."""
        while self.left:  # noqa: ASYNC110 - the end moves if a service asks for more
            await asyncio.sleep(self.left)


def retry_after(headers: Mapping[str, str], unsaid: float = _UNSAID) -> float:
    """Return the seconds that a response asks to wait: `x-ms-retry-after-ms`, `Retry-After`, or a guess if it has neither."""
    for name, unit in (("x-ms-retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) / unit)
        except ValueError:  # missing, or a date, which neither ARM nor Resource Graph sends
            continue
    return unsaid

"""What the services say about too many requests: written down, so that a sweep can hold back and a screen can say why."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

TOO_MANY = 429
MOST_TRIES = 5
"""Times that many clusters' questions are asked again after a 429 that outlasted the SDK's own retries."""
_UNSAID = 5.0
"""Seconds to hold back where a 429 names no time; AKS's and ARM's name one (AZURE.md §1a)."""


@dataclass
class Throttling:
    """How often a service asked to wait, and until when. Seconds are those of the wall: `Retry-After` counts them too."""

    times: int = 0
    _until: float = 0.0

    def heard(self, seconds: float) -> None:
        """A service asked to wait that long."""
        self.times += 1
        self.hold(seconds)

    def hold(self, seconds: float) -> None:
        """Hold back for that long, for example because a quota is used up."""
        self._until = max(self._until, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until requests may go on; 0 where they may now."""
        return max(0.0, self._until - time.monotonic())

    async def passed(self) -> None:
        """Return once nobody asks to wait any more."""
        while self.left:  # noqa: ASYNC110 - the end of a wait moves when somebody asks for more of it
            await asyncio.sleep(self.left)


def retry_after(headers: Mapping[str, str], unsaid: float = _UNSAID) -> float:
    """The seconds that an answer asks to wait: `x-ms-retry-after-ms`, `Retry-After`, or a guess where it names neither."""
    for name, unit in (("x-ms-retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) / unit)
        except ValueError:  # not there, or a date, which neither ARM nor Resource Graph sends
            continue
    return unsaid

"""The engine's clock: every wait goes through it, so that a simulated Azure can run faster than real time."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """A clock that runs `speed` times faster than real time; `math.inf` means no waiting.

    Every duration that is given or returned is in seconds of Azure's time: a five-minute wait is `sleep(300)` at any
    speed, and a step that took Azure four minutes reports 240.
    """

    speed: float = 1.0
    _start: float = field(default_factory=time.monotonic)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Clock":
        """Return a clock with the speed in `AKS_KMS_SPEED` (a number or `max`), or real time if it is not set.

        Raise ValueError if the variable is neither.
        """
        return cls(parse_speed(environment.get("AKS_KMS_SPEED", "1")))

    def elapsed(self) -> float:
        """Return the seconds since this clock was created."""
        wall = time.monotonic() - self._start
        return wall if math.isinf(self.speed) else wall * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds; at infinite speed, only yield to other tasks."""
        await asyncio.sleep(0 if math.isinf(self.speed) else max(0.0, seconds) / self.speed)

    async def tries(self, every: float, within: float) -> AsyncIterator[float]:
        """Yield the seconds spent so far: immediately, then every `every` seconds until `within` seconds have passed.

        The time that each try takes counts as well as the waits between them. At infinite speed there is no waiting, but
        there are as many tries as if each took no time.
        """
        started = self.elapsed()
        yield 0.0
        for _ in range(int(within // every)):
            left = within - (self.elapsed() - started)
            if left <= 0 and not math.isinf(self.speed):
                return
            await self.sleep(min(every, left))
            yield self.elapsed() - started

    def scaled(self, seconds: float) -> float:
        """Return a duration in real time, for a timeout that a library takes."""
        return 0.0 if math.isinf(self.speed) else seconds / self.speed

    def age(self, moment: datetime, now: datetime | None = None) -> float:
        """Return the seconds since a time that Azure gave; infinite at infinite speed.

        `now` is the time on Azure's clock, if it is known to differ from this machine's.
        """
        if math.isinf(self.speed):
            return math.inf
        return max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds() * self.speed)


def parse_speed(text: str) -> float:
    """Return `60` as 60.0 and `max` as infinity. Raise ValueError for anything else, and for numbers not above 0."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0 or math.isnan(speed):
        raise ValueError(f"{text!r} is not a speed: give a number above 0, or max")
    return speed

"""Time as the engine sees it: one place to wait, so that a simulated Azure can run faster than real life."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """A clock that runs `speed` times faster than the one on the wall; `math.inf` means: never wait.

    Every duration that goes in or comes out is in seconds of Azure's time, so a five-minute wait is `sleep(300)`
    whatever the speed, and a step that took Azure four minutes reports 240.
    """

    speed: float = 1.0
    _start: float = field(default_factory=time.monotonic)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Clock":
        """The clock that `AKS_KMS_SPEED` asks for (a number, or `max`); real time where it is not set.

        Raises ValueError where the variable holds neither.
        """
        return cls(parse_speed(environment.get("AKS_KMS_SPEED", "1")))

    def elapsed(self) -> float:
        """Seconds since this clock was made."""
        wall = time.monotonic() - self._start
        return wall if math.isinf(self.speed) else wall * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that long; at infinite speed only let others run."""
        await asyncio.sleep(0 if math.isinf(self.speed) else max(0.0, seconds) / self.speed)

    async def tries(self, every: float, within: float) -> AsyncIterator[float]:
        """Yield the seconds spent so far: at once, then every so many seconds until so many are used up.

        What is done at each try counts as well as the waits between them. At infinite speed nothing is waited for, but
        there are just as many tries as where each takes no time.
        """
        begun = self.elapsed()
        yield 0.0
        for _ in range(int(within // every)):
            left = within - (self.elapsed() - begun)
            if left <= 0 and not math.isinf(self.speed):
                return
            await self.sleep(min(every, left))
            yield self.elapsed() - begun

    def scaled(self, seconds: float) -> float:
        """The same duration on the wall's clock: for time-outs given to a library."""
        return 0.0 if math.isinf(self.speed) else seconds / self.speed

    def age(self, moment: datetime, now: datetime | None = None) -> float:
        """Seconds that have passed since a moment that Azure named; infinite where nothing is ever waited for.

        `now` is the time on Azure's clock, where it is known to be another than this machine's.
        """
        if math.isinf(self.speed):
            return math.inf
        return max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds() * self.speed)


def parse_speed(text: str) -> float:
    """`60` -> 60.0, `max` -> infinity. Raises ValueError for anything else, and for what is not above zero."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0 or math.isnan(speed):
        raise ValueError(f"{text!r} is not a speed: give a number above 0, or max")
    return speed

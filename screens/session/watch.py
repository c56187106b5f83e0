"""A watch on something that is looked at again and again: since when, how often, and when next."""

import time
from datetime import datetime

from wizard.reports.wording import count, duration
from wizard.verification.verdict import Verdict


class Watch:
    """A watch that waits for the verdict to change."""

    def __init__(self, verdict: Verdict, seconds: float) -> None:
        """`seconds` until the first look."""
        self.verdict = verdict
        self.since = datetime.now().astimezone().strftime("%H:%M:%S")
        self.looks = 0
        self._next = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the next look."""
        return self._next - time.monotonic()

    def words(self, room: int) -> str:
        """Since when it watches, how often it has looked, and when it looks next, in so many columns if that can be."""
        looks, left = count(self.looks, "look"), duration(max(0, self.left))
        whole = f"watching since {self.since} · {looks} · again in {left}"
        return whole if len(whole) <= room else f"since {self.since[:5]} · {looks} · next in {left}"

    def looked(self, seconds: float) -> None:
        """It has looked; the next look is so many seconds from now."""
        self.looks += 1
        self._next = time.monotonic() + seconds

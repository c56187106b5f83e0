"""A watch that verifies a cluster repeatedly: since when, how often, and when next."""

import time
from datetime import datetime

from wizard.reports.wording import count, duration
from wizard.verification.verdict import Verdict


class Watch:
    """A watch that waits for the verdict to change."""

    def __init__(self, verdict: Verdict, seconds: float) -> None:
        """`seconds` until the first check."""
        self.verdict = verdict
        self.since = datetime.now().astimezone().strftime("%H:%M:%S")
        self.checks = 0
        self._next = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the next check."""
        return self._next - time.monotonic()

    def words(self, room: int) -> str:
        """Return since when, how often and when next, in at most `room` columns if possible."""
        done, left = count(self.checks, "check"), duration(max(0, self.left))
        whole = f"watching since {self.since} · {done} · next in {left}"
        return whole if len(whole) <= room else f"since {self.since[:5]} · {done} · next in {left}"

    def checked(self, seconds: float) -> None:
        """Count a check; the next one is due in this many seconds."""
        self.checks += 1
        self._next = time.monotonic() + seconds

"""The difference between this computer's clock and Azure's, from the `Date` header of its responses. Ages of resources use it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LARGE = 300.0


@dataclass
class Skew:
    """Azure's clock minus this computer's, in seconds; 0 before the first response."""

    seconds: float = 0.0

    def record(self, date: str) -> None:
        """Record the `Date` of a response that has just arrived."""
        try:
            self.seconds = (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):  # no date, or one without a zone
            return

    def now(self) -> datetime:
        """Return the time on Azure's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    @property
    def warning(self) -> str:
        """A sentence if the difference is large; otherwise empty."""
        if abs(self.seconds) < _LARGE:
            return ""
        way = "behind" if self.seconds > 0 else "ahead of"
        return f"this computer's clock is {abs(self.seconds) / 60:.0f} minutes {way} Azure's; Azure's clock is used"

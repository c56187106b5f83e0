"""How far this machine's clock is from Azure's, by the dates of its answers: what Azure dates is aged by Azure's clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_WORTH_TELLING = 300.0


@dataclass
class Skew:
    """Azure's clock minus this machine's, in seconds; 0 until an answer has come."""

    seconds: float = 0.0

    def heard(self, date: str) -> None:
        """An answer came just now, with this `Date`."""
        try:
            self.seconds = (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):  # no date, or one without a zone
            return

    def now(self) -> datetime:
        """The time on Azure's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    @property
    def warning(self) -> str:
        """A sentence where the difference is large; empty where it is not."""
        if abs(self.seconds) < _WORTH_TELLING:
            return ""
        way = "behind" if self.seconds > 0 else "ahead of"
        return f"this machine's clock is {abs(self.seconds) / 60:.0f} minutes {way} Azure's, which is gone by here"

"""The progress of a sweep, for a line on stderr or on the screen."""

from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.throttling import Throttling
from wizard.errors import Problem
from wizard.system.clock import Clock


@dataclass
class Progress:
    """What has been read so far."""

    throttling: Throttling = field(default_factory=Throttling)
    subscriptions: int = 0
    """Subscriptions to list."""
    listed: int = 0
    """Subscriptions that have been listed, successfully or not."""
    expected: int | None = None
    """Clusters in Resource Graph; None before its first response, or if it could not be queried."""
    clusters: int = 0
    """Clusters read."""
    unreadable: int = 0
    """Subscriptions that could not be listed."""
    kinds: Counter[EncryptionKind] = field(default_factory=Counter)
    """Clusters read, by state of encryption."""
    graph_problem: Problem | None = None
    """Why Resource Graph could not be queried. Every subscription is listed without it."""
    fitting: int = 0
    """Clusters that match the filters."""
    other_groups: set[str] = field(default_factory=set)
    """Resource groups and regions of the other clusters: suggestions for a filter that matches nothing."""
    other_locations: set[str] = field(default_factory=set)
    cut_off: bool = False
    """Whether Resource Graph covered the first 10,000 subscriptions only."""
    _clock: Clock = field(default_factory=Clock)
    _ended: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of real time since the sweep started, until now or its end."""
        return self._clock.elapsed() if self._ended is None else self._ended

    @property
    def rate(self) -> float:
        """Clusters read per second."""
        return self.clusters / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at this rate; None if unknown."""
        if self.expected is None or self.clusters < 100 or self.rate <= 0:
            return None
        return max(0, self.expected - self.clusters) / self.rate

    def end(self) -> None:
        """Record the end of the sweep."""
        self._ended = self._clock.elapsed()

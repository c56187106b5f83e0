"""How far a sweep has come: counted while it goes on, for a line on stderr or on the screen."""

from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.throttling import Throttling
from wizard.errors import Problem
from wizard.system.clock import Clock


@dataclass
class Progress:
    """What has been read so far, of how much."""

    throttling: Throttling = field(default_factory=Throttling)
    subscriptions: int = 0
    """Subscriptions to list."""
    listed: int = 0
    """Subscriptions that have been listed, whether that succeeded or not."""
    expected: int | None = None
    """Clusters that Resource Graph knows; None until it has answered, or where it could not be asked."""
    clusters: int = 0
    """Clusters read."""
    unreadable: int = 0
    """Subscriptions that could not be listed."""
    kinds: Counter[EncryptionKind] = field(default_factory=Counter)
    """Clusters read, by how they are encrypted."""
    graph_problem: Problem | None = None
    """Why Resource Graph could not be asked; everything is listed all the same."""
    fitting: int = 0
    """Clusters that are wanted."""
    other_groups: set[str] = field(default_factory=set)
    """Resource groups of clusters that are not wanted, and their regions: what a filter that fits nothing may have meant."""
    other_locations: set[str] = field(default_factory=set)
    cut_off: bool = False
    """Resource Graph looked at the first 10,000 subscriptions only; the others are listed without its help."""
    _clock: Clock = field(default_factory=Clock)
    _ended: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds on the wall since the sweep began, until now or its end."""
        return self._clock.elapsed() if self._ended is None else self._ended

    @property
    def rate(self) -> float:
        """Clusters read a second."""
        return self.clusters / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at this rate; None where that cannot be said."""
        if self.expected is None or self.clusters < 100 or self.rate <= 0:
            return None
        return max(0, self.expected - self.clusters) / self.rate

    def end(self) -> None:
        """The sweep has ended."""
        self._ended = self._clock.elapsed()

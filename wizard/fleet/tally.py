"""What a sweep amounts to: how many clusters hold, how many do not, and what nobody could look at."""

from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.encryption import EncryptionKind
from wizard.verification.report import ClusterReport


@dataclass
class Tally:
    """Counted as verdicts come."""

    passed: int = 0
    warned: int = 0
    """Of the passed ones, those of which something warns."""
    failed: int = 0
    uncertain: int = 0
    """Of the failed ones, those that do not pass for one reason alone: an operation on them is under way."""
    unreadable: int = 0
    """Clusters and subscriptions that could not be read."""
    kinds: Counter[EncryptionKind] = field(default_factory=Counter)

    def count(self, report: ClusterReport) -> None:
        """One more cluster."""
        self.kinds[report.encryption] += 1
        self.warned += report.outcome == "warning"
        self.uncertain += report.outcome == "unknown"
        if report.passed:
            self.passed += 1
        else:
            self.failed += 1

    @property
    def clusters(self) -> int:
        """Clusters with a verdict."""
        return self.passed + self.failed

    @property
    def holds(self) -> bool:
        """Whether there is something, and all of it is as it should be: what could not be read is never taken for good."""
        return self.passed > 0 and not self.failed and not self.unreadable

    def __str__(self) -> str:
        warned = f", {self.warned:,} of them with warnings" if self.warned else ""
        words = [f"{self.passed:,} of {self.clusters:,} passed{warned}"]
        words += [f"{self.uncertain:,} not certain yet"] if self.uncertain else []
        words += [f"{self.unreadable:,} could not be read"] if self.unreadable else []
        return "; ".join(words)

    def to_json(self) -> dict[str, int]:
        """`summary` in `verify -o json`: what could not be read, and what is not certain yet, counts as failed."""
        failed = self.failed + self.unreadable
        return {
            "total": self.passed + failed,
            "passed": self.passed,
            "failed": failed,
            "warned": self.warned,
            "uncertain": self.uncertain,
            "unreadable": self.unreadable,
        }

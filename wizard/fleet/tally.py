"""What a sweep amounts to: how many clusters hold, how many do not, and what nobody could look at."""

from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.encryption import EncryptionKind
from wizard.verification.report import ClusterReport


@dataclass
class Tally:
    """Counted as verdicts come."""

    passed: int = 0
    failed: int = 0
    unreadable: int = 0
    """Clusters and subscriptions that could not be read."""
    kinds: Counter[EncryptionKind] = field(default_factory=Counter)

    def count(self, report: ClusterReport) -> None:
        """One more cluster."""
        self.kinds[report.encryption] += 1
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
        unread = f"; {self.unreadable:,} could not be read" if self.unreadable else ""
        return f"{self.passed:,} of {self.clusters:,} passed{unread}"

    def to_json(self) -> dict[str, int]:
        """`summary` in `verify -o json`: what could not be read counts as failed."""
        failed = self.failed + self.unreadable
        return {"total": self.passed + failed, "passed": self.passed, "failed": failed}

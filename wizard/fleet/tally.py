"""The tally of a verification: how many clusters are verified, not verified, not certain or unreadable."""

from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.encryption import EncryptionKind
from wizard.errors import Problem
from wizard.verification.report import ClusterReport
from wizard.verification.verdict import TRANSIENT


@dataclass
class Tally:
    """Counts verdicts as they arrive."""

    passed: int = 0
    warned: int = 0
    """Of the passed ones, those with warnings."""
    failed: int = 0
    uncertain: int = 0
    """Of the failed ones, those whose verdict is not certain: no check failed, but one could not be made."""
    unreadable: int = 0
    """Clusters and subscriptions that could not be read."""
    transient: int = 0
    """Of those not certain or unreadable, those for which transient errors alone are the reason."""
    kinds: Counter[EncryptionKind] = field(default_factory=Counter)

    def count(self, report: ClusterReport) -> None:
        """Count a cluster."""
        self.kinds[report.encryption] += 1
        self.warned += report.outcome == "warning"
        self.uncertain += report.verdict == "not-certain"
        self.transient += report.transient
        if report.passed:
            self.passed += 1
        else:
            self.failed += 1

    def miss(self, problem: Problem) -> None:
        """Count a cluster or a subscription that could not be read."""
        self.unreadable += 1
        self.transient += problem.kind in TRANSIENT

    @property
    def clusters(self) -> int:
        """Clusters with a verdict."""
        return self.passed + self.failed

    @property
    def holds(self) -> bool:
        """Whether there are clusters, and all of them are verified: what could not be read never counts as good."""
        return self.passed > 0 and not self.failed and not self.unreadable

    @property
    def transient_only(self) -> bool:
        """Whether transient errors alone are the reason why not everything is verified."""
        return self.failed == self.uncertain and 0 < self.transient == self.uncertain + self.unreadable

    def __str__(self) -> str:
        warned = f", {self.warned:,} of them with warnings" if self.warned else ""
        words = [f"{self.passed:,} of {self.clusters:,} verified{warned}"]
        words += [f"{self.uncertain:,} not certain"] if self.uncertain else []
        words += [f"{self.unreadable:,} could not be read"] if self.unreadable else []
        return "; ".join(words)

    def to_json(self) -> dict[str, int]:
        """Return `summary` of `verify -o json`. What is not certain or could not be read counts as failed."""
        failed = self.failed + self.unreadable
        return {
            "total": self.passed + failed,
            "passed": self.passed,
            "failed": failed,
            "warned": self.warned,
            "uncertain": self.uncertain,
            "unreadable": self.unreadable,
        }

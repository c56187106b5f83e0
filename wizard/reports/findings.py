"""The results of `verify` on one or many clusters, as the report writers take them."""

from dataclasses import dataclass, field

from wizard.errors import Problem
from wizard.fleet.tally import Tally
from wizard.verification.provenance import Provenance
from wizard.verification.report import ClusterReport


@dataclass(frozen=True)
class Missed:
    """A cluster or a subscription that could not be read."""

    id: str
    name: str
    problem: Problem


@dataclass
class Findings:
    """Every result. With `--failed`, `tally` also counts the clusters that are left out of `reports`."""

    arm: str = "https://management.azure.com"
    """The URL of Azure Resource Manager, to which resource ids belong."""
    provenance: Provenance | None = None
    """When reading began, by whom, in which cloud and with which tool; None without a connection."""
    reports: list[ClusterReport] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Ids of clusters that Resource Graph lists but that no longer exist."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of_one(cls, report: ClusterReport, arm: str) -> "Findings":
        """Return the findings that hold one report."""
        found = cls(arm, report.provenance, [report])
        found.tally.count(report)
        return found

    def in_order(self) -> "Findings":
        """Sort by id, so that two sweeps over the same clusters write the same, and return itself."""
        self.reports.sort(key=lambda report: report.id.casefold())
        self.missed.sort(key=lambda missed: missed.id.casefold())
        self.gone.sort()
        return self

"""What `verify` found, on one cluster or on many, for the files that write it down."""

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
    """All of it, kept. `tally` also counts what is not kept because only failures were asked for."""

    arm: str = "https://management.azure.com"
    """The address under which resource ids mean something."""
    provenance: Provenance | None = None
    """When the reading began, by whom, where and with what; None for a report of an earlier version."""
    reports: list[ClusterReport] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Ids that Resource Graph still shows, of clusters that are not there any more."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of_one(cls, report: ClusterReport, arm: str) -> "Findings":
        """One cluster's report as the whole of it."""
        found = cls(arm, report.provenance, [report])
        found.tally.count(report)
        return found

    def in_order(self) -> "Findings":
        """Itself, sorted by id, so that two sweeps over the same clusters write the same."""
        self.reports.sort(key=lambda report: report.id.casefold())
        self.missed.sort(key=lambda missed: missed.id.casefold())
        self.gone.sort()
        return self

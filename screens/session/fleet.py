"""What the fleet overview has found: each cluster with its verdict, and how far the sweep has come."""

import json
from dataclasses import dataclass, field

from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.fleet.judging import Judged, Verdict
from wizard.fleet.progress import Progress
from wizard.fleet.sweep import Gone
from wizard.fleet.tally import Tally
from wizard.reports.findings import Findings, Missed
from wizard.reports.text import against, codes
from wizard.verification.report import ClusterReport, Depth, Outcome


@dataclass(frozen=True, slots=True)
class Shown:
    """One cluster with what the page shows of its verdict. The whole report is kept as text, because ten thousand reports as
    objects would make the garbage collector stop the app for half a second each time.
    """

    row: ClusterRow
    outcome: Outcome
    wrong: tuple[str, ...]
    """The messages of failed checks, then of warnings."""
    codes: str
    """The first code of them and the number of the others: `key-exists +2`."""
    report: str
    """The report as JSON."""

    @property
    def passed(self) -> bool:
        """Whether the cluster is verified."""
        return self.outcome in {"passed", "warning"}

    @classmethod
    def of(cls, judged: Judged) -> "Shown":
        """Return the line for a verdict."""
        report = judged.report
        wrong = [*report.against]
        wrong += [check for check in report.checks if check.outcome == "warning" and check not in wrong]
        return cls(
            judged.row,
            report.outcome,
            tuple(check.message for check in wrong),
            codes(against(report)),
            json.dumps(report.to_json()),
        )


Line = Shown | Unreadable


@dataclass
class Fleet:
    """All that a sweep has found so far. The session keeps it, so that returning to the page shows it at once."""

    depth: Depth = "basic"
    progress: Progress = field(default_factory=Progress)
    tally: Tally = field(default_factory=Tally)
    lines: list[Line] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    complete: bool = False
    """Whether the sweep has ended; an incomplete one is started again."""

    def take(self, verdict: Verdict) -> Line | None:
        """Add a verdict. Return its line, if it has one."""
        if isinstance(verdict, Gone):
            self.gone.append(verdict.id)
            return None
        line: Line
        if isinstance(verdict, Judged):
            self.tally.count(verdict.report)
            line = Shown.of(verdict)
        else:
            self.tally.miss(verdict.problem)
            line = verdict
        self.lines.append(line)
        return line

    def findings(self, lines: list[Line], arm: str) -> Findings:
        """Return what was found as `aks-kms verify --all` has it, of these lines alone. `arm` is the address of the cloud."""
        found = Findings(arm, gone=list(self.gone), tally=self.tally)
        for line in lines:
            if isinstance(line, Shown):
                found.reports.append(ClusterReport.from_json(json.loads(line.report)))
            else:
                found.missed.append(Missed(line.id, line.name, line.problem))
        read = [report.provenance for report in found.reports if report.provenance]
        found.provenance = min(read, key=lambda each: each.read_at, default=None)
        return found.in_order()

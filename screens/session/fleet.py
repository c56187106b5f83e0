"""What the fleet overview has found: each cluster with its verdict, and how far the sweep has come."""

import json
from dataclasses import dataclass, field

from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.fleet.judging import Judged, Verdict
from wizard.fleet.progress import Progress
from wizard.fleet.sweep import Gone
from wizard.fleet.tally import Tally
from wizard.reports.findings import Findings, Missed
from wizard.verification.report import ClusterReport, Depth, Outcome


@dataclass(frozen=True, slots=True)
class Shown:
    """One cluster with what the screen shows of its verdict. The whole report is kept as text: ten thousand of them as
    objects are what the garbage collector would stop the screen for, half a second each time."""

    row: ClusterRow
    outcome: Outcome
    wrong: tuple[str, ...]
    """What failed, is not certain or warns, each as a sentence, in this order."""
    report: str
    """The report as JSON."""

    @property
    def passed(self) -> bool:
        """Whether the verdict is that secrets are encrypted as they should be."""
        return self.outcome in {"passed", "warning"}

    @classmethod
    def of(cls, judged: Judged) -> "Shown":
        """From a verdict."""
        report = judged.report
        wrong = [*report.against]
        wrong += [check for check in report.checks if check.outcome == "warning" and check not in wrong]
        return cls(
            judged.row, report.outcome, tuple(check.message for check in wrong), json.dumps(report.to_json())
        )


Line = Shown | Unreadable


@dataclass
class Fleet:
    """All that a sweep has found so far. Kept by the app, so that coming back to the screen shows it at once."""

    depth: Depth = "basic"
    progress: Progress = field(default_factory=Progress)
    tally: Tally = field(default_factory=Tally)
    lines: list[Line] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    complete: bool = False
    """The sweep went to its end; one that was left half-way is begun again."""

    def take(self, verdict: Verdict) -> Line | None:
        """One more verdict; the line that it makes, if it makes one."""
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

"""What the fleet overview has found: each cluster with its verdict, and how far the sweep has come."""

import gc
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field

from wizard.cloud.inventory import Unreadable
from wizard.fleet.progress import Progress
from wizard.fleet.sweep import Gone
from wizard.fleet.tally import Tally
from wizard.fleet.verify import FleetEntry, FleetResult
from wizard.reports.findings import Findings, Missed
from wizard.reports.fleet_columns import WIDE, Listed
from wizard.reports.text import causes_first, reasons_of
from wizard.verification.report import ClusterReport, Depth


@dataclass(frozen=True, slots=True)
class Shown(Listed):
    """One cluster with what the page shows of its verdict. The whole report is kept as compressed text: ten thousand as objects
    would make the garbage collector stop the app for half a second each time, and fifty thousand as text need 250 MB.
    """

    wrong: tuple[str, ...]
    """The messages of failed checks, then of warnings."""
    report: bytes
    """The report as JSON, compressed."""

    @classmethod
    def of(cls, entry: FleetEntry) -> "Shown":
        """Return the line for a verdict."""
        report = entry.report
        wrong = causes_first(report)
        wrong += [check for check in report.checks if check.outcome == "warning" and check not in wrong]
        return cls(
            entry.row,
            report.outcome,
            report.verdict,
            reasons_of(report),
            entry.in_graph,
            tuple(check.message for check in wrong),
            zlib.compress(json.dumps(report.to_json()).encode(), 1),
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
    longest: Counter[str] = field(default_factory=Counter)
    """The length of the longest text of each column."""
    complete: bool = False
    """Whether the sweep has ended; an incomplete one is started again."""

    def take(self, verdict: FleetResult) -> Line | None:
        """Add a verdict. Return its line, if it has one."""
        if isinstance(verdict, Gone):
            self.gone.append(verdict.id)
            return None
        line: Line
        if isinstance(verdict, FleetEntry):
            self.tally.count(verdict.report)
            line = Shown.of(verdict)
        else:
            self.tally.miss(verdict.problem)
            line = verdict
        self.lines.append(line)
        if len(self.lines) % 2_000 == 0:
            gc.freeze()  # of fifty thousand lines, which live as long as the page, a search for garbage takes half a second
        for column in WIDE:
            self.longest[column.key] = max(self.longest[column.key], len(column.shown(line)))
        return line

    def findings(self, lines: list[Line], arm: str) -> Findings:
        """Return what was found as `aks-kms verify --all` has it, of these lines alone. `arm` is the address of the cloud."""
        found = Findings(arm, gone=list(self.gone), tally=self.tally)
        for line in lines:
            if isinstance(line, Shown):
                found.reports.append(ClusterReport.from_json(json.loads(zlib.decompress(line.report))))
            else:
                found.missed.append(Missed(line.id, line.name, line.problem))
        read = [report.provenance for report in found.reports if report.provenance]
        found.provenance = min(read, key=lambda each: each.read_at, default=None)
        return found.in_order()

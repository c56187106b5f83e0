"""A cluster's report in plain lines: the verdict, each check with its evidence, what must be kept, what Azure returned."""

import json
from collections.abc import Sequence

from wizard.fleet.tally import Tally
from wizard.reports.table import table
from wizard.reports.wording import KINDS, OUTCOMES, VERDICTS, proves
from wizard.system.sanitize import one_line, sanitize
from wizard.verification.report import Check, ClusterReport


def report_text(report: ClusterReport) -> str:
    """The whole report on one cluster."""
    lines = [verdict(report), f"  {report.id}", f"  Kubernetes {report.kubernetes_version}"]
    lines += [f"  {what}: {words}" for what, words in report.provenance.rows] if report.provenance else []
    lines += ["", "Checks"]
    for check in report.checks:
        lines += _check(check)
    if report.keep:
        lines += ["", "Keep for ever", *(f"  ! {one_line(sentence)}" for sentence in report.keep)]
    profile = sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))
    lines += [
        "",
        "The security profile, as Azure returned it",
        *(f"  {line}" for line in profile.splitlines()),
    ]
    return "\n".join(lines)


def verdict(report: ClusterReport) -> str:
    """The verdict with its sign: what a manager reads."""
    return f"{'✓' if report.passed else VERDICTS[report.outcome][0]} {one_line(report.headline)}"


def overview(reports: Sequence[ClusterReport], tally: Tally) -> str:
    """One line for each cluster, and the sum of all that were looked at."""
    rows = [
        (
            VERDICTS[report.outcome][0],
            report.name,
            report.resource_group,
            KINDS[report.encryption],
            "; ".join(check.message for check in report.against),
        )
        for report in reports
    ]
    return (
        table(("", "CLUSTER", "RESOURCE GROUP", "ENCRYPTION", "FAILED, NOT CERTAIN OR WARNING"), rows)
        + f"\n\n{tally}"
    )


def _check(check: Check) -> list[str]:
    sign, word, _ = OUTCOMES[check.outcome]
    lines = [f"  {sign} {word:<8} {check.group:<11} {one_line(check.message)} [{check.code}]"]
    if check.evidence:
        lines.append(f"{'':<24}{one_line(check.evidence)}")
    if check.remedy:
        lines.append(f"{'':<24}what to do: {one_line(check.remedy)}")
    if told := proves(check):
        lines.append(f"{'':<24}{told[0]}: {one_line(told[1])}")
    return lines

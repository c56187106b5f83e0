"""A cluster's report as plain text: the verdict, each check with its evidence, what to keep, the security profile."""

import json
from collections.abc import Sequence

from wizard.fleet.tally import Tally
from wizard.reports.table import table
from wizard.reports.wording import KEEP, KINDS, OUTCOMES, VERDICTS, details
from wizard.system.sanitize import one_line, sanitize
from wizard.verification.report import Check, ClusterReport


def report_text(report: ClusterReport) -> str:
    """Return the whole report on one cluster."""
    lines = [verdict(report), f"  {report.id}", f"  Kubernetes {report.kubernetes_version}"]
    lines += [f"  {what}: {words}" for what, words in report.provenance.rows] if report.provenance else []
    lines += ["", "Checks"]
    for check in report.checks:
        lines += _check(check)
    if report.keep:
        lines += ["", KEEP, *(f"  ! {one_line(sentence)}" for sentence in report.keep)]
    profile = sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))
    lines += [
        "",
        "Security profile, as returned by Azure",
        *(f"  {line}" for line in profile.splitlines()),
    ]
    return "\n".join(lines)


def verdict(report: ClusterReport) -> str:
    """Return the headline with the sign of the verdict."""
    return f"{'✓' if report.passed else VERDICTS[report.outcome][0]} {one_line(report.headline)}"


def overview(reports: Sequence[ClusterReport], tally: Tally) -> str:
    """Return one line for each cluster, and the tally."""
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
    for label, text in details(check):
        lines.append(f"{'':<24}{label}: {one_line(text)}")
    return lines

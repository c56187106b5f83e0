"""Findings as JSON: one document, or a line for each cluster as it is found."""

from typing import Any

from wizard.reports.findings import Findings, Missed
from wizard.reports.strict_json import strict_json
from wizard.verification.audit import audit_checks, evidence_table
from wizard.verification.report import ClusterReport


def document(findings: Findings) -> str:
    """Return the output of `verify -o json`. What could not be read counts as failed and is listed under `unreadable`."""
    body: dict[str, Any] = {
        "provenance": findings.provenance.to_json() if findings.provenance else None,
        "clusters": [_cluster(report) for report in findings.reports],
        "summary": findings.tally.to_json(),
        "unreadable": [{"id": missed.id, "problem": missed.problem.to_json()} for missed in findings.missed],
        "gone": findings.gone,
        "audit_checks": [check.to_json() for check in audit_checks()],
    }
    return strict_json(body, indent=2)


def line(found: ClusterReport | Missed) -> str:
    """Return one cluster on one line; for a cluster or subscription that could not be read, its problem."""
    if isinstance(found, Missed):
        return strict_json(
            {"id": found.id, "passed": False, "verdict": "not-certain", "problem": found.problem.to_json()}
        )
    return strict_json(_cluster(found))


def _cluster(report: ClusterReport) -> dict[str, Any]:
    """Return one cluster, at depth `full` with what other tools will say of it: their names are in `audit_checks`."""
    if report.depth == "basic":
        return report.to_json()
    return {**report.to_json(), "evidence": [row.to_json() for row in evidence_table(report)]}

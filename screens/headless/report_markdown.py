"""Reports as Markdown, for a pull request, a ticket or an auditor."""

import json
import re
from collections.abc import Sequence

from screens.words import KINDS, OUTCOMES
from wizard.cloud.clean import clean, one_line
from wizard.verification.report import ClusterReport


def markdown(reports: Sequence[ClusterReport]) -> str:
    """One section for each cluster, an overview before several."""
    parts = ["# Encryption of Kubernetes secrets at rest"]
    if len(reports) > 1:
        rows = [
            f"| {_sign(report)} | {_plain(report.name)} | {_plain(report.resource_group)} | {KINDS[report.encryption]} |"
            for report in reports
        ]
        passed = sum(report.passed for report in reports)
        parts.append(
            "\n".join(["| | Cluster | Resource group | Encryption |", "| --- | --- | --- | --- |", *rows])
        )
        parts.append(f"{passed} of {len(reports)} passed.")
    parts += [_section(report) for report in reports]
    return "\n\n".join(parts)


def _section(report: ClusterReport) -> str:
    checks = []
    for check in report.checks:
        sign, word, _ = OUTCOMES[check.outcome]
        remedy = f" **What to do:** {_plain(check.remedy)}" if check.remedy else ""
        checks.append(
            f"| {sign} {word} | `{check.code}` | {_plain(check.message)}{remedy} | {_plain(check.evidence)} |"
        )
    lines = [
        f"## {_plain(report.name)}",
        "",
        f"**{_sign(report)}: {_plain(report.verdict)}**",
        "",
        f"- Cluster: {_code(report.id)}",
        f"- Kubernetes {_plain(report.kubernetes_version)}",
        "",
        "| Outcome | Check | What was found | Evidence |",
        "| --- | --- | --- | --- |",
        *checks,
    ]
    if report.keep:
        lines += ["", "Keep for ever:", "", *(f"- {_plain(sentence)}" for sentence in report.keep)]
    profile = clean(json.dumps(report.security_profile, indent=2, ensure_ascii=False))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", profile)), default=0))
    return "\n".join(
        [*lines, "", "The security profile, as Azure returned it:", "", f"{fence}json", profile, fence]
    )


def _sign(report: ClusterReport) -> str:
    return "✓ passed" if report.passed else "✗ failed"


def _plain(text: str) -> str:
    """Text from outside as text: nothing in it is Markdown, HTML or the end of a table's cell."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!$&])", r"\\\1", one_line(text))


def _code(text: str) -> str:
    """Text from outside as a code span."""
    inner = one_line(text).replace("|", "\\|")
    return f"`{inner}`" if "`" not in inner else _plain(inner)

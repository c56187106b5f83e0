"""Findings as Markdown, for a pull request, a ticket or an auditor."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from wizard.reports.evidence import TITLE, evidence_rows
from wizard.reports.findings import Findings, Missed
from wizard.reports.infrastructure_code import TITLE as CODE
from wizard.reports.infrastructure_code import code_lines
from wizard.reports.wording import KEEP, KINDS, OUTCOMES, VERDICTS, details
from wizard.system.sanitize import one_line, sanitize
from wizard.verification.audit import audit_checks
from wizard.verification.report import ClusterReport

MOST_SECTIONS = 50
"""The most clusters that have a section each. With more, the report is a table; JSON has the checks."""


def markdown(findings: Findings) -> str:
    """Return one section for each cluster, after an overview if there are several."""
    reports = findings.reports
    parts = ["# Encryption of Kubernetes secrets at rest"]
    if findings.provenance:
        parts.append("\n".join(f"- {what}: {plain(words)}" for what, words in findings.provenance.rows))
    if len(reports) != 1 or findings.missed:
        parts += _overview(findings)
    if len(reports) <= MOST_SECTIONS:
        parts += [_section(report) for report in reports]
        parts += [_audit_checks()] if any(report.depth == "full" for report in reports) else []
    return "\n\n".join(parts)


def _overview(findings: Findings) -> Iterable[str]:
    tally = findings.tally
    yield f"{tally}."
    if len(tally.kinds) > 1:
        yield _table(
            ("Encryption", "Clusters"),
            [(KINDS[kind], str(number)) for kind, number in tally.kinds.most_common()],
        )
    if findings.missed:
        yield "Could not be read:"
        yield "\n".join(f"- {_missed(missed)}" for missed in findings.missed)
    if findings.reports:
        failed = Counter(
            check.code
            for report in findings.reports
            for check in report.checks
            if check.outcome == "failed" or check.leaves_open
        )
        if len(findings.reports) > MOST_SECTIONS and failed:
            yield _table(
                ("Failed or not certain", "Clusters"),
                [(f"`{code}`", str(number)) for code, number in failed.most_common()],
            )
        yield _table(
            ("", "Cluster", "Resource group", "Subscription", "Encryption", "Failed, not certain or warning"),
            [_row(report) for report in findings.reports],
        )


def _row(report: ClusterReport) -> tuple[str, ...]:
    return (
        _sign(report),
        plain(report.name),
        plain(report.resource_group),
        plain(report.subscription),
        KINDS[report.encryption],
        ", ".join(f"`{check.code}`" for check in report.against),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _missed(missed: Missed) -> str:
    said = " ".join(filter(None, (missed.problem.summary, missed.problem.azure_said)))
    return f"{code(missed.id)}: {plain(said)}"


def _section(report: ClusterReport) -> str:
    checks = []
    for check in report.checks:
        sign, word, _ = OUTCOMES[check.outcome]
        more = "".join(
            f" **{label.capitalize()}:** {plain(text)}" for label, text in details(check, evidence=False)
        )
        checks.append(
            (f"{sign} {word}", f"`{check.code}`", f"{plain(check.message)}{more}", plain(check.evidence))
        )
    lines = [
        f"## {plain(report.name)}",
        "",
        f"**{_sign(report)}: {plain(report.headline)}**",
        "",
        f"- Cluster: {code(report.id)}",
        f"- Kubernetes {plain(report.kubernetes_version)}",
        "",
        _table(("Outcome", "Check", "Result", "Evidence"), checks),
    ]
    if report.depth == "full":
        rows = [tuple(map(plain, row)) for row in evidence_rows(report)]
        lines += ["", f"{TITLE}:", "", _table(("Check", "Says", "Why"), rows)]
    if report.keep:
        lines += ["", f"{KEEP}:", "", *(f"- {plain(sentence)}" for sentence in report.keep)]
    if said := code_lines(report.encryption, report.resource_group, report.name):
        lines += ["", f"{CODE}:", "", *(f"- {plain(sentence)}" for sentence in said)]
    profile = json.dumps(report.security_profile, indent=2, ensure_ascii=False)
    return "\n".join([*lines, "", "Security profile, as returned by Azure:", "", fenced(profile, "json")])


def _audit_checks() -> str:
    """Return what the other tools and standards test, and where that was read; once for all clusters."""
    rows = [
        (plain(each.title), plain(each.tests), f"{each.source} (read {each.read})") for each in audit_checks()
    ]
    return f"## What the other checks test\n\n{_table(('Check', 'Tests', 'Source'), rows)}"


def _sign(report: ClusterReport) -> str:
    sign, words, _ = VERDICTS[report.outcome]
    return f"{sign} {words}"


def plain(text: str) -> str:
    """Return external text escaped, so that none of it is Markdown, HTML or the end of a table cell."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!$&])", r"\\\1", one_line(text))


def fenced(text: str, language: str = "") -> str:
    """Return external text as a code block with a fence that it cannot close."""
    text = sanitize(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def code(text: str) -> str:
    """Return external text as a code span."""
    inner = one_line(text).replace("|", "\\|")
    return f"`{inner}`" if "`" not in inner else plain(inner)

"""The evidence table as text and as rows: what other tools and standards will say of a cluster."""

from collections.abc import Iterator

from wizard.system.sanitize import one_line
from wizard.verification.audit import Says, evidence_table
from wizard.verification.report import ClusterReport

TITLE = "What other tools and standards will say"
SAYS: dict[Says, tuple[str, str]] = {
    "compliant": ("✓", "compliant"),
    "non-compliant": ("✗", "non-compliant"),
    "manual-for": ("✓", "manual; the evidence supports it"),
    "manual-against": ("✗", "manual; the evidence contradicts it"),
    "manual": ("·", "manual; a person must weigh the evidence"),
    "not-certain": ("?", "not certain"),
}
"""Sign and words of each answer."""


def evidence_text(report: ClusterReport) -> str:
    """Return the table of one cluster as plain text, a block for each check."""
    lines = [f"{TITLE} about {one_line(report.name)}"]
    for row in evidence_table(report):
        sign, words = SAYS[row.says]
        lines.append(f"  {sign} {row.check.title}")
        about = (
            ("says", words),
            ("tests", row.check.tests),
            ("why", row.why),
            ("source", f"{row.check.source} (read {row.check.read})"),
        )
        lines += [f"      {label:<6}  {one_line(text)}" for label, text in about if text]
    return "\n".join(lines)


def evidence_rows(report: ClusterReport) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each check, what it says and why."""
    for row in evidence_table(report):
        yield row.check.title, " ".join(SAYS[row.says]), row.why

"""A verification as the files that the wizard saves: the same texts that `aks-kms verify` prints."""

from wizard.reports.findings import Findings
from wizard.reports.json_report import document
from wizard.reports.markdown import markdown


def saved(findings: Findings) -> dict[str, str]:
    """Return the findings as JSON and as Markdown, by file suffix."""
    return {".json": document(findings) + "\n", ".md": markdown(findings) + "\n"}

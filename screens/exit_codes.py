"""The exit codes of `aks-kms`, of the wizard and of every command."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.verification.report import ClusterReport

SUCCESS, FAILURE, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


def code_of_report(report: "ClusterReport") -> int:
    """Return the exit code of a verification. `not-certain` is 3 if transient errors alone are the reason, else 1."""
    return SUCCESS if report.passed else UNREACHABLE if report.transient else FAILURE

"""The result of `apply` as text: the verdict, what to keep, what is left to do, and where the report is."""

from collections.abc import Iterable, Iterator

from wizard.answers.model import Answers
from wizard.procedure.plan import Plan
from wizard.reports.text import Detail, problems_text, report_text, summary, verdict
from wizard.reports.wording import duration
from wizard.system.sanitize import one_line
from wizard.verification.report import ClusterReport

_FOLLOW_UPS = {
    "identity-moves": "Assign the new identity the roles that the old one has outside the node resource group.",
    "identity-replaced": "Assign the new identity the roles that the old one has outside the node resource group.",
    "identity-deleted": "Assign the re-created identity the roles that the deleted one had.",
}
"""What no run does, by the code of the warning in its plan."""


def result_text(
    report: ClusterReport,
    plan: Plan,
    answers: Answers,
    *,
    report_command: str,
    seconds: float | None,
    detail: Detail,
) -> str:
    """Return the result of a run that was verified, which took `seconds`.

    `report_command` prints its report; it is empty without a journal.
    """
    if detail:
        lines = [report_text(report, detail), ""]
    else:
        took = f" {duration(seconds)} elapsed." if seconds is not None else ""
        lines = [verdict(report), f"  {summary(report, 1)}{took}"]
        if problems := problems_text(report):
            lines += ["", *problems, ""]
        lines += _rows("Keep", _keep(answers))
    lines += _rows("To do", (*_follow_ups(plan), *plan.still_needed))
    lines += _rows("Report", [report_command] if report_command else [])
    return "\n".join(lines)


def _keep(answers: Answers) -> list[str]:
    """Return what the secrets depend on, in one line."""
    own = answers.customer_managed
    if own is None:
        return []
    vault, identity = own.vault.name, own.identity.name
    return [
        f"{vault}/{own.key.name} (all versions), the key vault {vault}, and {identity} with its role assignments"
    ]


def _follow_ups(plan: Plan) -> Iterator[str]:
    yield from (_FOLLOW_UPS[finding.code] for finding in plan.warnings if finding.code in _FOLLOW_UPS)


def _rows(label: str, texts: Iterable[str]) -> list[str]:
    """Return one line for each text, the first with the label."""
    return [f"  {'' if number else label:<8}{one_line(text)}" for number, text in enumerate(texts)]

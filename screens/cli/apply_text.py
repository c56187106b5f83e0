"""The result of `apply` as text: the verdict, what to keep, what is left to do, and where the report is."""

from collections.abc import Iterable

from wizard.answers.model import Answers
from wizard.procedure.plan import Plan
from wizard.reports.follow_up import follow_ups, keep_line
from wizard.reports.text import Detail, problems_text, report_text, summary, verdict
from wizard.reports.wording import duration
from wizard.system.sanitize import one_line
from wizard.verification.report import ClusterReport


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
        lines += _rows("Keep", filter(None, [keep_line(answers)]))
    lines += _rows("To do", (*follow_ups(each.code for each in plan.warnings), *plan.still_needed))
    lines += _rows("Report", [report_command] if report_command else [])
    return "\n".join(lines)


def _rows(label: str, texts: Iterable[str]) -> list[str]:
    """Return one line for each text, the first with the label."""
    return [f"  {'' if number else label:<8}{one_line(text)}" for number, text in enumerate(texts)]

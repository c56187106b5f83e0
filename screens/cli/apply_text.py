"""The result of `apply` as text: the verdict, what to keep, what is left to do, and where the report is; or what failed."""

from collections.abc import Iterable, Iterator, Sequence

from screens.cli.interruption_notice import notice_lines
from screens.cli.options import Settings
from screens.cli.outcome import problem_text
from wizard.answers.model import Answers
from wizard.procedure.plan import Plan
from wizard.procedure.run import Run
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


def failure_lines(
    run: Run, plan: Plan, in_flight: Sequence[str], run_id: str, settings: Settings
) -> Iterator[str]:
    """Yield the lines about a run that failed: each step that failed with its problem, the state, and what to do next.

    `in_flight`: sentences about requests that were started and not seen to end; `run_id` is empty without a journal.
    """
    numbers = {step.key: number for number, step in enumerate(plan.steps, 1)}
    failed = [key for key, state in run.statuses.items() if state == "failed"]
    name = plan.cluster_id.rpartition("/")[2]
    for key in failed:
        head = f"✗ {name}: step {numbers[key]} of {len(numbers)} failed ({key})."
        problem = run.problems.get(key)
        first, *rest = problem_text(problem).splitlines() if problem else ("✗",)
        yield f"{head} {first.removeprefix('✗').strip()}".rstrip()
        if key == "cluster":
            yield "  It is not certain whether its secrets are encrypted."
        yield from rest
    if "cluster" in failed and settings.simulate is None:
        yield f"  To find out:    {settings.command('verify', '--id', plan.cluster_id)}"
    yield from (f"  {line}" for line in notice_lines(in_flight, run_id, settings))


def _rows(label: str, texts: Iterable[str]) -> list[str]:
    """Return one line for each text, the first with the label."""
    return [f"  {'' if number else label:<8}{one_line(text)}" for number, text in enumerate(texts)]

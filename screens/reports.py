"""Reports to be saved, as plain Markdown."""

import json
from typing import TYPE_CHECKING

from screens.headless.report_markdown import code, fenced, plain
from screens.words import OUTCOMES, STEP_STATES, duration

if TYPE_CHECKING:
    from screens.fleet_rows import Fleet, Line
    from screens.headless.findings import Findings
    from screens.running import ActiveRun
    from wizard.cloud.arm import Json
    from wizard.journal import RecordedRun
    from wizard.verification.report import ClusterReport


def run_report(active: "ActiveRun") -> str:
    """What a run did, what failed, and its whole log."""
    lines = [
        f"# {plain(active.plan.title)}",
        "",
        f"- cluster: {code(active.plan.cluster_id)}",
        f"- plan: `{active.plan.digest}`",
        f"- from: {plain(active.plan.moves[0])}",
        f"- to: {plain(active.plan.moves[1])}",
        f"- outcome: {active.status or 'under way'}, after {duration(active.elapsed)}",
        *([f"- the cluster now: {plain(active.cluster_now)}"] if active.cluster_now else []),
        "",
        "## Steps",
        "",
    ]
    for key, progress in active.steps.items():
        sign, word, _ = STEP_STATES[progress.status]
        spent = active.spent(progress)
        took = f" ({duration(spent)})" if spent is not None else ""
        lines.append(f"- {sign} `{key}` {progress.step.title}: {word or progress.status}{took}")
    if problem := active.problem:
        lines += ["", "## What failed", "", plain(problem.summary)]
        for label, text in (
            ("Azure said", " ".join(filter(None, (problem.code, problem.azure_said)))),
            ("likely cause", problem.cause),
            ("what to do", problem.remedy),
            ("correlation id", problem.correlation_id),
        ):
            if text:
                lines.append(f"- {label}: {plain(text)}")
    lines += afterwards(active.plan.to_json())
    lines += ["", "## Log", "", fenced("\n".join(str(line) for line in active.log)), ""]
    return "\n".join(lines)


def fleet_reports(lines: "list[Line]", fleet: "Fleet", arm: str) -> dict[str, str]:
    """These lines of a fleet as JSON and as Markdown, by suffix, as `aks-kms verify --all` writes them."""
    from screens.fleet_rows import Shown
    from screens.headless.findings import Findings, Missed
    from wizard.verification.report import ClusterReport

    found = Findings(arm, gone=list(fleet.gone), tally=fleet.tally)
    for line in lines:
        if isinstance(line, Shown):
            found.reports.append(ClusterReport.from_json(json.loads(line.report)))
        else:
            found.missed.append(
                Missed(f"/subscriptions/{line.subscription_id}", line.subscription_name, line.problem)
            )
    return _written(found.in_order())


def afterwards(plan: "Json") -> list[str]:
    """What a plan leaves to its operator, as Markdown; from the plan's shape in `plan -o json`."""
    lines = []
    for heading, key in (
        ("Keep for ever", "keep"),
        ("Still needed", "still_needed"),
        ("May be cleaned up later, by you", "clean_up"),
    ):
        if sentences := plan.get(key):
            lines += ["", f"## {heading}", "", *(f"- {plain(str(sentence))}" for sentence in sentences)]
    return lines


def journal_report(run: "RecordedRun") -> str:
    """A run as its journal has it, for a change ticket: who, when, what was planned, what was done (with durations and
    Azure's correlation ids), what was proven, what stays to be done and what must be kept."""
    summary, plan = run.summary, run.plan
    moves = plan.get("moves") or {}
    took = f", after {duration(summary.seconds)} of Azure's time" if summary.seconds is not None else ""
    lines = [
        f"# {plain(summary.title)}",
        "",
        f"- by: {plain(str(plan.get('signed_in') or 'not recorded'))}",
        f"- begun: {f'{summary.begun:%Y-%m-%d %H:%M:%S}' if summary.begun else 'not recorded'} (local time of that machine)",
        f"- cluster: {code(str(plan.get('cluster_id', '')))}",
        f"- plan: {code(str(plan.get('digest', '')))}",
        *(f"- {word}: {plain(str(moves[word]))}" for word in ("from", "to") if moves.get(word)),
        f"- outcome: {summary.status}{took}",
        f"- run: {code(summary.id)}",
        "",
        "## What was done",
        "",
    ]
    ended = {event.get("step"): event for event in run.events if event.get("type") == "step-finished"}
    for step in plan.get("steps") or ():
        lines += _step_lines(step, ended.get(step.get("key"), {}), run)
    if run.report:
        lines += ["", "## What was verified", "", plain(str(run.report.get("verdict") or "")), ""]
        for check in run.report.get("checks") or ():
            sign, word, _ = OUTCOMES.get(check.get("outcome") or "", ("?", "unknown", "warn"))
            lines.append(f"- {sign} {word}: {plain(str(check.get('message', '')))}")
    return "\n".join([*lines, *afterwards(plan), ""])


def _step_lines(step: "Json", event: "Json", run: "RecordedRun") -> list[str]:
    """One step: how it ended, how long it took, and what Azure calls what was written."""
    sign, word, _ = STEP_STATES.get(str(event.get("status") or "skipped"), ("?", "unknown", "warn"))
    spent = event.get("seconds")
    took = f" ({duration(spent)})" if spent is not None else ""
    lines = [f"- {sign} {code(str(step.get('key')))} {plain(str(step.get('title', '')))}: {word}{took}"]
    if event.get("message"):
        lines.append(f"  - {plain(str(event['message']))}")
    lines += [
        f"  - {plain(str(told.get('message', '')))}"
        for told in run.events
        if told.get("correlation_id") and told.get("step") == step.get("key")
    ]
    if problem := event.get("problem"):
        lines += [
            f"  - {name.replace('_', ' ')}: {plain(str(problem[name]))}"
            for name in _TOLD
            if problem.get(name)
        ]
    return lines


_TOLD = ("code", "azure_said", "correlation_id", "cause", "remedy")


def verification_reports(report: "ClusterReport", arm: str) -> dict[str, str]:
    """A verification as JSON and as Markdown, by suffix, as `aks-kms verify` writes it."""
    from screens.headless.findings import Findings

    found = Findings(arm, [report])
    found.tally.count(report)
    return _written(found)


def _written(found: "Findings") -> dict[str, str]:
    from screens.headless.report_json import document
    from screens.headless.report_markdown import markdown

    return {".json": document(found) + "\n", ".md": markdown(found) + "\n"}

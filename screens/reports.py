"""Reports to be saved, as plain Markdown."""

import json
from datetime import UTC
from typing import TYPE_CHECKING

from wizard.reports.markdown import code, fenced, plain
from wizard.reports.wording import OUTCOMES, STEP_STATES, duration
from wizard.verification.provenance import Provenance

if TYPE_CHECKING:
    from screens.session.fleet import Fleet, Line
    from wizard.cloud.arm import Json
    from wizard.errors import Problem
    from wizard.reports.findings import Findings
    from wizard.runs.journal import RecordedRun
    from wizard.verification.report import ClusterReport


def fleet_reports(lines: "list[Line]", fleet: "Fleet", arm: str) -> dict[str, str]:
    """These lines of a fleet as JSON and as Markdown, by suffix, as `aks-kms verify --all` writes them."""
    from screens.session.fleet import Shown
    from wizard.reports.findings import Findings, Missed
    from wizard.verification.report import ClusterReport

    found = Findings(arm, gone=list(fleet.gone), tally=fleet.tally)
    for line in lines:
        if isinstance(line, Shown):
            found.reports.append(ClusterReport.from_json(json.loads(line.report)))
        else:
            found.missed.append(Missed(line.id, line.name, line.problem))
    found.in_order()
    told = [report.provenance for report in found.reports if report.provenance]
    found.provenance = min(told, key=lambda each: each.read_at, default=None)
    return _both(found)


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


def journal_report(run: "RecordedRun", problem: "Problem | None" = None) -> str:
    """A run as its journal has it, for a change ticket: who, when, what was planned, what was done (with durations and
    Azure's correlation ids), what was proven, what stays to be done and what must be kept, and its log. `problem`: what
    went wrong before the first step."""
    summary, plan = run.summary, run.plan
    moves = plan.get("moves") or {}
    took = f", after {duration(summary.seconds)} of Azure's time" if summary.seconds is not None else ""
    lines = [
        f"# {plain(summary.title)}",
        "",
        f"- cloud: {plain(summary.cloud_text)}",
        f"- by: {plain(str(plan.get('signed_in') or 'not recorded'))}",
        f"- begun: {f'{summary.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC' if summary.started else 'not recorded'}",
        f"- tool: {plain(_tool(plan))}",
        f"- cluster: {code(str(plan.get('cluster_id', '')))}",
        f"- plan: {code(str(plan.get('digest', '')))}",
        *(f"- {word}: {plain(str(moves[word]))}" for word in ("from", "to") if moves.get(word)),
        f"- outcome: {summary.status}{took}",
        f"- run: {code(summary.id)}",
        "",
        "## What was done",
        "",
    ]
    if problem:
        told = problem.to_json()
        lines += [f"- ✗ {plain(problem.summary)}"]
        lines += [
            f"  - {name.replace('_', ' ')}: {plain(str(told[name]))}" for name in _TOLD if told.get(name)
        ]
    ended = {event.get("step"): event for event in run.events if event.get("type") == "step-finished"}
    for step in plan.get("steps") or ():
        lines += _step_lines(step, ended.get(step.get("key"), {}), run)
    if run.report:
        lines += [
            "",
            "## What was verified",
            "",
            plain(str(run.report.get("headline") or run.report.get("verdict") or "")),
            "",
        ]
        if provenance := run.report.get("provenance"):
            rows = Provenance.from_json(provenance).rows
            lines += [*(f"- {what}: {plain(words)}" for what, words in rows), ""]
        for check in run.report.get("checks") or ():
            sign, word, _ = OUTCOMES.get(check.get("outcome") or "", ("?", "unknown", "warn"))
            lines.append(f"- {sign} {word}: {plain(str(check.get('message', '')))}")
    lines += afterwards(plan)
    return "\n".join([*lines, "", "## Log", "", fenced(run.log), ""])


def _tool(plan: "Json") -> str:
    made = plan.get("tool")
    return f"{made['name']} {made['version']}" if made else "not recorded"


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
    """A verification as JSON and as Markdown, by suffix, as `aks-kms verify` writes them."""
    from wizard.reports.findings import Findings

    return _both(Findings.of_one(report, arm))


def _both(found: "Findings") -> dict[str, str]:
    from wizard.reports.json_report import document
    from wizard.reports.markdown import markdown

    return {".json": document(found) + "\n", ".md": markdown(found) + "\n"}

"""A run as Markdown, for a change ticket."""

from collections.abc import Iterator
from datetime import UTC

from wizard.cloud.arm import Json
from wizard.errors import Problem
from wizard.reports.follow_up import follow_ups
from wizard.reports.infrastructure_code import TITLE as CODE
from wizard.reports.infrastructure_code import code_lines
from wizard.reports.markdown import code, fenced, plain
from wizard.reports.wording import AFTERWARDS, OUTCOMES, STEP_STATES, duration
from wizard.runs.journal import RecordedRun, RunSummary
from wizard.verification.provenance import Provenance

_UNKNOWN = ("?", "unknown", "warn")


def run_report(run: RecordedRun, problem: Problem | None = None) -> str:
    """Return the report of a run from its journal: who, when, the plan, each step with its duration and Azure's correlation
    ids, the verification, what is left to do, what must be kept, and the log.

    `problem` is what went wrong before the first step.
    """
    lines = [
        *_head(run.summary, run.plan),
        *("", "## Steps", ""),
        *(_problem_lines(f"- ✗ {plain(problem.summary)}", problem.to_json()) if problem else ()),
    ]
    ended = {event.get("step"): event for event in run.events if event.get("type") == "step-finished"}
    for step in run.plan.get("steps") or ():
        lines += _step_lines(step, ended.get(step.get("key"), {}), run)
    lines += _verification(run.report) if run.report else ()
    codes = (str(finding.get("code")) for finding in run.plan.get("findings") or ())
    if left := list(follow_ups(codes)):
        lines += ["", "## To do", "", *(f"- {sentence}" for sentence in left)]
    for heading, key in AFTERWARDS:
        if sentences := run.plan.get(key):
            lines += ["", f"## {heading}", "", *(f"- {plain(str(sentence))}" for sentence in sentences)]
    lines += _code(run.report) if run.report else ()
    return "\n".join([*lines, "", "## Log", "", fenced(run.log), ""])


def _head(summary: RunSummary, plan: Json) -> Iterator[str]:
    started = f"{summary.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if summary.started else ""
    tool = plan.get("tool")
    made_by = f"{tool['name']} {tool['version']}" if tool else "not recorded"
    moves = plan.get("moves") or {}
    took = f", after {duration(summary.seconds)} (Azure time)" if summary.seconds is not None else ""
    yield f"# {plain(summary.title)}"
    yield ""
    yield f"- cloud: {plain(summary.cloud_text)}"
    yield f"- by: {plain(str(plan.get('signed_in') or 'not recorded'))}"
    yield f"- started: {started or 'not recorded'}"
    yield f"- tool: {plain(made_by)}"
    yield f"- cluster: {code(str(plan.get('cluster_id', '')))}"
    yield f"- plan: {code(str(plan.get('digest', '')))}"
    for word in ("from", "to"):
        if moves.get(word):
            yield f"- {word}: {plain(str(moves[word]))}"
    yield f"- outcome: {summary.status}{took}"
    yield f"- run: {code(summary.id)}"


def _step_lines(step: Json, event: Json, run: RecordedRun) -> Iterator[str]:
    """Return one step: its status, its duration, and the correlation IDs of its writes."""
    sign, word, _ = STEP_STATES.get(str(event.get("status") or "skipped"), _UNKNOWN)
    spent = event.get("seconds")
    took = f" ({duration(spent)})" if spent is not None else ""
    yield f"- {sign} {code(str(step.get('key')))} {plain(str(step.get('title', '')))}: {word}{took}"
    if event.get("message"):
        yield f"  - {plain(str(event['message']))}"
    for told in run.events:
        if told.get("correlation_id") and told.get("step") == step.get("key"):
            yield f"  - {plain(str(told.get('message', '')))}"
    yield from _problem_lines("", event.get("problem") or {})


def _problem_lines(first: str, problem: Json) -> Iterator[str]:
    if first:
        yield first
    for name in ("code", "azure_said", "correlation_id", "cause", "remedy"):
        if problem.get(name):
            yield f"  - {name.replace('_', ' ')}: {plain(str(problem[name]))}"


def _code(report: Json) -> Iterator[str]:
    """Return what to do if infrastructure code owns the cluster."""
    parts = [str(report.get(name) or "") for name in ("resource_group", "name")]
    if said := code_lines(report.get("encryption") or "none", *parts):
        yield from ("", f"## {CODE}", "", *(f"- {plain(sentence)}" for sentence in said))


def _verification(report: Json) -> Iterator[str]:
    """Return the verification with which the run ended."""
    yield from ("", "## Verification", "", plain(str(report.get("headline", ""))), "")
    if provenance := report.get("provenance"):
        for what, words in Provenance.from_json(provenance).rows:
            yield f"- {what}: {plain(words)}"
        yield ""
    for check in report.get("checks") or ():
        sign, word, _ = OUTCOMES.get(check.get("outcome") or "", _UNKNOWN)
        yield f"- {sign} {word}: {plain(str(check.get('message', '')))}"

"""A recorded run as text: how it ended, each step, what it leaves, and what to do next; then answers and log, if asked for."""

import re
from collections.abc import Iterator

from wizard.cloud.arm import Json
from wizard.procedure.in_flight import in_flight
from wizard.reports.follow_up import follow_ups
from wizard.reports.wording import AFTERWARDS, RUN_STATES, STEP_STATES, duration
from wizard.runs.journal import RecordedRun, RunSummary
from wizard.system.sanitize import one_line, sanitize

_PROBLEM = (("Azure said", "azure_said"), ("Correlation ID", "correlation_id"), ("Likely cause", "cause"), ("What to do", "remedy"))  # fmt: skip


def in_few_words(run: RunSummary) -> str:
    """Return the title of a run in a few words: `Encrypt: customer, private · sim`."""
    title = re.sub(
        r"a customer-managed key in a (\w+) vault",
        r"customer, \1",
        run.title.replace(f" {run.cluster}", "", 1)
        .replace(", and whose last operation failed", "")
        .replace(" in progress on,", ","),
    )
    title = re.sub(r",? whose settings request (?=customer,|a platform)", " with ", title)
    title = re.sub(r"a platform-managed key", "platform", title)
    cloud = " · sim" if run.cloud and run.cloud.get("simulated") else ""
    return re.sub(r",? (?:encrypted )?with (?=customer,|platform)", ": ", title, count=1) + cloud


def run_text(found: RecordedRun, *, verbose: bool) -> str:
    """Return the run as text; `verbose` adds its answers, what must be kept, and its log."""
    lines = [*_head(found), "", *_steps(found)]
    for heading, sentences in (
        ("In progress when it ended", in_flight(found.events).sentences),
        ("To do", tuple(follow_ups(str(each.get("code")) for each in found.plan.get("findings") or ()))),
        *((heading, found.plan.get(key) or ()) for heading, key in AFTERWARDS[0 if verbose else 1 :]),
    ):
        if sentences:
            lines += ["", heading, *(f"  ! {one_line(str(sentence))}" for sentence in sentences)]
    if verbose:
        lines += ["", "Answers", *(f"  {line}" for line in found.answers.to_yaml().splitlines())]
        lines += ["", "Log", *(f"  {sanitize(line)}" for line in found.log.splitlines())]
    return "\n".join([*lines, "", *_next(found, verbose=verbose)])


def _head(found: RecordedRun) -> Iterator[str]:
    summary, plan = found.summary, found.plan
    took = f" after {duration(summary.seconds)}" if summary.seconds is not None else ""
    yield f"{RUN_STATES[summary.status][0]} {one_line(summary.title)}: {summary.status}{took}"
    if moves := plan.get("moves"):
        yield f"  {one_line(str(moves.get('from')))}  →  {one_line(str(moves.get('to')))}"
    started = f"{summary.started:%Y-%m-%d %H:%M}" if summary.started else "not recorded"
    yield f"  started {started} by {one_line(str(plan.get('signed_in') or 'not recorded'))}"
    yield f"  in {summary.cloud_text}"
    if found.report and (headline := found.report.get("headline")):
        yield f"  Verification: {one_line(str(headline))}"


def _steps(found: RecordedRun) -> Iterator[str]:
    """Return one line for each step, and the problem of one that failed."""
    events = {kind: {each.get("step"): each for each in found.events if each.get("type") == kind}
              for kind in ("step-started", "step-finished")}  # fmt: skip
    steps = [
        (str(step.get("key")), one_line(str(step.get("title")))) for step in found.plan.get("steps") or ()
    ]
    widest = max((len(title) for _, title in steps), default=0)
    for number, (key, title) in enumerate(steps, 1):
        ended = events["step-finished"].get(key, {})
        state = str(ended.get("status") or ("running" if key in events["step-started"] else "waiting"))
        sign, word, _ = STEP_STATES.get(state, ("?", "unknown", "warn"))
        if state == "running":
            word = "no end recorded"
        seconds = ended.get("seconds")
        took = duration(seconds) if seconds and state != "already" else ""
        message = one_line(str(ended.get("message") or word or "not started"))
        head = f"  {f'{number}/{len(steps)}':>5}  {'=' if state == 'already' else sign} {title:<{widest}}  {took:>7}   "
        yield head + ("unchanged" if state == "already" else word if state == "skipped" else message)
        yield from _problem(ended.get("problem") or {})


def _problem(problem: Json) -> Iterator[str]:
    said = {
        **problem,
        "azure_said": ": ".join(filter(None, (problem.get("code"), problem.get("azure_said")))),
    }
    for label, name in _PROBLEM:
        if text := said.get(name):
            yield f"           {label + ':':<16}{one_line(str(text))}"


def resume_command(run: RunSummary) -> str:
    """Return the command that resumes a run, in its cloud."""
    option = "" if run.cloud_option == "--cloud AzureCloud" else f"{run.cloud_option} ".lstrip()
    return f"aks-kms {option}runs resume {run.id}"


def _next(found: RecordedRun, *, verbose: bool) -> Iterator[str]:
    run = found.summary.id
    if found.summary.status not in {"succeeded", "running"}:
        yield f"To resume:       {resume_command(found.summary)}"
    yield f"Report:          aks-kms runs report {run} -o markdown"
    if not verbose:
        yield f"Answers and log: aks-kms runs show {run} -v"
    yield f"Files:           {one_line(str(found.summary.path))}"

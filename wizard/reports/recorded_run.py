"""A recorded run as plain text: what it did in a few words, and its answers and log to read."""

import re

from wizard.procedure.in_flight import in_flight
from wizard.reports.wording import AFTERWARDS
from wizard.runs.journal import RecordedRun, RunSummary
from wizard.system.sanitize import one_line, sanitize


def in_few_words(run: RunSummary) -> str:
    """Return the title of a run in a few words: `Encrypt: customer, private · sim`."""
    title = re.sub(
        r"a customer-managed key in a (\w+) vault",
        r"customer, \1",
        run.title.replace(f" {run.cluster}", "", 1),
    )
    title = re.sub(r"a platform-managed key", "platform", title)
    cloud = " · sim" if run.cloud and run.cloud.get("simulated") else ""
    return re.sub(r",? (?:encrypted )?with (?=customer,|platform)", ": ", title, count=1) + cloud


def run_text(found: RecordedRun) -> str:
    """Return how a run ended, its answers, what it leaves to its operator, what was in progress, and its log."""
    summary = found.summary
    lines = [summary.title, f"  {summary.status} · {summary.path}"]
    lines += [
        f"  cloud: {summary.cloud_text}",
        f"  by:    {one_line(str(found.plan.get('signed_in') or 'not recorded'))}",
    ]
    moves = found.plan.get("moves") or {}
    lines += [f"  {word + ':':<6}{sanitize(str(moves[word]))}" for word in ("from", "to") if moves.get(word)]
    lines += ["", "Answers"]
    lines += [f"  {line}" for line in found.answers.to_yaml().splitlines()]
    for heading, key in AFTERWARDS[1:]:
        if sentences := found.plan.get(key):
            lines += ["", heading, *(f"  ! {sanitize(str(sentence))}" for sentence in sentences)]
    if sentences := in_flight(found.events).sentences:
        lines += ["", "In progress when it ended", *(f"  · {sanitize(sentence)}" for sentence in sentences)]
    lines += ["", "Log", *(f"  {sanitize(line)}" for line in found.log.splitlines())]
    return "\n".join(lines)

"""A plan in human words: what is created, changed and kept, what cannot be undone, what speaks against it."""

from collections.abc import Iterable

from wizard.procedure.plan import Plan, PlannedStep
from wizard.reports.table import table
from wizard.reports.wording import FOLLOWS, LEVELS, VERBS, usually
from wizard.rules import Finding
from wizard.system.sanitize import one_line

_ACTIONS = {"create": "create", "update": "change", "register": "register", "none": "nothing to do"}


def plan_text(plan: Plan, note: str) -> str:
    """The whole plan. `note` says which Azure it is for, and who is signed in."""
    lines = [
        one_line(plan.title),
        f"  {one_line(note)}",
        f"  {one_line(plan.cluster_id)}",
        f"  from: {one_line(plan.moves[0])}",
        f"  to:   {one_line(plan.moves[1])}",
    ]
    for verb, heading in VERBS.items():
        rows = [
            (effect.what, effect.name, effect.detail)
            for step in plan.steps
            for effect in step.effects
            if effect.verb == verb and step.key != "verify"
        ]
        if rows:
            lines += ["", heading.capitalize(), table(("", "", ""), rows, indent="  ")]
    lines += ["", f"Steps, usually {usually(*plan.usually)} in all", _steps(plan.steps)]
    lines += _sentences("Cannot be undone", plan.irreversible)
    lines += _sentences("Keep for ever", plan.keep)
    lines += _sentences("Still needed afterwards", plan.still_needed)
    lines += _sentences("May be cleaned up later, by you", plan.clean_up, sign="·")
    if plan.findings:
        lines += ["", "What was found", *findings_text(plan.findings)]
    if plan.errors:
        lines += ["", "✗ This cannot be carried out as it stands: mend what is marked ✗, then plan again."]
    elif plan.follows and not plan.writes:
        lines += ["", f"· {FOLLOWS}: carrying it out writes nothing, waits for its end, and verifies."]
    elif not plan.writes:
        lines += ["", "✓ Everything is so already: carrying it out writes nothing, and verifies."]
    return "\n".join(lines)


def _steps(steps: tuple[PlannedStep, ...]) -> str:
    rows = [
        (
            str(number),
            step.key,
            step.title,
            "read back" if step.key == "verify" else _ACTIONS[step.action],
            usually(*step.usually) if step.action != "none" else "",
            f"after {', '.join(step.needs)}" if step.needs else "",
        )
        for number, step in enumerate(steps, 1)
    ]
    return table(("",) * 6, rows, indent="  ")


def _sentences(heading: str, sentences: Iterable[str], sign: str = "!") -> list[str]:
    found = [f"  {sign} {one_line(sentence)}" for sentence in sentences]
    return ["", heading, *found] if found else []


def findings_text(findings: Iterable[Finding]) -> list[str]:
    """Findings as lines: sign, word, what was found; under each what to do about it."""
    lines = []
    for finding in findings:
        sign, word, _ = LEVELS[finding.level]
        lines.append(f"  {sign} {word + ':':<9}{one_line(finding.message)} [{finding.code}]")
        if finding.remedy:
            lines.append(f"    what to do: {one_line(finding.remedy)}")
    return lines

"""A plan as text: what it creates, changes and keeps, what is irreversible, and its findings."""

from collections.abc import Iterable

from wizard.procedure.plan import Plan, PlannedStep
from wizard.reports.table import table
from wizard.reports.wording import AFTERWARDS, FOLLOWS, LEVELS, VERBS, usually
from wizard.rules import Finding
from wizard.system.sanitize import one_line

_ACTIONS = {"create": "create", "update": "change", "register": "register", "none": "no changes"}


def plan_text(plan: Plan, note: str) -> str:
    """Return the whole plan as text. `note` names the cloud and the signed-in identity."""
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
    lines += ["", f"Steps (usual duration: {usually(*plan.usually)})", _steps(plan.steps)]
    lines += _sentences("Irreversible", plan.irreversible)
    for heading, key in AFTERWARDS:
        lines += _sentences(heading, getattr(plan, key), sign="·" if key == "clean_up" else "!")
    if plan.findings:
        lines += ["", "Findings", *findings_text(plan.findings)]
    if plan.errors:
        lines += ["", "✗ This plan cannot be applied. Fix the errors marked ✗ and plan again."]
    elif plan.follows and not plan.writes:
        lines += [
            "",
            f"· {FOLLOWS}. Applying this plan changes nothing: it waits for the operation and verifies the cluster.",
        ]
    elif not plan.writes:
        lines += ["", "✓ No changes. Applying this plan only verifies the cluster."]
    return "\n".join(lines)


def _steps(steps: tuple[PlannedStep, ...]) -> str:
    rows = [
        (
            str(number),
            step.key,
            step.title,
            "verify" if step.key == "verify" else _ACTIONS[step.action],
            usually(*step.usually) if step.action != "none" else "",
            f"after {', '.join(step.needs)}" if step.needs else "",
        )
        for number, step in enumerate(steps, 1)
    ]
    return table(("",) * 6, rows, indent="  ")


def _sentences(heading: str, sentences: Iterable[str], sign: str = "!") -> list[str]:
    lines = [f"  {sign} {one_line(sentence)}" for sentence in sentences]
    return ["", heading, *lines] if lines else []


def findings_text(findings: Iterable[Finding]) -> list[str]:
    """Return findings as lines: sign, level and message, each followed by its remedy."""
    lines = []
    for finding in findings:
        sign, word, _ = LEVELS[finding.level]
        lines.append(f"  {sign} {word + ':':<9}{one_line(finding.message)} [{finding.code}]")
        if finding.remedy:
            lines.append(f"    what to do: {one_line(finding.remedy)}")
    return lines

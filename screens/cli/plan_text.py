"""A plan as text, on one grid: problems, what it creates and changes, what is irreversible, warnings, and the sum."""

from collections import Counter
from collections.abc import Iterable, Sequence

from wizard.procedure.plan import Plan, PlannedStep
from wizard.reports.table import table
from wizard.reports.wording import AFTERWARDS, FOLLOWS, LEVELS, count, usually
from wizard.rules import Finding
from wizard.system.sanitize import one_line

_ACTIONS = {"create": "create", "update": "change", "register": "register", "none": "no changes"}
_VERBS = {"create": "+ create", "change": "~ change", "keep": "= unchanged"}
_WIDEST = 26
"""The longest name that has its detail on the same line."""


def plan_text(plan: Plan, note: str, *, width: int = 0, verbose: bool = False) -> str:
    """Return the whole plan as text. `note` names the cloud and the signed-in identity.

    `width` is that of the terminal, 0 for any: a detail that does not fit is below its name. `verbose` adds IDs, the steps and
    what stays unchanged.
    """
    lines = [one_line(plan.title), f"  {one_line(note)}"]
    lines += [f"  {one_line(plan.cluster_id)}"] if verbose else []
    lines.append(f"  {one_line(plan.moves[0])}  →  {one_line(plan.moves[1])}")
    if plan.errors:
        lines += ["", "Problems", *findings_text(plan.errors)]
    if effects := _effects(plan, width, verbose=verbose):
        lines += ["", *effects]
    if verbose:
        lines += ["", "Steps", _steps(plan.steps)]
    lines += _sentences("Irreversible", plan.irreversible)
    for heading, key in AFTERWARDS:
        lines += _sentences(heading, getattr(plan, key), sign="·" if key == "clean_up" else "!")
    if others := [finding for finding in plan.findings if finding.level != "error"]:
        lines += ["", "Warnings" if plan.warnings else "Notes", *findings_text(others)]
    return "\n".join([*lines, "", sum_line(plan), *_result(plan)])


def sum_line(plan: Plan) -> str:
    """Return the sum: `Plan: 5 to create, 3 to change, 3 unchanged. Usually 13–27 min. No problems, 2 warnings.`"""
    verbs = Counter(effect.verb for effect in plan.effects)
    counts = f"Plan: {verbs['create']} to create, {verbs['change']} to change, {verbs['keep']} unchanged."
    duration = f" Usually {usually(*plan.usually)}." if plan.writes else ""
    problems = count(len(plan.errors), "problem") if plan.errors else "No problems"
    warnings = f", {count(len(plan.warnings), 'warning')}" if plan.warnings else ""
    return f"{counts}{duration} {problems}{warnings}."


def _result(plan: Plan) -> list[str]:
    if plan.errors:
        return ["✗ This plan cannot be applied. Fix the errors marked ✗ and plan again."]
    if plan.writes:
        return []
    if plan.follows:
        return [
            f"· {FOLLOWS}. Applying this plan changes nothing: it waits for the operation and verifies the cluster."
        ]
    return ["✓ No changes. Applying this plan only verifies the cluster."]


def _effects(plan: Plan, width: int, *, verbose: bool) -> list[str]:
    """Return one line for each resource: sign and verb, kind, name, detail."""
    found = sorted(
        (effect for effect in plan.effects if verbose or effect.verb != "keep"),
        key=lambda effect: list(_VERBS).index(effect.verb),
    )
    rows = [[one_line(text) for text in (each.what, each.name, each.detail)] for each in found]
    first = max((len(_VERBS[each.verb]) for each in found), default=0)
    kind = max((len(row[0]) for row in rows), default=0)
    name = max((len(row[1]) for row in rows if len(row[1]) <= _WIDEST), default=0)
    lines = []
    for effect, row in zip(found, rows, strict=True):
        start = f"  {_VERBS[effect.verb]:<{first}}  {row[0]:<{kind}}  "
        if width and len(start) + name + 2 + len(row[2]) > width:
            lines += [start + row[1], f"{'':<{len(start)}}{row[2]}"]
        elif len(row[1]) > name and row[2]:
            lines += [start + row[1], f"{'':<{len(start) + name}}  {row[2]}"]
        else:
            lines.append(f"{start}{row[1]:<{name}}  {row[2]}".rstrip())
    return lines


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


def findings_text(findings: Sequence[Finding]) -> list[str]:
    """Return findings as lines: sign, code and message, each followed by its remedy."""
    width = max((len(finding.code) for finding in findings), default=0)
    lines = []
    for finding in findings:
        start = f"  {LEVELS[finding.level][0]} {finding.code:<{width}}  "
        lines.append(start + one_line(finding.message))
        if finding.remedy:
            lines.append(f"{'':<{len(start)}}what to do: {one_line(finding.remedy)}")
    return lines

"""Which steps belong to a plan, and in which order they run."""

from wizard.procedure.step import Step
from wizard.procedure.steps import STEPS
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target


def applicable_steps(target: Target, snapshot: Snapshot | None) -> list[Step]:
    """Return the steps of a plan: in the how-to's order, unless existing resources require another one."""
    waiting = [step for step in STEPS if step.applies(target, snapshot)]
    if snapshot is None:
        return waiting
    ordered: list[Step] = []
    while waiting:
        ahead = {step.key for step in waiting}
        step = next(step for step in waiting if not ahead.intersection(step.after(target, snapshot)))
        waiting.remove(step)
        ordered.append(step)
    return ordered


def needs(step: Step, steps: list[Step], target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the keys of the steps that must finish before this one; a step that only reads follows all that write."""
    after = {each.key: each.after(target, snapshot) for each in steps}
    awaited = {need for needs in after.values() for need in needs}
    last = [key for key in after if key not in awaited and key != step.key] if step.read_only else []
    return tuple(dict.fromkeys(need for need in (*after[step.key], *last) if need in after))

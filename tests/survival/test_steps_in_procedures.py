"""Every step that writes is killed, and has faults injected, in at least one procedure each; there it does what a step has to.

A new step needs no test of its own for that: without a procedure, or with a promise that it does not keep, it fails here.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from tests.support import signed_in
from tests.survival import fault_procedures, procedures
from wizard.answers.model import Answers
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan, plan_from, read_snapshot
from wizard.procedure.run import Run
from wizard.procedure.steps import STEPS
from wizard.state.advisory_reads import AdvisoryFacts
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

BY_KEY = {step.key: step for step in STEPS}
WRITING = frozenset(step.key for step in STEPS if not step.read_only)

KILLED = [
    (procedure.lay, procedure.wanted)
    for procedure in procedures.PROCEDURES.values()
    if procedure.wanted is not None
]
FAULTS = [
    (procedure.scenario, procedure.wanted)
    for procedure in fault_procedures.PROCEDURES
    if procedure.wanted is not None
]
Where = tuple[Callable[[Path], str | Path], Answers]


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def acting(where: Where, folder: Path) -> set[str]:
    """Return the keys of the steps that have something to do; each says with which permission, and by which command."""
    lay, wanted = where
    async with signed_in(lay(folder)) as (_, azure):
        target = Target(wanted, azure.cloud.vault_suffix)
        snapshot = await read_snapshot(azure, target)
    plan = plan_from(target, snapshot)
    assert plan.errors == ()
    advisory = {each.name for each in fields(AdvisoryFacts)}
    needed_only = {
        each.name: getattr(snapshot, each.name) for each in fields(Snapshot) if each.name not in advisory
    }
    without = plan_from(target, Snapshot(**needed_only)).steps
    other = {type(BY_KEY[step.key]).__module__ for step in {*plan.steps} ^ {*without}}
    assert not other, "decides by an advisory fact, which may be unknown: wizard/state/advisory_reads.py"
    found = {step.key for step in plan.steps if step.action != "none"}
    for step in map(BY_KEY.__getitem__, found):
        of_it = f"of {step.key}, in {type(step).__module__}"
        needed = step.required_actions(target, snapshot)
        assert needed or step.signs_in_to_vault(target), f"`required_actions` {of_it}"
        assert all(each.action.endswith(("/write", "/action")) for each in needed), (
            f"`required_actions` {of_it}"
        )
        assert step.commands(target, snapshot), f"`commands` {of_it}"
    return found


async def carried_out(where: Where, folder: Path, mine: set[str]) -> None:
    """Run the procedure, in which those steps act: they leave nothing to do, and change no fact that they do not name."""
    lay, wanted = where
    async with signed_in(lay(folder)) as (_, azure):
        plan = await make_plan(azure, wanted)
        events: list[Event] = []
        status = await Run(azure, wanted, plan, listeners=[events.append]).execute(plan.digest)
        after = await make_plan(azure, wanted)
    changed = {fact for fact, value in after.basis.items() if plan.basis[fact] != value}
    told = {fact for key in mine for fact in BY_KEY[key].changes}
    assert changed <= told, f"{changed - told} in `changes` of one of {mine}, in wizard/procedure/steps/"
    assert status == "succeeded", [f"{each.step}: {each.problem}" for each in events if each.problem]
    assert not after.writes


async def test_every_step_that_writes_acts_in_a_kill_procedure_as_it_says(tmp_path: Path) -> None:
    left = set(WRITING)
    for number, where in enumerate(KILLED):
        folder = made(tmp_path / str(number))
        mine = await acting(where, folder)
        if left & mine:
            left -= mine
            await carried_out(where, folder, mine)
    assert not left, "add a case for each to tests/survival/procedures.py"


@pytest.mark.matrix
async def test_every_step_that_writes_acts_in_a_fault_procedure(tmp_path: Path) -> None:
    found = [await acting(each, made(tmp_path / str(number))) for number, each in enumerate(FAULTS)]
    assert not WRITING.difference(*found), (
        "add a case for each to tests/survival/procedures.py, with `faults=True`"
    )

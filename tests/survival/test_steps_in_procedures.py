"""Every step that writes is killed, and has faults injected, on at least one scenario each: a new step without one fails here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import signed_in
from tests.survival import fault_procedures, procedures
from wizard.answers.model import Answers
from wizard.procedure.planning import make_plan
from wizard.procedure.steps import STEPS

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


@pytest.mark.sampled(2)
@pytest.mark.parametrize("where", [KILLED, FAULTS], ids=["kill procedures", "fault procedures"])
async def test_every_step_that_writes_acts_in_a_procedure(
    where: list[tuple[Callable[[Path], str | Path], Answers]], tmp_path: Path
) -> None:
    acting = set[str]()
    for number, (lay, wanted) in enumerate(where):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with signed_in(lay(folder)) as (_, azure):
            plan = await make_plan(azure, wanted)
        assert plan.errors == ()
        acting |= {step.key for step in plan.steps if step.action != "none"}
    assert acting == WRITING

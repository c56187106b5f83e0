"""A part of the matrix of every read and every response in its place; all of it: `python -m tests.survival.reads --full`."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.survival.fault_procedures import Ending
from tests.survival.reads import COMMANDS, FAULTS, RIGHT, Asked, Case, cases, judged, some
from wizard.cloud import reads
from wizard.errors import Problem

QUICK = tuple(fault for fault in FAULTS if fault not in {"slow", "too large"})
PARTS = {"apply": 1}
_FEW = 2
"""Reads for each response in a full run of the suite; all of them take ten minutes."""
LOCKS = Asked("GET", "/subscriptions/s/providers/microsoft.authorization/locks", reads.LOCKS)
CLUSTER = Asked(
    "GET", "/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/c"
)


async def _cases(command: str, faults: tuple[str, ...]) -> list[Case]:
    return [case for case in await cases(command) if case.fault in faults]


@pytest.mark.parametrize("command", [each.name for each in COMMANDS])
async def test_some_responses_in_the_place_of_a_read(command: str) -> None:
    chosen = Random(command).sample(await _cases(command, QUICK), PARTS.get(command, 4))
    assert [result for result in await some(command, chosen) if result.how not in RIGHT] == []


@pytest.mark.matrix
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", [each.name for each in COMMANDS])
async def test_each_response_in_the_place_of_a_few_reads(command: str, fault: str) -> None:
    every = await _cases(command, (fault,))
    results = await some(command, Random(f"{command} {fault}").sample(every, min(_FEW, len(every))))
    assert [result for result in results if result.how not in RIGHT] == []


UNDISTURBED = Ending("success", verdict={"digest": "d"})
FAILED = Problem("transient", "It failed.", "Why.", "Try again.", "E")


@pytest.mark.parametrize(
    ("how", "asked", "fault", "ending"),
    [
        ("endless", LOCKS, "500", {"how": "endless"}),
        ("ours", LOCKS, "500", {"how": "traceback", "why": "KeyError"}),
        ("ours", LOCKS, "500", {"how": "problem", "problem": replace(FAILED, kind="ours")}),
        ("not clear", LOCKS, "500", {"how": "problem", "problem": replace(FAILED, remedy="")}),
        ("silent", LOCKS, "500", {}),
        ("unknown", LOCKS, "500", {"verdict": {"digest": "d", "finding locks-unknown": "warning"}}),
        ("false claim", LOCKS, "500", {"verdict": {"digest": "e", "finding locks-unknown": "warning"}}),
        ("blocked by advisory", LOCKS, "500", {"how": "problem", "problem": FAILED}),
        ("blocked by advisory", LOCKS, "500", {"how": "refused"}),
        ("false claim", CLUSTER, "500", {}),
        ("as if missing", CLUSTER, "404", {"how": "refused"}),
        ("clear error", CLUSTER, "500", {"how": "problem", "problem": FAILED}),
        ("exit code", CLUSTER, "403", {"how": "problem", "problem": FAILED}),
        ("exit code", CLUSTER, "500", {"how": "problem", "problem": replace(FAILED, kind="azure")}),
    ],
)
def test_the_matrix_of_reads_detects_a_wrong_result(
    how: str, asked: Asked, fault: str, ending: dict[str, Any]
) -> None:
    case = Case("plan", asked, fault)
    assert judged(case, replace(UNDISTURBED, **ending), UNDISTURBED)[0] == how


@pytest.mark.parametrize(
    ("how", "fault", "verdict"),
    [
        ("unaffected", "500", {}),
        ("false claim", "500", {"c|locks": "gone"}),
        ("not certain", "500", {"verdict": "not-certain", "transient": "True"}),
        ("exit code", "500", {"verdict": "not-certain"}),
        ("exit code", "403", {"verdict": "not-certain", "transient": "True"}),
        ("false claim", "500", {"verdict": "not-verified"}),
        ("as if missing", "404", {"verdict": "not-verified"}),
    ],
)
def test_the_matrix_of_reads_compares_verdicts(how: str, fault: str, verdict: dict[str, str]) -> None:
    before = Ending("success", verdict={"c|locks": "passed", "verdict": "verified", "transient": "False"})
    ending = replace(before, verdict=before.verdict | verdict)
    assert judged(Case("verify", LOCKS, fault), ending, before)[0] == how

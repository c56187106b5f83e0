"""A run is killed at the boundary of a request, carried on, and ends as one that nobody killed; some points by chance.

All of them: `python -m tests.survival.kill --full`.
"""

import pytest

from tests.survival.matrix import at, good, some_points
from tests.survival.roads import ROADS

SEED, EACH = 6, 4
pytestmark = pytest.mark.timeout(600)  # a busy machine makes it slow, never wrong


@pytest.mark.parametrize("road", ROADS)
def test_killed_anywhere_it_is_carried_on_to_the_same_end(road: str) -> None:
    points = some_points(road, EACH, SEED)
    outcomes = [at(point) for point in points]
    assert [outcome for outcome in outcomes if outcome.faults] == []
    assert {outcome.result for outcome in outcomes} <= {"well", "not killed"}
    assert any(outcome.result == "well" for outcome in outcomes)


def test_an_undisturbed_run_asks_aks_once() -> None:
    assert good("private").started == 1
    assert good("rotate").started == 0

"""A run is killed at the boundary of a request and resumed, and ends as an undisturbed one; some points at random.

All of them: `python -m tests.survival.kill --full`.
"""

from collections.abc import Iterator, Sequence

import pytest

from tests.survival import kill
from tests.survival.command import Kill
from tests.survival.matrix import Point, at, good, some_points
from tests.survival.point import Outcome, undisturbed
from tests.survival.procedures import PROCEDURES

SEED, EACH = 6, 3
pytestmark = pytest.mark.timeout(600)  # a busy machine makes it slow, never wrong


@pytest.mark.sampled(7)
@pytest.mark.parametrize("procedure", PROCEDURES)
def test_a_run_killed_at_any_request_is_resumed_to_the_same_state(procedure: str) -> None:
    points = some_points(procedure, EACH, SEED)
    outcomes = [at(point) for point in points]
    assert [outcome for outcome in outcomes if outcome.faults] == []
    assert {outcome.result for outcome in outcomes if _is_certain(outcome.kills)} <= {"well"}
    assert {outcome.result for outcome in outcomes} <= {"well", "not killed"}


def _is_certain(kills: Sequence[Kill]) -> bool:
    """Whether that request is made each time: a resume makes fewer, and how often something is read again is up to the clock."""
    return len(kills) == 1 and (kills[0].asked.method != "GET" or kills[0].asked.occurrence == 1)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("procedure", ["private", "rotate"])
def test_a_kill_point_is_the_same_request_each_time(procedure: str) -> None:
    """But for how often is asked whether something is there yet, which is up to the clock."""
    first, second = undisturbed(procedure).requests, good(procedure).requests
    assert {(each.method, each.path) for each in first} == {(each.method, each.path) for each in second}
    assert [each for each in first if each.method != "GET"] == [
        each for each in second if each.method != "GET"
    ]
    assert some_points(procedure, EACH, SEED) == some_points(procedure, EACH, SEED)


def test_an_interrupted_matrix_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(points: list[Point], _: int) -> Iterator[Outcome]:
        procedure, kills = points[0]
        yield Outcome(procedure, kills)
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["kill", "--procedure", "rotate", "--count", "3"])
    monkeypatch.setattr(kill, "go_through", stopped)
    assert kill.main() == 130
    assert "stopped at 1 of 3" in capsys.readouterr().err


def test_an_undisturbed_run_sends_one_cluster_update() -> None:
    assert good("private").started == 1
    assert good("rotate").started == 0

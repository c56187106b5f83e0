"""The engine waits in Azure's time at any speed."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ManualClock
from wizard.system.clock import Clock, parse_speed


@pytest.mark.parametrize(
    ("text", "speed"), [("60", 60.0), ("0.5", 0.5), (" max ", math.inf), ("MAX", math.inf), ("1e3", 1000.0)]
)
def test_parse_speed_takes_a_number_or_max(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "nan", "-inf", "", "fast", "60x", "1,5"])
def test_parse_speed_refuses_anything_else_and_quotes_it(text: str) -> None:
    with pytest.raises(ValueError, match="is not a speed: give a number above 0, or max") as refusal:
        parse_speed(text)
    assert repr(text) in str(refusal.value)


def test_speed_comes_from_the_environment_and_defaults_to_real_time() -> None:
    assert Clock.from_environment({}).speed == 1.0
    assert Clock.from_environment({"AKS_KMS_SPEED": "max"}).speed == math.inf
    with pytest.raises(ValueError, match="'soon'"):
        Clock.from_environment({"AKS_KMS_SPEED": "soon"})


@pytest.mark.parametrize(
    ("every", "within", "tries"), [(10, 0, 1), (10, 9, 1), (10, 10, 2), (10, 35, 4), (15, 1800, 121)]
)
async def test_tries_are_as_many_at_infinite_speed_as_in_real_time(
    every: float, within: float, tries: int
) -> None:
    spent = [s async for s in Clock(math.inf).tries(every, within)]
    assert len(spent) == tries
    assert spent[0] == 0.0
    assert spent == sorted(spent)


@pytest.mark.parametrize(
    ("every", "within", "each_takes", "spent"),
    [
        (100, 300, 0, [0, 100, 200, 300]),
        (100, 350, 0, [0, 100, 200, 300]),
        (10, 60, 25, [0, 35]),
        (10, 60, 22, [0, 32, 60]),
        (10, 60, 60, [0]),
        (10, 60, 411, [0]),
        (10, 0, 0, [0]),
    ],
)
async def test_tries_count_the_time_that_each_try_takes(
    every: float, within: float, each_takes: float, spent: list[float]
) -> None:
    clock, found = ManualClock(), []
    async for each in clock.tries(every, within):
        found.append(each)
        clock.passed.append(each_takes)
    assert found == spent


async def test_sleep_takes_azure_seconds_and_ignores_a_negative_wait() -> None:
    clock = Clock(100_000)
    before = clock.elapsed()
    await clock.sleep(500)
    assert clock.elapsed() - before > 499
    await clock.sleep(-1e9)


async def test_sleep_does_not_wait_at_infinite_speed() -> None:
    await Clock(math.inf).sleep(365 * 86400)
    assert Clock(math.inf).scaled(365 * 86400) == 0.0


@given(st.floats(min_value=0.01, max_value=1e6), st.floats(min_value=0, max_value=1e6))
def test_scaled_duration_is_divided_by_the_speed(speed: float, seconds: float) -> None:
    assert Clock(speed).scaled(seconds) * speed == pytest.approx(seconds)


def test_age_of_a_time_that_azure_gave() -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert Clock().age(yesterday) >= 86400
    assert Clock(60).age(yesterday) >= 60 * 86400
    assert Clock().age(datetime.now(UTC) + timedelta(hours=1)) == 0.0, "a time in the future has no age"
    assert Clock(math.inf).age(yesterday) == math.inf

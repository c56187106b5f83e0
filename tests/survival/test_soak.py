"""Hours before the run's screen; `python -m tests.survival.soak` makes a day of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.survival.soak import Measured, grown, soak


@pytest.mark.matrix
async def test_hours_of_waiting_do_not_grow_memory_and_the_screen_keeps_updating(tmp_path: Path) -> None:
    found = await soak(tmp_path, hours=2, speed=1200, parts=2)
    assert [round(each.hour) >= hour for each, hour in zip(found, (0, 1, 2), strict=True)] == [True] * 3
    assert grown(found) == []


STEADY = Measured(hour=0, memory=100, objects=100_000, journal=10_000, key=0.1)


@pytest.mark.parametrize(
    ("late", "wrong"),
    [
        ({}, []),
        ({"memory": 109}, ["memory grew from 100 to 109 MiB"]),
        ({"objects": 107_001}, ["objects grew from 100000 to 107001"]),
        ({"journal": 70_001}, ["the journal grew from 10000 to 70001 bytes in 1.0 h"]),
        ({"key": 6.0}, ["a key took 6.0 s"]),
    ],
)
def test_the_soak_detects_growth_and_a_frozen_screen(late: dict[str, float], wrong: list[str]) -> None:
    begun, warm = STEADY, replace(STEADY, hour=1)
    assert grown([begun, warm, replace(STEADY, **{"hour": 2, **late})]) == wrong  # type: ignore[arg-type]

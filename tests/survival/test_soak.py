"""Hours before the run's screen; `python -m tests.survival.soak` makes a day of it."""

from pathlib import Path

from tests.survival.soak import grown, soak


async def test_hours_of_waiting_grow_nothing_and_the_screen_stays_alive(tmp_path: Path) -> None:
    found = await soak(tmp_path, hours=2, speed=1200, parts=2)
    assert [round(each.hour) >= hour for each, hour in zip(found, (0, 1, 2), strict=True)] == [True] * 3
    assert grown(found) == []

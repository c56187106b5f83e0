"""Which points there are, and going through them with several worlds at once."""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.survival.command import MOMENTS, Asked, Kill
from tests.survival.point import Outcome, Undisturbed, tried, undisturbed

Point = tuple[str, tuple[Kill, ...]]


_good: dict[str, Undisturbed] = {}


def good(road: str) -> Undisturbed:
    """How a road ends undisturbed; found out once."""
    if road not in _good:
        _good[road] = undisturbed(road)
    return _good[road]


def every_point(road: str, requests: Sequence[Asked]) -> Iterator[Point]:
    """Every moment of every request."""
    for asked in requests:
        for moment in MOMENTS:
            yield road, (Kill(asked, moment),)


def double_points(road: str, requests: Sequence[Asked], count: int, chance: random.Random) -> Iterator[Point]:
    """So many, by chance, at which the resume is killed as well."""
    for _ in range(count):
        first, second = (
            Kill(chance.choice(requests), chance.choice(MOMENTS)),
            Kill(chance.choice(requests), chance.choice(MOMENTS)),
        )
        yield road, (first, second)


def some_points(road: str, count: int, seed: int) -> list[Point]:
    """So many of both kinds, by chance: two of three are single kills."""
    chance, requests = random.Random(f"{seed}/{road}"), good(road).requests
    doubles = count // 3
    singles = chance.sample(list(every_point(road, requests)), count - doubles)
    return [*singles, *double_points(road, requests, doubles, chance)]


def all_points(roads: Iterable[str], doubles: int, seed: int) -> list[Point]:
    """Every single one of these roads, and so many doubles of each."""
    found: list[Point] = []
    for road in roads:
        chance = random.Random(f"{seed}/{road}")
        requests = good(road).requests
        found += every_point(road, requests)
        found += double_points(road, requests, doubles, chance)
    return found


def at(point: Point) -> Outcome:
    """Try one point. A fault of the matrix itself is one as well."""
    road, kills = point
    try:
        return tried(road, kills, good(road))
    except Exception as error:  # noqa: BLE001 - the others are to be tried nevertheless
        return Outcome(road, kills, "fault", [f"{type(error).__name__}: {error}"])


def go_through(points: Iterable[Point], workers: int) -> Iterator[Outcome]:
    """Try them all, as each is done."""
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_good.update, initargs=(_good,)
    ) as pool:
        try:
            for done in as_completed([pool.submit(at, point) for point in points]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)

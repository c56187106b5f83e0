"""Which points there are, and trying them in several simulators at once."""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.survival.command import MOMENTS, Asked, Kill
from tests.survival.point import Outcome, Undisturbed, tried, undisturbed

Point = tuple[str, tuple[Kill, ...]]


_good: dict[str, Undisturbed] = {}


def good(procedure: str) -> Undisturbed:
    """How a procedure ends undisturbed; found out once."""
    if procedure not in _good:
        _good[procedure] = undisturbed(procedure)
    return _good[procedure]


def every_point(procedure: str, requests: Sequence[Asked]) -> Iterator[Point]:
    """Every moment of every request."""
    for asked in requests:
        for moment in MOMENTS:
            yield procedure, (Kill(asked, moment),)


def double_points(
    procedure: str, requests: Sequence[Asked], count: int, chance: random.Random
) -> Iterator[Point]:
    """So many, by chance, at which the resume is killed as well."""
    for _ in range(count):
        first, second = (
            Kill(chance.choice(requests), chance.choice(MOMENTS)),
            Kill(chance.choice(requests), chance.choice(MOMENTS)),
        )
        yield procedure, (first, second)


def some_points(procedure: str, count: int, seed: int) -> list[Point]:
    """So many of both kinds, by chance: two of three are single kills."""
    chance, requests = random.Random(f"{seed}/{procedure}"), good(procedure).requests
    doubles = count // 3
    singles = chance.sample(list(every_point(procedure, requests)), count - doubles)
    return [*singles, *double_points(procedure, requests, doubles, chance)]


def all_points(procedures: Iterable[str], doubles: int, seed: int) -> list[Point]:
    """Every single one of these procedures, and so many doubles of each."""
    found: list[Point] = []
    for procedure in procedures:
        chance = random.Random(f"{seed}/{procedure}")
        requests = good(procedure).requests
        found += every_point(procedure, requests)
        found += double_points(procedure, requests, doubles, chance)
    return found


def at(point: Point) -> Outcome:
    """Try one point. A fault of the matrix itself is one as well."""
    procedure, kills = point
    try:
        return tried(procedure, kills, good(procedure))
    except Exception as error:  # noqa: BLE001 - the others are to be tried nevertheless
        return Outcome(procedure, kills, "fault", [f"{type(error).__name__}: {error}"])


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

"""Measuring: the same thing several times, its median, and lines to print."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence


def medians(measures: Mapping[str, Callable[[], float]], times: int) -> dict[str, float]:
    """The median of so many measurements of each, in seconds, after one that warms the caches.

    Taken in turns, so that whatever else the machine does bears on all of them alike.
    """
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for turn in range(times + 1):
        for name, measure in measures.items():
            seconds = measure()
            if turn:
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def of_process(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """Seconds from starting a process to its end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - begun


def line(what: str, seconds: float, against: tuple[str, float] | None = None, aim: str = "") -> None:
    """Print a median, the ratio to what it is held against, and what is aimed at."""
    ratio = f"{seconds / against[1]:6.2f}× {against[0]}" if against else ""
    print(f"  {what:<58} {seconds * 1000:9.1f} ms  {ratio:<34} {aim}".rstrip())

"""Measuring: the same thing several times, its median, and lines to print."""

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence


def median(measure: Callable[[], float], times: int) -> float:
    """The median of so many measurements in seconds, after one that warms the caches."""
    measure()
    return statistics.median(measure() for _ in range(times))


def of_process(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """Seconds from starting a process to its end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - begun


def line(what: str, seconds: float, against: tuple[str, float] | None = None, aim: str = "") -> None:
    """Print a median, the ratio to what it is held against, and what is aimed at."""
    ratio = f"{seconds / against[1]:6.2f}× {against[0]}" if against else ""
    print(f"  {what:<58} {seconds * 1000:9.1f} ms  {ratio:<34} {aim}".rstrip())

"""Measuring: the same thing several times, its median, and lines to print and to keep."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """One line of a report."""

    what: str
    value: float
    """Seconds, or bytes of memory."""
    ratio: float | None
    aim: float | None
    """The largest ratio that is aimed at."""


@dataclass
class Report:
    """The lines of one run, which a later run can be compared with."""

    earlier: Mapping[str, float] = field(default_factory=dict)
    """The values of an earlier run, by name."""
    results: list[Result] = field(default_factory=list)

    def line(
        self, what: str, value: float, against: tuple[str, float] | None = None, aim: float | None = None
    ) -> None:
        """Print a median in seconds, or bytes from 10,000 on; the ratio to what it is compared with, its aim, and the earlier value."""
        ratio = value / against[1] if against else None
        shown = f"{value * 1000:9.1f} ms" if value < 10_000 else f"{value / 1e6:9.1f} MB"
        compared = f"{ratio:6.2f}× {against[0]}" if ratio and against else ""
        aimed = "" if aim is None else f"aim ≤ {aim}×" + (" missed" if ratio and ratio > aim else "")
        before = f"before: {value / self.earlier[what]:.2f}×" if what in self.earlier else ""
        print(f"  {what:<84} {shown}  {compared:<34} {aimed:<18} {before}".rstrip(), flush=True)
        self.results.append(Result(what, value, ratio, aim))

    def to_json(self) -> list[dict[str, Any]]:
        """The lines as JSON."""
        return [asdict(result) for result in self.results]


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


def of_process(
    command: Sequence[str], environment: dict[str, str] | None = None, stdin: str | None = None
) -> float:
    """Seconds from starting a process to its end. Raise CalledProcessError if it fails."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment, text=True, input=stdin)
    return time.perf_counter() - begun


def peak_memory(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """The most memory, in bytes, that a process and its own had resident. Raise RuntimeError if it fails."""
    if sys.platform == "win32":
        raise NotImplementedError
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=null, stderr=null)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command[0]} failed.")
    return float(usage.ru_maxrss) * 1024

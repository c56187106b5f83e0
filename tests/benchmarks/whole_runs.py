"""Whole runs with a customer-managed key in a private vault, start of the process included."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Report, medians
from wizard.answers.examples import example

_AKS_KMS = [sys.executable, "-m", "screens"]
_SPEED = "120"


def against_its_critical_path(_: Report, times: int = 3) -> None:
    """The run at a fixed time scale, against the longest chain of its steps that wait for each other."""
    with tempfile.TemporaryDirectory() as room:
        measured = [_wall_and_path(Path(room)) for _ in range(times)]
    wall = statistics.median(wall for wall, _ in measured)
    path = statistics.median(path for _, path in measured)
    ratio = statistics.median(wall / path for wall, path in measured)
    print(f"  {'the run, on the clock of an Azure ' + _SPEED + '× faster':<58} {wall:9.1f} s of Azure's time")
    print(f"  {'the longest chain of its steps':<58} {path:9.1f} s   {ratio:6.3f}× (aim ≤ 1.1×)")


def without_waiting(report: Report, times: int = 7) -> None:
    """The same run where Azure takes no time at all: what is left is ours."""
    with tempfile.TemporaryDirectory() as room:
        answers = _answers(Path(room))

        def whole() -> float:
            begun = time.perf_counter()
            _run(Path(room), "--simulate", "--speed", "max", "apply", "-f", answers, "--yes", "-o", "json")
            return time.perf_counter() - begun

        name = "apply with no waiting, start of the process included"
        report.line(name, medians({name: whole}, times)[name], ("a second", 1.0), 1.0)


def _wall_and_path(room: Path) -> tuple[float, float]:
    """Seconds of Azure's time: the whole run, and the longest chain."""
    answers = _answers(room)
    simulated = ["--simulate", "--speed", _SPEED]
    plan = json.loads(_run(room, *simulated, "plan", "-f", answers, "-o", "json"))
    events = [
        json.loads(text)
        for text in _run(room, *simulated, "apply", "-f", answers, "--yes", "-o", "jsonl").splitlines()
    ]
    took = {event["step"]: event["seconds"] for event in events if event["type"] == "step-finished"}
    return events[-1]["seconds"], _longest_chain(plan["steps"], took)


def _longest_chain(steps: list[dict[str, Any]], took: dict[str, float]) -> float:
    ends: dict[str, float] = {}
    for step in steps:  # a plan lists what is needed before what needs it
        ends[step["key"]] = max((ends[need] for need in step["needs"]), default=0.0) + took[step["key"]]
    return max(ends.values())


def _answers(room: Path) -> str:
    path = room / "answers.yaml"
    path.write_text(example("customer-managed-private"), "utf-8")
    return str(path)


def _run(room: Path, *arguments: str) -> str:
    environment = os.environ | {"XDG_STATE_HOME": str(room)}
    done = subprocess.run(
        [*_AKS_KMS, *arguments], check=True, capture_output=True, encoding="utf-8", env=environment
    )
    return done.stdout

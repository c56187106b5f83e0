"""The pages look as they did: the text of each is compared with a reviewed one in `pictures/`.

A picture differs because a page was changed. If that is as intended, accept it, and look at the difference in git:

    WRITE_GOLDEN=1 python -m pytest -n 0 -m '' tests/journeys/test_pictures.py
"""

import difflib
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.color import Color

from screens.session.active_run import ActiveRun, LogLine
from screens.session.waits import Wait
from tests.gallery import Visit, failing, refused, whole
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.pictures import fixed_tools
from tests.support import LIMIT, ManualClock
from tests.textual_internals import strips
from wizard.procedure.steps import STEPS
from wizard.simulator import Simulator

FOLDER = Path(__file__).parent / "pictures"
WRITE = bool(os.environ.get("WRITE_GOLDEN"))
PICTURES = {
    "welcome": (LARGE,),
    "prerequisites": (LARGE,),
    "clusters": (LARGE,),
    "key-options": (LARGE, SMALL),
    "vault-problem": (LARGE, SMALL),
    "review": (LARGE, SMALL),
    "run": (LARGE, SMALL),
    "done": (LARGE, SMALL),
    "verification": (LARGE,),
    "fleet": (LARGE, SMALL),
    "review-with-problems": (LARGE,),
    "run-failed": (LARGE, SMALL),
    "verification-failed": (LARGE, SMALL),
}
"""The pages, and in which sizes of the terminal each is kept."""
STYLED = ("review-with-problems", "run-failed", "verification-failed")
"""Pages on which colours carry a meaning: these are compared as well, at 120x40."""
SHOWN = {
    *("feature", "provider", "resource-group", "vault", "operator-role", "key", "firewall"),
    *("identity", "crypto-role", "contributor-role", "cluster", "verify"),
}
"""The steps of the plans in the pictures: a new one changes no picture."""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("scenario", "visit"), [("contoso", whole), ("no-rights", refused), ("update-fails", failing)]
)
async def test_pages_look_as_they_did(
    scenario: str, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.procedure.order.STEPS", [step for step in STEPS if step.key in SHOWN])
    changed: list[str] = []
    async with (
        Simulator(scenario, speed=math.inf) as simulator,
        wizard(simulator, tmp_path, PATH=fixed_tools(tmp_path / "bin")) as operator,
    ):

        async def snap(name: str) -> None:
            if name not in PICTURES:
                return
            with _fixed_run(operator, name):
                for size in PICTURES[name]:
                    await operator.pilot.resize_terminal(*size)
                    changed.extend(await _difference(operator, f"{name}-{size[0]}x{size[1]}.txt"))
                    if name in STYLED and size == LARGE:
                        changed.extend(await _difference(operator, f"{name}.styles.txt", _styles))
                if name == "run":  # the same run, later than usual
                    active = operator.app.session.active
                    assert active
                    assert isinstance(active.clock, ManualClock)
                    active.clock.passed.append(1200.0)
                    await operator.sees("29:39 elapsed, 2:39 longer than the usual 13–27 min")
                    await operator.sees("2:39 longer than usual", "longer than 8–11 min")
            await operator.pilot.resize_terminal(*LARGE)

        await operator.sees("Signed in to")
        await visit(operator, snap)
    assert not changed, "\n".join([*changed, "If it should look so: see the head of this file."])


async def _difference(
    operator: Operator, name: str, drawn: Callable[[Operator], str] = Operator.frame
) -> list[str]:
    """Wait until the page is as in its picture; return how it differs if it does not get so."""
    path = FOLDER / name
    if WRITE:
        earlier = ""
        while earlier != (now := _lasting(drawn(operator))):  # a resize takes several steps
            earlier = now
            await operator.pilot.pause(1.5)
        path.write_text(f"{now}\n", "utf-8")
    before = path.read_text("utf-8")
    try:
        await operator.until(lambda: f"{_lasting(drawn(operator))}\n" == before, name, min(LIMIT, 20.0))
    except AssertionError:
        now = f"{_lasting(drawn(operator))}\n"
        return list(difflib.unified_diff(before.splitlines(), now.splitlines(), name, "now", lineterm=""))
    return []


_RAIL = 23
"""Columns of the step rail."""
_BORDERS = " ─│╭╮╰╯━┃┏┓┗┛"


def _styles(operator: Operator) -> str:
    """Return what in the body of a page has a colour with a meaning, is bold or has the cursor: a line each, with that of the
    screen; without borders, which have the colour of their title.
    """
    colours = operator.app.get_css_variables()
    roles = {Color.parse(colours[name]).rgb: name for name in ("success", "error", "warning", "accent")}
    cursor = Color.parse(colours["block-cursor-background"]).rgb
    found = []
    for number, strip in enumerate(strips(operator.app)[1:-1], 2):
        for text, style, _ in strip.crop(_RAIL):
            if style is None or not text.strip(_BORDERS):
                continue
            fore, back = (each and each.triplet for each in (style.color, style.bgcolor))
            role = [roles.get((fore.red, fore.green, fore.blue), "")] if fore else []
            role += ["bold"] * bool(style.bold) + ["cursor"] * bool(back and tuple(back) == cursor)
            if said := " ".join(filter(None, role)):
                found.append(f"{number:>2} {said}: {text.strip()}")
    return "\n".join(found)


def _lasting(frame: str) -> str:
    """Return a frame without what is different each time: clock times, ages, digests, and the sign of what is in progress;
    and without how many checks there are, so that a new one that passes changes no picture."""
    frame = re.sub(r"\d\d:\d\d:\d\d", "00:00:00", frame)
    frame = re.sub(r" +(plan) \w{6} · made .*$", r"  \1 · made", frame, flags=re.MULTILINE)
    frame = re.sub(r"(Verification of \S+) +read from Azure (?!by).*$", r"\1", frame, flags=re.MULTILINE)
    frame = re.sub(r" +(\d+ in \d+ subscriptions · [\w ]+) · .*$", r"  \1", frame, flags=re.MULTILINE)
    frame = re.sub(r" +(\d+ found in \d+ subscriptions) · .*$", r"  \1", frame, flags=re.MULTILINE)
    frame = re.sub(r"(?:\d+ of \d+ checks|Passed +\d)[^│\n]*", _uncounted, frame)
    frame = re.sub(" +$", "", frame, flags=re.MULTILINE)
    return re.sub("[◓◑◒]", "◐", frame)


def _uncounted(found: re.Match[str]) -> str:
    return re.sub(r"\d+( of \d+)?", "#", found[0], count=1).ljust(len(found[0]))


@contextmanager
def _fixed_run(operator: Operator, name: str) -> Iterator[None]:
    """On a picture of the run, show one whose times and log are always the same, with what the real one found."""
    real = operator.app.session.active
    if real is None or name not in {"run", "done", "run-failed"}:
        yield
        return
    operator.app.session.active = _standing_in(real, name)
    try:
        yield
    finally:
        operator.app.session.active = real


def _standing_in(real: ActiveRun, name: str) -> ActiveRun:
    log = Path("/var/lib/aks-kms/runs/20261128-223736-orders-prod/run.log")
    journal: Any = SimpleNamespace(log_path=log, write_error=None, id="20261128-223736-orders-prod")
    clock = ManualClock()
    problem = real.problem and replace(real.problem, correlation_id="a46a2269-f6cd-47cd-8c31-188f52759ce4")
    run = replace(
        real, clock=clock, journal=journal, log=type(real.log)(maxlen=100), lines=0, problem=problem
    )
    clock.passed.append(579.0)
    for number, (key, step) in enumerate(run.steps.items(), 1):
        step.status, step.message = real.steps[key].status, real.steps[key].message
        step.seconds = 4.0 * number
        if key != "verify":
            run.log.append(LogLine(datetime(2026, 11, 28, 22, 37, number, tzinfo=UTC), key, step.step.title))
    run.lines = len(run.log)
    if name == "run":
        run.status, run.took, run.report = None, None, None
        now, then = run.steps["cluster"], run.steps["verify"]
        now.status, now.seconds, now.started = "running", None, 424.0
        now.message = "cluster is being updated: InProgress"
        now.waits = [
            Wait("role assignments are propagating", 125.0, 300.0, 549.0, took=130.0),
            Wait(now.message, 21.0, 660.0, 575.0, every=10.0),
        ]
        then.status, then.seconds = "waiting", None
    else:
        run.took = 653.0
    return run

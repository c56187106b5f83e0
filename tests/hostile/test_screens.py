"""The wizard, screen by screen, where every text that Azure gives is at its worst: nothing is obeyed, and it stays usable."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.poison import POISON, obeyed, poisoned
from tests.journeys.command_line import Shell
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.support import scenario_file
from wizard.simulator import Simulator

PLANTED = ("]0;pwned", "]52;c;", "]8;;https://evil", "cHduZWQ=", "\x9b", "\x9d")
"""What of it would be obeyed by a terminal, as it would arrive there."""


def assert_readable(operator: Operator, *, full: bool = True) -> None:
    """No control, and no markup taken for markup: it stands there as it was written."""
    frame = operator.frame()
    assert not obeyed(frame), obeyed(frame)
    assert operator.app.is_running
    if full:
        assert "Unable to" not in frame


async def reach(operator: Operator, subscription: str) -> None:
    """As `Operator.to_clusters`, in a scenario whose subscription has another name."""
    await operator.sees("Signed in to")
    await operator.press("enter")
    await operator.sees("Which subscription?", subscription)
    assert_readable(operator)
    await operator.press("end", "enter")
    await operator.sees("not registered yet")
    await operator.press("enter")
    await operator.sees("is registered. No action required.")
    await operator.press("enter")
    await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
    await operator.pilot.pause()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_from_the_list_to_a_run_and_its_report(
    size: tuple[int, int], tmp_path: Path, tally: Counter[str]
) -> None:
    async with (
        Simulator(poisoned(tmp_path), speed=float("inf")) as simulator,
        wizard(simulator, tmp_path, size) as operator,
    ):
        await reach(operator, "Prod")
        assert_readable(operator)
        await operator.press("f1")
        await operator.press("escape")
        await operator.choose("aks-demo")
        await operator.take_key("Private")
        await operator.sees("Vault, key and identity for")
        assert_readable(operator)
        await operator.press("ctrl+n")
        await operator.sees("Type the cluster name to confirm", "Enter, then type")
        assert_readable(operator)
        await operator.start("aks-demo")
        await operator.until(
            lambda: bool(operator.app.session.active and operator.app.session.active.status), "the end"
        )
        assert_readable(operator)
        for path in (tmp_path / "runs").rglob("*"):
            assert path.is_dir() or not obeyed(path.read_text("utf-8")), path
        tally["success"] += 1


@pytest.mark.sampled(4)
@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("cluster", ["aks-odd", "aks-demo"])
async def test_the_verification_and_its_report(
    cluster: str, size: tuple[int, int], tmp_path: Path, tally: Counter[str]
) -> None:
    async with (
        Simulator(poisoned(tmp_path), speed=float("inf")) as simulator,
        wizard(simulator, tmp_path, size) as operator,
    ):
        await reach(operator, "Prod")
        await operator.press("slash")
        await operator.type(cluster)
        await operator.press("enter")
        await operator.press("v")
        await operator.sees(f"Verification of {cluster}", "checks passed")
        assert_readable(operator)
        for _ in range(4):
            await operator.press("down", "enter")
            assert_readable(operator)
        await operator.press("s")
        await operator.pilot.pause()
        assert_readable(operator)
        await operator.press("escape")
        tally["success"] += 1


async def test_many_clusters(tmp_path: Path, tally: Counter[str]) -> None:
    async with (
        Simulator(poisoned(tmp_path), speed=float("inf")) as simulator,
        wizard(simulator, tmp_path) as operator,
    ):
        await reach(operator, "Prod")
        await operator.press("a")
        await operator.sees("aks-odd")
        assert_readable(operator)
        await operator.press("end", "enter")
        assert_readable(operator)
        tally["success"] += 1


@pytest.mark.sampled(3)
@pytest.mark.parametrize("operation", ["*/read", "*/write", "Microsoft.ContainerService/managedClusters/*"])
async def test_refusals_on_the_screen(operation: str, tmp_path: Path, tally: Counter[str]) -> None:
    answer = {"status": 409, "code": f"Odd{POISON}", "message": POISON + "A" * 20_000}
    fault: dict[str, Any] = {"match": {"operation": operation, "skip": 2}, "answer": answer}
    async with (
        Simulator(scenario_file(tmp_path, faults=[fault]), speed=float("inf")) as simulator,
        wizard(simulator, tmp_path) as operator,
    ):
        await operator.until(
            lambda: bool(operator.app.session.azure_or_none or operator.app.session.connection_problem),
            "an answer",
        )
        for keys in (
            ("enter",),
            ("end", "enter"),
            ("enter",),
            ("enter",),
            ("down", "enter"),
            ("v",),
            ("escape",),
            ("a",),
            ("escape",),
        ):
            await operator.press(*keys)
            await operator.pilot.pause()
            assert_readable(operator, full=False)
        tally["clear error"] += 1


def test_the_terminal_is_sent_nothing_of_it(tmp_path: Path, tally: Counter[str]) -> None:
    """What a real terminal is sent: Textual's own sequences, and none that came from Azure."""
    world_file = poisoned(tmp_path)
    with Shell(tmp_path).terminal(f"--simulate={world_file}", "--speed=max") as terminal:
        terminal.waits_for("Signed in to")
        terminal.types("\r")
        terminal.waits_for("Which subscription?")
        terminal.waits_for("Prodx")
        terminal.types("\x11")
        assert terminal.ends() == 130
    for planted in PLANTED:
        assert planted not in terminal.shown, planted
    assert not re.search("[\u202e\u2066\u200b\ufeff\u0080-\u009f]", terminal.shown)
    tally["success"] += 1

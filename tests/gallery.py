"""Draws every screen of the wizard at 80x24 and 120x40, in both themes and without colours, to be looked at.

python -m tests.gallery FOLDER
"""

import asyncio
import math
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from unittest.mock import patch

from tests.operator import LARGE, SMALL, Operator, wizard
from wizard.simulator import Simulator

Snap = Callable[[str], Awaitable[None]]
KeyOption = Callable[[Operator, Snap], Awaitable[None]]


async def main(target: Path) -> None:
    """Draw them all into a folder: NAME-WIDTHxHEIGHT-THEME.svg."""
    for size in (SMALL, LARGE):
        for themes in (("calm", "calm-light"), ("no-colour",)):
            for scenario, speed, key_option in KEY_OPTIONS:
                await _draw(target, size, themes, scenario, speed, key_option)


async def _draw(
    target: Path,
    size: tuple[int, int],
    themes: tuple[str, ...],
    scenario: str,
    speed: float,
    key_option: KeyOption,
) -> None:
    without_colours = {"NO_COLOR": "1"} if themes == ("no-colour",) else {}
    with tempfile.TemporaryDirectory() as own, patch.dict(os.environ, without_colours):
        async with (
            Simulator(scenario, speed=speed) as simulator,
            wizard(simulator, Path(own), size, **without_colours) as operator,
        ):

            async def snap(name: str) -> None:
                for theme in themes:
                    if not without_colours:
                        operator.app.use_theme(theme)
                    await operator.pilot.pause(0.3)
                    path = target / f"{name}-{size[0]}x{size[1]}-{theme}.svg"
                    path.write_text(operator.app.export_screenshot(title=path.stem), encoding="utf-8")
                print(name, size, *themes)

            await operator.sees("Signed in to")
            await key_option(operator, snap)


async def _whole(operator: Operator, snap: Snap) -> None:
    """From the first page to the verified cluster."""
    await snap("welcome")
    await operator.press("e")
    await operator.sees("Which subscription?", "Contoso Production")
    await operator.press("end")
    await snap("prerequisites")
    await operator.press("enter")
    await operator.sees("not registered yet")
    await snap("feature")
    await operator.press("tab", "enter")
    await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
    await operator.press("down", "down")
    await snap("clusters")
    await operator.press("n")
    await operator.sees("Create a cluster with encryption enabled")
    await snap("new-cluster")
    await operator.press("escape")
    await operator.choose("orders-prod")
    await operator.sees("Who manages the encryption key of")
    await snap("key-options")
    await operator.press("2")
    await operator.sees("Vault, key and identity for")
    await asyncio.sleep(3)  # until the first checks of the form are there
    await snap("vault")
    await operator.press("ctrl+n")
    await operator.sees("Enter, then type orders-prod")
    await snap("review")
    await operator.press("f3")
    await operator.sees("Preflight checks")
    await snap("checks")
    await operator.press("escape", "question_mark")
    await snap("help")
    await operator.press("escape")
    await operator.start("orders-prod")
    await operator.until(lambda: _is_running(operator, "cluster"), "the cluster to be updated")
    await snap("run")
    await operator.until(lambda: operator.app.session.result is not None, "the end")
    await snap("done")
    await operator.press("v")
    await operator.sees("VERIFIED")
    await snap("verification")


async def _refused(operator: Operator, snap: Snap) -> None:
    """A plan that cannot be applied."""
    await operator.to_clusters(register=False)
    await operator.choose("orders-prod")
    await operator.take_key("Private")
    await operator.sees("Vault, key and identity for")
    await operator.press("ctrl+n")
    await operator.until(lambda: type(operator.app.screen).__name__ == "ReviewScreen", "the review")
    await asyncio.sleep(3)
    await snap("review-with-problems")


async def _failing(operator: Operator, snap: Snap) -> None:
    """A run that fails, and what is offered afterwards."""
    await operator.to_clusters(register=False)
    await operator.choose("orders-prod")
    await operator.to_review("Private")
    await operator.start("orders-prod")
    await operator.until(lambda: operator.app.session.result is not None, "the end")
    await asyncio.sleep(1)  # until the cluster was read
    await snap("run-failed")
    await operator.press("v")
    await operator.sees("NOT VERIFIED")
    await snap("verification-failed")


async def _fleet(operator: Operator, snap: Snap) -> None:
    """All clusters."""
    await operator.press("a")
    await operator.until(
        lambda: bool(operator.app.session.fleet and operator.app.session.fleet.complete), "all clusters"
    )
    await snap("fleet")


KEY_OPTIONS: tuple[tuple[str, float, KeyOption], ...] = (
    ("contoso", 240, _whole),
    ("no-rights", math.inf, _refused),
    ("update-fails", math.inf, _failing),
    ("contoso", math.inf, _fleet),
)


def _is_running(operator: Operator, step: str) -> bool:
    active = operator.app.session.active
    return bool(active and active.steps[step].status == "running")


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))

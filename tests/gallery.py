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

from screens.messages import ShowHistory
from tests.operator import LARGE, SMALL, Operator, wizard
from wizard.simulator import Simulator

Snap = Callable[[str], Awaitable[None]]
Visit = Callable[[Operator, Snap], Awaitable[None]]


async def main(target: Path) -> None:
    """Draw them all into a folder: NAME-WIDTHxHEIGHT-THEME.svg."""
    for size in (SMALL, LARGE):
        for themes in (("calm", "calm-light"), ("no-colour",)):
            for scenario, speed, visit in VISITS:
                await _draw(target, size, themes, scenario, speed, visit)


async def _draw(
    target: Path,
    size: tuple[int, int],
    themes: tuple[str, ...],
    scenario: str,
    speed: float,
    visit: Visit,
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
            await visit(operator, snap)


async def whole(operator: Operator, snap: Snap) -> None:
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
    await operator.sees("Vault, key and identity for", "must be unique")
    await snap("vault")
    await operator.press("ctrl+a", "ctrl+k", "k")
    await operator.press("tab", "shift+tab")
    await operator.sees("A key vault name has 3 to 24")
    await snap("vault-problem")
    await operator.press("ctrl+a", "ctrl+k")
    await operator.paste("kv-orders-prod-kms")
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
    await operator.until(lambda: _has_begun(operator, "cluster"), "the cluster to be updated")
    await snap("run")
    await operator.until(lambda: operator.app.session.result is not None, "the end")
    await operator.sees("Done in")
    await snap("done")
    await operator.press("v")
    await operator.sees("VERIFIED")
    await snap("verification")
    operator.app.post_message(ShowHistory())
    await operator.sees("History of runs", "1 run")
    await snap("history")


async def refused(operator: Operator, snap: Snap) -> None:
    """A plan that cannot be applied."""
    await operator.to_clusters(register=False)
    await operator.choose("orders-prod")
    await operator.take_key("Private")
    await operator.sees("Vault, key and identity for")
    await operator.press("ctrl+n")
    await operator.sees("Not applicable: 2 problems")
    await snap("review-with-problems")


async def failing(operator: Operator, snap: Snap) -> None:
    """All clusters; a run that fails, and what is offered afterwards."""
    await fleet(operator, snap)
    await operator.press("escape")
    await operator.to_clusters(register=False)
    await operator.choose("orders-prod")
    await operator.to_review("Private")
    await operator.start("orders-prod")
    await operator.until(lambda: operator.app.session.result is not None, "the end")
    await operator.sees("is not certain")
    await snap("run-failed")
    await operator.press("v")
    await operator.sees("NOT VERIFIED")
    await snap("verification-failed")


async def fleet(operator: Operator, snap: Snap) -> None:
    """All clusters."""
    await operator.press("a")
    await operator.until(
        lambda: bool(operator.app.session.fleet and operator.app.session.fleet.complete), "all clusters"
    )
    await snap("fleet")


async def lists(operator: Operator, snap: Snap) -> None:
    """The lists to choose from."""
    await operator.to_clusters(register=False)
    await operator.press("n")
    await operator.sees("Create a cluster with encryption enabled")
    await operator.press("tab", "tab")
    await operator.press("down")
    await operator.sees("West Europe")
    await snap("regions")
    await operator.press("escape", "escape")
    await operator.choose("orders-prod")
    await operator.take_key("Private")
    await operator.sees("Vault, key and identity for")
    await operator.until(lambda: "listing the" not in operator.frame(), "what there is")
    await operator.press("shift+tab")
    await operator.press("enter")
    await operator.sees("resource group", "subscription")
    await snap("vaults")


VISITS: tuple[tuple[str, float, Visit], ...] = (
    ("contoso", 240, whole),
    ("no-rights", math.inf, refused),
    ("update-fails", math.inf, failing),
    ("contoso", math.inf, lists),
)


def _has_begun(operator: Operator, step: str) -> bool:
    active = operator.app.session.active
    return bool(active and active.steps[step].status != "waiting")


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))

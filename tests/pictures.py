"""Draws every screen of the wizard into docs/, from the wizard itself on a simulated Azure.

python -m tests.pictures             all of them
python -m tests.pictures recording   only the recording of the whole key option
"""

import asyncio
import math
import os
import re
import stat
import sys
import tempfile
from pathlib import Path

from tests.operator import LARGE, SMALL, Operator, wizard
from tests.recording import Recording
from tests.simulated.in_cluster.kubectl import on_path
from wizard.simulator import Simulator

DOCS = Path(__file__).resolve().parents[1] / "docs"

TOOLS = {
    "az": """echo '{"azure-cli": "2.91.0", "extensions": {"aks-preview": "19.0.0b9"}}'""",
    "kubectl": """echo '{"clientVersion": {"gitVersion": "v1.35.1"}}'""",
}


async def main(only: str = "") -> None:
    """Draw them all, or the recording only."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that the path of the log, which the run's screen shows, names no user
        tools = fixed_tools(Path(folder) / "bin")
        await _recording(tools)
        if only == "recording":
            return
        await _all_pages(tools)
        await _failure(tools)
        await _many(tools)
        await _small(tools)
        await _inside(Path(folder))


async def _all_pages(tools: str) -> None:
    async with (
        Simulator("contoso", speed=120) as simulator,
        wizard(simulator, Path(), LARGE, PATH=tools) as operator,
    ):
        operator.app.session.speed_note = "120× faster"
        await operator.sees("Signed in to")
        draw(operator, "welcome")
        await operator.press("enter")
        await operator.sees("Which subscription?", "aks-preview")
        await operator.press("end")
        draw(operator, "prerequisites")
        await operator.press("enter")
        await operator.sees("not registered yet")
        await operator.press("enter")
        await operator.sees("Registering", "so far")
        draw(operator, "feature")
        await operator.press("enter")
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.press("down", "down")
        await operator.sees("orders-prod · westeurope")
        draw(operator, "cluster")
        await operator.press("n")
        await operator.sees("Create a cluster with encryption enabled")
        for text in ("orders-eu", "rg-orders", "westeurope"):
            await operator.type(text)
            await operator.press("tab")
        await operator.sees("the newest suitable version is")
        draw(operator, "new-cluster")
        await operator.press("escape", "enter")
        await operator.sees("Who manages the encryption key of orders-prod?")
        draw(operator, "key-option")
        await operator.press("enter")
        await operator.sees("Vault, key and identity for", "must be unique")
        draw(operator, "vault")
        await operator.press("ctrl+n")
        await operator.sees("Enter, then type orders-prod")
        await draw_in_both(operator, "review")
        await operator.press("f2")
        await operator.sees("Azure CLI commands")
        draw(operator, "commands")
        await operator.press("escape", "f1")
        await operator.sees("The plan was made from the current state in Azure")
        draw(operator, "help")
        await operator.press("escape")
        await operator.start("orders-prod")
        await operator.until(lambda: _state(operator, "cluster") == "running", "the cluster to be updated")
        await operator.sees("· role assignments are propagating")
        draw(operator, "run")
        await operator.sees("Done in")
        await operator.press("enter")
        await operator.sees("checks passed", "The identity")
        draw(operator, "verification")


async def _recording(tools: str) -> None:
    """Record the whole key option: from the first page to the verified cluster."""
    columns, rows = 120, 34
    async with (
        Simulator("contoso", speed=120) as simulator,
        wizard(simulator, Path(), (columns, rows), PATH=tools) as operator,
    ):
        operator.app.session.speed_note = "120× faster"
        recording = Recording(columns, rows, str(operator.app.current_theme.background))
        await operator.sees("Signed in to")
        recording.snap(operator, 2.5)
        await operator.press("e")
        await operator.sees("Which subscription?", "aks-preview")
        recording.snap(operator, 0.8)
        await operator.press("end")
        recording.snap(operator, 0.8)
        await operator.press("enter")
        await operator.sees("not registered yet")
        recording.snap(operator, 1.2)
        await operator.press("enter")
        await operator.sees("Registering", "so far")
        recording.snap(operator, 1.0)
        await operator.press("tab", "enter")
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.sees("lab-principal")
        recording.snap(operator, 1.5)
        await operator.press("slash")
        for letter in "orders":
            await operator.type(letter)
            recording.snap(operator, 0.15)
        await operator.press("enter", "enter")
        await operator.sees("Who manages the encryption key of orders-prod?")
        recording.snap(operator, 2.0)
        await operator.press("2")
        await operator.sees("Vault, key and identity for", "id-orders-prod")
        recording.snap(operator, 2.5)
        await operator.press("ctrl+n")
        await operator.sees("Enter, then type orders-prod")
        recording.snap(operator, 3.0)
        await operator.to_gate()
        for letter in "orders-prod":
            await operator.type(letter)
            recording.snap(operator, 0.12)
        recording.snap(operator, 0.8)
        await operator.press("enter")
        await operator.until(lambda: operator.app.session.active is not None, "the run")
        active = operator.app.session.active
        while active and active.in_flight:
            recording.snap(operator, 0.4)
            await asyncio.sleep(0.5)
        await operator.sees("Done in")
        recording.snap(operator, 2.0)
        await operator.press("enter")
        await operator.sees("checks passed")
        recording.snap(operator, 4.0)
    (DOCS / "recording.svg").write_text(recording.svg(), encoding="utf-8")
    print("docs/recording.svg")


async def _failure(tools: str) -> None:
    async with (
        Simulator("update-fails", speed=600) as simulator,
        wizard(simulator, Path(), LARGE, PATH=tools) as operator,
    ):
        operator.app.session.speed_note = "600× faster"
        await operator.walk_to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("Private")
        await operator.start("orders-prod")
        await operator.sees("InternalOperationError", "r retry", "failed at: cluster")
        draw(operator, "run-failed")


async def _many(tools: str) -> None:
    async with (
        Simulator("fleet", speed=math.inf) as simulator,
        wizard(simulator, Path(), LARGE, PATH=tools) as operator,
    ):
        operator.app.session.speed_note = "no waiting"
        await operator.sees("Signed in to", "All clusters")
        await operator.press("a")
        await operator.until(
            lambda: (
                operator.app.session.fleet is not None and operator.app.session.fleet.progress.clusters > 2000
            ),
            "the first two thousand",
        )
        await operator.sees("of 10,013", "per second", "not encrypted")
        await draw_in_both(operator, "fleet")


async def _small(tools: str) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, Path(), SMALL, PATH=tools) as operator,
    ):
        operator.app.session.speed_note = "max"
        await operator.walk_to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("Private")
        draw(operator, "review-80x24")


async def _inside(folder: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, Path(), LARGE, PATH=on_path(folder)) as operator,
    ):
        operator.app.session.speed_note = "no waiting"
        await operator.walk_to_clusters(register=False)
        await operator.press("slash")
        await operator.type("bank-ledger")
        await operator.press("enter", "v")
        await operator.sees("checks passed")
        await operator.press("i")
        await operator.sees("Check inside")
        await operator.press("tab", "enter")
        await operator.sees("encryption of a canary secret was observed")
        await operator.until(lambda: not operator.app.screen._busy, "all checks")  # type: ignore[attr-defined]
        await operator.press("end", "up", "up", "up")
        await operator.sees("Proves")
        draw(operator, "inside")


async def draw_in_both(operator: Operator, name: str) -> None:
    """Keep the screen as docs/NAME.svg and, in the light theme, as docs/NAME-light.svg."""
    draw(operator, name)
    operator.app.use_theme("calm-light")
    await asyncio.sleep(0.5)  # a pilot would wait until nothing is read any more
    draw(operator, f"{name}-light")
    operator.app.use_theme("calm")
    await asyncio.sleep(0.5)  # a pilot would wait until nothing is read any more


def draw(operator: Operator, name: str) -> None:
    """Keep the screen as docs/NAME.svg, without fonts from elsewhere."""
    svg = operator.app.export_screenshot(title="aks-kms")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "Fira Code, Cascadia Mono, Menlo, DejaVu Sans Mono, monospace")
    (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/{name}.svg")


def _state(operator: Operator, step: str) -> str:
    active = operator.app.session.active
    return active.steps[step].status if active else ""


def fixed_tools(folder: Path) -> str:
    """A folder with tools of known versions, so that a picture does not depend on who draws it."""
    folder.mkdir()
    for name, script in TOOLS.items():
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return str(folder)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

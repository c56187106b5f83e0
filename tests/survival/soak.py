"""A day of waiting before the run's screen, at a time scale: is the memory flat, the log bounded, the screen alive?

`python -m tests.survival.soak` waits a day of Azure's time, `--hours` another number of them, in as many seconds of real
time as `--speed` makes of it; it prints what it measured at each sixth, and ends with 1 where anything grew or stood still.
"""

import asyncio
import gc
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from screens.app import WizardApp
from screens.session.active_run import ActiveRun
from tests.operator import LARGE, Operator
from tests.served import served
from tests.support import wait_until
from wizard.cloud.azure import connect

WORLD = {
    "description": "Contoso, where the feature takes longer than anybody waits.",
    "extends": "contoso",
    "durations": {"feature": 1_000_000},
}


@dataclass(frozen=True)
class Measured:
    """How it stood at one moment."""

    hour: float
    memory: float
    """MiB, resident."""
    objects: int
    """That Python's garbage collector knows."""
    journal: int
    """Bytes on disk."""
    key: float
    """Seconds of real time until a key that was pressed had its effect on the screen."""


async def soak(folder: Path, hours: float, speed: float, parts: int = 6) -> list[Measured]:
    """Wait so many hours of Azure's time before the run's screen; how it stood at each part of them."""
    with served(WORLD, speed) as environment:
        environment["AKS_KMS_TIMEOUTS"] = f"registration={hours * 36000:.0f}"
        app = WizardApp(
            lambda show: connect(environment, on_instruction=show),
            environment=environment,
            journal_root=folder / "runs",
        )
        async with app.run_test(size=LARGE) as pilot:
            operator = Operator(app, pilot)
            await operator.walk_to_clusters(register=False)
            await operator.choose("aks-demo")
            await operator.to_review("platform-managed")
            await operator.start("aks-demo")
            await operator.sees("Azure is registering the feature")
            found = [await measure(operator, folder)]
            for part in range(1, parts + 1):
                active = app.session.active
                assert active is not None
                until = part * hours * 3600 / parts
                await wait_until(partial(_waited, active, until), within=24 * 3600)
                assert active.in_flight, f"the run ended: {active.problem}"
                found.append(await measure(operator, folder))
            await app.leave()
    return found


def _waited(run: ActiveRun, until: float) -> bool:
    return not run.in_flight or run.elapsed >= until


async def measure(operator: Operator, folder: Path) -> Measured:
    """How it stands now; a key is pressed for it, and another one."""
    active = operator.app.session.active
    assert active is not None
    begun = time.perf_counter()
    await operator.press("up")
    await operator.sees("paused; end follows")
    took = time.perf_counter() - begun
    await operator.press("end")
    gc.collect()
    if sys.platform == "win32":
        raise NotImplementedError
    pages = int(Path("/proc/self/statm").read_text().split()[1])  # noqa: ASYNC240 - no disk is behind it
    return Measured(
        active.elapsed / 3600,
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        len(gc.get_objects()),
        sum(path.stat().st_size for path in (folder / "runs").rglob("*") if path.is_file()),
        took,
    )


def grown(found: list[Measured]) -> list[str]:
    """What grew after the first part, which warms up, and more than a run's own words do; what stood still."""
    early, late = found[1], found[-1]
    hours = late.hour - early.hour
    wrong = []
    if late.memory > early.memory + 8:
        wrong.append(f"memory grew from {early.memory:.0f} to {late.memory:.0f} MiB")
    if late.objects > early.objects * 1.05 + 2000:
        wrong.append(f"objects grew from {early.objects} to {late.objects}")
    if late.journal > early.journal + 60_000 * hours:  # a note a minute for each step that waits
        wrong.append(f"the journal grew from {early.journal} to {late.journal} bytes in {hours:.1f} h")
    if slow := [each.key for each in found if each.key > 5]:
        wrong.append(f"a key took {max(slow):.1f} s")
    return wrong


@click.command()
@click.option("--hours", default=24.0, show_default=True)
@click.option("--speed", default=600.0, show_default=True, help="Times faster than real life.")
def main(hours: float, speed: float) -> None:
    """Wait, and say how it stood."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soak(Path(folder), hours, speed))
    click.echo(f"{'hour':>6} {'memory':>10} {'objects':>9} {'journal':>12} {'a key':>8}")
    for each in found:
        click.echo(
            f"{each.hour:6.1f} {each.memory:6.1f} MiB {each.objects:9d} {each.journal / 1024:8.1f} KiB {each.key:6.2f} s"
        )
    wrong = grown(found)
    click.echo("\n".join(wrong) or "nothing grew, and the screen was alive")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

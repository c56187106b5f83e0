"""How late a frame of the wizard may be: while a run logs, a fleet streams in and the terminal is resized, each without end; and
how soon the wizard offers to resume where the journal has ten thousand runs.

A frame waits for the longest turn of the event loop. Its CPU time is held against the aim, because on a busy machine the wall
time also has what others do; both are printed.
"""

import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import DataTable, Input

from screens.app import WizardApp
from screens.cli import gc_startup
from screens.pages.fleet import FleetScreen
from screens.pages.vault import VaultScreen
from screens.session.active_run import ActiveRun
from screens.widgets.picker import PickChoice, PickDialog
from tests.benchmarks.measure import Report, medians
from tests.benchmarks.start_up import FIRST_TEXT, WIZARD, until_shown
from tests.facts import empty_snapshot, target
from tests.served import served
from tests.support import answers
from tests.textual_internals import set_size
from wizard.cloud.arm import Json
from wizard.cloud.azure import connect
from wizard.cloud.inventory import cluster_row
from wizard.fleet.listing import bodies
from wizard.procedure.events import Event
from wizard.procedure.planning import plan_from
from wizard.runs.journal import Journal

_LATEST = 0.05
"""Seconds that a frame may be late."""
_FROZEN = 0.1
"""Seconds after which a page that reads thousands of resources is frozen."""
_ROUNDS = 3
"""Rounds of each case, of which the medians are printed."""
_RUNS = 10_000


@dataclass
class Turns:
    """The longest turn of the event loop so far."""

    wall: float = 0.0
    cpu: float = 0.0
    ended: bool = False

    async def watch(self) -> None:
        """Measure until `ended`."""
        wall, cpu = time.perf_counter(), time.thread_time()
        while not self.ended:
            await asyncio.sleep(0.001)
            now, used = time.perf_counter(), time.thread_time()
            self.wall, self.cpu = max(self.wall, now - wall), max(self.cpu, used - cpu)
            wall, cpu = now, used


@dataclass
class Latest:
    """The latest frame of each case in each round; other figures of the rounds, in seconds; and their medians."""

    turns: dict[str, list[Turns]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @asynccontextmanager
    async def during(self, what: str) -> AsyncIterator[None]:
        """Measure the longest turn of the block."""
        turns = Turns()
        watching = asyncio.create_task(turns.watch())
        yield
        turns.ended = True
        await watching
        self.turns.setdefault(what, []).append(turns)

    def took(self, what: str, seconds: float) -> None:
        """Keep what something took in this round."""
        self.seconds.setdefault(what, []).append(seconds)

    def cpu(self, what: str) -> float:
        """The median of the CPU time of the longest turns of a case."""
        return statistics.median(turns.cpu for turns in self.turns[what])

    def report(self, report: Report, aim: float = _LATEST, beside: str = "") -> None:
        """Print every case. `beside`: the case without this program, to which those that resize are compared as well."""
        for what, rounds in self.turns.items():
            against = f"{aim * 1000:.0f} ms", aim
            report.line(f"latest frame while {what}, CPU", self.cpu(what), against, 1.0)
            if beside and what != beside and "is resized" in what:
                report.line(
                    f"latest frame while {what}, against a bare table",
                    self.cpu(what),
                    ("the bare table", self.cpu(beside)),
                )
            report.line(f"latest frame while {what}, wall", statistics.median(turns.wall for turns in rounds))


@asynccontextmanager
async def _wizard(environment: dict[str, str], room: Path) -> AsyncIterator[WizardApp]:
    gc_startup.end(gc_startup.WIZARD)  # as the command line does
    app = WizardApp(
        lambda show: connect(environment, on_instruction=show),
        environment=environment,
        speed_note="",
        journal_root=room / "runs",
    )
    async with app.run_test(size=(120, 40)):
        yield app
        await app.leave()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the condition has no event
        await asyncio.sleep(0.005)


def _start(app: WizardApp) -> tuple[ActiveRun, Journal]:
    """Open the page of a run that does nothing."""
    chosen = answers("customer-managed-private")
    plan = plan_from(target(chosen), empty_snapshot(chosen))
    journal = Journal.begin(chosen, plan, root=app.session.journal_root)
    active = app.session.active = ActiveRun(chosen, plan, app.session.azure.clock, journal)
    app.go_to("run")
    return active, journal


async def _log(active: ActiveRun, journal: Journal, seconds: float) -> None:
    """Have a run log ten thousand lines a second, for so many seconds, in portions every ten milliseconds."""
    steps = list(active.steps)
    begun = time.perf_counter()
    for portion in range(int(100 * seconds)):
        for number in range(portion * 100, portion * 100 + 100):
            text = f"line {number}: the operation is in progress; Azure answered 200 to the {number}th request for its state"
            event = Event(datetime.now(UTC), "log", steps[number % len(steps)], message=text)
            active(event)
            journal(event)
        await asyncio.sleep(max(0.0, begun + portion / 100 - time.perf_counter()))


async def _resize(app: App[Any], seconds: float) -> None:
    """Resize the terminal by one column fifty times a second, back and forth between 80 and 160 columns."""
    begun, width, by = time.perf_counter(), 120, 1
    while time.perf_counter() - begun < seconds:
        width += by
        if width in {80, 160}:
            by = -by
        size = Size(width, 40)
        set_size(app, size)
        app.post_message(Resize(size, size))
        await asyncio.sleep(0.02)


_BARE_TABLE = "a table in a minimal app is resized"


class _Bare(App[None]):
    """A table in the smallest Textual app there is: what resizing costs without this program."""

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*(f"Column {number}" for number in range(7)))
        table.add_rows([f"cell {row}"] * 7 for row in range(50))


async def _bare(latest: Latest) -> None:
    app = _Bare()
    async with app.run_test(size=(120, 40)):
        await asyncio.sleep(1)
        gc_startup.end(gc_startup.WIZARD)
        async with latest.during(_BARE_TABLE):
            await _resize(app, 2)


async def _frames(latest: Latest, environment: dict[str, str], room: Path) -> None:
    async with _wizard(environment, room) as app:
        await _until(lambda: app.session.azure_or_none is not None)
        await asyncio.sleep(2)  # the pages are imported in a thread, once
        gc_startup.end(gc_startup.WIZARD)  # as the command line does after the sign-in
        async with latest.during("a fleet of 10,000 streams in"):
            app.push_screen(FleetScreen(app.session))
            await _until(lambda: bool(app.session.fleet and app.session.fleet.complete))
            await asyncio.sleep(0.5)
        async with latest.during("that fleet's page is resized"):
            await _resize(app, 2)
        async with latest.during("the run's page is opened"):
            active, journal = _start(app)
            await asyncio.sleep(1)
        async with latest.during("a run logs 10,000 lines a second"):
            await _log(active, journal, 2)
        async with latest.during("the run's page with 10,000 lines is resized"):
            await _resize(app, 2)


def frames(report: Report) -> None:
    """The latest frame in each case. Resizing is compared with that of a bare table, too: below it is no way."""
    latest = Latest()
    fleet = {"clusters": 10_000, "subscriptions": 40}
    with (
        tempfile.TemporaryDirectory() as folder,
        served({"description": "A fleet.", "extends": "fleet", "fleet": fleet}, "max") as environment,
    ):
        for number in range(_ROUNDS):
            asyncio.run(_bare(latest))
            asyncio.run(_frames(latest, environment, Path(folder, str(number))))
    latest.report(report, beside=_BARE_TABLE)


def many_vaults(report: Report) -> None:
    """The vault form in a subscription with five thousand vaults, identities and role assignments: until they can be selected."""
    latest = Latest()
    fleet = {"clusters": 10, "subscriptions": 1, "spare_vaults": 5_000}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(
            {"description": "Vaults.", "extends": "fleet", "page_size": 1000, "fleet": fleet}, "max"
        ) as environment,
    ):
        for _ in range(_ROUNDS):
            asyncio.run(_vault_form(latest, environment, Path(folder)))
    latest.report(report, _FROZEN)
    selectable, cpu = (statistics.median(each) for each in latest.seconds.values())
    report.line("5,000 vaults and identities can be selected", selectable, ("a second", 1.0), 1.0)
    report.line("the same, CPU", cpu, ("a second", 1.0), 1.0)


async def _vault_form(latest: Latest, environment: dict[str, str], room: Path) -> None:
    async with _wizard(environment, room) as app:
        await _until(lambda: app.session.azure_or_none is not None)
        session = app.session
        own = next(each for each in session.subscriptions if each.name.startswith("Fleet"))
        async for page in bodies(session.azure, own.id, own.name):
            clusters = [cluster_row(body, own) for body in page]
        session.select_subscription(own)
        session.complete("cluster", cluster=clusters[0])
        session.complete("key", option="Private")
        await asyncio.sleep(2)
        gc_startup.end(gc_startup.WIZARD)
        begun, used = time.perf_counter(), time.process_time()
        async with latest.during("5,000 vaults and identities are read"):
            app.go_to("vault")
            await _until(lambda: isinstance(app.screen, VaultScreen) and app.screen.is_mounted)
            choices = list(app.screen.query(PickChoice))
            await _until(lambda: sum(len(each._rows) for each in choices) > 10_000)
            latest.took("wall", time.perf_counter() - begun)
            latest.took("cpu", time.process_time() - used)
        async with latest.during("the list of 5,000 vaults is opened"):
            app.screen.query_one("#vault", PickChoice).open()
            await _until(lambda: isinstance(app.screen, PickDialog))
            await asyncio.sleep(1)
        async with latest.during("the list of 5,000 vaults is filtered"):
            for filter_ in ("s", "spare 04", "spare 0499"):
                app.screen.query_one(Input).value = filter_
                await asyncio.sleep(0.3)


def many_runs(report: Report) -> None:
    """The first frame, and from the sign-in on the offer to resume, where the journal has ten thousand runs, three of a hundred
    to be resumed; the first frame without them is what it is compared with.
    """
    latest = Latest()
    with (
        tempfile.TemporaryDirectory() as folder,
        served({"description": "The built-in scenario.", "extends": "contoso"}, "max") as environment,
    ):
        full, empty = Path(folder, "full"), Path(folder, "empty")
        _record(full / "aks-kms" / "runs", asyncio.run(_cloud(environment)))
        frame = {
            name: partial(until_shown, WIZARD, FIRST_TEXT, environment | {"XDG_STATE_HOME": str(state)})
            for name, state in (("full", full), ("empty", empty))
        }
        shown = medians(frame, 7)
        report.line("first frame, with 10,000 runs", shown["full"], ("without runs", shown["empty"]), 1.05)
        for _ in range(_ROUNDS):
            asyncio.run(_offer(latest, environment, full / "aks-kms"))
    latest.report(report)
    for what, seconds in latest.seconds.items():
        report.line(what, statistics.median(seconds), ("a second", 1.0), 1.0)


async def _cloud(environment: dict[str, str]) -> Json:
    async with connect(environment) as azure:
        return azure.cloud.to_json()


async def _offer(latest: Latest, environment: dict[str, str], room: Path) -> None:
    async with _wizard(environment, room) as app:
        await _until(lambda: app.session.azure_or_none is not None)
        begun = time.perf_counter()
        async with latest.during("10,000 runs are read"):
            await _until(lambda: bool(app.session.resumable))
            latest.took("the offer to resume, with 10,000 runs", time.perf_counter() - begun)


def _record(root: Path, cloud: Json) -> None:
    """Write the journal of so many runs, each of a cluster of its own, copied from one."""
    chosen = answers("customer-managed-private")
    plan = plan_from(target(chosen), empty_snapshot(chosen))
    journal = Journal.begin(chosen, plan, root=root)
    journal(Event(datetime.now(UTC), "step-started", plan.steps[0].key, message="It starts."))
    for number in range(200):
        journal(Event(datetime.now(UTC), "log", plan.steps[0].key, message=f"Request {number} was answered."))
    journal(Event(datetime.now(UTC), "run-finished", status="succeeded", seconds=600.0, message="It ended."))
    journal.close()
    files = {path.name: path.read_text("utf-8") for path in journal.path.iterdir()}
    shutil.rmtree(journal.path)
    body = json.loads(files["plan.json"])
    body["cloud"] = cloud
    for number in range(_RUNS):
        started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        path = root / f"{started:%Y%m%d-%H%M%S}-aks-{number}"
        path.mkdir(0o700)
        own = files | {"plan.json": json.dumps(body | {"cluster_id": f"{body['cluster_id']}-{number}"})}
        if number % 33 == 0:
            own["events.jsonl"] = own["events.jsonl"].replace('"succeeded"', '"failed"')
        for name, text in own.items():
            (path / name).write_text(text, "utf-8")
            (path / name).chmod(0o600)

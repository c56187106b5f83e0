"""The state file: what was answered is kept, whenever the simulator is killed; a fleet keeps only what differs."""

import http.client
import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.clients import PRODUCTION, Start, cluster_path
from tests.simulator.plain import Plain
from wizard.simulator import Simulator
from wizard.simulator.journal import StateFileError
from wizard.simulator.table import Table

ROUNDS = int(os.environ.get("SIMULATOR_KILLS", "4"))
GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
SERVE = """
import json, math, sys, threading
from pathlib import Path
from wizard.simulator import Simulator
simulator = Simulator(sys.argv[1], speed=math.inf, state=Path(sys.argv[2]))
simulator.start()
print(json.dumps(simulator.environment), flush=True)
threading.Event().wait()
"""


class Served:
    """A simulator in a process of its own, which can be killed."""

    def __init__(self, scenario: str, state: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, scenario, str(state)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.client = Plain(json.loads(self.process.stdout.readline()))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def write_until_killed(client: Plain, served: Served, chance: random.Random, kept: dict[str, Any]) -> None:
    """Make, change and remove identities and clusters' tags; `kept` is what was answered last about each."""
    after = threading.Timer(chance.uniform(0.02, 0.4), served.kill)
    after.start()
    try:
        while True:
            name = f"id-{chance.randrange(12)}"
            path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
            # What is under way when the kill comes may have happened or not.
            kept.pop(path, None)
            if chance.random() < 0.25:
                status, _, _ = client("DELETE", path)
                kept[path] = None
            else:
                status, answer, _ = client(
                    "PUT", path, {"location": "westus2", "tags": {"n": str(chance.random())}}
                )
                kept[path] = answer
            assert status in {200, 201, 204}
    except (OSError, http.client.HTTPException):
        after.join()


@pytest.mark.parametrize("scenario", ["contoso", "fleet"])
def test_a_kill_at_any_moment_loses_nothing_that_was_answered(tmp_path: Path, scenario: str) -> None:
    chance, kept = random.Random(scenario), dict[str, Any]()
    for _ in range(ROUNDS if scenario == "contoso" else max(1, ROUNDS // 4)):
        served = Served(scenario, tmp_path / "world")
        for path, before in kept.items():
            status, now, _ = served.client("GET", path)
            assert (status, now) == ((200, before) if before else (404, now)), path
        write_until_killed(served.client, served, chance, kept)
    last = Served(scenario, tmp_path / "world")
    assert all(last.client("GET", path)[0] == (200 if before else 404) for path, before in kept.items())
    last.kill()
    assert kept


async def test_a_fleet_keeps_what_differs_and_no_more(start: Start, tmp_path: Path) -> None:
    world = tmp_path / "fleet.yaml"
    world.write_text(
        "description: A small fleet.\nextends: fleet\nfleet: {clusters: 200, subscriptions: 4}\n", "utf-8"
    )
    state = tmp_path / "state"
    first = await start(str(world), state=state)
    everything = {cluster.id for cluster in await all_clusters(first)}
    changed, removed, *_ = sorted(everything)
    assert (await first.raw("PATCH", changed, body={"tags": {"mine": "yes"}}))[0] == 200
    assert (await first.raw("DELETE", removed))[0] == 202
    assert removed not in {cluster.id for cluster in await all_clusters(first)}
    first.simulator.stop()
    assert state.stat().st_size < 400_000
    second = await start(str(world), state=state)
    assert {cluster.id for cluster in await all_clusters(second)} == everything - {removed}
    assert (await second.raw("GET", changed))[1]["tags"] == {"mine": "yes"}
    untouched = sorted(everything)[5]
    assert (await second.raw("GET", untouched))[1] == first.simulator.resource(untouched)


async def all_clusters(cloud: Any) -> list[Any]:
    found = []
    async for subscription in cloud.subscriptions.subscriptions.list():
        _, answer, _ = await cloud.raw(
            "GET", f"{subscription.id}/providers/Microsoft.ContainerService/managedClusters"
        )
        found += [type("Cluster", (), entry) for entry in answer["value"]]
    return found


def test_it_is_private_and_one_file_when_stopped(tmp_path: Path) -> None:
    simulator = Simulator("empty", state=tmp_path / "state")
    simulator.start()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600
    simulator.stop()
    assert {path.name for path in tmp_path.iterdir()} == {"state", "state.ca.pem"}


def test_two_simulators_do_not_share_one(tmp_path: Path) -> None:
    first = Simulator("empty", state=tmp_path / "state")
    first.start()
    with pytest.raises(StateFileError, match="in use by another simulator"):
        Simulator("empty", state=tmp_path / "state").start()
    first.stop()


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["CREATE TABLE recipes (name TEXT)"], "a database of something else"),
        (
            ["CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)", "CREATE TABLE entries (x)", "INSERT INTO facts VALUES ('format', '99')"],
            "its format is 99",
        ),
    ],
)  # fmt: skip
def test_a_database_of_something_else_is_refused(tmp_path: Path, statements: list[str], what: str) -> None:
    with sqlite3.connect(tmp_path / "other") as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    before = (tmp_path / "other").read_bytes()
    with pytest.raises(StateFileError, match=what):
        Simulator("empty", state=tmp_path / "other").start()
    assert (tmp_path / "other").read_bytes() == before


async def test_what_is_changed_behind_the_clients_back_is_kept_too(start: Start, tmp_path: Path) -> None:
    first = await start(state=tmp_path / "state")
    first.simulator.change(cluster_path(), {"tags": {"drift": "yes"}})
    first.simulator.stop()
    second = await start(state=tmp_path / "state")
    assert second.cluster()["tags"] == {"purpose": "demo", "drift": "yes"}


# -- the table underneath ----------------------------------------------------------------------------------------------


class Doze:
    """Makes a list with one number in it, and counts how often."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> list[int]:
        self.woken += 1
        return [1]


def dump(entry: list[int]) -> bytes:
    return json.dumps(entry).encode()


def test_a_sleeper_is_made_when_asked_for_and_sleeps_again() -> None:
    table, sleeper = Table[list[int]](), Doze()
    table.lay("a", sleeper)
    assert ("a" in table, len(table), sleeper.woken) == (True, 1, 0)
    assert table["a"] is table["a"]
    assert dict(table.awake()) == {"a": [1]}
    table.rest(changed=False)
    assert dict(table.awake()) == {}
    table["a"].append(2)
    table.rest(changed=True)
    assert table["a"] == [1, 2]
    assert {key: table.peek(key) for key in table} == {"a": [1, 2]}


def test_changes_in_place_are_found_and_told_once() -> None:
    table = Table([("a", [1]), ("b", [2])])
    table.lay("c", Doze())
    table.watch(dump)
    table["a"].append(5)
    assert table["b"] == [2]
    table["d"] = [4]
    del table["c"]
    found = {
        change.key: (change.before, change.after, change.born_asleep)
        for change in table.changes(forget=False)
    }
    assert found == {"a": (b"[1]", b"[1, 5]", False), "d": (None, b"[4]", False), "c": (b"[1]", None, True)}
    assert table.changes(forget=True) == []
    table["b"].append(3)
    assert [change.after for change in table.changes(forget=True)] == [b"[2, 3]"]

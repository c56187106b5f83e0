"""The state file: acknowledged changes survive a kill at any moment; of a generated fleet, only differences are stored."""

import asyncio
import http.client
import json
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    Start,
    cluster_path,
    vault_path,
)
from tests.simulated.simulator.plain import Plain
from wizard.simulator import Simulator, StateFileError
from wizard.simulator.state.scenario_loading import load_scenario
from wizard.simulator.state.state import Changes, Principal
from wizard.simulator.state.tracked_table import Table
from wizard.simulator.state.world import World

ROUNDS = int(os.environ.get("SIMULATOR_KILLS", "2"))
GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
SERVE = """
import json, math, resource, sys
from pathlib import Path
from wizard.simulator import Simulator
simulator = Simulator(sys.argv[1], speed=math.inf, state=Path(sys.argv[2]))
simulator.start()
print(json.dumps(simulator.environment), flush=True)
for limit in sys.stdin:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    print(flush=True)
"""


class Served:
    """A simulator in a separate process, which can be killed."""

    def __init__(self, scenario: str, state: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, scenario, str(state)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        self._stdout, self._stdin = self.process.stdout, self.process.stdin
        self.client = Plain(json.loads(self._stdout.readline()))

    def limit_file_size(self, limit: int) -> None:
        """Limit the size, in bytes, to which the process can write files; -1 removes the limit."""
        print(limit, file=self._stdin, flush=True)
        self._stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._stdout.close()
        self._stdin.close()


def write_until_killed(client: Plain, served: Served, chance: random.Random, kept: dict[str, Any]) -> None:
    """Create, change and delete identities; `kept` is the last response about each."""
    after = threading.Timer(chance.uniform(0.02, 0.4), served.kill)
    after.start()
    try:
        while True:
            name = f"id-{chance.randrange(12)}"
            path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
            # A request in flight at the time of the kill may have been executed or not.
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


@pytest.mark.sampled(2)
@pytest.mark.parametrize("scenario", ["contoso", "fleet"])
def test_kill_at_any_moment_loses_no_acknowledged_change(tmp_path: Path, scenario: str) -> None:
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


def test_failed_writes_are_repeated_with_the_next_write(tmp_path: Path) -> None:
    served = Served("contoso", tmp_path / "world")
    identities = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    body = {"location": "westus2"}
    assert served.client("PUT", f"{identities}/before", body)[0] == 201
    served.limit_file_size(0)
    for method, path in (
        ("PUT", f"{identities}/meanwhile"),
        ("GET", f"{identities}/meanwhile"),
        ("DELETE", f"{identities}/before"),
    ):
        status, answer, _ = served.client(method, path, body if method == "PUT" else None)
        assert (status, answer["error"]["code"]) == (500, "InternalServerError"), "it would be lost"
    served.limit_file_size(-1)
    assert served.client("GET", f"{identities}/meanwhile")[0] == 200
    served.kill()
    again = Served("contoso", tmp_path / "world")
    found = [again.client("GET", f"{identities}/{name}")[0] for name in ("before", "meanwhile")]
    again.kill()
    assert found == [404, 200]


def test_failing_subscriber_does_not_prevent_notification_of_the_others() -> None:
    world = World(load_scenario("empty"), speed=1)
    received: list[Changes] = []

    def fails(changes: Changes) -> None:
        raise OSError(str(changes))

    for subscriber in (received.append, fails, received.append):
        world.subscribe(subscriber)
    world.add_principal(Principal("id", "user", "a user"))
    with pytest.raises(OSError, match="a user"):
        world.commit()
    assert [[change.key for change in changes["principals"]] for changes in received] == [["id"], ["id"]]


async def test_only_differences_from_a_generated_fleet_are_stored(start: Start, tmp_path: Path) -> None:
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


def test_state_file_is_private_and_a_single_file_after_stop(tmp_path: Path) -> None:
    simulator = Simulator("empty", state=tmp_path / "state")
    simulator.start()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600
    simulator.stop()
    assert {path.name for path in tmp_path.iterdir()} == {"state", "state.ca.pem"}


def test_second_simulator_cannot_open_the_same_file(tmp_path: Path) -> None:
    first = Simulator("empty", state=tmp_path / "state")
    first.start()
    with pytest.raises(StateFileError, match="in use by another simulator"):
        Simulator("empty", state=tmp_path / "state").start()
    first.stop()


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["CREATE TABLE recipes (name TEXT)"], "it is another SQLite database"),
        (
            ["CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)", "CREATE TABLE entries (x)", "INSERT INTO facts VALUES ('format', '99')"],
            "its format is 99",
        ),
    ],
)  # fmt: skip
def test_other_database_is_refused_and_left_unchanged(
    tmp_path: Path, statements: list[str], what: str
) -> None:
    with sqlite3.connect(tmp_path / "other") as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    before = (tmp_path / "other").read_bytes()
    with pytest.raises(StateFileError, match=what) as refused:
        Simulator("empty", state=tmp_path / "other").start()
    assert (tmp_path / "other").read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "other", timeout=0)) as database:
        database.execute("CREATE TABLE more (name TEXT)")
    assert refused.value.__traceback__, "the database is not locked, even while the exception is referenced"


async def test_drift_is_stored_too(start: Start, tmp_path: Path) -> None:
    first = await start(state=tmp_path / "state")
    first.simulator.change(cluster_path(), {"tags": {"drift": "yes"}})
    first.simulator.stop()
    second = await start(state=tmp_path / "state")
    assert second.cluster()["tags"] == {"purpose": "demo", "drift": "yes"}


async def test_key_created_with_nulls_can_be_restored(start: Start, tmp_path: Path) -> None:
    """Null is the same as omitting a property, on both planes."""
    attributes, tags = {"enabled": None, "exp": None, "nbf": None}, {"a": None, "b": "c"}
    first = await start(state=tmp_path / "state")
    vault = await first.make_vault()
    await first.grant(vault.id, CRYPTO_OFFICER, OPERATOR)
    body = {"tags": tags, "properties": {"kty": "RSA", "attributes": attributes}}
    assert (await first.raw("PUT", f"{vault_path()}/keys/arm", "2026-05-15", body))[0] == 200
    plain = Plain(first.simulator.environment)
    for method, path in (("POST", "/keys/data/create"), ("PATCH", "/keys/data")):
        body = {"attributes": attributes, "tags": tags} | ({"kty": "RSA"} if method == "POST" else {})
        status, made, _ = await asyncio.to_thread(plain.vault, "kv-demo", method, path, body)
        assert (status, made["attributes"]["enabled"], made["tags"]) == (200, True, {"b": "c"})
    first.simulator.stop()
    second = await start(state=tmp_path / "state")
    kept = [key async for key in second.vaults.keys.list("rg-demo", "kv-demo")]
    assert [(key.name, key.tags, key.properties.attributes.enabled) for key in kept] == [
        ("arm", {"b": "c"}, True),
        ("data", {"b": "c"}, True),
    ]


# -- tables of the state -----------------------------------------------------------------------------------------------


class CountingSource:
    """Creates a list with one number, and counts how often."""

    def __init__(self) -> None:
        self.created = 0

    def create(self) -> list[int]:
        self.created += 1
        return [1]


def dump(entry: list[int]) -> bytes:
    return json.dumps(entry).encode()


def test_lazy_entry_is_created_when_read_and_unloaded_unless_changed() -> None:
    table, source = Table[list[int]](), CountingSource()
    table.add_lazy("a", source)
    assert ("a" in table, len(table), source.created) == (True, 1, 0)
    assert table["a"] is table["a"]
    assert dict(table.loaded()) == {"a": [1]}
    table.unload(changed=False)
    assert dict(table.loaded()) == {}
    table["a"].append(2)
    table.unload(changed=True)
    assert table["a"] == [1, 2]
    assert {key: table.peek(key) for key in table} == {"a": [1, 2]}


def test_changes_in_place_are_reported_once() -> None:
    table = Table([("a", [1]), ("b", [2])])
    table.add_lazy("c", CountingSource())
    table.watch(dump)
    table["a"].append(5)
    assert table["b"] == [2]
    table["d"] = [4]
    del table["c"]
    found = {
        change.key: (change.before, change.after, change.generated) for change in table.changes(forget=False)
    }
    assert found == {"a": (b"[1]", b"[1, 5]", False), "d": (None, b"[4]", False), "c": (b"[1]", None, True)}
    assert table.changes(forget=True) == []
    table["b"].append(3)
    assert [change.after for change in table.changes(forget=True)] == [b"[2, 3]"]

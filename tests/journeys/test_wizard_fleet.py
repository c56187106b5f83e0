"""The fleet overview: clusters are listed, sorted, filtered, opened, opened in the wizard, saved."""

import json
import math
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import DataTable, Input, Static

from screens.pages.cluster import ClusterScreen
from screens.pages.fleet import FleetScreen
from screens.pages.verification import VerificationScreen
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.support import DEVELOPMENT, cluster_id, scenario_file, vault_id
from wizard.simulator import Simulator

LIST = "/providers/microsoft.containerservice/managedclusters"


def names(operator: Operator) -> list[str]:
    """The clusters in the table, from top to bottom."""
    table = operator.app.screen.query_one(DataTable)
    return [str(table.get_row_at(row)[1]) for row in range(table.row_count)]


def more(table: DataTable[str], before: int, most: int) -> bool:
    """Whether there are more rows than before, or all of them."""
    return table.row_count > before or table.row_count == most


async def to_many(operator: Operator) -> None:
    """From the first frame to all clusters."""
    await operator.sees("Signed in to", "All clusters")
    await operator.press("a")
    await operator.until(lambda: isinstance(operator.app.screen, FleetScreen), "the screen of many clusters")
    await operator.until(
        lambda: bool(operator.app.session.fleet and operator.app.session.fleet.complete), "all of them"
    )


async def read(operator: Operator) -> None:
    """Until all of them are read."""
    await operator.until(
        lambda: operator.app.session.fleet is not None and operator.app.session.fleet.complete, "all clusters"
    )
    await operator.sees("in 2 subscriptions", "fail")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_fleet_is_sorted_filtered_and_saved_and_a_cluster_is_opened(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, size) as operator,
    ):
        await to_many(operator)
        shown = await operator.sees("9 fail", "13 in 2 subscriptions", "aks-demo", "not encrypted")
        assert "legacy" in shown
        assert "platform" in shown
        assert any("All clusters" in line and "settings only · " in line for line in shown.splitlines()), (
            "it stands in one line"
        )
        assert len(names(operator)) == 13
        await operator.press("z")
        assert names(operator) == sorted(names(operator))
        await operator.press("Z")
        assert names(operator) == sorted(names(operator), reverse=True)
        await operator.press("k", "k")
        await operator.sees("web-stage", "1 of 13 shown")
        assert names(operator) == ["web-stage"]
        await operator.press("escape")
        assert len(names(operator)) == 13
        await operator.press("f")
        await operator.sees("9 of 13 shown")
        assert "web-stage" not in names(operator)
        await operator.press("escape", "slash")
        await operator.paste("bank LEDGER")
        await operator.until(lambda: names(operator) == ["bank-ledger"], "one cluster")
        await operator.press("enter")
        await operator.until(
            lambda: isinstance(operator.app.focused, DataTable), "the list to have the focus"
        )
        await operator.press("enter")
        await operator.until(lambda: isinstance(operator.app.screen, VerificationScreen), "the verification")
        await operator.sees("bank-ledger: secrets are encrypted with")
        await operator.press("escape")
        await operator.until(lambda: isinstance(operator.app.screen, FleetScreen), "the many clusters")
        assert names(operator) == ["bank-ledger"]
        assert operator.app.screen.query_one("#filter", Input).value == "bank LEDGER"
        await operator.press("f1")
        await operator.sees("Show only clusters of one kind of encryption", "Verify again in full depth")
        await operator.press("escape", "escape")
        assert isinstance(operator.app.screen, FleetScreen)
        await operator.press("slash")
        await operator.paste("nothing fits this")
        await operator.sees("No cluster matches. Press Esc to clear the filters.")
        assert operator.app.screen.query_one("#totals", Static).display
        await operator.press("escape")
        assert isinstance(operator.app.screen, FleetScreen)
        await operator.press("escape")
        await operator.sees("What do you want to do?")
        assert simulator.writes() == []
        asked = len(simulator.requests)
        await operator.press("a")
        await operator.sees("9 fail", "aks-demo")
        assert len(simulator.requests) == asked, "what was found is shown again"
        await operator.press("r")
        await operator.until(lambda: len(simulator.requests) >= asked + 3, "Azure to be asked again")
        await read(operator)
        await operator.press("k", "k", "k", "s")
        await operator.sees("Save the clusters that are shown")
        await operator.press("enter", "enter")
        await operator.until((tmp_path / "clusters.md").exists, "the files")
        await operator.sees("Saved:")
    body = json.loads((tmp_path / "clusters.json").read_text())
    assert {row["name"] for row in body["clusters"]} == {"bank-ledger", "bank-cards"}
    assert body["summary"].items() >= {"total": 13, "passed": 4, "failed": 9, "warned": 1}.items()
    assert "## bank-cards" in (tmp_path / "clusters.md").read_text().replace("\\", "")


async def test_incomplete_sweep_is_started_again(tmp_path: Path) -> None:
    match = {"method": "GET", "path": f"/subscriptions/{DEVELOPMENT}{LIST}", "count": 1}
    once = scenario_file(tmp_path, faults=[{"match": match, "hang": True}])
    async with Simulator(once, speed=math.inf) as simulator, wizard(simulator, tmp_path, LARGE) as operator:
        await operator.sees("Signed in to", "All clusters")
        await operator.press("a")
        await operator.sees("9 of 13", "1 of 2 subscriptions", "bank-cards")
        left = operator.app.session.fleet
        assert left is not None
        await operator.press("escape")
        await operator.until(lambda: left.progress._ended is not None, "the sweep to end")
        assert not left.complete
        await operator.press("a")
        await read(operator)
        assert operator.app.session.fleet is not left
        assert operator.app.session.fleet is not None
        assert operator.app.session.fleet.tally.clusters == 13


async def test_cluster_of_the_fleet_is_opened_in_the_wizard(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await to_many(operator)
        await operator.press("slash")
        await operator.paste("dev-payments")
        await operator.press("enter")
        await operator.press("e")
        await operator.until(lambda: isinstance(operator.app.screen, ClusterScreen), "the cluster's choice")
        await operator.sees("Which cluster?", "dev-payments", "4 found in 1 subscription", "– Prerequisites")
        assert operator.app.session.draft.subscription is not None
        assert operator.app.session.draft.subscription.id == DEVELOPMENT
        assert not operator.app.session.clusters_complete, (
            "the clusters of one subscription are not all that there are"
        )
        await operator.until(lambda: isinstance(operator.app.focused, DataTable), "the list")
        await operator.press("enter")
        await operator.sees("Who manages the encryption key of dev-payments?")
        await operator.press("escape")
        await operator.press("a")
        await operator.until(lambda: isinstance(operator.app.screen, FleetScreen), "the many clusters again")
        assert sum(isinstance(screen, FleetScreen) for screen in operator.app.screen_stack) == 1


async def test_full_depth_detects_a_broken_vault(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        simulator.change(
            vault_id("kv-bank-ledger", "rg-bank"), {"properties": {"networkAcls": {"bypass": "None"}}}
        )
        await to_many(operator)
        await operator.sees("9 fail")
        await operator.press("d")
        await operator.sees("Verify 13 clusters in full depth?", "For the 3 with a key in a key vault")
        await operator.press("right", "enter")
        await operator.sees("10 fail", "full depth", "cluster cannot reach th")
        await operator.press("slash")
        await operator.type("ledger")
        await operator.sees("firewall does not allow trusted Azure services")


async def test_unreadable_subscription_is_a_line_with_its_reason(tmp_path: Path) -> None:
    faults = [
        {
            "match": {"method": "GET", "path": f"/subscriptions/{DEVELOPMENT}{LIST}"},
            "answer": {"status": 403, "code": "AuthorizationFailed", "message": "You may not list them."},
        }
    ]
    async with (
        Simulator(scenario_file(tmp_path, faults=faults), speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await to_many(operator)
        await operator.sees("1 not readable", "Contoso Development")
        await operator.press("z", "k")
        assert names(operator)[0] == "Contoso Development", "no choice of encryption hides it"
        await operator.press("ctrl+home")
        await operator.sees("You may not list them.")
        await operator.press("enter", "e")
        assert isinstance(operator.app.screen, FleetScreen)


async def test_rows_are_added_when_the_cursor_gets_near_them(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(json.dumps({"description": "Many.", "extends": "fleet", "fleet": {"clusters": 600, "subscriptions": 2}}))  # fmt: skip
    async with Simulator(path, speed=math.inf) as simulator, wizard(simulator, tmp_path, LARGE) as operator:
        await to_many(operator)
        await operator.sees("613 in 4 subscriptions")
        table = operator.app.screen.query_one(DataTable)
        await operator.until(lambda: table.row_count > 300, "more than a screen")
        assert table.row_count < 613
        for _ in range(2):
            before = table.row_count
            await operator.press("ctrl+end")
            await operator.until(partial(more, table, before, 613), "more")
        await operator.until(lambda: table.row_count == 613, "all of them")
        await operator.press("slash")
        await operator.paste("checkout not encrypted")
        await operator.until(lambda: 0 < table.row_count < 200, "fewer")
        assert all("checkout" in name for name in names(operator))


async def test_long_cluster_name_leaves_room_for_the_encryption(tmp_path: Path) -> None:
    long = "a-cluster-whose-name-is-as-long-as-azure-lets-a-name-be-in-all-"[:62] + "x"
    group = {"location": "westus2", "clusters": {long: {"version": "1.34.2"}}}
    many = scenario_file(tmp_path, subscriptions={DEVELOPMENT: {"groups": {"rg-long": group}}})
    async with Simulator(many, speed=math.inf) as simulator, wizard(simulator, tmp_path, SMALL) as operator:
        await operator.to_clusters(register=False)
        await operator.sees("not encrypted")
        await operator.press("slash")
        await operator.type("as-long")
        await operator.sees("not encrypted", "a-cluster-whose-name-is", "…")
        table = operator.app.screen.query_one(DataTable)
        assert table.virtual_size.width <= table.size.width


async def test_failed_list_shows_the_problem_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> AsyncIterator[object]:
        raise ValueError("nobody foresaw this")
        yield

    monkeypatch.setattr("screens.pages.cluster.sweep", broken)
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("v")
        await operator.sees("aks-kms itself failed at reading the clusters")
        await operator.press("escape")
        await operator.sees("There are no clusters that you can access.")
        assert "searching" not in operator.frame()


async def test_stale_resource_graph_data_is_reported(tmp_path: Path) -> None:
    async with (
        Simulator("stale-graph", speed=20) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        simulator.remove(cluster_id("bank-cards", "rg-bank"))
        await operator.sees("Signed in to", "All clusters")
        await operator.press("a")
        await operator.sees("1 cluster listed by Resource Graph", "12 in 2 subscriptions")
        assert "bank-cards" not in names(operator)

"""A sweep over all subscriptions: its results, its requests, and the errors that do not stop it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.containerservice.models import ManagedCluster
from azure.mgmt.resourcegraph.models import QueryResponse

from tests.facts import cluster
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id, scenario_file, signed_in, wait_until
from wizard.cloud.arm import CLUSTER_API
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.inventory import Unreadable
from wizard.cloud.writes import Repeat, declared
from wizard.fleet.graph import Page, page_of, window
from wizard.fleet.progress import Progress
from wizard.fleet.sweep import Found, Gone, Swept, sweep
from wizard.simulator import Simulator

GRAPH = "/providers/microsoft.resourcegraph/resources"
LIST = "/providers/microsoft.containerservice/managedclusters"
ORDERS = cluster_id("orders-prod", "rg-orders")


async def swept(
    azure: Azure, subscriptions: Sequence[Subscription] | None = None, **options: Any
) -> tuple[list[Found], Progress]:
    progress = Progress()
    places = await azure.subscriptions() if subscriptions is None else subscriptions
    return [found async for found in sweep(azure, places, progress=progress, **options)], progress


def graph_shows(monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, str]) -> None:
    """Make Resource Graph return these rows of subscriptions and ids."""

    async def pages(*_: Any) -> AsyncIterator[Page]:
        yield Page(tuple((subscription, id_.lower()) for subscription, id_ in rows), len(rows), False)

    monkeypatch.setattr("wizard.fleet.graph.pages", pages)


def lists(simulator: Simulator) -> int:
    """Return how many pages of lists were requested so far."""
    return sum(request.path.lower().endswith(LIST) for request in simulator.requests)


async def test_every_cluster_of_contoso_is_found_with_its_settings() -> None:
    async with signed_in() as (simulator, azure):
        found, progress = await swept(azure)
        for each in found:
            assert isinstance(each, Swept)
            assert each.in_graph is True
            body = simulator.resource(each.row.id)
            assert body is not None
            assert each.body["properties"]["securityProfile"] == body["properties"]["securityProfile"]
        assert simulator.writes() == []
        assert simulator.unknown == ()
    assert len(found) == 13
    assert (progress.expected, progress.clusters, progress.subscriptions, progress.listed) == (13, 13, 2, 2)
    assert progress.kinds == {
        "none": 9,
        "customer-managed": 2,
        "platform-managed": 1,
        "legacy-kms": 1,
    }
    assert progress._ended is not None
    assert progress.rate > 0


async def test_lists_use_the_api_version_of_the_sdk() -> None:
    async with signed_in() as (_, azure):
        assert azure.containers(PRODUCTION)._config.api_version == CLUSTER_API


@pytest.mark.matrix
@pytest.mark.timeout(600)  # the simulated Azure is in this process, and the machine may be a busy one
async def test_ten_thousand_clusters_take_ten_pages_of_graph_and_the_pages_of_the_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "wizard.simulator.server.simulator.MAX_RECORDED_BYTES", 1 << 30
    )  # every request is to be remembered
    async with signed_in("fleet") as (simulator, azure):
        progress = Progress()
        async for found in sweep(azure, await azure.subscriptions(), progress=progress):
            assert isinstance(found, Swept)
        assert all(request.status == 200 for request in simulator.requests)
        paths = [request.path.lower() for request in simulator.requests]
    asked = Counter(
        "graph" if path == GRAPH else "list" if path.endswith(LIST) else path.rpartition("/")[2]
        for path in paths
    )
    assert progress.clusters == progress.expected == 10_013
    assert progress.subscriptions == progress.listed == 42
    assert asked.pop("graph") == 11  # a thousand on a page
    # a page of a list holds a hundred: three pages for each of forty subscriptions, one for each of Contoso's two
    assert asked.pop("list") == 40 * 3 + 2
    assert asked == {"subscriptions": 1, "endpoints": 1, "token": 1}


async def test_stale_graph_data_is_reported() -> None:
    async with signed_in("stale-graph", speed=20) as (simulator, azure):
        simulator.remove(ORDERS)
        client = azure.containers(DEVELOPMENT).managed_clusters
        body = {
            "location": "northeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "fresh",
                "agentPoolProfiles": [{"name": "nodepool1", "count": 1, "mode": "System", "vmSize": "Standard_D4ds_v5"}],
            },
        }  # fmt: skip
        with declared(Repeat.SAFE):
            await client.begin_create_or_update("rg-dev", "dev-fresh", ManagedCluster(body))
        found, progress = await swept(azure)
    rows = {each.row.name: each for each in found if isinstance(each, Swept)}
    assert "orders-prod" not in rows
    assert [each.id for each in found if isinstance(each, Gone)] == [ORDERS.lower()]
    assert rows["dev-fresh"].in_graph is False
    assert all(each.in_graph for name, each in rows.items() if name != "dev-fresh")
    assert (progress.expected, progress.clusters) == (13, 13)


async def test_encryption_is_read_from_lists_and_not_from_graph() -> None:
    async with signed_in("stale-graph", speed=20) as (simulator, azure):
        simulator.change(
            ORDERS,
            {"properties": {"securityProfile": {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}}},
        )  # fmt: skip
        found, _ = await swept(azure)
    (orders,) = (each for each in found if isinstance(each, Swept) and each.row.name == "orders-prod")
    assert orders.row.kind == "platform-managed"


async def test_a_subscription_without_permission_is_one_row_with_its_reason(tmp_path: Path) -> None:
    vaults = f"/subscriptions/{DEVELOPMENT}/resourceGroups/rg-other"
    groups = {"rg-other": {"location": "northeurope"}}
    operator = {"roles": {f"/subscriptions/{DEVELOPMENT}": None, vaults: ["Reader"]}}
    changes = {"principals": {"operator": operator}, "subscriptions": {DEVELOPMENT: {"groups": groups}}}
    async with signed_in(scenario_file(tmp_path, **changes)) as (_, azure):
        found, progress = await swept(azure)
    (missed,) = (each for each in found if isinstance(each, Unreadable))
    assert missed.subscription_id == DEVELOPMENT
    assert missed.problem.code == "AuthorizationFailed"
    assert missed.problem.summary == "The clusters of Contoso Development could not be listed."
    assert sum(isinstance(each, Swept) for each in found) == 9
    assert not any(isinstance(each, Gone) for each in found)
    assert (progress.unreadable, progress.listed, progress.expected) == (1, 2, 9)


async def test_clusters_of_readable_resource_groups_are_read(tmp_path: Path) -> None:
    group = f"/subscriptions/{DEVELOPMENT}/resourceGroups/rg-dev"
    operator = {"roles": {f"/subscriptions/{DEVELOPMENT}": None, group: ["Reader"]}}
    async with signed_in(scenario_file(tmp_path, principals={"operator": operator})) as (_, azure):
        found, progress = await swept(azure)
    rows = {each.row.name for each in found if isinstance(each, Swept)}
    assert {"dev-sandbox", "dev-payments", "dev-broken"} <= rows
    assert "lab-principal" not in rows
    assert len(rows) == progress.clusters == progress.expected == 12
    (missed,) = (each for each in found if isinstance(each, Unreadable))
    assert "Contoso Development cannot be listed as a whole" in missed.problem.summary
    assert missed.problem.code == "AuthorizationFailed"
    assert not any(isinstance(each, Gone) for each in found)


async def test_an_invalid_id_in_graph_does_not_stop_a_sweep_of_resource_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = f"/subscriptions/{DEVELOPMENT}/resourceGroups/rg-dev"
    operator = {"roles": {f"/subscriptions/{DEVELOPMENT}": None, group: ["Reader"]}}
    async with signed_in(scenario_file(tmp_path, principals={"operator": operator})) as (_, azure):
        for ids in ((f"{group}/odd",), (f"{group}/odd", cluster_id("dev-sandbox", "rg-dev", DEVELOPMENT))):
            graph_shows(monkeypatch, *((DEVELOPMENT, id_) for id_ in ids))
            found, _ = await swept(azure)
            (missed,) = (each for each in found if isinstance(each, Unreadable))
            assert missed.problem.code == "AuthorizationFailed"
            told = "1 of the ids in Resource Graph could not be read." in missed.problem.summary
            assert told == (len(ids) == 2), "otherwise no cluster of the subscription was read"
            rows = [each.row.name for each in found if isinstance(each, Swept)]
            assert ("dev-sandbox" in rows) == (len(ids) == 2)


async def test_without_graph_every_subscription_is_listed(tmp_path: Path) -> None:
    faults = [
        {
            "match": {"method": "POST", "path": "/providers/Microsoft.ResourceGraph/*"},
            "answer": {"status": 403, "code": "AuthorizationFailed", "message": "Not for you."},
        }
    ]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        found, progress = await swept(azure)
    assert [each.in_graph for each in found if isinstance(each, Swept)] == [None] * 13
    assert progress.graph_problem is not None
    assert progress.graph_problem.code == "AuthorizationFailed"
    assert progress.expected is None


async def test_a_subscription_that_graph_repeats_is_listed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = cluster_id("nobody", "rg-orders")
    async with signed_in() as (simulator, azure):
        graph_shows(
            monkeypatch,
            (PRODUCTION, cluster_id()),
            (DEVELOPMENT, cluster_id("dev-sandbox", "rg-dev", DEVELOPMENT)),
            (PRODUCTION, ORDERS),
            (PRODUCTION, nobody),
        )
        found, progress = await swept(azure)
        assert lists(simulator) == 2
    rows = {each.row.name: each for each in found if isinstance(each, Swept)}
    assert len(rows) == sum(isinstance(each, Swept) for each in found) == progress.clusters == 13
    assert (progress.subscriptions, progress.listed) == (2, 2)
    assert {name for name, each in rows.items() if each.in_graph} == {
        "aks-demo",
        "dev-sandbox",
        "orders-prod",
    }
    assert [each.id for each in found if isinstance(each, Gone)] == [nobody.lower()]


async def test_throttling_delays_the_sweep_and_is_visible() -> None:
    async with signed_in("throttled") as (simulator, azure):
        found, _ = await swept(azure)
        refused = sum(request.status == 429 for request in simulator.requests)
        assert azure.throttling.times == refused > 0
    assert len(found) == 13


async def test_a_subscription_that_is_always_throttled_is_unreadable(tmp_path: Path) -> None:
    faults = [
        {
            "match": {"method": "GET", "path": f"/subscriptions/{DEVELOPMENT}{LIST}"},
            "answer": {"status": 429, "code": "Throttled", "message": "Later.", "headers": {"x-ms-retry-after-ms": "1"}},
        }
    ]  # fmt: skip
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (_, azure):
        found, _ = await swept(azure)
    (missed,) = (each for each in found if isinstance(each, Unreadable))
    assert missed.problem.code == "TooManyRequests"
    assert missed.problem.retryable
    assert len(found) == 10


async def test_a_lost_connection_and_a_truncated_response_are_unreadable(tmp_path: Path) -> None:
    match = {"method": "GET", "path": f"/subscriptions/*{LIST}", "nth": 1}
    for number, fault in enumerate(("reset", "truncate", "malformed")):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with signed_in(scenario_file(folder, faults=[{"match": match, fault: True}])) as (_, azure):
            found, progress = await swept(azure)
        rows = sum(isinstance(each, Swept) for each in found)
        assert (rows, progress.unreadable) == (13, 0), fault


async def test_a_cluster_in_an_unexpected_format_is_one_row_with_its_reason(tmp_path: Path) -> None:
    good = cluster()
    odd = {**cluster(), "id": cluster_id("odd"), "properties": {"agentPoolProfiles": ["x"]}}
    listed = {"text": json.dumps({"value": [good, odd, {"name": "nobody"}]})}
    match = {"method": "GET", "path": f"/subscriptions/{PRODUCTION}{LIST}"}
    async with signed_in(scenario_file(tmp_path, faults=[{"match": match, "raw": listed}])) as (_, azure):
        here = [each for each in await azure.subscriptions() if each.id == PRODUCTION]
        found, progress = await swept(azure, here, whole=False)
    assert [each.row.name for each in found if isinstance(each, Swept)] == ["aks-demo"]
    first, second = (each for each in found if isinstance(each, Unreadable))
    assert first.cluster_id == cluster_id("odd")
    assert first.problem.summary == "The cluster odd in Contoso Production could not be read."
    assert "its agentPoolProfiles[] is text, not an object" in first.problem.cause
    assert second.problem.summary == "The cluster without an id in Contoso Production could not be read."
    assert cluster_id("odd").lower() not in {each.id for each in found if isinstance(each, Gone)}
    assert (progress.clusters, progress.unreadable) == (1, 0)


async def test_only_the_given_subscriptions_are_listed() -> None:
    async with signed_in() as (simulator, azure):
        here = [each for each in await azure.subscriptions() if each.id == PRODUCTION]
        found, progress = await swept(azure, here, whole=False)
        assert {each.row.subscription_id for each in found if isinstance(each, Swept)} == {PRODUCTION}
        assert progress.expected == 9
        listed = [request.path for request in simulator.requests if request.path.lower().endswith(LIST)]
        assert listed == [f"/subscriptions/{PRODUCTION}/providers/Microsoft.ContainerService/managedClusters"]


async def test_an_abandoned_sweep_stops_sending_requests(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(
        json.dumps({"description": "Some.", "extends": "fleet", "page_size": 1, "fleet": {"clusters": 400, "subscriptions": 4}})
    )  # fmt: skip
    async with signed_in(path) as (simulator, azure):
        rows = sweep(azure, await azure.subscriptions(), at_once=2)
        async for _ in rows:
            break
        await rows.aclose()
        asked = lists(simulator)
        assert 0 < asked < 40
        await azure.subscriptions()
        assert lists(simulator) <= asked + 2  # those in flight


async def test_a_cancelled_sweep_leaves_no_tasks(tmp_path: Path) -> None:
    hangs = {"match": {"path": "*/providers/microsoft.containerservice/managedclusters"}, "hang": True}
    async with signed_in(scenario_file(tmp_path, faults=[hangs])) as (simulator, azure):
        subscriptions, before = await azure.subscriptions(), asyncio.all_tasks()

        async def follow() -> None:
            async with aclosing(sweep(azure, subscriptions)) as rows:
                async for _ in rows:
                    pass

        following = asyncio.create_task(follow())
        await wait_until(lambda: lists(simulator))
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        left = asyncio.all_tasks() - before - {following}
    assert [task for task in left if "Queue.get" in repr(task)] == []


async def test_a_tenant_without_subscriptions_has_no_clusters() -> None:
    async with signed_in("empty") as (_, azure):
        found, progress = await swept(azure, [])
    assert found == []
    assert progress._ended is not None


@pytest.mark.parametrize("leads", [("?page=2", "?page=2"), ("?page=2", "?page=3", "?page=2"), ("",)])
async def test_a_list_with_a_repeated_link_ends(
    leads: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def page(azure: Azure, url: str) -> Any:
        asked.append(url)
        link = f"{azure.cloud.arm}{asked[0]}{leads[len(asked) - 1]}"
        return {"value": [cluster() | {"id": cluster_id(f"c{len(asked)}")}], "nextLink": link}

    async with signed_in() as (_, azure):
        here = [each for each in await azure.subscriptions() if each.id == PRODUCTION]
        monkeypatch.setattr(Azure, "get", page)
        found, _ = await swept(azure, here, whole=False)
    (missed,) = (each for each in found if isinstance(each, Unreadable))
    assert (missed.problem.code, missed.problem.summary) == (
        "UnknownShape",
        "The clusters of Contoso Production could not be listed.",
    )
    assert "leads back" in missed.problem.cause
    assert sum(isinstance(each, Swept) for each in found) == len(asked) == len(leads)


async def test_a_repeated_skip_token_of_graph_ends_the_query(tmp_path: Path) -> None:
    answer = {"totalRecords": 1, "count": 0, "data": [], "resultTruncated": "false", "$skipToken": "again"}
    match = {"method": "POST", "path": "/providers/Microsoft.ResourceGraph/*"}
    faults = [{"match": match, "raw": {"text": json.dumps(answer)}}]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (simulator, azure):
        found, progress = await swept(azure)
        assert sum(request.path.lower() == GRAPH for request in simulator.requests) == 2
    assert progress.graph_problem is not None
    assert "leads back" in progress.graph_problem.cause
    assert [each.in_graph for each in found if isinstance(each, Swept)] == [None] * 13


def test_the_subscription_limit_of_graph_is_reported() -> None:
    rows: Any = [{"id": "/Subscriptions/A/x", "subscriptionId": "A"}]
    answer = QueryResponse(total_records=2, count=1, result_truncated="false", data=rows)
    page = page_of(answer, {"x-ms-tenant-subscription-limit-hit": "true"})
    assert (page.ids, page.total, page.cut_off) == ((("a", "/subscriptions/a/x"),), 2, True)
    assert not page_of(answer, {}).cut_off


def test_a_used_up_quota_of_graph_delays_the_next_query() -> None:
    assert window({}) == 0
    assert window({"x-ms-user-quota-remaining": "3", "x-ms-user-quota-resets-after": "00:00:04"}) == 0
    assert window({"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:01:04"}) == 64
    assert window({"x-ms-user-quota-remaining": "0"}) == 5


async def test_queries_to_graph_stay_within_its_quota(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    limits = {"enforced": "always", "graph_queries": 1, "graph_window": 1}
    fleet = {"clusters": 1100, "subscriptions": 3}
    path.write_text(json.dumps({"description": "A small quota.", "extends": "fleet", "fleet": fleet, "throttling": limits}))  # fmt: skip
    async with signed_in(path) as (simulator, azure):
        _, progress = await swept(azure)
        asked = [request.status for request in simulator.requests if request.path.lower() == GRAPH]
    assert asked == [200, 200]
    assert progress.expected == progress.clusters == 1113
    assert azure.throttling.times == 0

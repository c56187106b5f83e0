"""Azure Resource Graph: the supported query, pages, scopes and permissions, lag, quota and refusals (docs/azure.md#fleets)."""

import math
import time
from typing import Any

import pytest

from tests.simulated.simulator.clients import DEVELOPMENT, PRODUCTION, Cloud, Start
from wizard.fleet.graph import QUESTION
from wizard.simulator.resource_graph.query import QueryRefusedError, parse_query
from wizard.simulator.resource_graph.service import ResourceGraph
from wizard.simulator.state.world import World

CLUSTERS = "resources | where type =~ 'Microsoft.ContainerService/managedClusters'"
PATH = "/providers/Microsoft.ResourceGraph/resources"


async def ask(cloud: Cloud, text: str, **body: Any) -> tuple[int, Any, Any]:
    return await cloud.raw("POST", PATH, "2024-04-01", {"query": text} | body)


async def names(cloud: Cloud, query: str, **body: Any) -> list[str]:
    status, answer, _ = await ask(cloud, query, **body)
    assert status == 200, answer
    return [row["name"] for row in answer["data"]]


ROWS: list[dict[str, Any]] = [
    {"id": "1", "name": "a", "subscriptionId": "x", "properties": {"on": True}},
    {"id": "2", "name": "b", "subscriptionId": "y", "properties": {}},
    {"id": "3", "name": "C", "subscriptionId": "x", "properties": {"on": False}},
]
WHERE = "resources | where type =~ 'microsoft.x/y'"


def test_the_query_of_the_product_is_supported() -> None:
    query = parse_query(QUESTION)
    assert query.type == "microsoft.containerservice/managedclusters"
    assert query.sort([query.project(row) for row in ROWS]) == [
        {"id": "1", "subscriptionId": "x"},
        {"id": "3", "subscriptionId": "x"},
        {"id": "2", "subscriptionId": "y"},
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("project name | order by name asc", [{"name": "C"}, {"name": "a"}, {"name": "b"}]),
        ("project name | order by name", [{"name": "b"}, {"name": "a"}, {"name": "C"}]),
        ("project id, subscriptionId | order by subscriptionId desc, id asc",
         [{"id": "2", "subscriptionId": "y"}, {"id": "1", "subscriptionId": "x"}, {"id": "3", "subscriptionId": "x"}]),
        ("project properties", [{"properties": {"on": True}}, {"properties": {}}, {"properties": {"on": False}}]),
    ],
)  # fmt: skip
def test_columns_and_order(text: str, rows: list[dict[str, Any]]) -> None:
    query = parse_query(f'Resources\n| where type =~ "Microsoft.X/Y" | {text}')
    assert query.sort([query.project(row) for row in ROWS]) == rows


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (f"{WHERE} and name == 'x'", {"code": "InvalidQueryLanguage", "line": 1, "characterPositionInLine": 12, "token": "where"}),
        (f"{WHERE}\n| parse id with * '/x/' rest", {"code": "InvalidQueryLanguage", "line": 2, "characterPositionInLine": 2, "token": "parse"}),
        (f"{WHERE} | join kind=inner (resources) on id", {"code": "InvalidQueryLanguage", "token": "join"}),
        (f"{WHERE} | summarize count() by location", {"code": "InvalidQueryLanguage", "token": "summarize"}),
        (f"{WHERE} | order by name asc | project name", {"code": "InvalidQueryLanguage", "token": "project"}),
        (f"{WHERE} | project name, t = type", {"code": "InvalidQueryLanguage", "token": "project"}),
        (f"{WHERE} |", {"code": "InvalidQueryLanguage", "token": "<EOF>"}),
        ("resources | where @", {"code": "InvalidQueryLanguage", "token": "where"}),
        ("resources | limit 5", {"code": "InvalidQueryLanguage", "token": "limit"}),
        ("resources", {"code": "InvalidQueryLanguage", "token": "<EOF>"}),
        ("resources where name == 'x'", {"code": "InvalidQueryLanguage", "token": "resources"}),
        ("secrets | count", {"code": "DisallowedLogicalTableName"}),
        (f"{WHERE} | project nme", {"code": "Default", "message": "Failed to resolve column or scalar expression named 'nme'."}),
        (f"{WHERE} | project name | order by type asc", {"code": "Default"}),
        (f"{WHERE} | order by properties", {"code": "Default"}),
    ],
)  # fmt: skip
def test_any_other_query_is_refused(text: str, detail: dict[str, Any]) -> None:
    with pytest.raises(QueryRefusedError) as refused:
        parse_query(text)
    assert detail.items() <= refused.value.detail.items()


async def test_a_query_of_all_subscriptions(cloud: Cloud) -> None:
    status, answer, headers = await ask(
        cloud, f"{CLUSTERS} | project id, name, properties, resourceGroup, subscriptionId | order by name asc"
    )
    assert (status, answer["totalRecords"], answer["resultTruncated"]) == (200, 13, "false")
    encrypted = [
        row for row in answer["data"] if "azureKeyVaultKms" in row["properties"].get("securityProfile", {})
    ]
    assert [row["name"] for row in encrypted] == ["bank-cards", "bank-ledger", "batch-eu"]
    assert encrypted[0].pop("properties")["securityProfile"]["azureKeyVaultKms"]["enabled"] is True
    assert encrypted[0] | {"id": ""} == {
        "id": "", "name": "bank-cards", "resourceGroup": "rg-bank", "subscriptionId": PRODUCTION,
    }  # fmt: skip
    assert headers["x-ms-user-quota-remaining"] == "14"
    assert headers["x-ms-user-quota-resets-after"] == "00:00:05"


async def test_a_refused_query_has_the_error_format_of_resource_graph(cloud: Cloud) -> None:
    status, answer, _ = await ask(cloud, "resources | parse id with x")
    assert (status, answer["error"]["code"]) == (400, "BadRequest")
    assert [entry["code"] for entry in answer["error"]["details"]] == ["InvalidQuery", "InvalidQueryLanguage"]
    assert (
        "supports only queries of the form: resources | where type"
        in answer["error"]["details"][1]["message"]
    )
    assert "correlationId = " in answer["error"]["message"]


async def test_pages_fit_together(cloud: Cloud) -> None:
    found: list[str] = []
    options: dict[str, Any] = {"$top": 5}
    while True:
        _, answer, _ = await ask(cloud, f"{CLUSTERS} | project id, name", options=options)
        found += [row["name"] for row in answer["data"]]
        if "$skipToken" not in answer:
            break
        assert answer["count"] == 5
        options["$skipToken"] = answer["$skipToken"]
    assert len(found) == len(set(found)) == answer["totalRecords"] == 13


async def test_without_the_id_there_is_no_next_page(cloud: Cloud) -> None:
    _, answer, _ = await ask(cloud, f"{CLUSTERS} | project name", options={"$top": 5})
    assert (answer["count"], answer["resultTruncated"]) == (5, "true")
    assert "$skipToken" not in answer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"options": {"$top": 2000}}, "InvalidPaging"),
        ({"options": {"$skipToken": "nonsense"}}, "InvalidSkipToken"),
        ({"options": {"top": 5}}, "InvalidRequestBody"),
        ({"options": {"resultFormat": "table"}}, "UnsupportedResultFormat"),
        ({"facets": [{"expression": "location"}]}, "UnsupportedFacet"),
        ({"subscriptions": "all"}, "InvalidRequestBody"),
        ({"query": " "}, "InvalidQuery"),
        ({"subscriptions": ["99999999-9999-9999-9999-999999999999"]}, "NoValidSubscriptionsInQueryRequest"),
        ({"managementGroups": ["all"]}, "UnsupportedScope"),
        ({"options": {"$top": True}}, "InvalidRequestBody"),
        ({"options": {"$skipToken": "WzFlOTk5LCAiIl0="}}, "InvalidSkipToken"),
    ],
)
async def test_invalid_requests_are_refused(cloud: Cloud, body: dict[str, Any], code: str) -> None:
    status, answer, _ = await ask(cloud, CLUSTERS, **body)
    assert (status, [entry["code"] for entry in answer["error"]["details"]]) == (400, [code])


async def test_null_members_count_as_missing(cloud: Cloud) -> None:
    nothing = {"$top": None, "$skip": None, "$skipToken": None, "resultFormat": None}
    for options in (nothing, None):
        status, answer, _ = await ask(
            cloud, CLUSTERS, subscriptions=None, managementGroups=None, options=options
        )
        assert (status, answer["totalRecords"]) == (200, 13)


@pytest.mark.parametrize(
    "stage", ["where " + "(" * 400 + "1 == 1" + ")" * 400, f"project properties{'.a' * 3000}"]
)
async def test_deeply_nested_queries_are_refused_and_long_ones_answered(cloud: Cloud, stage: str) -> None:
    status, answer, _ = await ask(cloud, f"{CLUSTERS} | {stage}")
    assert (status, answer["error"]["details"][0]["code"]) == (400, "InvalidQuery")
    status, answer, _ = await ask(cloud, f"{CLUSTERS} | project {', '.join(['name'] * 2000)}")
    assert (status, answer["totalRecords"]) == (200, 13)


async def test_a_query_is_limited_to_the_named_subscriptions(cloud: Cloud) -> None:
    in_development = await names(cloud, CLUSTERS, subscriptions=[DEVELOPMENT])
    assert sorted(in_development) == ["dev-broken", "dev-payments", "dev-sandbox", "lab-principal"]


async def test_rows_are_limited_to_what_the_caller_may_read(start: Start) -> None:
    """Subscriptions without a role are left out without an error; so are resources inside a subscription."""
    cloud = await start(
        f"principals: {{reader: {{roles: {{/subscriptions/{DEVELOPMENT}: null, /subscriptions/{PRODUCTION}: null, "
        f"/subscriptions/{PRODUCTION}/resourceGroups/rg-bank: [Reader]}}}}}}",
        principal="reader",
    )
    assert await names(cloud, f"{CLUSTERS} | order by name asc") == ["bank-cards", "bank-ledger"]
    status, answer, _ = await ask(cloud, CLUSTERS, subscriptions=[DEVELOPMENT])
    assert (status, answer["error"]["details"][0]["code"]) == (400, "NoValidSubscriptionsInQueryRequest")


async def tagged(cloud: Cloud, tag: str, value: str) -> list[str]:
    """Return the names of the clusters that Resource Graph shows with this tag."""
    _, answer, _ = await ask(cloud, CLUSTERS)
    return [row["name"] for row in answer["data"] if (row["tags"] or {}).get(tag) == value]


async def test_changes_appear_after_the_lag(start: Start) -> None:
    now = time.time()
    cloud = await start("durations: {graph_lag: 100}", speed=1, clock=lambda: now)
    await cloud.raw("PATCH", cluster("aks-demo"), body={"tags": {"seen": "yes"}})
    await cloud.raw("DELETE", cluster("web-stage", "rg-web"))
    assert (await cloud.raw("GET", cluster("aks-demo")))[1]["tags"] == {"seen": "yes"}
    assert await tagged(cloud, "seen", "yes") == []
    now += 120
    assert await tagged(cloud, "seen", "yes") == ["aks-demo"]


async def test_earlier_states_are_kept_no_longer_than_the_lag(start: Start) -> None:
    """They are dropped even if no query is ever sent: a simulator may run for days."""
    now = time.time()
    cloud = await start("durations: {graph_lag: 100}", speed=1, clock=lambda: now)

    def kept(world: World) -> int:
        return sum(map(len, world.service(ResourceGraph)._past.values()))

    for tag in ("a", "b", "c"):
        await cloud.raw("PATCH", cluster("aks-demo"), body={"tags": {"tag": tag}})
        await cloud.raw("PATCH", cluster("web-stage", "rg-web"), body={"tags": {"tag": tag}})
        assert cloud.simulator.in_world(kept) == 2
        now += 120
    assert sorted(await tagged(cloud, "tag", "c")) == ["aks-demo", "web-stage"]
    assert cloud.simulator.in_world(kept) == 0


def cluster(name: str, group: str = "rg-demo") -> str:
    return f"/subscriptions/{PRODUCTION}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"


async def test_the_quota_of_a_window(start: Start) -> None:
    cloud = await start("throttling: {enforced: always, graph_queries: 2, graph_window: 600}", speed=math.inf)
    remaining = [(await ask(cloud, CLUSTERS))[2]["x-ms-user-quota-remaining"] for _ in range(2)]
    status, answer, headers = await ask(cloud, CLUSTERS)
    assert remaining == ["1", "0"]
    assert (status, answer["error"]["code"]) == (429, "RateLimiting")
    assert headers["x-ms-user-quota-remaining"] == "0"
    assert headers["x-ms-user-quota-resets-after"] in {"00:10:00", "00:09:59"}
    assert int(headers["Retry-After"]) in {599, 600}

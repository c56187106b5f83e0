"""Azure Resource Graph: the language, pages, scopes and rights, lag, quota, and what it refuses (AZURE.md §8)."""

import asyncio
import math
import time
from typing import Any

import pytest

from tests.simulated.simulator.clients import DEVELOPMENT, PRODUCTION, TENANT, Cloud, Start, until
from wizard.simulator.resource_graph.language import QueryRefused
from wizard.simulator.resource_graph.query import compile_query
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
    {"name": "a", "type": "microsoft.x/y", "properties": {"on": True, "n": 3, "list": [{"id": "one"}]}, "tags": {"env": "Prod"}},
    {"name": "b", "type": "microsoft.x/y", "properties": {"on": False, "n": 20}, "tags": None},
    {"name": "C", "type": "microsoft.x/z", "properties": {}, "tags": {"env": "dev", "cost-centre": "7"}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("where name == 'a'", ["a"]),
        ("where name == 'c'", []),
        ("where name =~ 'c'", ["C"]),
        ("where name != 'a' and name !~ 'B'", ["C"]),
        ("where type in~ ('Microsoft.X/Y')", ["a", "b"]),
        ("where type !in ('microsoft.x/y')", ["C"]),
        ("where tags.env contains 'PRO'", ["a"]),
        ("where tags.env !contains 'pro'", ["b", "C"]),
        ("where tags['cost-centre'] == '7'", ["C"]),
        ("where properties.list[0].id == 'one'", ["a"]),
        ("where properties.on == true", ["a"]),
        ("where properties.on != true", ["b", "C"]),
        ("where properties.on == 'true'", ["a"]),
        ("where isnotempty(properties.n)", ["a", "b"]),
        ("where isempty(tags)", ["b"]),
        ("where isnull(properties.on) or properties.n >= 20", ["b", "C"]),
        ("where not(name startswith 'A') and (name endswith 'b' or name has 'c')", ["b", "C"]),
        ("where toint(properties.n) < 5 // the rest is a remark", ["a"]),
        ("order by name asc", ["C", "a", "b"]),
        ("order by tolower(name)", ["C", "b", "a"]),
        ("sort by toint(properties.n) asc nulls last", ["a", "b", "C"]),
        ("sort by toint(properties.n)", ["b", "a", "C"]),
        ("top 1 by name", ["b"]),
        ("order by name asc | limit 2", ["C", "a"]),
        ("take 1 | project name", ["a"]),
        ("extend up = toupper(name) | where up == 'B'", ["b"]),
        ("project name, t = type | where t endswith 'z' | project-away t", ["C"]),
    ],
)
def test_language(text: str, found: list[str]) -> None:
    query = compile_query(f"resources | {text}")
    rows = [row for row in ROWS if all(holds(row) for holds in query.filters)]
    assert [row["name"] for row in query.finish(rows)] == found


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("count", [{"Count": 3}]),
        ("summarize count() by type", [{"type": "microsoft.x/y", "count_": 2}, {"type": "microsoft.x/z", "count_": 1}]),
        ("summarize n = count(), on = countif(properties.on == true)", [{"n": 3, "on": 1}]),
        ("summarize dcount(type), sum(toint(properties.n)), make_set(type)", [{"dcount_type": 2, "sum_properties_n": 23, "set_type": ["microsoft.x/y", "microsoft.x/z"]}]),
        ("summarize max(properties.n), min(name)", [{"max_properties_n": 20, "min_name": "C"}]),
        ("distinct type | order by type desc", [{"type": "microsoft.x/z"}, {"type": "microsoft.x/y"}]),
        ("where name == 'a' | project properties.on, x = strcat(name, '-', type), iff(name == 'a', 1, 2)", [{"properties_on": True, "x": "a-microsoft.x/y", "Column3": 1}]),
        ("where name == 'none' | summarize count()", [{"count_": 0}]),
        ("where name == 'none' | summarize count() by type", []),
    ],
)  # fmt: skip
def test_shapes(text: str, rows: list[dict[str, Any]]) -> None:
    query = compile_query(f"Resources\n| {text};")
    assert query.finish([row for row in ROWS if all(holds(row) for holds in query.filters)]) == rows


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("resources | where name == 'x", {"code": "ParserFailure", "line": 1, "characterPositionInLine": 26, "token": "'"}),
        ("resources\n| where name = 'x'", {"code": "ParserFailure", "line": 2, "characterPositionInLine": 13, "token": "="}),
        ("resources | where (name == 'x'", {"code": "ParserFailure", "token": "<EOF>", "expectedToken": ")"}),
        ("resources | limit many", {"code": "ParserFailure", "token": "many"}),
        ("resources where name == 'x'", {"code": "ParserFailure", "token": "where"}),
        ("resources | parse id with * '/x/' rest", {"code": "InvalidQueryLanguage", "token": "parse"}),
        ("resources | join kind=inner (resources) on id", {"code": "InvalidQueryLanguage", "token": "join"}),
        ("secrets | count", {"code": "DisallowedLogicalTableName"}),
        ("resources | where nme == 'x'", {"code": "Default", "message": "Failed to resolve column or scalar expression named 'nme'."}),
        ("resources | project name | where type == 'x'", {"code": "Default"}),
        ("resources | where frobnicate(name)", {"code": "Default", "message": "Unknown function: 'frobnicate'."}),
        ("resources | summarize median(name)", {"code": "Default"}),
        ("resources | summarize count() by properties.x", {"code": "Default"}),
        ("resources | order by properties.x", {"code": "Default"}),
        ("resources | where name.first == 'x'", {"code": "Default"}),
        ("resources | where tolower(name, type) == 'x'", {"code": "Default"}),
        ("resources | where name == 'x' |", {"code": "ParserFailure", "token": "<EOF>"}),
        ("resources | summarize", {"code": "ParserFailure"}),
        ("resources | summarize count(name)", {"code": "ParserFailure"}),
        ("resources | where @", {"code": "ParserFailure", "token": "@"}),
    ],
)  # fmt: skip
def test_refusals(text: str, detail: dict[str, Any]) -> None:
    with pytest.raises(QueryRefused) as refused:
        compile_query(text)
    assert detail.items() <= refused.value.detail.items()


async def test_a_fleet_query_over_all_subscriptions(cloud: Cloud) -> None:
    status, answer, headers = await ask(
        cloud,
        f"{CLUSTERS} and isnotempty(properties.securityProfile.azureKeyVaultKms) "
        "| project id, name, kms = properties.securityProfile.azureKeyVaultKms.enabled, resourceGroup, subscriptionId | order by name asc",
    )
    assert (status, answer["totalRecords"], answer["resultTruncated"]) == (200, 3, "false")
    assert [row["name"] for row in answer["data"]] == ["bank-cards", "bank-ledger", "batch-eu"]
    assert answer["data"][0] | {"id": ""} == {
        "id": "", "name": "bank-cards", "kms": True, "resourceGroup": "rg-bank", "subscriptionId": PRODUCTION,
    }  # fmt: skip
    assert headers["x-ms-user-quota-remaining"] == "14"
    assert headers["x-ms-user-quota-resets-after"] == "00:00:05"


async def test_a_query_that_is_no_query_is_refused_in_graphs_own_form(cloud: Cloud) -> None:
    status, answer, _ = await ask(cloud, "resources | parse id with x")
    assert (status, answer["error"]["code"]) == (400, "BadRequest")
    assert [entry["code"] for entry in answer["error"]["details"]] == ["InvalidQuery", "InvalidQueryLanguage"]
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


async def test_a_table_has_columns(cloud: Cloud) -> None:
    _, answer, _ = await ask(cloud, f"{CLUSTERS} | summarize count() by location | top 1 by count_", options={"resultFormat": "table"})  # fmt: skip
    assert answer["data"]["columns"] == [
        {"name": "location", "type": "string"},
        {"name": "count_", "type": "integer"},
    ]
    assert answer["data"]["rows"] == [["northeurope", 5]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"options": {"$top": 2000}}, "InvalidPaging"),
        ({"options": {"$skipToken": "nonsense"}}, "InvalidSkipToken"),
        ({"options": {"top": 5}}, "InvalidRequestBody"),
        ({"subscriptions": "all"}, "InvalidRequestBody"),
        ({"query": " "}, "InvalidQuery"),
        ({"subscriptions": ["99999999-9999-9999-9999-999999999999"]}, "NoValidSubscriptionsInQueryRequest"),
        ({"managementGroups": ["nowhere"]}, "NoValidSubscriptionsInQueryRequest"),
        ({"managementGroups": [["nowhere"]]}, "NoValidSubscriptionsInQueryRequest"),
        ({"options": {"$top": True}}, "InvalidRequestBody"),
        ({"options": {"$skipToken": "WzFlOTk5LCAiIl0="}}, "InvalidSkipToken"),
    ],
)
async def test_a_request_that_is_wrong(cloud: Cloud, body: dict[str, Any], code: str) -> None:
    status, answer, _ = await ask(cloud, CLUSTERS, **body)
    assert (status, [entry["code"] for entry in answer["error"]["details"]]) == (400, [code])


async def test_null_is_the_same_as_nothing(cloud: Cloud) -> None:
    nothing = {"$top": None, "$skip": None, "$skipToken": None, "resultFormat": None}
    for options in (nothing, None):
        status, answer, _ = await ask(
            cloud, f"{CLUSTERS} | count", subscriptions=None, managementGroups=None, options=options
        )
        assert (status, answer["data"]) == (200, [{"Count": 13}])


@pytest.mark.parametrize("condition", ["(" * 400 + "1 == 1" + ")" * 400, f"properties{'.a' * 3000} == 'x'"])
async def test_a_query_may_be_long_and_not_deep(cloud: Cloud, condition: str) -> None:
    status, answer, _ = await ask(cloud, f"{CLUSTERS} and {condition}")
    assert (status, answer["error"]["details"][0]["code"]) == (400, "InvalidQuery")
    names = " or ".join(["name == 'aks-demo'"] * 2000)
    status, answer, _ = await ask(cloud, f"{CLUSTERS} | where {names} | count")
    assert (status, answer["data"]) == (200, [{"Count": 1}])


async def test_scopes(start: Start) -> None:
    cloud = await start(f"management_groups: {{development: [{DEVELOPMENT}]}}")
    everything = await names(cloud, CLUSTERS)
    in_development = await names(cloud, CLUSTERS, subscriptions=[DEVELOPMENT])
    assert sorted(in_development) == ["dev-broken", "dev-payments", "dev-sandbox", "lab-principal"]
    assert await names(cloud, CLUSTERS, managementGroups=["development"]) == in_development
    assert await names(cloud, CLUSTERS, managementGroups=[TENANT]) == everything
    containers = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' | order by name asc"
    assert await names(cloud, containers) == ["Contoso Development", "Contoso Production"]
    groups = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions/resourcegroups' and isempty(managedBy)"
    assert "rg-lab" in await names(cloud, groups)


async def test_only_what_the_caller_may_read(start: Start) -> None:
    """A subscription without rights is left out without a word; inside one, what no role covers is not there."""
    cloud = await start(
        f"principals: {{reader: {{roles: {{/subscriptions/{DEVELOPMENT}: null, /subscriptions/{PRODUCTION}: null, "
        f"/subscriptions/{PRODUCTION}/resourceGroups/rg-bank: [Reader]}}}}}}",
        principal="reader",
    )
    assert await names(cloud, f"{CLUSTERS} | order by name asc") == ["bank-cards", "bank-ledger"]
    status, answer, _ = await ask(cloud, CLUSTERS, subscriptions=[DEVELOPMENT])
    assert (status, answer["error"]["details"][0]["code"]) == (400, "NoValidSubscriptionsInQueryRequest")


async def test_changes_are_seen_later(start: Start) -> None:
    cloud = await start("durations: {graph_lag: 100}", speed=100)
    tagged = f"{CLUSTERS} and tags.seen == 'yes'"
    await cloud.raw("PATCH", cluster("aks-demo"), body={"tags": {"seen": "yes"}})
    await cloud.raw("DELETE", cluster("web-stage", "rg-web"))
    assert (await cloud.raw("GET", cluster("aks-demo")))[1]["tags"] == {"seen": "yes"}
    assert await names(cloud, tagged) == []

    async def seen() -> bool:
        await asyncio.sleep(0.05)
        return await names(cloud, tagged) == ["aks-demo"]

    await until(seen, "Resource Graph shows the change in the end")


async def test_the_past_is_kept_no_longer_than_it_is_shown(start: Start) -> None:
    """Also where nobody ever asks: a world may be served for days."""
    now = time.time()
    cloud = await start("durations: {graph_lag: 100}", speed=1, clock=lambda: now)

    def kept(world: World) -> int:
        return sum(map(len, world.service(ResourceGraph)._past.values()))

    for tag in ("a", "b", "c"):
        await cloud.raw("PATCH", cluster("aks-demo"), body={"tags": {"tag": tag}})
        await cloud.raw("PATCH", cluster("web-stage", "rg-web"), body={"tags": {"tag": tag}})
        assert cloud.simulator.in_world(kept) == 2
        now += 120
    assert sorted(await names(cloud, f"{CLUSTERS} and tags.tag == 'c'")) == ["aks-demo", "web-stage"]
    assert cloud.simulator.in_world(kept) == 0


def cluster(name: str, group: str = "rg-demo") -> str:
    return f"/subscriptions/{PRODUCTION}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"


async def test_the_quota_of_a_window(start: Start) -> None:
    cloud = await start("throttling: {enforced: always, graph_queries: 2, graph_window: 600}", speed=math.inf)
    remaining = [(await ask(cloud, f"{CLUSTERS} | count"))[2]["x-ms-user-quota-remaining"] for _ in range(2)]
    status, answer, headers = await ask(cloud, f"{CLUSTERS} | count")
    assert remaining == ["1", "0"]
    assert (status, answer["error"]["code"]) == (429, "RateLimiting")
    assert headers["x-ms-user-quota-remaining"] == "0"
    assert headers["x-ms-user-quota-resets-after"] in {"00:10:00", "00:09:59"}
    assert int(headers["Retry-After"]) in {599, 600}

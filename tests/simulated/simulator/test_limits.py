"""Limits of a subscription: throttling, quotas, policies, pages (docs/azure.md#refusals-of-the-aks-resource-provider)."""

import json
from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Start, cluster_path, said, vault_path

S = f"/subscriptions/{PRODUCTION}"
SLOW = "{size: 2, refill: 1, seconds: 600}"


@pytest.mark.parametrize(
    ("bucket", "method", "path", "kind"),
    [
        ("get_cluster", "GET", cluster_path(), "GetManagedCluster"),
        ("list_in_group", "GET", cluster_path().rpartition("/")[0], "ListManagedClusters"),
        ("list_in_subscription", "GET", f"{S}/providers/Microsoft.ContainerService/managedClusters", "ListManagedClusters"),
        ("other_cluster_calls", "GET", f"{cluster_path()}/agentPools", "Other"),
        ("put_cluster", "PUT", cluster_path("aks-none", "rg-none"), "PutManagedCluster"),
        ("get_operation", "GET", f"{S}/providers/Microsoft.ContainerService/locations/westus2/operations/x", "GetOperationStatus"),
    ],
)  # fmt: skip
async def test_aks_buckets(start: Start, bucket: str, method: str, path: str, kind: str) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, 429 Throttled: buckets of the AKS resource provider."""
    cloud = await start(f"throttling: {{enforced: always, {bucket}: {SLOW}}}")
    body = {"location": "westus2"} if method == "PUT" else None
    answers = [await cloud.raw(method, path, body=body) for _ in range(3)]
    assert 429 not in {status for status, _, _ in answers[:2]}
    status, answer, headers = answers[2]
    assert (status, said(answer)["code"]) == (429, "Throttled")
    assert kind in said(answer)["message"]
    assert 590 <= int(headers["Retry-After"]) <= 600
    other = await cloud.raw("GET", cluster_path("orders-prod", "rg-orders"))
    assert other[0] == 200, "each cluster, group and subscription has its own bucket"


@pytest.mark.parametrize(
    ("method", "path", "version"),
    [
        ("GET", f"{S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/KMSPMKPreview", "2021-07-01"),
        ("GET", f"{cluster_path()}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01"),
        ("GET", f"{cluster_path()}/providers/Microsoft.Authorization/locks", "2020-05-01"),
        ("GET", f"{S}/providers/Microsoft.ContainerService", "2024-11-01"),
        ("POST", f"{S}/providers/Microsoft.ContainerService/register", "2024-11-01"),
    ],
)  # fmt: skip
async def test_aks_limits_do_not_apply_to_other_providers(
    start: Start, method: str, path: str, version: str
) -> None:
    cloud = await start(f"throttling: {{enforced: always, other_cluster_calls: {SLOW}}}")
    assert [(await cloud.raw(method, path, version))[0] for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("kind", "method", "code"), [("reads", "GET", 200), ("writes", "PUT", 201), ("deletes", "DELETE", 204)]
)
async def test_arm_buckets(start: Start, kind: str, method: str, code: int) -> None:
    """ARM's own limits, per caller and subscription."""
    cloud = await start(f"throttling: {{enforced: always, {kind}: {SLOW}}}")
    identity = f"{S}/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-x"
    path = f"{S}/resourceGroups/rg-demo" if method == "GET" else identity
    version = "2024-11-01" if method == "GET" else "2024-11-30"
    body = {"location": "westus2"} if method == "PUT" else None
    answers = [await cloud.raw(method, path, version, body) for _ in range(3)]
    assert answers[0][0] == code
    remaining = [headers[f"x-ms-ratelimit-remaining-subscription-{kind}"] for _, _, headers in answers]
    assert remaining == ["1", "0", "0"]
    assert (answers[2][0], answers[2][1]["error"]["code"]) == (429, "SubscriptionRequestsThrottled")
    assert "Retry-After" in answers[2][2]


async def test_quota_headers_are_sent_without_enforcement_too(start: Start) -> None:
    cloud = await start()
    for _ in range(3):
        _, _, headers = await cloud.raw("GET", cluster_path())
        assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
        assert headers["x-ms-ratelimit-remaining-subscription-global-reads"] == "3749"


async def test_a_bucket_refills(start: Start) -> None:
    cloud = await start("throttling: {get_cluster: {size: 1, refill: 1, seconds: 100}}", speed=1000)
    first = await cloud.raw("GET", cluster_path())
    second = await cloud.raw("GET", cluster_path())
    assert (first[0], second[0], second[2]["Retry-After"]) == (200, 429, "1")
    while (await cloud.raw("GET", cluster_path()))[0] == 429:
        pass
    assert (await cloud.raw("GET", cluster_path("orders-prod", "rg-orders")))[0] == 200


async def test_a_quota_applies_to_new_clusters_only(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider ManagedClusterCountExceedsQuotaLimit: create only."""
    cloud = await start("quota-reached")
    body = {"location": "westus2", "identity": {"type": "SystemAssigned"}, "properties": {"dnsPrefix": "x"}}
    status, answer, _ = await cloud.raw("PUT", cluster_path("aks-new"), body=body)
    assert (status, said(answer)["code"]) == (400, "ManagedClusterCountExceedsQuotaLimit")
    assert "Maximum allowed: 1, Current usage: 1, Additional requested: 1" in said(answer)["message"]
    assert (await cloud.put_cluster())[0] == 200
    assert (await cloud.raw("PUT", cluster_path("aks-new"), body=body | {"location": "eastus"}))[0] == 201


async def test_a_policy_denies_a_vault(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider RequestDisallowedByPolicy, as ARM gives it."""
    cloud = await start("policy-denies-vault")
    properties = {
        "tenantId": "11111111-1111-1111-1111-111111111111",
        "sku": {"family": "A", "name": "standard"},
    }
    body: dict[str, Any] = {"location": "westus2", "properties": properties}
    status, answer, _ = await cloud.raw("PUT", vault_path(), "2026-05-15", body)
    error = said(answer)
    assert (status, error["code"], error["target"]) == (403, "RequestDisallowedByPolicy", "kv-demo")
    assert error["message"].startswith("Resource 'kv-demo' was disallowed by policy. Policy identifiers: '[")
    (identifier,) = json.loads(error["message"].partition("identifiers: '")[2].removesuffix("'."))
    assert identifier["policyAssignment"]["id"].endswith("/policyAssignments/no-public-vaults")
    assert error["additionalInfo"][0]["info"]["policyAssignmentName"] == "no-public-vaults"
    body["properties"]["publicNetworkAccess"] = "disabled"
    allowed = await cloud.raw("PUT", vault_path(), "2026-05-15", body)
    assert allowed[1].get("error", {}).get("code") != "RequestDisallowedByPolicy"


async def test_a_policy_on_nodes_denies_an_update_of_the_cluster(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider: an update fails on resources of the node group, because the PUT validates everything again."""
    cloud = await start("policy-denies-nodes")
    status, answer, _ = await cloud.put_cluster()
    assert (status, said(answer)["code"]) == (400, "RequestDisallowedByPolicy")
    assert "Preflight validation check for resource(s) for container service aks-demo in resource group MC_rg-demo_aks-demo_westus2 failed" in said(answer)["message"]  # fmt: skip
    assert "-vmss' was disallowed by policy" in said(answer)["message"]
    _, body, _ = await cloud.raw("GET", cluster_path())
    status, _, _ = await cloud.raw("PUT", cluster_path(), body=body | {"tags": {"costcentre": "1"}})
    assert status == 200


@pytest.mark.parametrize(
    ("properties", "with_tag"),
    [("x", "InvalidRequestContent"), ({"agentPoolProfiles": ["x"]}, "UnmarshalError"), ({"agentPoolProfiles": []}, "InvalidParameter")],
)  # fmt: skip
async def test_policies_evaluate_bodies_before_they_are_validated(
    start: Start, properties: Any, with_tag: str
) -> None:
    cloud = await start("policy-denies-nodes")
    for tags, code in (({}, "RequestDisallowedByPolicy"), ({"costcentre": "1"}, with_tag)):
        body = {"location": "westus2", "tags": tags, "properties": properties}
        status, answer, _ = await cloud.raw("PUT", cluster_path("aks-new"), body=body)
        assert (status, said(answer)["code"]) == (400, code)


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ("equals: WestUS2", True),
        ("not_equals: westus2", False),
        ("any_of: [eastus, westus2]", True),
        ("none_of: [westus2]", False),
        ("exists: true", True),
        ("exists: false", False),
    ],
)
async def test_conditions_of_policies(start: Start, condition: str, denied: bool) -> None:
    rule = f"{{scope: {S}/resourceGroups/rg-demo, type: Microsoft.ManagedIdentity/userAssignedIdentities, field: location, {condition}}}"
    cloud = await start(f"policies: {{where: {rule}}}")
    identity = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-x"
    for group, expected in (("rg-demo", 403 if denied else 201), ("rg-web", 201)):
        path = f"{S}/resourceGroups/{group}/{identity}"
        assert (await cloud.raw("PUT", path, "2024-11-30", {"location": "westus2"}))[0] == expected


async def test_a_lock_on_the_node_group_denies_an_update(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider ScopeLocked: locks on the node group break AKS operations."""
    cloud = await start("node-group-lock")
    status, answer, _ = await cloud.put_cluster()
    assert (status, said(answer)["code"]) == (409, "ScopeLocked")
    assert "MC_rg-demo_aks-demo_westus2" in said(answer)["message"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("DELETE", cluster_path(), 409),
        ("DELETE", f"{S}/resourceGroups/rg-demo", 409),
        ("POST", f"{cluster_path()}/stop", 409),
        ("POST", f"{cluster_path()}/start", 204),
        ("DELETE", cluster_path("orders-prod", "rg-orders"), 202),
    ],
)
async def test_a_lock_on_the_node_group_protects_the_cluster(
    start: Start, method: str, path: str, code: int
) -> None:
    cloud = await start("node-group-lock")
    before = cloud.cluster()
    status, answer, _ = await cloud.raw(method, path, "2024-11-01" if path.endswith("rg-demo") else "2026-08-01")  # fmt: skip
    assert status == code
    assert status != 409 or "MC_rg-demo_aks-demo_westus2" in said(answer)["message"]
    assert cloud.cluster() == before


async def test_long_lists_come_in_pages(start: Start) -> None:
    cloud = await start("page_size: 4")
    found = [cluster.name async for cluster in cloud.aks.managed_clusters.list()]
    assert len(found) == len(set(found)) == 9
    _, first, _ = await cloud.raw("GET", f"{S}/providers/Microsoft.ContainerService/managedClusters")
    assert len(first["value"]) == 4
    path = first["nextLink"].removeprefix(cloud.endpoint)
    status, second, _ = await cloud.raw("GET", path, "")
    assert (status, len(second["value"])) == (200, 4)
    status, answer, _ = await cloud.raw("GET", f"{S}/resourcegroups?%24skiptoken=nonsense", "2024-11-01")
    assert (status, said(answer)["code"]) == (400, "InvalidSkipToken")


@pytest.mark.parametrize(
    ("world", "place"),
    [
        ("policies: {p: {scope: /x, type: a/b, field: c}}", "exactly one of `equals`"),
        ("fleet: {clusters: 0}", "fleet.clusters"),
        ("throttling: {reads: {size: 0}}", "throttling.reads.size"),
    ],
)
async def test_an_invalid_limit_is_reported_with_its_place(start: Start, world: str, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        await start(world)

"""Managed clusters: shapes, long-running operations, ETags, identities (docs/azure.md#managed-clusters)."""

import json
import time
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from tests.simulated.simulator.clients import (
    DEVELOPMENT,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    refusal,
    said,
)

FAST = {"polling_interval": 0.01}


async def test_the_default_scenario_has_varied_clusters(cloud: Cloud) -> None:
    found = {entry.name: entry async for entry in cloud.aks.managed_clusters.list()}
    _, development, _ = await cloud.raw(
        "GET", f"/subscriptions/{DEVELOPMENT}/providers/Microsoft.ContainerService/managedClusters"
    )
    assert len(found) + len(development["value"]) >= 12
    assert found["aks-demo"].identity.type == "SystemAssigned"
    assert found["payments-prod"].identity.type == "UserAssigned"
    assert found["legacy-erp"].current_kubernetes_version == "1.29.9"
    assert found["web-night"].power_state.code == "Stopped"
    assert sum(pool.count for pool in found["orders-prod"].agent_pool_profiles) == 14
    assert {entry["properties"]["provisioningState"] for entry in development["value"]} == {
        "Succeeded",
        "Failed",
    }
    for absent in (
        "Microsoft.KeyVault/vaults/kv-demo",
        "Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-demo",
    ):
        assert (
            cloud.simulator.resource(f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo/providers/{absent}")
            is None
        )


async def test_create_a_cluster_as_recorded(start: Start) -> None:
    # It polls much faster than Azure would allow; time passes between the polls only.
    now = time.time()
    cloud = await start(
        "durations: {cluster_create: 60}\nthrottling: {enforced: never}", speed=200, clock=lambda: now
    )
    body: dict[str, Any] = {
        "location": "westus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "kubernetesVersion": "1.34",
            "dnsPrefix": "x",
            "agentPoolProfiles": [{"name": "nodepool1", "count": 3, "vmSize": "", "mode": "System"}],
        },
    }
    status, made, headers = await cloud.raw("PUT", cluster_path("aks-new"), body=body)
    assert (status, made["properties"]["provisioningState"]) == (201, "Creating")
    assert made["properties"]["agentPoolProfiles"][0]["provisioningState"] == "Creating"
    assert made["properties"]["agentPoolProfiles"][0]["vmSize"] == "Standard_D4ds_v5"
    assert (made["properties"]["kubernetesVersion"], made["properties"]["currentKubernetesVersion"]) == (
        "1.34",
        "1.34.2",
    )
    assert "/resourcegroups/" in made["id"]
    assert int(headers["x-ms-retry-after-ms"]) == 50
    poll = headers["Azure-AsyncOperation"].removeprefix(cloud.endpoint)
    status, operation, _ = await cloud.raw("GET", poll, "")
    assert (status, operation["status"]) == (200, "InProgress")
    assert operation["name"] not in poll
    while "endTime" not in operation:
        now += 0.05
        _, operation, _ = await cloud.raw("GET", poll, "")
    assert operation["status"] == "Succeeded"
    assert operation["endTime"] > operation["startTime"]
    cluster = await cloud.aks.managed_clusters.get("rg-demo", "aks-new")
    assert cluster.provisioning_state == "Succeeded"
    assert cluster.identity_profile["kubeletidentity"].object_id
    assert cluster.identity.principal_id
    assert await cloud.resources.resource_groups.check_existence("MC_rg-demo_aks-new_westus2")


async def test_a_second_operation_conflicts_with_the_first(start: Start) -> None:
    cloud = await start("durations: {cluster_update: 100000}", speed=60)
    status, body, _ = await cloud.put_cluster()
    assert (status, body["properties"]["provisioningState"]) == (200, "Updating")
    status, refused, _ = await cloud.put_cluster()
    assert (status, said(refused)["code"]) == (409, "OperationNotAllowed")
    assert "Another operation (Updating) is in progress" in said(refused)["message"]


async def test_retry_after_is_in_whole_seconds_at_real_speed(start: Start) -> None:
    cloud = await start(speed=1)
    _, _, headers = await cloud.put_cluster()
    assert (headers["Retry-After"], "x-ms-retry-after-ms" in headers) == ("10", False)


async def test_at_infinite_speed_the_first_poll_succeeds(cloud: Cloud) -> None:
    _, _, headers = await cloud.put_cluster()
    assert int(headers["x-ms-retry-after-ms"]) <= 5
    _, operation, _ = await cloud.raw("GET", headers["Azure-AsyncOperation"].removeprefix(cloud.endpoint), "")
    assert operation["status"] == "Succeeded"


async def test_fields_unknown_to_the_sdk_survive_its_put(cloud: Cloud) -> None:
    before = cloud.cluster("orders-prod", "rg-orders")
    cluster = await cloud.aks.managed_clusters.get("rg-orders", "orders-prod")
    await (
        await cloud.aks.managed_clusters.begin_create_or_update("rg-orders", "orders-prod", cluster)
    ).result()
    after = cloud.cluster("orders-prod", "rg-orders")
    assert after.pop("eTag") != before.pop("eTag")
    for body in (before, after):
        for pool in body["properties"]["agentPoolProfiles"]:
            del pool["eTag"]
    assert after == before
    assert after["properties"]["futureProfile"]["list"] == [1, {"two": 2}]
    assert after["properties"]["networkProfile"]["futureMesh"] == {"enabled": True}


async def test_a_put_removes_omitted_fields(cloud: Cloud) -> None:
    path = cluster_path("orders-prod", "rg-orders")
    _, body, _ = await cloud.raw("GET", path)
    del body["tags"], body["properties"]["futureProfile"], body["properties"]["kubernetesVersion"]
    await cloud.raw("PUT", path, body=body)
    after = cloud.cluster("orders-prod", "rg-orders")
    assert "tags" not in after
    assert "futureProfile" not in after["properties"]
    assert after["properties"]["kubernetesVersion"] == "1.35.1", "AKS fills this in itself"


async def test_read_only_properties_are_ignored(cloud: Cloud) -> None:
    await cloud.put_cluster(
        properties={
            "provisioningState": "Failed",
            "fqdn": "elsewhere.example",
            "powerState": {"code": "Stopped"},
        }
    )
    after = cloud.cluster()["properties"]
    assert (after["provisioningState"], after["powerState"]) == ("Succeeded", {"code": "Running"})
    assert after["fqdn"].endswith(".hcp.westus2.azmk8s.io")


async def test_etag(cloud: Cloud) -> None:
    clusters = cloud.aks.managed_clusters
    cluster = await clusters.get("rg-demo", "aks-demo")
    changed = await (
        await clusters.begin_create_or_update(
            "rg-demo", "aks-demo", cluster, etag=cluster.e_tag, match_condition=MatchConditions.IfNotModified
        )
    ).result()
    assert changed.e_tag != cluster.e_tag
    with pytest.raises(ResourceModifiedError) as refused:
        await clusters.begin_create_or_update(
            "rg-demo", "aks-demo", cluster, etag=cluster.e_tag, match_condition=MatchConditions.IfNotModified
        )
    assert refusal(refused.value)[:2] == (412, "PreconditionFailed")
    status, body, _ = await cloud.put_cluster(headers={"If-None-Match": "*"})
    assert (status, said(body)["code"]) == (412, "PreconditionFailed")
    assert (await cloud.put_cluster(headers={"If-None-Match": "x"}))[0] == 400


async def test_versions_of_a_region(cloud: Cloud) -> None:
    offered = {
        entry.version: entry
        for entry in (await cloud.aks.managed_clusters.list_kubernetes_versions("westus2")).values_property
    }
    assert offered["1.32"].capabilities.support_plan == ["AKSLongTermSupport"]
    assert offered["1.36"].is_preview
    assert [name for name, entry in offered.items() if entry.is_default] == ["1.34"]
    assert "1.35.0" in offered["1.34"].patch_versions["1.34.2"].upgrades


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"kubernetesVersion": "1.20.1"}, "K8sVersionNotSupported"),
        ({"kubernetesVersion": "1.32"}, "K8sVersionNotSupported"),
        ({"kubernetesVersion": "1.33"}, "NotAllowedDowngrade"),
    ],
)
async def test_unsupported_versions_are_refused(cloud: Cloud, properties: dict[str, Any], code: str) -> None:
    status, body, _ = await cloud.put_cluster(properties=properties)
    assert (status, said(body)["code"]) == (400, code)


async def test_a_stopped_cluster_can_only_be_started_or_deleted(cloud: Cloud) -> None:
    status, body, _ = await cloud.put_cluster("web-night", "rg-web")
    assert (status, said(body)["code"]) == (400, "OperationNotAllowed")
    assert "You can only perform start or delete operations on a stopped AKS cluster" in said(body)["message"]
    await (await cloud.aks.managed_clusters.begin_start("rg-web", "web-night", **FAST)).result()
    assert (await cloud.put_cluster("web-night", "rg-web"))[0] == 200
    await (await cloud.aks.managed_clusters.begin_stop("rg-web", "web-night", **FAST)).result()
    assert cloud.cluster("web-night", "rg-web")["properties"]["powerState"]["code"] == "Stopped"


async def test_deleting_a_cluster_deletes_its_node_group(cloud: Cloud) -> None:
    node_group = cloud.cluster()["properties"]["nodeResourceGroup"]
    await (await cloud.aks.managed_clusters.begin_delete("rg-demo", "aks-demo", **FAST)).result()
    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert not await cloud.resources.resource_groups.check_existence(node_group)
    assert (await cloud.raw("DELETE", cluster_path()))[0] == 204


async def test_the_identity_can_be_switched(cloud: Cloud) -> None:
    identity = await cloud.make_identity()
    _, body, _ = await cloud.put_cluster(
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    )
    assert body["identity"]["userAssignedIdentities"][identity.id] == {
        "clientId": identity.client_id,
        "principalId": identity.principal_id,
    }
    assert "principalId" not in body["identity"]


async def test_an_unknown_identity_is_refused(cloud: Cloud) -> None:
    missing = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/none"
    status, body, _ = await cloud.put_cluster(
        identity={"type": "UserAssigned", "userAssignedIdentities": {missing: {}}}
    )
    assert (status, said(body)["code"]) == (400, "FailedIdentityOperation")


async def test_assigning_an_identity_requires_its_own_permission(start: Start) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider: LinkedAuthorizationFailed."""
    roles = "[Azure Kubernetes Service Contributor Role, Managed Identity Contributor]"
    cloud = await start(f"principals: {{operator: {{roles: {{/subscriptions/{PRODUCTION}: {roles}}}}}}}")
    identity = await cloud.make_identity()
    status, body, _ = await cloud.put_cluster(
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    )
    assert (status, body["error"]["code"]) == (403, "LinkedAuthorizationFailed"), "it is ARM that refuses"
    assert "'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'" in said(body)["message"]


@pytest.mark.parametrize("then", ["success", "failure, then success", "failure, then deletion"])
async def test_a_replaced_system_assigned_identity_is_removed_from_the_directory(
    start: Start, then: str
) -> None:
    """After the change has succeeded, or with the cluster at the latest."""
    fails = "faults:\n  - match: {method: PUT, operation: '*/managedClusters/write', count: 1}\n    lro_fails: {code: X, message: x}"
    cloud = await start("contoso" if then == "success" else fails)
    left = cloud.cluster()["identity"]["principalId"]
    identity = await cloud.make_identity()
    wanted = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}

    async def known() -> bool:
        return bool((await cloud.raw("GET", f"/v1.0/servicePrincipals/{left}", ""))[0] == 200)

    assert (await cloud.put_cluster(identity=wanted))[0] == 200
    if then != "success":
        assert await known()
        assert cloud.cluster()["properties"]["provisioningState"] == "Failed"
        if then.endswith("success"):
            assert (await cloud.put_cluster())[0] == 200
        else:
            assert (await cloud.raw("DELETE", cluster_path()))[0] == 202
    assert not await known()


async def test_a_cluster_needs_an_agent_pool(cloud: Cloud) -> None:
    before = cloud.cluster()
    status, body, _ = await cloud.put_cluster(properties={"agentPoolProfiles": []})
    assert (status, said(body)["code"]) == (400, "InvalidParameter")
    assert "agentPoolProfiles" in said(body)["message"]
    assert cloud.cluster() == before


async def test_a_failed_operation_sets_the_cluster_to_failed(start: Start) -> None:
    cloud = await start("update-fails")
    cluster = await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    poller = await cloud.aks.managed_clusters.begin_create_or_update("rg-demo", "aks-demo", cluster)
    with pytest.raises(HttpResponseError) as failed:
        await poller.result()
    assert refusal(failed.value)[:2] == (200, "InternalOperationError")
    assert cloud.cluster()["properties"]["provisioningState"] == "Failed"


async def test_agent_pools_and_tags(cloud: Cloud) -> None:
    pools = [entry.name async for entry in cloud.aks.agent_pools.list("rg-orders", "orders-prod")]
    assert pools == ["system", "orders", "reports"]
    _, body, _ = await cloud.raw("PATCH", cluster_path(), body={"tags": {"a": "b"}})
    assert body["tags"] == {"a": "b"}


async def test_a_location_cannot_change(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path())
    status, refused, _ = await cloud.raw("PUT", cluster_path(), body=body | {"location": "eastus"})
    assert (status, said(refused)["code"]) == (409, "InvalidResourceLocation")


async def test_drift_changes_the_etag(cloud: Cloud) -> None:
    before = cloud.cluster()
    cloud.simulator.change(cluster_path(), {"tags": {"drifted": "yes"}})
    after = await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert after.tags == {"purpose": "demo", "drifted": "yes"}
    assert after.e_tag != before["eTag"]
    cloud.simulator.remove(cluster_path())
    assert cloud.cluster() is None
    with pytest.raises(KeyError):
        cloud.simulator.change(cluster_path(), {})
    assert json.dumps(before)


async def test_creating_needs_an_identity(cloud: Cloud) -> None:
    status, body, _ = await cloud.raw(
        "PUT", cluster_path("aks-new"), body={"location": "westus2", "properties": {}}
    )
    assert (status, said(body)["code"]) == (400, "InvalidParameter")
    with pytest.raises(ResourceExistsError):
        await cloud.resources.resource_groups.create_or_update("rg-demo", {"location": "eastus"})

"""Quotas of AKS in a region through Microsoft.Quota, which must agree with what a PUT refuses (docs/azure.md#refusals-of-the-aks-resource-provider)."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import PRODUCTION, Start, refusal, said

PLACE = f"subscriptions/{PRODUCTION}/providers/Microsoft.ContainerService/locations/"


async def test_limit_and_usage_of_a_region(start: Start) -> None:
    cloud = await start("quotas: {in_region: {westeurope: 7}}")
    (limit,) = [entry async for entry in cloud.quotas.quota.list(PLACE + "westeurope")]
    assert (limit.name, limit.properties.limit.value, limit.properties.unit) == (
        "ManagedClusters",
        7,
        "Count",
    )
    (usage,) = [entry async for entry in cloud.quotas.usages.list(PLACE + "westeurope")]
    held = [each async for each in cloud.aks.managed_clusters.list() if each.location == "westeurope"]
    assert usage.properties.usages.value == len(held) > 0


async def test_an_unknown_region_is_refused(start: Start) -> None:
    cloud = await start()
    with pytest.raises(HttpResponseError, match="LocationNotAvailableForResourceType"):
        _ = [entry async for entry in cloud.quotas.usages.list(PLACE + "atlantis")]


async def test_an_unregistered_subscription_is_refused(start: Start) -> None:
    cloud = await start(f"subscriptions: {{{PRODUCTION}: {{providers: {{Microsoft.Quota: NotRegistered}}}}}}")
    with pytest.raises(HttpResponseError) as refused:
        _ = [entry async for entry in cloud.quotas.quota.list(PLACE + "westeurope")]
    assert refusal(refused.value)[:2] == (409, "MissingSubscriptionRegistration")


async def test_regions_without_aks_are_not_listed_and_refused(start: Start) -> None:
    """docs/azure.md#cluster-identities: the provider's list and the refusal of the PUT agree."""
    cloud = await start("not_offered: {Microsoft.ContainerService/managedClusters: [uksouth]}")
    provider = await cloud.resources.providers.get("Microsoft.ContainerService")
    where = {kind.resource_type: kind.locations for kind in provider.resource_types}
    assert "UK South" not in where["managedClusters"]
    assert "UK South" in where["managedClusters/agentPools"]
    body = {"location": "uksouth", "identity": {"type": "SystemAssigned"}, "properties": {}}
    path = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-new"
    status, refused, _ = await cloud.raw("PUT", path, body=body)
    assert (status, said(refused)["code"]) == (400, "LocationNotAvailableForResourceType")
    assert (
        "'uksouth' is not available for resource type 'Microsoft.ContainerService/managedClusters'"
        in said(refused)["message"]
    )

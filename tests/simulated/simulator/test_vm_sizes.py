"""VM sizes and vCPU quotas: what Microsoft.Compute shows, and what AKS refuses (docs/azure.md#vm-sizes-and-quotas)."""

from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start, cluster_path, said

PLACE = f"/subscriptions/{PRODUCTION}/providers/Microsoft.Compute"
API = "2021-07-01"


def pool(size: str, count: int = 1) -> dict[str, Any]:
    return {"name": "nodepool1", "count": count, "mode": "System", "vmSize": size}


async def create(cloud: Cloud, *pools: dict[str, Any]) -> tuple[int, Any, Any]:
    body = {
        "location": "westus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "x", "agentPoolProfiles": list(pools)},
    }
    return await cloud.raw("PUT", cluster_path("aks-new"), body=body)


async def test_the_sizes_of_a_region_are_listed_with_their_restrictions(start: Start) -> None:
    cloud = await start(
        "vm_sizes: {Standard_D4ds_v5: {restricted: [westus2]}, Standard_E4ds_v5: {not_offered: [westus2]}}"
    )
    _, body, _ = await cloud.raw("GET", f"{PLACE}/skus?$filter=location%20eq%20'westus2'", API)
    found = {each["name"]: each for each in body["value"]}
    assert found["Standard_D8ds_v5"]["restrictions"] == []
    assert {"name": "vCPUs", "value": "8"} in found["Standard_D8ds_v5"]["capabilities"]
    assert found["Standard_D4ds_v5"]["restrictions"][0]["reasonCode"] == "NotAvailableForSubscription"
    assert "Standard_E4ds_v5" not in found


async def test_the_vcpus_of_running_clusters_are_counted_by_family_and_in_total(start: Start) -> None:
    cloud = await start("quotas: {vcpus: {westus2: {cores: 40, standardDDSv5Family: 30}}}")
    _, body, _ = await cloud.raw("GET", f"{PLACE}/locations/westus2/usages", API)
    found = {each["name"]["value"]: (each["currentValue"], each["limit"]) for each in body["value"]}
    assert (found["cores"], found["standardDDSv5Family"]) == ((12, 40), (12, 30))
    names = {each["name"]["value"]: each["name"]["localizedValue"] for each in body["value"]}
    assert names["cores"] == "Total Regional vCPUs"
    assert names["standardDDSv5Family"] == "Standard DDSv5 Family vCPUs"


@pytest.mark.parametrize("size", ["Standard_Nope_v9", "Standard_E4ds_v5", "standard_d4ds_v5"])
async def test_a_size_that_the_subscription_cannot_use_is_refused(start: Start, size: str) -> None:
    """dotnet/core#7509."""
    cloud = await start(
        "vm_sizes: {Standard_D4ds_v5: {restricted: [westus2]}, Standard_E4ds_v5: {not_offered: [westus2]}}"
    )
    status, body, _ = await create(cloud, pool(size))
    assert (status, said(body)["code"]) == (400, "BadRequest")
    assert said(body)["message"].startswith(
        f"The VM size of {size} is not allowed in your subscription in location 'westus2'."
    )
    assert (await cloud.put_cluster())[0] == 200, "the sizes of existing pools are not checked again"


@pytest.mark.parametrize(
    ("quotas", "text"),
    [
        ("cores: 20", "Insufficient regional vcpu quota left for location westus2. left regional vcpu quota 8, requested quota 12."),
        ("standardDDSv5Family: 20", "Insufficient vcpu quota requested 12, remaining 8 for family standardDDSv5Family for region westus2."),
    ],
)  # fmt: skip
async def test_too_many_vcpus_are_refused(start: Start, quotas: str, text: str) -> None:
    cloud = await start(f"quotas: {{vcpus: {{westus2: {{{quotas}}}}}}}")
    status, body, _ = await create(cloud, pool("Standard_D4ds_v5", 3))
    assert (status, said(body)["code"]) == (400, "ErrCode_InsufficientVCPUQuota")
    assert said(body)["message"].startswith(text)
    assert (await create(cloud, pool("Standard_D4ds_v5", 2)))[0] == 201


async def test_a_cluster_above_its_quota_can_be_updated_without_more_nodes(start: Start) -> None:
    cloud = await start("quotas: {vcpus_per_region: 1}")
    assert (await cloud.put_cluster())[0] == 200
    larger = [cloud.cluster()["properties"]["agentPoolProfiles"][0] | {"count": 4}]
    status, body, _ = await cloud.put_cluster(properties={"agentPoolProfiles": larger})
    assert (status, said(body)["code"]) == (400, "ErrCode_InsufficientVCPUQuota")


async def test_a_scenario_can_add_a_size(start: Start) -> None:
    cloud = await start("vm_sizes: {Standard_X2: {vcpus: 2, family: standardXFamily, memory: 8}}")
    assert (await create(cloud, pool("Standard_X2")))[0] == 201
    with pytest.raises(Exception, match="also needs"):
        await start("vm_sizes: {Standard_X2: {vcpus: 2}}")
    with pytest.raises(Exception, match="names the region 'mars'"):
        await start("vm_sizes: {Standard_X2: {restricted: [mars]}}")

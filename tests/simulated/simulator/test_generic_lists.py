"""Lists of resources of any type, their filters, and unknown query parameters."""

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, cluster_path

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
API = "2024-11-01"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (
            "$filter=resourceType eq 'microsoft.keyvault/vaults'",
            ["kv-batch-eu", "kv-bank-ledger", "kv-bank-cards"],
        ),
        ("$filter=resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'KV-BATCH-EU'", ["kv-batch-eu"]),
        ("$filter=resourceGroup eq 'rg-demo'", ["aks-demo"]),
        ("$filter=resourceType eq 'Microsoft.KeyVault/vaults'&$top=1", ["kv-batch-eu"]),
    ],
)
async def test_resources_of_a_subscription(cloud: Cloud, query: str, names: list[str]) -> None:
    status, answer, _ = await cloud.raw("GET", f"{SUBSCRIPTION}/resources?{query}", API)
    assert (status, [each["name"] for each in answer["value"]]) == (200, names)
    assert all("properties" not in each and "provisioningState" not in each for each in answer["value"])


async def test_expand_adds_the_named_properties(cloud: Cloud) -> None:
    where = f"{SUBSCRIPTION}/resourceGroups/rg-demo/resources"
    _, answer, _ = await cloud.raw("GET", f"{where}?$expand=createdTime,provisioningState", API)
    [shown] = answer["value"]
    assert (shown["type"], shown["provisioningState"]) == (
        "Microsoft.ContainerService/managedClusters",
        "Succeeded",
    )


@pytest.mark.parametrize(
    ("path", "api_version", "code"),
    [
        (f"{SUBSCRIPTION}/resources?$filter=colour eq 'blue'", API, "UnsupportedQuery"),
        (f"{SUBSCRIPTION}/resources?$filter=name ne 'x'", API, "BadRequestFormat"),
        (f"{SUBSCRIPTION}/resources?$top=none", API, "InvalidTopParameter"),
        (f"{SUBSCRIPTION}/resources?$expand=properties", API, "InvalidExpandParameter"),
        (f"{SUBSCRIPTION}/resourceGroups?$orderby=name", API, "InvalidQueryParameter"),
        (f"{cluster_path()}?verbose=1", "2026-08-01", "InvalidQueryParameter"),
    ],
)
async def test_invalid_queries_are_refused(cloud: Cloud, path: str, api_version: str, code: str) -> None:
    status, answer, _ = await cloud.raw("GET", path, api_version)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_upgrade_profile(cloud: Cloud) -> None:
    profile = await cloud.aks.managed_clusters.get_upgrade_profile("rg-demo", "aks-demo")
    assert profile.control_plane_profile.kubernetes_version == "1.34.2"
    assert [each.kubernetes_version for each in profile.control_plane_profile.upgrades] == [
        "1.35.0",
        "1.35.1",
    ]
    status, answer, _ = await cloud.raw("GET", f"{cluster_path('none')}/upgradeProfiles/default")
    assert (status, answer["error"]["code"]) == (404, "ResourceNotFound")

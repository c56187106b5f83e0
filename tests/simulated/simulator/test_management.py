"""Subscriptions, resource groups, providers, features, and how ARM refuses (docs/azure.md#preview-features)."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.simulated.simulator.clients import DEVELOPMENT, PRODUCTION, Cloud, Start, until


async def test_subscriptions_and_locations(cloud: Cloud) -> None:
    found = [entry async for entry in cloud.subscriptions.subscriptions.list()]
    assert [entry.display_name for entry in found] == ["Contoso Production", "Contoso Development"]
    assert {entry.subscription_id for entry in found} == {PRODUCTION, DEVELOPMENT}
    assert (await cloud.subscriptions.subscriptions.get(PRODUCTION)).state == "Enabled"
    locations = [entry.name async for entry in cloud.subscriptions.subscriptions.list_locations(PRODUCTION)]
    assert "westus2" in locations
    assert [entry.tenant_id async for entry in cloud.subscriptions.tenants.list()] == [
        "11111111-1111-1111-1111-111111111111"
    ]


async def test_an_unknown_subscription_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ResourceNotFoundError, match="SubscriptionNotFound"):
        await cloud.subscriptions.subscriptions.get("99999999-9999-9999-9999-999999999999")


async def test_create_change_and_delete_a_resource_group(cloud: Cloud) -> None:
    groups = cloud.resources.resource_groups
    made = await groups.create_or_update("rg-new", {"location": "West US 2", "tags": {"a": "b"}})
    assert (made.location, made.tags) == ("westus2", {"a": "b"})
    assert await groups.check_existence("RG-NEW")
    assert (await groups.get("Rg-NeW")).name == "rg-new"
    assert "rg-new" in [group.name async for group in groups.list()]
    with pytest.raises(HttpResponseError, match="InvalidResourceGroupLocation"):
        await groups.create_or_update("rg-new", {"location": "westeurope"})
    await (await groups.begin_delete("rg-new")).result()
    assert not await groups.check_existence("rg-new")
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        await groups.get("rg-new")


async def test_an_unknown_region_is_refused(cloud: Cloud) -> None:
    with pytest.raises(HttpResponseError, match="LocationNotAvailableForResourceType"):
        await cloud.resources.resource_groups.create_or_update("rg-new", {"location": "atlantis"})


async def test_deleting_a_group_soft_deletes_its_vaults(cloud: Cloud) -> None:
    await cloud.make_vault()
    await (await cloud.resources.resource_groups.begin_delete("rg-demo")).result()
    assert [entry.name async for entry in cloud.vaults.vaults.list_deleted()] == ["kv-demo"]


async def test_registering_a_feature_takes_time(start: Start) -> None:
    cloud = await start("durations: {feature: 60}", speed=200)
    features = cloud.features.features
    assert (
        await features.get("Microsoft.ContainerService", "KMSPMKPreview")
    ).properties.state == "NotRegistered"
    assert (
        await features.register("Microsoft.ContainerService", "KMSPMKPreview")
    ).properties.state == "Registering"
    assert (
        await features.get("Microsoft.ContainerService", "KMSPMKPreview")
    ).properties.state == "Registering"

    async def registered() -> bool:
        return bool(
            (await features.get("microsoft.containerservice", "kmspmkpreview")).properties.state
            == "Registered"
        )

    await until(registered, "the feature is registered in the end")


async def test_a_feature_that_needs_approval_stays_pending(start: Start) -> None:
    cloud = await start("feature-pending")
    await cloud.register_feature()
    assert (
        await cloud.features.features.get("Microsoft.ContainerService", "KMSPMKPreview")
    ).properties.state == "Pending"


async def test_an_unknown_feature_is_refused(start: Start) -> None:
    cloud = await start("feature-gone")
    with pytest.raises(ResourceNotFoundError, match="The feature 'KMSPMKPreview' could not be found"):
        await cloud.register_feature()


async def test_provider_registration(start: Start) -> None:
    cloud = await start(
        f"subscriptions: {{{PRODUCTION}: {{providers: {{Microsoft.KeyVault: NotRegistered}}}}}}"
    )
    providers = cloud.resources.providers
    assert (await providers.get("Microsoft.KeyVault")).registration_state == "NotRegistered"
    status, body, _ = await cloud.raw(
        "PUT",
        f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-x",
        "2026-05-15",
        {"location": "westus2"},
    )
    assert (status, body["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    assert (await providers.register("Microsoft.KeyVault")).registration_state == "Registering"
    assert (await providers.get("Microsoft.KeyVault")).registration_state == "Registered"
    assert (await providers.register("Microsoft.ContainerService")).registration_state == "Registered"


@pytest.mark.parametrize(
    ("path", "version", "status", "code", "unknown"),
    [
        ("/subscriptions", "", 400, "MissingApiVersionParameter", False),
        ("/subscriptions", "1999-01-01", 400, "InvalidApiVersionParameter", False),
        (
            "{s}/providers/Microsoft.ContainerService/managedClusters",
            "2019-01-01",
            400,
            "NoRegisteredProviderFound",
            False,
        ),
        (
            "{s}/providers/Microsoft.ContainerService/managedClusters",
            "latest",
            400,
            "InvalidApiVersionParameter",
            False,
        ),
        ("{s}/providers/Microsoft.ContainerService/fleets", "2026-08-01", 404, "InvalidResourceType", True),
        ("{s}/providers/Microsoft.Nonsense/things", "2026-08-01", 404, "InvalidResourceNamespace", True),
        ("/nowhere/at/all", "2026-08-01", 404, "NotFound", True),
        (
            "{s}/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/none",
            "2026-08-01",
            404,
            "ResourceNotFound",
            False,
        ),
        (
            "{s}/resourceGroups/none/providers/Microsoft.ContainerService/managedClusters/none",
            "2026-08-01",
            404,
            "ResourceGroupNotFound",
            False,
        ),
    ],
)
async def test_strict_routing(
    cloud: Cloud, path: str, version: str, status: int, code: str, unknown: bool
) -> None:
    got, body, _ = await cloud.raw("GET", path.format(s=f"/subscriptions/{PRODUCTION}"), version)
    assert (got, body["error"]["code"]) == (status, code)
    assert bool(cloud.simulator.unknown) is unknown


async def test_an_unsupported_method_is_refused(cloud: Cloud) -> None:
    status, body, headers = await cloud.raw("DELETE", "/subscriptions", "2022-12-01")
    assert (status, body["error"]["code"], headers["Allow"]) == (405, "MethodNotAllowed", "GET")
    assert len(cloud.simulator.unknown) == 1


async def test_a_body_that_is_not_json_is_refused(cloud: Cloud) -> None:
    headers = {"Authorization": f"Bearer {await cloud.token()}", "Content-Type": "application/json"}
    url = f"{cloud.endpoint}/subscriptions/{PRODUCTION}/resourceGroups/rg-x?api-version=2024-11-01"
    async with cloud.session.put(url, data=b"{not json", headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "InvalidRequestContent")

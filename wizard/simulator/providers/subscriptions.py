"""Subscriptions, their locations, and tenants."""

from wizard.simulator.arm import rbac
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.Resources",
    (
        "2016-06-01",
        "2018-06-01",
        "2019-06-01",
        "2019-11-01",
        "2020-01-01",
        "2021-01-01",
        "2021-10-01",
        "2022-12-01",
        "2023-07-01",
        "2024-11-01",
    ),
    types=("subscriptions",),
)


def _show(world: World, subscription: str) -> Json:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": world.scenario.tenant.id,
        "displayName": world.scenario.subscriptions[subscription].name,
        "state": world.scenario.subscriptions[subscription].state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }


@provider.on("GET", "/subscriptions")
async def list_subscriptions(world: World, call: Call) -> Answer:
    """List the subscriptions in which the caller has any role."""
    shown = [
        _show(world, each) for each in world.scenario.subscriptions if rbac.sees(world, call.caller, each)
    ]
    return Answer(200, {"value": shown, "count": {"type": "Total", "value": len(shown)}})


@provider.on("GET", "/subscriptions/{subscription}")
async def get_subscription(world: World, call: Call) -> Answer:
    """Return one subscription. Without any role in it, the caller gets 404."""
    subscription = call.names["subscription"].lower()
    if not rbac.sees(world, call.caller, subscription):
        raise Refusal(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
    return Answer(200, _show(world, subscription))


@provider.on(
    "GET", "/subscriptions/{subscription}/locations", "Microsoft.Resources/subscriptions/locations/read"
)
async def list_locations(world: World, call: Call) -> Answer:
    """List the regions."""
    subscription = call.names["subscription"].lower()
    return listing([
        {
            "id": f"/subscriptions/{subscription}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": display,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, display in world.scenario.locations.items()
    ])  # fmt: skip


@provider.on("GET", "/tenants")
async def list_tenants(world: World, call: Call) -> Answer:
    """List the caller's tenant."""
    del call
    tenant = world.scenario.tenant
    return listing([
        {
            "id": f"/tenants/{tenant.id}", "tenantId": tenant.id, "countryCode": "DE", "displayName": tenant.name, "tenantCategory": "Home",
            "domains": [tenant.domain], "defaultDomain": tenant.domain, "tenantType": "AAD",
        }
    ])  # fmt: skip

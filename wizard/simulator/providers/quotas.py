"""The quota of clusters per region and its usage, as Microsoft.Quota shows them (AKS: quotas and limits).

That AKS calls the quota `ManagedClusters` and serves it here is UNCONFIRMED.
"""

from wizard.simulator.arm.locations import check_location
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.cluster_checks import quota_of
from wizard.simulator.state.world import World

NAME = "ManagedClusters"
provider = Provider(
    "Microsoft.Quota",
    ("2021-03-15-preview", "2023-02-01", "2025-03-01", "2025-07-15", "2025-09-01"),
    types=("quotas", "usages"),
)
_PLACE = "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/providers/Microsoft.Quota"


def _scope(world: World, call: Call) -> tuple[str, str, str]:
    """Return the scope, its subscription and its region."""
    location = check_location(world, call.names["location"], "Microsoft.ContainerService/locations")
    subscription = call.names["subscription"].lower()
    if world.state.registrations.get(f"{subscription}/microsoft.quota", "Registered") != "Registered":
        raise Refusal(  # UNCONFIRMED: whether reading requires the registration
            409,
            "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace 'Microsoft.Quota'. See https://aka.ms/rps-not-found for how to register subscriptions.",
        )
    scope = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}"
    return scope, subscription, location


def _show(scope: str, kind: str, more: Json) -> Json:
    named: Json = {
        "name": {"value": NAME, "localizedValue": "Managed Clusters"},
        "resourceType": None,
        "unit": "Count",
        "isQuotaApplicable": True,
        "properties": {},
    }
    return {
        "id": f"{scope}/providers/Microsoft.Quota/{kind}/{NAME}",
        "name": NAME,
        "type": f"Microsoft.Quota/{kind}",
        "properties": more | named,
    }


def _quota(world: World, call: Call) -> Json:
    scope, subscription, location = _scope(world, call)
    most, _ = quota_of(world, subscription, location)
    limit = {"limitObjectType": "LimitValue", "limitType": "Independent", "value": most}
    return _show(scope, "quotas", {"limit": limit})


def _usage(world: World, call: Call) -> Json:
    scope, subscription, location = _scope(world, call)
    _, held = quota_of(world, subscription, location)
    return _show(scope, "usages", {"usages": {"usagesType": "Individual", "value": held}})


@provider.on("GET", f"{_PLACE}/quotas", "Microsoft.Quota/quotas/read")
async def list_quotas(world: World, call: Call) -> Answer:
    """List the quotas of AKS in a region."""
    return listing([_quota(world, call)])


@provider.on("GET", f"{_PLACE}/usages", "Microsoft.Quota/usages/read")
async def list_usages(world: World, call: Call) -> Answer:
    """List the usage of the quotas of AKS in a region."""
    return listing([_usage(world, call)])

"""Lists of resources of any type, in a subscription or a group. They do not show the resources' properties."""

from wizard.simulator.arm.provider import Provider, ResourceProviders
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import group_of
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.resource_groups import provider as group_provider
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

provider = Provider("Microsoft.Resources", ("2015-11-01", *group_provider.versions))
_SHOWN = ("id", "name", "kind", "location", "tags", "sku", "managedBy")
_EXPANDED = ("createdtime", "changedtime", "provisioningstate")
_QUERY = ("$filter", "$top", "$expand")


def _matches(resource: Resource, terms: dict[str, str]) -> bool:
    facts = {
        "resourcetype": resource.type,
        "name": resource.body["name"],
        "resourcegroup": group_of(resource.id),
    }
    return all(fact.lower() == terms[name].lower() for name, fact in facts.items() if name in terms)


def _show(resource: Resource, expanded: set[str]) -> Json:
    body, history = resource.body, resource.body.get("systemData") or {}
    more: Json = {
        "createdTime": history.get("createdAt"),
        "changedTime": history.get("lastModifiedAt"),
        "provisioningState": body.get("properties", {}).get("provisioningState", "Succeeded"),
    }
    return (
        {key: body[key] for key in _SHOWN if key in body}
        | {"type": resource.type}
        | {key: value for key, value in more.items() if key.lower() in expanded and value}
    )


@provider.on(
    "GET",
    "/subscriptions/{subscription}/resources",
    "Microsoft.Resources/subscriptions/resources/read",
    query=_QUERY,
)
@provider.on(
    "GET",
    "/subscriptions/{subscription}/resourceGroups/{group}/resources",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    query=_QUERY,
)
async def list_resources(world: World, call: Call) -> Answer:
    """List the resources of a subscription or a group."""
    world.require_group(call.path)
    providers = world.service(ResourceProviders)
    terms = filter_terms(call, "resourcetype", "name", "resourcegroup")
    top = call.query.get("$top", "")
    if top and not (top.isdecimal() and int(top) > 0):
        raise Refusal(
            400, "InvalidTopParameter", f"The $top query parameter '{top}' must be a positive whole number."
        )
    wanted = {part.strip().lower() for part in call.query.get("$expand", "").split(",") if part.strip()}
    if unknown := wanted - set(_EXPANDED):
        raise Refusal(
            400,
            "InvalidExpandParameter",
            f"The $expand query parameter does not support '{min(unknown)}'.",
        )
    shown = [
        _show(resource, wanted)
        for resource in world.in_scope(call.path.rstrip("/").rpartition("/")[0])
        if providers.is_listed(resource.type) and _matches(resource, terms)
    ]
    return listing(shown[: int(top)] if top else shown)

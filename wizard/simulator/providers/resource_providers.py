"""The registration of resource providers (namespaces) in a subscription."""

from wizard.simulator.arm import rbac
from wizard.simulator.arm.locations import offered
from wizard.simulator.arm.resource_manager import Routes, listing, versions_of
from wizard.simulator.protocol.namespaces import NAMESPACES
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.resource_groups import routes as group_routes
from wizard.simulator.state.world import World, scheduled_handler

routes = Routes("Microsoft.Resources", group_routes.versions)

_OF_EVERY_SUBSCRIPTION = {
    "microsoft.authorization",
    "microsoft.features",
    "microsoft.resources",
    "microsoft.resourcegraph",
}


def _namespace(call: Call) -> str:
    wanted = call.names["namespace"]
    for name in NAMESPACES:
        if name.lower() == wanted.lower():
            return name
    raise Refusal(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")


def _show(world: World, subscription: str, namespace: str) -> Json:
    free = namespace.lower() in _OF_EVERY_SUBSCRIPTION
    state = (
        "Registered"
        if free
        else world.state.registrations.get(f"{subscription}/{namespace.lower()}", "NotRegistered")
    )
    versions = versions_of(namespace) or ["2024-11-01"]
    return {
        "id": f"/subscriptions/{subscription}/providers/{namespace}",
        "namespace": namespace,
        "resourceTypes": [
            {
                "resourceType": kind,
                "locations": [
                    world.scenario.locations[short] for short in offered(world, f"{namespace}/{kind}")
                ],
                "apiVersions": versions,
                "defaultApiVersion": versions[0],
                "capabilities": "None",
            }
            for kind in NAMESPACES[namespace]
        ],
        "registrationState": state,
        "registrationPolicy": "RegistrationFree" if free else "RegistrationRequired",
    }


@routes.on(
    "GET", "/subscriptions/{subscription}/providers", "Microsoft.Resources/subscriptions/providers/read"
)
async def list_providers(world: World, call: Call) -> Answer:
    """Every namespace."""
    return listing([_show(world, call.names["subscription"].lower(), name) for name in NAMESPACES])


@routes.on(
    "GET",
    "/subscriptions/{subscription}/providers/{namespace}",
    "Microsoft.Resources/subscriptions/providers/read",
)
async def get_provider(world: World, call: Call) -> Answer:
    """One namespace."""
    return Answer(200, _show(world, call.names["subscription"].lower(), _namespace(call)))


@routes.on("POST", "/subscriptions/{subscription}/providers/{namespace}/register")
async def register_provider(world: World, call: Call) -> Answer:
    """Register a namespace, or have it take notice of newly registered features; one already registered stays so."""
    subscription, namespace = call.names["subscription"].lower(), _namespace(call)
    rbac.require(world, call.caller, f"{namespace}/register/action", f"/subscriptions/{subscription}")
    key = f"{subscription}/{namespace.lower()}"
    if world.state.registrations.get(key, "NotRegistered") not in {"Registered", "Registering"}:
        world.state.registrations[key] = "Registering"
    world.later(world.scenario.durations.provider, "provider-refreshed", key=key)
    return Answer(200, _show(world, subscription, namespace))


@routes.on("POST", "/subscriptions/{subscription}/providers/{namespace}/unregister")
async def unregister_provider(world: World, call: Call) -> Answer:
    """Unregister a namespace."""
    subscription, namespace = call.names["subscription"].lower(), _namespace(call)
    rbac.require(world, call.caller, f"{namespace}/unregister/action", f"/subscriptions/{subscription}")
    world.state.registrations[f"{subscription}/{namespace.lower()}"] = "NotRegistered"
    world.changed = True
    return Answer(200, _show(world, subscription, namespace))


@scheduled_handler("provider-refreshed")
def _refreshed(world: World, facts: dict[str, str]) -> None:
    key = facts["key"]
    if world.state.registrations.get(key) == "Registering":
        world.state.registrations[key] = "Registered"
    for feature, state in world.state.features.items():
        if feature.startswith(key + "/"):
            world.state.refreshed[feature] = state

"""The registration of resource providers (namespaces) in a subscription."""

from wizard.simulator.arm import rbac
from wizard.simulator.arm.locations import offered
from wizard.simulator.arm.provider import Provider, ResourceProviders
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.resource_groups import provider as group_provider
from wizard.simulator.state.world import World, scheduled_handler

provider = Provider("Microsoft.Resources", group_provider.versions, types=("providers",))


def _namespace(world: World, call: Call) -> str:
    wanted = call.names["namespace"]
    for name in world.service(ResourceProviders).types:
        if name.lower() == wanted.lower():
            return name
    raise Refusal(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")


def _show(world: World, subscription: str, namespace: str) -> Json:
    providers = world.service(ResourceProviders)
    free = providers.is_registration_free(namespace)
    state = (
        "Registered"
        if free
        else world.state.registrations.get(f"{subscription}/{namespace.lower()}", "NotRegistered")
    )
    versions = providers.versions(namespace)
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
            for kind in providers.types[namespace]
        ],
        "registrationState": state,
        "registrationPolicy": "RegistrationFree" if free else "RegistrationRequired",
    }


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/{namespace}",
    "Microsoft.Resources/subscriptions/providers/read",
)
async def get_provider(world: World, call: Call) -> Answer:
    """Return one namespace."""
    return Answer(200, _show(world, call.names["subscription"].lower(), _namespace(world, call)))


@provider.on("POST", "/subscriptions/{subscription}/providers/{namespace}/register")
async def register_provider(world: World, call: Call) -> Answer:
    """Register a namespace. If it is registered already, it picks up newly registered features."""
    subscription, namespace = call.names["subscription"].lower(), _namespace(world, call)
    rbac.require(world, call.caller, f"{namespace}/register/action", f"/subscriptions/{subscription}")
    key = f"{subscription}/{namespace.lower()}"
    if world.state.registrations.get(key, "NotRegistered") not in {"Registered", "Registering"}:
        world.state.registrations[key] = "Registering"
    world.later(world.scenario.durations.provider, "provider-refreshed", key=key)
    return Answer(200, _show(world, subscription, namespace))


@scheduled_handler("provider-refreshed")
def _refreshed(world: World, facts: dict[str, str]) -> None:
    key = facts["key"]
    if world.state.registrations.get(key) == "Registering":
        world.state.registrations[key] = "Registered"
    for feature, state in world.state.features.items():
        if feature.startswith(key + "/"):
            world.state.refreshed[feature] = state

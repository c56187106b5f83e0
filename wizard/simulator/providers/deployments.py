"""The deployment history of resource groups and the deployment stacks, which can be read. Templates cannot be deployed here."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import group_id
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.resource_groups import provider as group_provider
from wizard.simulator.scenario.history import DeploymentSpec, StackSpec
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import DAY, World, iso

DEPLOYMENT = "Microsoft.Resources/deployments"
STACK = "Microsoft.Resources/deploymentStacks"
_KINDS = ("deployments", "deploymentStacks")

provider = Provider(
    "Microsoft.Resources", (*group_provider.versions, "2025-07-01"), types=_KINDS, unlisted=_KINDS
)
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"


def _scope(call: Call) -> str:
    return f"/subscriptions/{call.names['subscription']}/resourceGroups/{call.names['group']}"


@provider.on("GET", f"{_GROUP}/providers/{DEPLOYMENT}", f"{DEPLOYMENT}/read", query=("$top", "$filter"))
async def list_deployments(world: World, call: Call) -> Answer:
    """List the deployments of a group, newest first (the order is UNCONFIRMED), at most `$top`. There is no other filter."""
    world.require_group(call.path)
    top = call.query.get("$top", "800")
    if not top.isdecimal() or call.query.get("$filter"):
        raise Refusal(400, "InvalidFilterInQueryString", "Invalid filter in query string.")
    found = [each.body for each in world.of_type(DEPLOYMENT, _scope(call))]
    newest = sorted(found, key=lambda body: str(body["properties"]["timestamp"]), reverse=True)
    return listing(newest[: int(top)])


@provider.on("GET", f"{_GROUP}/providers/{STACK}", f"{STACK}/read")
async def list_stacks(world: World, call: Call) -> Answer:
    """List the deployment stacks of a group."""
    world.require_group(call.path)
    return listing([each.body for each in world.of_type(STACK, _scope(call))])


@provider.on("GET", f"/subscriptions/{{subscription}}/providers/{STACK}", f"{STACK}/read")
async def list_subscription_stacks(world: World, call: Call) -> Answer:
    """List the deployment stacks of a subscription itself, without those of its groups."""
    scope = f"/subscriptions/{call.names['subscription']}"
    return listing([each.body for each in world.of_type(STACK, scope) if not group_id(each.id)])


def new_deployment(world: World, group: str, name: str, specification: DeploymentSpec) -> Resource:
    """Return an entry of the deployment history as ARM shows it."""
    id_ = f"{group}/providers/{DEPLOYMENT}/{name}"
    properties: Json = {
        "mode": specification.mode,
        "provisioningState": "Succeeded",
        "timestamp": iso(world.now() - specification.days_ago * DAY),
        "duration": "PT2M11S",
        "correlationId": "00000000-0000-0000-0000-000000000000",
        "outputResources": [{"id": _id(group, each)} for each in specification.resources],
    }
    return Resource(id_, DEPLOYMENT, {"id": id_, "name": name, "type": DEPLOYMENT, "properties": properties})


def new_stack(scope: str, name: str, specification: StackSpec) -> Resource:
    """Return a deployment stack of a group or a subscription as ARM shows it."""
    id_ = f"{scope}/providers/{STACK}/{name}"
    properties: Json = {
        "provisioningState": "succeeded",
        "actionOnUnmanage": {"resources": specification.unmanage, "resourceGroups": "detach"},
        "denySettings": {"mode": specification.deny, "applyToChildScopes": False},
        "resources": [
            {"id": _id(scope, each), "status": "managed", "denyStatus": specification.deny}
            for each in specification.resources
        ],
    }
    return Resource(id_, STACK, {"id": id_, "name": name, "type": STACK, "properties": properties})


def _id(group: str, name: str) -> str:
    return name if name.startswith("/") else f"{group}/providers/{name}"

"""Resource groups."""

import re

from wizard.simulator.arm import operations
from wizard.simulator.arm.locations import check_location
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import subscription_of
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.cluster_checks import check_node_group
from wizard.simulator.providers.deleted_vaults import soft_delete
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World, scheduled_handler
from wizard.simulator.vaults.key_store import TYPE as VAULT

TYPE = "Microsoft.Resources/resourceGroups"
ACTION = "Microsoft.Resources/subscriptions/resourceGroups"
_NAME = re.compile(r"[-\w._()]{0,89}[-\w_()]")

provider = Provider(
    "Microsoft.Resources",
    (
        "2018-05-01", "2019-10-01", "2020-06-01", "2020-10-01", "2021-04-01", "2022-09-01", "2023-07-01", "2024-03-01", "2024-07-01",
        "2024-11-01", "2025-03-01", "2025-04-01",
    ), types=("resourceGroups",), unlisted=("resourceGroups",), registration_free=True)  # fmt: skip


def _id(call: Call) -> str:
    return f"/subscriptions/{call.names['subscription'].lower()}/resourceGroups/{call.names['group']}"


def new_group(group_id: str, location: str, tags: dict[str, str], managed_by: str = "") -> Resource:
    """Return a resource group as ARM keeps it."""
    body: Json = {"id": group_id, "name": group_id.rpartition("/")[2], "type": TYPE, "location": location}
    if tags:
        body["tags"] = dict(tags)
    if managed_by:
        body["managedBy"] = managed_by
    return Resource(group_id, TYPE, body | {"properties": {"provisioningState": "Succeeded"}})


@provider.on("GET", "/subscriptions/{subscription}/resourceGroups", f"{ACTION}/read")
async def list_groups(world: World, call: Call) -> Answer:
    """List the groups of a subscription."""
    return listing(
        [group.body for group in world.of_type(TYPE, f"/subscriptions/{call.names['subscription']}")]
    )


@provider.on("GET", "/subscriptions/{subscription}/resourceGroups/{group}", f"{ACTION}/read")
async def get_group(world: World, call: Call) -> Answer:
    """Return one group."""
    return Answer(200, world.get(_id(call)).body)


@provider.on("HEAD", "/subscriptions/{subscription}/resourceGroups/{group}", f"{ACTION}/read")
async def head_group(world: World, call: Call) -> Answer:
    """Return whether the group exists: 204 or 404, both without a body."""
    return Answer(204 if world.find(_id(call)) else 404)


@provider.on("PUT", "/subscriptions/{subscription}/resourceGroups/{group}", f"{ACTION}/write")
async def put_group(world: World, call: Call) -> Answer:
    """Create a group, or replace its tags. A group cannot move to another region."""
    body, name = call.require_body(), call.names["group"]
    check_body("resource_group", body, "ResourceGroupDefinition")
    if not _NAME.fullmatch(name):
        raise Refusal(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters or ends with a period. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
        )
    location = check_location(world, body.get("location"), TYPE)
    before = world.find(_id(call))
    if before is not None and before.body["location"] != location:
        raise Refusal(
            409, "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location '{before.body['location']}'.",
        )  # fmt: skip
    group = new_group(
        before.id if before else _id(call), location, body.get("tags") or {}, body.get("managedBy", "")
    )
    return Answer(200 if before else 201, world.put(group).body)


@provider.on("PATCH", "/subscriptions/{subscription}/resourceGroups/{group}", f"{ACTION}/write")
async def patch_group(world: World, call: Call) -> Answer:
    """Replace the tags."""
    group = world.get(_id(call))
    check_body("resource_group", call.require_body(), "ResourceGroupPatchDefinition")
    group.body["tags"] = dict(call.require_body().get("tags") or {})
    return Answer(200, world.put(group).body)


@provider.on("DELETE", "/subscriptions/{subscription}/resourceGroups/{group}", f"{ACTION}/delete")
async def delete_group(world: World, call: Call) -> Answer:
    """Delete a group with its resources, as a long-running operation that is polled at `Location`."""
    group = world.get(_id(call))
    for cluster in world.of_type(CLUSTER, group.id):
        check_node_group(world, call.method, cluster)
    operation = operations.running(world, group.id)
    if operation is None:
        operation = operations.start(world, group.id, "Deleting")
        group.body["properties"]["provisioningState"] = "Deleting"
        world.put(group)
        lasting = world.scenario.durations.group_delete
        if next(world.of_type(CLUSTER, group.id), None) is not None:
            lasting += world.scenario.durations.cluster_delete
        world.later(lasting, "group-deleted", operation=operation.id)
    return Answer(202, None, _polling_headers(world, call, operation.id))


def _polling_headers(world: World, call: Call, operation: str) -> dict[str, str]:
    where = f"{call.base_url}/subscriptions/{call.names['subscription']}/operationresults/{operation}"
    return {"Location": f"{where}?api-version={call.api_version}"} | world.retry_headers()


@provider.on("GET", "/subscriptions/{subscription}/operationresults/{operation}")
async def get_operation_result(world: World, call: Call) -> Answer:
    """Return whether a group is deleted: 202 until then, 200 afterwards."""
    operation = world.state.operations.get(call.names["operation"].lower())
    if operation is None or subscription_of(operation.resource_id) != call.names["subscription"].lower():
        raise Refusal(404, "NotFound", f"The operation '{call.names['operation']}' was not found.")
    if operation.status == "InProgress":
        return Answer(202, None, _polling_headers(world, call, operation.id))
    return Answer(200)


@scheduled_handler("group-deleted")
def _deleted(world: World, facts: dict[str, str]) -> None:
    operation = world.state.operations[facts["operation"]]
    for vault in list(world.of_type(VAULT, operation.resource_id)):
        soft_delete(world, vault)
    world.remove(operation.resource_id)
    operations.end(world, operation)

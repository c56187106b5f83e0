"""User-assigned managed identities (docs/azure.md#cluster-identities)."""

import re

from wizard.simulator.arm.locations import check_location, check_unmoved
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import serve_lists
from wizard.simulator.protocol.ids import name_of
from wizard.simulator.protocol.wire import Answer, Call, Refusal
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Principal, Resource
from wizard.simulator.state.world import World, on_delete

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
_NAME = re.compile(r"[a-zA-Z0-9][-_a-zA-Z0-9]{2,127}")
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}"

provider = Provider(
    "Microsoft.ManagedIdentity",
    (
        "2018-11-30",
        "2021-09-30-preview",
        "2022-01-31-preview",
        "2023-01-31",
        "2023-07-31-preview",
        "2024-11-30",
        "2025-01-31-preview",
        "2025-05-31-preview",
    ),
    types=("userAssignedIdentities",),
)
serve_lists(provider, TYPE)


def _id(call: Call) -> str:
    return f"/subscriptions/{call.names['subscription'].lower()}/resourceGroups/{call.names['group']}/providers/{TYPE}/{call.names['name']}"


def new_identity(
    world: World, resource_id: str, location: str, tags: dict[str, str], principal: Principal
) -> Resource:
    """Return an identity as ARM keeps it."""
    body = {
        "id": resource_id,
        "name": name_of(resource_id),
        "type": TYPE,
        "location": location,
        "tags": dict(tags),
        "properties": {
            "tenantId": world.scenario.tenant.id,
            "principalId": principal.object_id,
            "clientId": principal.app_id,
        },
    }
    return Resource(resource_id, TYPE, body)


@on_delete(TYPE)
def _delete_principal(world: World, identity: Resource) -> None:
    world.drop_principal(identity.body["properties"]["principalId"])


@provider.on("PUT", _ONE, f"{TYPE}/write")
async def put_identity(world: World, call: Call) -> Answer:
    """Create an identity, or replace its tags. The directory replicates its principal only after a while."""
    body, name = call.require_body(), call.names["name"]
    check_body("identity", body, "Identity")
    world.require_group(call.path)
    if not _NAME.fullmatch(name):
        raise Refusal(
            400,
            "InvalidResourceName",
            f"The resource name '{name}' is invalid. It must start with a letter or number, have 3 to 128 characters, and contain only letters, numbers, hyphens and underscores.",
        )
    location = check_location(world, body.get("location"), TYPE)
    before = world.find(_id(call))
    if before is not None:
        check_unmoved(before.body, location)
        before.body["tags"] = dict(body.get("tags") or {})
        return Answer(200, world.put(before).body)
    principal = world.new_identity(name, _id(call))
    return Answer(
        201, world.put(new_identity(world, _id(call), location, body.get("tags") or {}, principal)).body
    )


@provider.on("PATCH", _ONE, f"{TYPE}/write")
async def patch_identity(world: World, call: Call) -> Answer:
    """Replace the tags."""
    identity = world.get(_id(call))
    check_body("identity", call.require_body(), "IdentityUpdate")
    if "tags" in call.require_body():
        identity.body["tags"] = dict(call.require_body()["tags"] or {})
    return Answer(200, world.put(identity).body)


@provider.on("GET", _ONE, f"{TYPE}/read")
async def get_identity(world: World, call: Call) -> Answer:
    """Return one identity."""
    return Answer(200, world.get(_id(call)).body)


@provider.on("DELETE", _ONE, f"{TYPE}/delete")
async def delete_identity(world: World, call: Call) -> Answer:
    """Delete an identity and its principal. Answer 204 if there is none."""
    world.require_group(call.path)
    identity = world.find(_id(call))
    if identity is None:
        return Answer(204)
    world.remove(identity.id)
    return Answer(200)

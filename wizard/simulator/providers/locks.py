"""Management locks as resources: list, read, create and delete."""

import re

from wizard.simulator.arm.locks import LEVELS, TYPE, locked_scope, new_lock
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import within
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Refusal
from wizard.simulator.providers.authorization import check_scope
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.Authorization",
    ("2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"),
    types=("locks",),
    unlisted=("locks",),
)
_ALL = f"{{scope}}/providers/{TYPE}"
_ONE = f"{_ALL}/{{name}}"
_NAME = re.compile(r"[^<>%&:\\?/]{1,260}")


def _id(call: Call) -> str:
    return f"{call.names['scope'].rstrip('/')}/providers/{TYPE}/{call.names['name']}"


def _existing(world: World, call: Call) -> Resource:
    check_scope(world, call.names["scope"])
    lock = world.find(_id(call))
    if lock is None:
        raise Refusal(404, "LockNotFound", f"The lock '{call.names['name']}' could not be found.")
    return lock


@provider.on("GET", _ALL, f"{TYPE}/read", query=("$filter",))
async def list_locks(world: World, call: Call) -> Answer:
    """List the locks at, above and below a scope; `atScope()` leaves out those below."""
    scope, terms = call.names["scope"], filter_terms(call, "atscope")
    check_scope(world, scope)
    return listing([
        lock.body
        for lock in world.of_type(TYPE)
        if within(scope, locked_scope(lock)) or ("atscope" not in terms and within(locked_scope(lock), scope))
    ])  # fmt: skip


@provider.on("GET", _ONE, f"{TYPE}/read")
async def get_lock(world: World, call: Call) -> Answer:
    """Return one lock."""
    return Answer(200, _existing(world, call).body)


@provider.on("PUT", _ONE, f"{TYPE}/write")
async def put_lock(world: World, call: Call) -> Answer:
    """Create a lock on a scope, or change its level and notes."""
    check_scope(world, call.names["scope"])
    check_body("lock", call.require_body(), "ManagementLockDefinition")
    properties = call.require_body().get("properties")
    if not isinstance(properties, dict) or properties.get("level") not in LEVELS:
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: 'properties.level' must be one of {', '.join(LEVELS)}.",
        )
    if not _NAME.fullmatch(call.names["name"]):
        raise Refusal(
            400,
            "InvalidResourceName",
            f"The lock name '{call.names['name']}' is invalid: it has at most 260 characters, none of them one of <>%&:\\?/ or a control character.",
        )
    before = world.find(_id(call))
    system_data = world.system_data(call.caller, before.body.get("systemData") if before else None)
    lock = new_lock(_id(call), properties["level"], str(properties.get("notes") or ""), system_data)
    return Answer(200 if before else 201, world.put(lock).body)


@provider.on("DELETE", _ONE, f"{TYPE}/delete")
async def delete_lock(world: World, call: Call) -> Answer:
    """Delete a lock. Answer 204 if there is none."""
    check_scope(world, call.names["scope"])
    if world.find(_id(call)) is None:
        return Answer(204)
    world.remove(_id(call))
    return Answer(200)

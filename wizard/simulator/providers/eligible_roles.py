"""Eligible roles: Privileged Identity Management grants them for a limited time when a principal activates them (docs/azure.md#permissions).

They come from the scenario. Activation is not simulated.
"""

from collections.abc import Iterator

from wizard.simulator.arm import rbac
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import group_of, name_of, scope_of, stable_guid, type_of, within
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Json
from wizard.simulator.providers.authorization import check_scope, definition_id
from wizard.simulator.state.state import Principal
from wizard.simulator.state.world import World

TYPE = "Microsoft.Authorization/roleEligibilityScheduleInstances"
provider = Provider("Microsoft.Authorization", ("2020-10-01", "2020-10-01-preview"))
_SINCE = "2026-01-05T08:00:00Z"


@provider.on("GET", f"{{scope}}/providers/{TYPE}", query=("$filter",))
async def list_instances(world: World, call: Call) -> Answer:
    """List the eligible roles at, above and below a scope.

    `asTarget()` returns those of the caller and its groups, and needs no permission.
    """
    scope, mine = call.names["scope"], "astarget" in filter_terms(call, "astarget")
    if not mine:
        rbac.require(world, call.caller, f"{TYPE}/read", scope_of(call.path))
    check_scope(world, scope)
    held = [each for each in _every(world) if within(scope, each[1]) or within(each[1], scope)]
    if mine:
        held = [each for each in held if each[0].object_id in world.effective_principals(call.caller)]
    return listing([_show(world, scope, call.caller, *each) for each in held])


def _every(world: World) -> Iterator[tuple[Principal, str, rbac.RoleDefinition]]:
    for name, principal in world.scenario.principals.items():
        for scope, roles in principal.eligible.items():
            for role in roles:
                yield world.principal_of(name), scope, rbac.role_named(world, role)


def _show(
    world: World, asked: str, caller: str, principal: Principal, scope: str, role: rbac.RoleDefinition
) -> Json:
    name = stable_guid(scope, principal.object_id, role.guid, "eligible")
    member = (
        "Inherited"
        if scope.lower().rstrip("/") != asked.lower().rstrip("/")
        else ("Direct" if principal.object_id == caller or principal.kind != "group" else "Group")
    )
    definition = definition_id(scope, role.guid)
    return {
        "properties": {
            "roleEligibilityScheduleId": f"{scope}/providers/Microsoft.Authorization/roleEligibilitySchedules/{name}",
            "scope": scope,
            "roleDefinitionId": definition,
            "principalId": principal.object_id,
            "principalType": principal.type,
            "status": "Provisioned",
            "startDateTime": _SINCE,
            "endDateTime": None,
            "memberType": member,
            "createdOn": _SINCE,
            "condition": None,
            "conditionVersion": None,
            "expandedProperties": {
                "scope": {"id": scope, "displayName": _display_name(world, scope), "type": _kind(scope)},
                "roleDefinition": {"id": definition, "displayName": role.name, "type": "BuiltInRole"},
                "principal": {
                    "id": principal.object_id,
                    "displayName": principal.upn or principal.name,
                    "type": principal.type,
                },
            },
        },
        "name": name,
        "id": f"{scope}/providers/{TYPE}/{name}",
        "type": TYPE,
    }


def _display_name(world: World, scope: str) -> str:
    subscription = world.scenario.subscriptions.get(name_of(scope))
    return subscription.name if subscription else name_of(scope)


def _kind(scope: str) -> str:
    if "/providers/" in scope.lower():
        return type_of(scope)
    return "resourcegroup" if group_of(scope) else "subscription"

"""Deny assignments, which deny actions regardless of role assignments (Azure RBAC, "Understand Azure deny assignments").

They come from the scenario: Azure itself creates them (for a locked node resource group, a deployment stack, a managed
application), and clients cannot.
"""

from wizard.simulator.protocol.actions import matches
from wizard.simulator.protocol.ids import stable_guid, within
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.scenario.access import EVERYONE, DenyAssignmentSpec
from wizard.simulator.state.groups import object_id_of
from wizard.simulator.state.world import World

ALL_PRINCIPALS = "00000000-0000-0000-0000-000000000000"
"""The principal that means all principals in a deny assignment."""


def guid_of(name: str, held: DenyAssignmentSpec) -> str:
    """Return the GUID of a deny assignment."""
    return stable_guid(held.scope, "deny", name)


def _covers(world: World, held: DenyAssignmentSpec, principal_id: str) -> bool:
    ids = world.effective_principals(principal_id)
    if any(object_id_of(world.scenario, name) in ids for name in held.exclude):
        return False
    return any(name == EVERYONE or object_id_of(world.scenario, name) in ids for name in held.principals)


def _reaches(held: DenyAssignmentSpec, scope: str) -> bool:
    if held.child_scopes:
        return within(scope, held.scope)
    return scope.lower().rstrip("/") == held.scope.lower().rstrip("/")


def denying(
    world: World, principal_id: str, action: str, scope: str, *, data: bool = False
) -> tuple[str, DenyAssignmentSpec] | None:
    """Return the deny assignment, with its name, that denies a management or data action to a principal at a scope."""
    for name, held in world.scenario.deny_assignments.items():
        given, taken = (
            (held.data_actions, held.not_data_actions) if data else (held.actions, held.not_actions)
        )
        if (
            matches(action, given)
            and not matches(action, taken)
            and _reaches(held, scope)
            and _covers(world, held, principal_id)
        ):
            return name, held
    return None


def check(world: World, principal_id: str, action: str, scope: str) -> None:
    """Raise ARM's 403 DenyAssignmentAuthorizationFailed if a deny assignment overrides the roles of the principal.

    Code and text are those of a locked AKS node resource group, which writes the id without hyphens.
    """
    if found := denying(world, principal_id, action, scope):
        name, held = found
        client = world.state.principals[principal_id].client_name
        raise Refusal(
            403,
            "DenyAssignmentAuthorizationFailed",
            f"The client '{client}' with object id '{principal_id}' has permission to perform action '{action}' on scope '{scope}'; however, the access is "
            f"denied because of the deny assignment with name '{name}' and Id '{guid_of(name, held).replace('-', '')}' at scope '{held.scope}'.",
        )


def _principal(world: World, name: str) -> Json:
    if name == EVERYONE:
        return {"id": ALL_PRINCIPALS, "type": "SystemDefined"}
    object_id = object_id_of(world.scenario, name)
    principal = world.state.principals.get(object_id)
    return {"id": object_id, "type": principal.type if principal else "ServicePrincipal"}


def show(world: World, name: str, held: DenyAssignmentSpec) -> Json:
    """Return a deny assignment as ARM shows it."""
    guid = guid_of(name, held)
    permissions = {
        "actions": held.actions,
        "notActions": held.not_actions,
        "dataActions": held.data_actions,
        "notDataActions": held.not_data_actions,
    }
    return {
        "properties": {
            "denyAssignmentName": name,
            "description": held.description,
            "permissions": [permissions],
            "scope": held.scope,
            "doNotApplyToChildScopes": not held.child_scopes,
            "principals": [_principal(world, each) for each in held.principals],
            "excludePrincipals": [_principal(world, each) for each in held.exclude],
            "isSystemProtected": True,
        },
        "id": f"{held.scope.rstrip('/')}/providers/Microsoft.Authorization/denyAssignments/{guid}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": guid,
    }

"""Role definitions, role assignments, and the caller's permissions (docs/azure.md#roles, docs/azure.md#role-assignments, docs/azure.md#permissions)."""

import re

from wizard.simulator.arm import rbac
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import name_of, subscription_of, type_of, within
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.unserved import UNSERVED
from wizard.simulator.providers.vault_keys import TYPE as KEY
from wizard.simulator.state.body_fields import check_role_assignment
from wizard.simulator.state.state import Assignment
from wizard.simulator.state.world import World, iso
from wizard.simulator.vaults.key_store import find_key, vault_name

provider = Provider(
    "Microsoft.Authorization",
    (
        "2015-07-01", "2018-01-01-preview", "2018-07-01", "2018-09-01-preview", "2020-04-01-preview", "2020-10-01-preview", "2022-04-01",
        "2022-05-01-preview",
    ), types=("roleAssignments", "roleDefinitions", "permissions"), registration_free=True)  # fmt: skip
_WRITE, _DELETE = (f"Microsoft.Authorization/roleAssignments/{verb}" for verb in ("write", "delete"))
_DATA_ACCESS_ADMINISTRATOR = "8b54135c-b56d-4d72-a534-26097cfdc8d8"


# -- role definitions -------------------------------------------------------------------------------------------------


def definition_id(scope: str, guid: str) -> str:
    """Return the id of a built-in role at a scope."""
    subscription = subscription_of(scope)
    return (
        f"/subscriptions/{subscription}" if subscription else ""
    ) + f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"


def _show_definition(scope: str, role: rbac.RoleDefinition) -> Json:
    return {
        "properties": {
            "roleName": role.name,
            "type": "CustomRole" if role.custom else "BuiltInRole",
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [role.permissions],
            "createdOn": "2018-05-17T17:52:21.2641904Z",
            "updatedOn": "2021-11-11T20:14:56.9108000Z",
            "createdBy": None,
            "updatedBy": None,
        },
        "id": definition_id(scope, role.guid),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.guid,
    }


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/roleDefinitions/read",
    query=("$filter",),
)
async def list_definitions(world: World, call: Call) -> Answer:
    """List the role definitions, optionally filtered by `roleName` or `type`."""
    check_scope(world, call.names["scope"])
    terms = filter_terms(call, "rolename", "type", "atscopeandbelow")
    roles = list(rbac.known_roles(world).values())
    if "rolename" in terms:
        roles = [role for role in roles if role.name.lower() == terms["rolename"].lower()]
    if wanted := terms.get("type", "").lower():
        roles = [role for role in roles if wanted == ("customrole" if role.custom else "builtinrole")]
    return listing([_show_definition(call.names["scope"], role) for role in roles])


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
    "Microsoft.Authorization/roleDefinitions/read",
)
async def get_definition(world: World, call: Call) -> Answer:
    """Return one role definition."""
    check_scope(world, call.names["scope"])
    return Answer(200, _show_definition(call.names["scope"], _role(world, call.names["guid"])))


def _role(world: World, role_definition_id: str) -> rbac.RoleDefinition:
    guid = role_definition_id.rpartition("/")[2].lower()
    role = rbac.known_roles(world).get(guid)
    if role is None:
        raise Refusal(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{guid}' does not exist.",
        )
    return role


def check_scope(world: World, scope: str) -> None:
    """Raise ARM's 404 if the group, resource or key that a scope names does not exist.

    Resources of namespaces without operations here (networks, disks) are taken to exist: a cluster's body can name them.
    """
    if type_of(scope).partition("/")[0].lower() in UNSERVED:
        return
    if type_of(scope).lower() == KEY.lower():
        vault = world.get("/".join(scope.split("/")[:-2]))
        if find_key(world, vault_name(vault), name_of(scope)) is not None:
            return
    if scope.lower().count("/providers/") or scope.lower().count("/resourcegroups/"):
        world.get(scope)


# -- role assignments -------------------------------------------------------------------------------------------------


def show_assignment(held: Assignment) -> Json:
    """Return a role assignment as ARM shows it."""
    return {
        "properties": {
            "roleDefinitionId": definition_id(held.scope, held.role_guid),
            "principalId": held.principal_id,
            "principalType": held.principal_type,
            "scope": held.scope,
            "condition": held.extra.get("condition"),
            "conditionVersion": held.extra.get("conditionVersion"),
            "createdOn": held.created_on,
            "updatedOn": held.created_on,
            "createdBy": held.created_by or None,
            "updatedBy": held.created_by or None,
            "delegatedManagedIdentityResourceId": None,
            "description": held.extra.get("description"),
        },
        "id": held.id,
        "type": "Microsoft.Authorization/roleAssignments",
        "name": held.name,
    }


_ASSIGNMENT = "{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def _find(world: World, call: Call) -> Assignment | None:
    scope = call.names["scope"].rstrip("/")
    return world.state.assignments.get(
        f"{scope}/providers/Microsoft.Authorization/roleAssignments/{call.names['name']}".lower()
    )


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleAssignments/read",
    query=("$filter",),
)
async def list_assignments(world: World, call: Call) -> Answer:
    """List the assignments at, above and below a scope; `atScope()` leaves out those below.

    `principalId` returns a principal's own assignments, `assignedTo()` also those of its groups.
    """
    scope, terms = call.names["scope"], filter_terms(call, "atscope", "principalid", "assignedto")
    check_scope(world, scope)
    assignments = list(world.state.assignments.values())
    if direct := terms.get("principalid"):
        assignments = world.assignments_of(direct)
    elif wanted := terms.get("assignedto"):
        assignments = list(world.assignments_for(wanted))
    return listing(
        [
            show_assignment(held)
            for held in assignments
            if within(scope, held.scope) or ("atscope" not in terms and within(held.scope, scope))
        ]
    )


@provider.on("GET", _ASSIGNMENT, "Microsoft.Authorization/roleAssignments/read")
async def get_assignment(world: World, call: Call) -> Answer:
    """Return one assignment."""
    held = _find(world, call)
    if held is None:
        raise Refusal(
            404, "RoleAssignmentNotFound", f"The role assignment '{call.names['name']}' is not found."
        )
    return Answer(200, show_assignment(held))


@provider.on("PUT", _ASSIGNMENT, _WRITE)
async def put_assignment(world: World, call: Call) -> Answer:
    """Create a role assignment. It takes effect on the data plane only after the propagation delay."""
    scope, name = call.names["scope"].rstrip("/") or "/", call.names["name"]
    properties = call.require_body().get("properties")
    if (
        not isinstance(properties, dict)
        or not properties.get("roleDefinitionId")
        or not properties.get("principalId")
    ):
        raise Refusal(
            400,
            "InvalidRequestContent",
            "The request content was invalid: 'properties' with 'roleDefinitionId' and 'principalId' are required.",
        )
    check_role_assignment(call.require_body())
    if not _is_guid(name):
        raise Refusal(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )
    check_scope(world, scope)
    role, principal_id = (
        _role(world, str(properties["roleDefinitionId"])),
        str(properties["principalId"]).lower(),
    )
    if not _is_guid(principal_id):
        raise Refusal(400, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.")
    _check_condition(world, call, role, scope, _WRITE)
    if held := _find(world, call):
        if (held.role_guid, held.principal_id) == (role.guid, principal_id):
            if world.scenario.rules.repeated_assignment == "refused":
                raise _exists(held)
            return Answer(200, show_assignment(held))
        raise Refusal(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    principal_type = _principal_type(world, principal_id, properties.get("principalType"))
    for held in world.assignments_of(principal_id):
        if held.role_guid == role.guid and held.scope.lower() == scope.lower():
            raise _exists(held)
    now = world.now()
    made = Assignment(
        id=f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", name=name, scope=scope, role_guid=role.guid,
        principal_id=principal_id, principal_type=principal_type, created_by=call.caller, created_on=iso(now),
        effective_at=now + world.scaled(world.scenario.durations.role_propagation),
        extra={key: properties.get(key) for key in ("condition", "conditionVersion", "description")},
    )  # fmt: skip
    return Answer(201, show_assignment(world.grant(made)))


@provider.on("DELETE", _ASSIGNMENT, _DELETE)
async def delete_assignment(world: World, call: Call) -> Answer:
    """Delete a role assignment. Answer 204 if there is none."""
    held = _find(world, call)
    if held is None:
        return Answer(204)
    _check_condition(world, call, _role(world, held.role_guid), held.scope, _DELETE)
    world.revoke(held)
    return Answer(200, show_assignment(held))


def _exists(held: Assignment) -> Refusal:
    return Refusal(
        409,
        "RoleAssignmentExists",
        f"The role assignment already exists. The ID of the existing role assignment is {held.name.replace('-', '')}.",
    )


def _is_guid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text, re.IGNORECASE) is not None


def _check_condition(world: World, call: Call, role: rbac.RoleDefinition, scope: str, action: str) -> None:
    """Raise 403 if only Key Vault Data Access Administrator allows the action and the role is not a Key Vault data role."""
    may = [held for held in rbac.roles_at(world, call.caller, scope) if held.allows(action)]
    only_data = all(held.guid == _DATA_ACCESS_ADMINISTRATOR for held in may)
    if only_data and not (role.name.startswith("Key Vault") and role.data_actions):
        client = world.state.principals[call.caller].client_name
        raise Refusal(
            403,
            "AuthorizationFailed",
            f"The client '{client}' with object id '{call.caller}' has permission to perform action '{action}' "
            f"over scope '{call.path}'; however, an ABAC condition is not fulfilled for it. If access was recently granted, please refresh your credentials.",
        )


def _principal_type(world: World, principal_id: str, given: object) -> str:
    principal = world.state.principals.get(principal_id)
    known = principal is not None and principal.visible_at <= world.now()
    if given is None:
        if principal is None or not known:
            raise Refusal(
                400,
                "PrincipalNotFound",
                f"Principal {principal_id.replace('-', '')} does not exist in the directory {world.scenario.tenant.id}. Check that you have the correct "
                "principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication "
                "delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See "
                "https://aka.ms/docs-principaltype",
            )
        return principal.type
    if given not in {"User", "Group", "ServicePrincipal", "ForeignGroup", "Device"}:
        raise Refusal(400, "InvalidPrincipalType", f"The principal type '{given}' is not valid.")
    if principal is not None and known and given != principal.type:
        raise Refusal(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{principal_id.replace('-', '')}' has type '{principal.type}' , which is different from specified PrinciaplType '{given}'.",
        )
    return str(given)


# -- permissions ------------------------------------------------------------------------------------------------------


@provider.on(
    "GET", "{scope}/providers/Microsoft.Authorization/permissions", "Microsoft.Authorization/permissions/read"
)
async def list_permissions(world: World, call: Call) -> Answer:
    """List what the caller may do at the scope: one entry for each role held there. Deny assignments are not considered."""
    check_scope(world, call.names["scope"])
    return listing([role.permissions for role in rbac.roles_at(world, call.caller, call.names["scope"])])

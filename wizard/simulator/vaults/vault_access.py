"""Access to the keys of a vault: firewall first, then RBAC or access policies (docs/azure.md#role-assignments, docs/azure.md#network-access-of-a-vault)."""

import ipaddress
from enum import Enum

from wizard.simulator.arm import deny, rbac
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.state import Principal, Resource
from wizard.simulator.state.world import World


class Origin(Enum):
    """The network origin of a data-plane call."""

    INTERNET = "internet"
    TRUSTED_SERVICE = "trusted service"


PERIMETER = "SecuredByPerimeter"
"""A network security perimeter is enforced: only its rules apply, and no bypass does (docs/azure.md#network-access-of-a-vault)."""
DATA_ACTIONS = {
    "create": "keys/create/action", "import": "keys/import/action", "get": "keys/read", "list": "keys/read", "update": "keys/update/action",
    "delete": "keys/delete", "recover": "keys/recover/action", "purge": "keys/purge/action", "rotate": "keys/rotate/action",
    "encrypt": "keys/encrypt/action", "decrypt": "keys/decrypt/action", "wrapKey": "keys/wrap/action", "unwrapKey": "keys/unwrap/action",
    "getrotationpolicy": "keyrotationpolicies/read", "setrotationpolicy": "keyrotationpolicies/write",
}  # fmt: skip
"""The RBAC data action, below `Microsoft.KeyVault/vaults/`, for each access policy permission."""


def caller_text(world: World, principal: Principal) -> str:
    """Return the caller as Key Vault names it in an error."""
    app_id = principal.app_id or "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    return f"appid={app_id};oid={principal.object_id};iss=https://sts.windows.net/{world.scenario.tenant.id}/"


def foreign_tenant_error(world: World, vault: Resource) -> str:
    """Return Key Vault's error text if the vault trusts another tenant, or else ""."""
    ours, theirs = world.scenario.tenant.id, vault.body["properties"]["tenantId"]
    if theirs == ours:
        return ""
    return f"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{theirs}/, found https://sts.windows.net/{ours}/."


def check_network(world: World, vault: Resource, principal: Principal, origin: Origin) -> None:
    """Raise 403 ForbiddenByConnection or ForbiddenByFirewall if the network settings of the vault deny the call."""
    properties: Json = vault.body["properties"]
    acls: Json = properties.get("networkAcls") or {}
    public = str(properties.get("publicNetworkAccess", "Enabled")).lower()
    closed, perimeter = public == "disabled", public == PERIMETER.lower()
    if not closed and not perimeter and acls.get("defaultAction", "Allow") == "Allow":
        return
    bypassed = acls.get("bypass", "AzureServices") == "AzureServices" and not perimeter
    if origin is Origin.TRUSTED_SERVICE and bypassed:
        return
    who, where = (
        caller_text(world, principal),
        f"Vault: {vault.body['name']};location={vault.body['location']}",
    )
    if closed or perimeter:
        # UNCONFIRMED that an enforced perimeter returns the same error as disabled public access.
        raise Refusal(
            403,
            "Forbidden",
            f"Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: {who}\r\n{where}",
            inner=world.scenario.rules.closed_vault_inner_code or None,
        )
    address = ipaddress.ip_address(world.scenario.caller_address)
    ranges = [ipaddress.ip_network(rule["value"], strict=False) for rule in acls.get("ipRules") or []]
    if origin is Origin.INTERNET and any(address in allowed for allowed in ranges):
        return
    raise Refusal(
        403,
        "Forbidden",
        f"Client address is not authorized and caller is not a trusted service.\r\nClient address: {address}\r\nCaller: {who}\r\n{where}",
        inner="ForbiddenByFirewall",
    )


def check_permission(
    world: World, vault: Resource, principal: Principal, permission: str, key: str = ""
) -> None:
    """Raise 403 if the principal lacks the permission, by RBAC (with propagation) or by the access policies of the vault."""
    properties: Json = vault.body["properties"]
    if not properties.get("enableRbacAuthorization"):
        held = {
            str(granted).lower()
            for policy in properties.get("accessPolicies") or []
            if policy["objectId"].lower() in world.effective_principals(principal.object_id)
            for granted in policy["permissions"].get("keys") or []
        }
        if not held & {permission.lower(), "all"}:
            raise Refusal(
                403,
                "Forbidden",
                f"The user, group or application '{caller_text(world, principal)}' does not have keys {permission} permission on key vault "
                f"'{vault.body['name']};location={vault.body['location']}'. For help resolving this issue, please see "
                "https://go.microsoft.com/fwlink/?linkid=2125287",
                inner="ForbiddenByPolicy",  # the same code as for an Azure Policy on keys; older recordings have AccessDenied
            )
        return
    action = f"Microsoft.KeyVault/vaults/{DATA_ACTIONS[permission]}"
    scope = vault.id + (f"/keys/{key}" if key else "")
    if not rbac.may_data(world, principal.object_id, action, scope):
        raise Refusal(
            403, "Forbidden", _no_role(world, vault, principal, action, scope), inner="ForbiddenByRbac"
        )


def _no_role(world: World, vault: Resource, principal: Principal, action: str, scope: str) -> str:
    shown = scope.replace("Microsoft.KeyVault", "microsoft.keyvault")
    found = deny.denying(world, principal.object_id, action, scope, data=True)
    # DecisionReason of a denial UNCONFIRMED, and that the overridden role assignment is not named.
    denied_by = f"'{deny.guid_of(*found).replace('-', '')}'" if found else "null"
    reason = "DeniedByDenyAssignment" if found else "DeniedWithNoValidRBAC"
    return (
        "Caller is not authorized to perform action on resource.\r\n"
        "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n"
        f"Caller: {caller_text(world, principal)}\r\nAction: '{action}'\r\nResource: '{shown}'\r\nAssignment: (not found)\r\n"
        f"DenyAssignmentId: {denied_by}\r\nDecisionReason: '{reason}' \r\nVault: {vault.body['name']};location={vault.body['location']}\r\n"
    )

"""Resources outside AKS that the body of a cluster names, and who needs which permission on them.

Resource Manager checks the caller of a PUT (docs/azure.md#refusals-of-the-aks-resource-provider, LinkedAuthorizationFailed). AKS checks the
identity of the cluster (docs/azure.md#cluster-identities).
"""

from collections.abc import Iterator

from wizard.simulator.arm import rbac
from wizard.simulator.protocol.ids import group_of, subscription_of, type_of
from wizard.simulator.protocol.wire import Call, FlatRefusal, Json, Refusal
from wizard.simulator.state.cluster_body import TYPE
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_use import control_plane_identity

_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_SUBNET = "Microsoft.Network/virtualNetworks/subnets"
LINKED_ACTIONS = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": _ASSIGN,
    _SUBNET: f"{_SUBNET}/join/action",
    "Microsoft.Network/routeTables": "Microsoft.Network/routeTables/join/action",
    "Microsoft.Network/privateDnsZones": "Microsoft.Network/privateDnsZones/join/action",
    "Microsoft.Network/publicIPAddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/publicIPPrefixes": "Microsoft.Network/publicIPPrefixes/join/action",
    "Microsoft.Compute/diskEncryptionSets": "Microsoft.Compute/diskEncryptionSets/read",
    "Microsoft.OperationalInsights/workspaces": "Microsoft.OperationalInsights/workspaces/sharedkeys/read",
}
"""What the caller of a PUT needs on a resource that the body names, by type of the resource.

The action on a private DNS zone is UNCONFIRMED.
"""
_ACTIONS = {kind.lower(): action for kind, action in LINKED_ACTIONS.items()}


def _ids(value: object) -> Iterator[str]:
    """Yield every resource id in a value."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)
    elif isinstance(value, str) and value.lower().startswith("/subscriptions/") and "/providers/" in value:
        yield value


def _named(world: World, properties: object, node_group: str) -> Iterator[tuple[str, str]]:
    """Yield the id of each resource that the properties name and the action that the caller needs on it.

    The resources in the node resource group belong to AKS, and are not checked (inference: a role on the cluster alone
    is enough to update a cluster with a system-assigned identity). Neither are those of subscriptions that the scenario
    does not have.
    """
    for resource_id in dict.fromkeys(_ids(properties)):
        action = _ACTIONS.get(type_of(resource_id).lower())
        known = subscription_of(resource_id) in world.scenario.subscriptions
        if action and known and group_of(resource_id).lower() != node_group.lower():
            yield resource_id, action


def linked_refusal(world: World, call: Call, action: str, resource_id: str) -> Refusal:
    """Return the refusal of Resource Manager for a caller without the permission on a resource that the body names."""
    client = world.state.principals[call.caller].client_name
    return Refusal(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{client}' with object id '{call.caller}' has permission to perform action '{TYPE}/write' on scope '{call.path}'; however, it does "
        f"not have permission to perform action '{action}' on the linked scope(s) '{resource_id}' or the linked scope(s) are invalid.",
    )


def check_caller(world: World, call: Call, properties: object, node_group: str) -> None:
    """Raise 403 if the caller lacks a permission on a resource that the body names. Every PUT is checked (Azure/AKS#4980)."""
    for resource_id, action in _named(world, properties, node_group):
        if not rbac.may(world, call.caller, action, resource_id):
            raise linked_refusal(world, call, action, resource_id)


def check_identity(world: World, body: Json, before: Json | None) -> None:
    """Raise 400 if the user-assigned identity of the cluster lacks a permission on a resource that the body names.

    AKS checks this in every create and update. Here an existing cluster counts as working: only a new identity, and a
    resource that the body did not name before, are checked.
    """
    principal = control_plane_identity(world, body.get("identity") or {})
    if principal is None:
        return
    held = control_plane_identity(world, (before or {}).get("identity") or {})
    known = set(_ids(before["properties"])) if before and held is principal else set[str]()
    properties: Json = body["properties"]
    server: Json = properties.get("apiServerAccessProfile") or {}
    kubelet = (properties.get("identityProfile") or {}).get("kubeletidentity") or {}

    def lacks(resource_id: object, *actions: str) -> str:
        """Return the first of the actions that the identity may not perform on the resource, or ""."""
        named = str(resource_id or "")
        if named in known or subscription_of(named) not in world.scenario.subscriptions:
            return ""
        return next(
            (each for each in actions if not rbac.may(world, principal.object_id, each, named)),
            "",
        )

    zone = server.get("privateDNSZone")
    if action := lacks(zone, *(f"Microsoft.Network/privateDnsZones/{verb}" for verb in ("read", "write"))):
        raise FlatRefusal(
            400,
            "CustomPrivateDNSZoneMissingPermissionError",
            f"Service principal or user-assigned identity must be given permission to read and write to custom private dns zone {zone}. "
            f"Check access result not allowed for action {action}.",
        )
    kubelet_id = str(kubelet.get("resourceId") or "")
    own = group_of(kubelet_id).lower() == properties["nodeResourceGroup"].lower()
    if not own and lacks(kubelet_id, _ASSIGN):
        raise FlatRefusal(
            400,
            "CustomKubeletIdentityMissingPermissionError",
            "The cluster using user-assigned managed identity must be granted 'Managed Identity Operator' role to assign kubelet identity. You can run "
            "'az role assignment create --assignee <control-plane-identity-principal-id> --role 'Managed Identity Operator' --scope "
            "<kubelet-identity-resource-id>' to grant the permission. See https://learn.microsoft.com/en-us/azure/aks/use-managed-identity#add-role-assignment",
        )
    pools = [pool.get("vnetSubnetID") for pool in properties["agentPoolProfiles"]]
    needed = dict.fromkeys(pools, f"{_SUBNET}/join/action") | {
        server.get("subnetId"): f"{_SUBNET}/joinLoadBalancer/action"
    }
    for subnet, needs in needed.items():
        if lacks(subnet, needs):  # the code and text are known for the subnet of the API server only
            raise FlatRefusal(
                400,
                "ResourceMissingPermissionError",
                f"Service principal or user-assigned identity must be given certain permissions to resource {subnet}. "
                f"Check access result not allowed for action {needs}.",
            )

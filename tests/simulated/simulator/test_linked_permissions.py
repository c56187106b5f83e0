"""Permissions on the resources that a cluster's body names: of the caller (Resource Manager) and of the cluster's identity (AKS)."""

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start, said

HUB = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-hub/providers"
ZONE = f"{HUB}/Microsoft.Network/privateDnsZones/privatelink.westus2.azmk8s.io"
SUBNET = f"{HUB}/Microsoft.Network/virtualNetworks/vnet/subnets/aks"
SERVER_SUBNET = f"{HUB}/Microsoft.Network/virtualNetworks/vnet/subnets/api"
DISKS = f"{HUB}/Microsoft.Compute/diskEncryptionSets/des"
IDENTITIES = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
KUBELET = f"{IDENTITIES}/id-kubelet"
OLD = f"{IDENTITIES}/id-old"

LINKED = f"""
custom_roles:
  Limited:
    actions: ["*/read", Microsoft.ContainerService/managedClusters/write, Microsoft.ManagedIdentity/userAssignedIdentities/write]
    not_actions: [Microsoft.Compute/diskEncryptionSets/read]
  Assign: {{actions: [Microsoft.ManagedIdentity/userAssignedIdentities/assign/action]}}
  Join: {{actions: ["Microsoft.Network/*/join/action"]}}
  Subnets: {{actions: [Microsoft.Network/virtualNetworks/subnets/join/action]}}
  Disks: {{actions: [Microsoft.Compute/diskEncryptionSets/read]}}
principals:
  operator:
    roles: {{/subscriptions/{PRODUCTION}: [Limited, ROLES]}}
subscriptions:
  {PRODUCTION}:
    groups:
      rg-demo:
        identities: {{id-old: {{}}, id-kubelet: {{}}}}
        clusters:
          aks-demo:
            identity: id-old
            body:
              properties:
                diskEncryptionSetID: {DISKS}
                apiServerAccessProfile: {{enablePrivateCluster: true, privateDNSZone: {ZONE}, subnetId: {SERVER_SUBNET}}}
                agentPoolProfiles: [{{name: nodepool1, mode: System, count: 3, vnetSubnetID: {SUBNET}}}]
                identityProfile: {{kubeletidentity: {{resourceId: {KUBELET}}}}}
"""


@pytest.mark.parametrize(
    ("roles", "action", "scope"),
    [
        ("Join, Disks", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", OLD),
        ("Assign, Disks", "Microsoft.Network/virtualNetworks/subnets/join/action", SUBNET),
        ("Assign, Disks, Subnets", "Microsoft.Network/privateDnsZones/join/action", ZONE),
        ("Assign, Join", "Microsoft.Compute/diskEncryptionSets/read", DISKS),
    ],
)
async def test_the_caller_needs_the_linked_action_on_each_named_resource(
    start: Start, roles: str, action: str, scope: str
) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, LinkedAuthorizationFailed; Azure/AKS#4980, azurerm#3067."""
    cloud = await start(LINKED.replace("ROLES", roles))
    status, body, _ = await cloud.put_cluster()
    assert (status, said(body)["code"]) == (403, "LinkedAuthorizationFailed"), body
    assert f"perform action '{action}' on the linked scope(s) '{scope}'" in said(body)["message"]


async def test_assign_is_needed_on_every_user_assigned_identity_that_a_body_names(start: Start) -> None:
    """Azure/AKS#4980: on the cluster's identity, and on a kubelet identity that the caller brings."""
    cloud = await start(LINKED.replace("ROLES", "Join, Disks"))
    named = {"type": "UserAssigned", "userAssignedIdentities": {OLD: {}}}
    status, body, _ = await cloud.put_cluster(identity=named)
    assert (status, OLD in said(body)["message"]) == (403, True)
    scenario = LINKED.replace("ROLES", "Join, Disks").replace(
        "[Limited, Join, Disks]}", f"[Limited, Join, Disks], {OLD}: [Assign]}}"
    )
    cloud = await start(scenario)
    status, body, _ = await cloud.put_cluster()
    assert (status, KUBELET in said(body)["message"]) == (403, True), body
    everything = LINKED.replace("ROLES", "Join, Disks, Assign")
    assert (await (await start(everything)).put_cluster())[0] == 200


async def test_a_named_kubelet_identity_of_the_node_resource_group_needs_no_permission(start: Start) -> None:
    """Inference: a role on the cluster alone is enough for a cluster with a system-assigned identity."""
    role = "custom_roles: {Only: {actions: ['*/read', Microsoft.ContainerService/managedClusters/write]}}"
    cloud = await start(
        f"{role}\nprincipals: {{operator: {{roles: {{/subscriptions/{PRODUCTION}: [Only]}}}}}}"
    )
    _, body, _ = await cloud.raw("GET", cloud.cluster()["id"])
    assert "identityProfile" in body["properties"]
    assert (await cloud.put_cluster())[0] == 200


async def grant(cloud: Cloud, scope: str, role: str, principal: str) -> None:
    roles = {
        "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    }
    await cloud.grant(scope, roles[role], principal)


async def test_a_new_identity_needs_its_own_roles_on_zone_kubelet_identity_and_subnets(start: Start) -> None:
    """docs/azure.md#cluster-identities: the roles of the identity before do not help (Azure/AKS#3470)."""
    cloud = await start(LINKED.replace("Limited, ROLES", "Owner"))
    identity = await cloud.make_identity()
    wanted = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    expected = [
        ("CustomPrivateDNSZoneMissingPermissionError", ZONE, ZONE, "Private DNS Zone Contributor"),
        ("CustomKubeletIdentityMissingPermissionError", "'Managed Identity Operator' role", KUBELET, "Managed Identity Operator"),
        ("ResourceMissingPermissionError", f"{SUBNET}. Check access", SUBNET, "Network Contributor"),
        ("ResourceMissingPermissionError", "joinLoadBalancer/action", SERVER_SUBNET, "Network Contributor"),
    ]  # fmt: skip
    for code, text, scope, role in expected:
        status, body, _ = await cloud.put_cluster(identity=wanted)
        assert (status, said(body)["code"]) == (400, code), body
        assert text in said(body)["message"]
        await grant(cloud, scope, role, identity.principal_id)
    assert (await cloud.put_cluster(identity=wanted))[0] == 200


async def test_a_resource_that_is_named_for_the_first_time_is_checked_for_an_unchanged_identity(
    start: Start,
) -> None:
    cloud = await start(LINKED.replace("Limited, ROLES", "Owner"))
    assert (await cloud.put_cluster())[0] == 200
    server = {"enablePrivateCluster": True, "privateDNSZone": f"{ZONE}-2"}
    status, body, _ = await cloud.put_cluster(properties={"apiServerAccessProfile": server})
    assert (status, said(body)["code"]) == (400, "CustomPrivateDNSZoneMissingPermissionError")

"""Groups: a role of a group applies to its direct and nested members, on both planes (docs/azure.md#roles, docs/azure.md#permissions)."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import (
    CRYPTO_USER,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    vault_path,
)
from tests.simulated.simulator.test_roles import GROUP

READERS, STAFF = "88888888-8888-8888-8888-888888888801", "88888888-8888-8888-8888-888888888802"
WORLD = f"""
principals:
  operator: {{roles: null}}
  readers: {{kind: group, object_id: {READERS}, members: [operator], roles: {{/subscriptions/{PRODUCTION}: [Reader]}}}}
  staff: {{kind: group, object_id: {STAFF}, members: [readers], roles: {{{GROUP}: [Owner, Key Vault Crypto Officer]}}}}
"""


async def assigned(cloud: Cloud, scope: str, term: str) -> set[tuple[str, str]]:
    found = cloud.authorization.role_assignments.list_for_scope(scope, filter=term)
    return {(entry.principal_id, entry.principal_type) async for entry in found}


async def test_members_of_a_group_and_of_nested_groups_have_its_roles(start: Start) -> None:
    cloud = await start(WORLD)
    assert (await cloud.aks.managed_clusters.get("rg-payments", "payments-prod")).name == "payments-prod"
    assert (await cloud.make_vault()).name == "kv-demo"
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        await cloud.make_vault("kv-other", "rg-web")
    async with cloud.keys("kv-demo") as keys:
        assert (await keys.create_rsa_key("aks-kms")).name == "aks-kms"


async def test_principal_id_lists_direct_assignments_and_assigned_to_those_of_groups_too(
    start: Start,
) -> None:
    cloud = await start(WORLD)
    await cloud.make_vault()
    await cloud.grant(vault_path(), CRYPTO_USER, OPERATOR)
    own = {(OPERATOR, "ServicePrincipal")}
    groups = {(READERS, "Group"), (STAFF, "Group")}
    assert await assigned(cloud, vault_path(), f"principalId eq '{OPERATOR}'") == own
    assert await assigned(cloud, vault_path(), f"assignedTo('{OPERATOR}')") == own | groups
    assert await assigned(cloud, vault_path(), f"atScope() and assignedTo('{READERS}')") == groups
    assert await assigned(cloud, vault_path(), f"assignedTo('{STAFF}')") == {(STAFF, "Group")}


async def test_a_role_is_assigned_to_a_group_with_its_principal_type(start: Start) -> None:
    cloud = await start(WORLD)
    await cloud.make_vault()
    with pytest.raises(HttpResponseError, match="UnmatchedPrincipalType"):
        await cloud.grant(vault_path(), CRYPTO_USER, READERS, principal_type="User")
    made = await cloud.grant(vault_path(), CRYPTO_USER, READERS, principal_type="Group")
    assert made.principal_type == "Group"


async def test_the_identity_of_a_cluster_can_have_its_role_through_a_group(start: Start) -> None:
    cloud = await start("group-access")
    assert [entry.subscription_id async for entry in cloud.subscriptions.subscriptions.list()] == [PRODUCTION]
    identity = await cloud.identities.user_assigned_identities.get("rg-demo", "id-aks-demo")
    assert await assigned(cloud, vault_path(), f"principalId eq '{identity.principal_id}'") == set()
    assert len(await assigned(cloud, vault_path(), f"assignedTo('{identity.principal_id}')")) == 1
    await cloud.register_feature()
    profile = {
        "azureKeyVaultKms": {
            "enabled": True,
            "keyId": "https://kv-demo.vault.local.test/keys/aks-kms",
            "keyVaultNetworkAccess": "Public",
            "keyVaultResourceId": vault_path(),
        },
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    }
    status, body, _ = await cloud.put_cluster(
        security=profile, identity={"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    )
    assert status == 200, body


async def test_access_policies_can_name_groups(start: Start) -> None:
    cloud = await start(WORLD)
    policy = {"tenantId": TENANT, "objectId": STAFF, "permissions": {"keys": ["list"]}}
    await cloud.make_vault(enableRbacAuthorization=False, accessPolicies=[policy])
    async with cloud.keys("kv-demo") as keys:
        assert [key async for key in keys.list_properties_of_keys()] == []


@pytest.mark.parametrize(
    ("world", "place"),
    [
        ("principals: {staff: {kind: group, object_id: %s, members: [nobody]}}", "nobody"),
        ("principals: {reader: {members: [operator]}}", "only a group has `members`"),
        ("sign_in: staff\nprincipals: {staff: {kind: group, object_id: %s}}", "groups cannot sign in"),
    ],
)
async def test_inconsistent_groups_in_a_scenario_are_an_error(start: Start, world: str, place: str) -> None:
    with pytest.raises(Exception, match=place):
        await start(world.replace("%s", STAFF))

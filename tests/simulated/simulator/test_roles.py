"""Role definitions, assignments, permissions and their enforcement (docs/azure.md#roles, docs/azure.md#role-assignments, docs/azure.md#permissions)."""

import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    CRYPTO_USER,
    KEY_VAULT_CONTRIBUTOR,
    OPERATOR,
    PRODUCTION,
    Cloud,
    Start,
    refusal,
    until,
    vault_path,
)

GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"


async def test_role_definitions_have_the_guids_of_azure(cloud: Cloud) -> None:
    async def guid(name: str) -> str:
        found = [
            entry
            async for entry in cloud.authorization.role_definitions.list(
                GROUP, filter=f"roleName eq '{name}'"
            )
        ]
        assert (
            found[0].id
            == f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/roleDefinitions/{found[0].name}"
        )
        return str(found[0].name)

    assert await guid("Key Vault Crypto User") == CRYPTO_USER
    assert await guid("Key Vault Crypto Officer") == CRYPTO_OFFICER
    assert await guid("Key Vault Contributor") == KEY_VAULT_CONTRIBUTOR


async def test_an_assignment_and_its_listing(cloud: Cloud) -> None:
    vault, identity = await cloud.make_vault(), await cloud.make_identity()
    made = await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id)
    assert (made.scope, made.principal_type) == (vault.id, "ServicePrincipal")
    at_scope = [
        entry.id
        async for entry in cloud.authorization.role_assignments.list_for_scope(vault.id, filter="atScope()")
    ]
    assert made.id in at_scope
    assert len(at_scope) > 1, "those of the subscription are inherited"
    own = cloud.authorization.role_assignments.list_for_scope(
        vault.id, filter=f"principalId eq '{identity.principal_id}'"
    )
    assert [entry.name async for entry in own] == [made.name]
    below = [entry.id async for entry in cloud.authorization.role_assignments.list_for_scope(GROUP)]
    above_only = [
        entry.id
        async for entry in cloud.authorization.role_assignments.list_for_scope(GROUP, filter="atScope()")
    ]
    assert made.id in below
    assert made.id not in above_only
    assert (await cloud.authorization.role_assignments.get(vault.id, made.name)).role_definition_id.endswith(
        CRYPTO_USER
    )
    await cloud.authorization.role_assignments.delete(vault.id, made.name)
    assert cloud.simulator.resource(made.id) is None


async def test_a_role_on_a_key(cloud: Cloud) -> None:
    """It applies to that key only, is listed above and below, and is deleted with the vault."""
    vault = await cloud.make_vault()
    key, other = await cloud.make_key(), await cloud.make_key(name="other")
    made = await cloud.grant(key.id, CRYPTO_USER, OPERATOR)
    assert made.scope == key.id
    assert (await cloud.authorization.role_assignments.get(key.id, made.name)).id == made.id
    for scope in (key.id, vault.id):
        listed = cloud.authorization.role_assignments.list_for_scope(scope)
        assert made.id in [entry.id async for entry in listed]
    keys = cloud.keys("kv-demo")
    assert (await keys.get_key("aks-kms")).name == "aks-kms"
    with pytest.raises(HttpResponseError, match="ForbiddenByRbac"):
        await keys.get_key("other")
    for nowhere in (f"{vault.id}/keys/none", key.id.replace("kv-demo", "kv-none"), f"{other.id}/versions/x"):
        with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
            await cloud.grant(nowhere, CRYPTO_USER, OPERATOR)
    await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    assert cloud.simulator.resource(made.id) is None


async def test_repeating_an_assignment_succeeds_and_another_name_conflicts(cloud: Cloud) -> None:
    vault, identity, name = await cloud.make_vault(), await cloud.make_identity(), str(uuid.uuid4())
    made = await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id, name=name)
    again = await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id, name=name)
    assert again.id == made.id
    with pytest.raises(ResourceExistsError, match="RoleAssignmentExists"):
        await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id)
    with pytest.raises(HttpResponseError, match="RoleAssignmentUpdateNotPermitted"):
        await cloud.grant(vault.id, KEY_VAULT_CONTRIBUTOR, identity.principal_id, name=name)


async def test_a_new_identity_is_replicated_after_a_delay(start: Start) -> None:
    cloud = await start("durations: {principal_replication: 60}", speed=200)
    vault, identity = await cloud.make_vault(), await cloud.make_identity()
    with pytest.raises(HttpResponseError, match="PrincipalNotFound"):
        await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id, principal_type=None)
    await cloud.grant(vault.id, KEY_VAULT_CONTRIBUTOR, identity.principal_id)

    async def replicated() -> bool:
        try:
            await cloud.grant(
                vault.id,
                CRYPTO_USER,
                identity.principal_id,
                principal_type=None,
                name="00000000-0000-4000-8000-000000000001",
            )
        except HttpResponseError:
            return False
        return True

    await until(replicated, "the directory knows the identity in the end")


@pytest.mark.parametrize(
    ("name", "role", "kind", "code"),
    [
        ("not-a-guid", CRYPTO_USER, "ServicePrincipal", "InvalidRoleAssignmentId"),
        ("", "99999999-9999-9999-9999-999999999999", "ServicePrincipal", "RoleDefinitionDoesNotExist"),
        ("", CRYPTO_USER, "User", "UnmatchedPrincipalType"),
        ("", CRYPTO_USER, "Robot", "InvalidPrincipalType"),
    ],
)
async def test_invalid_assignments_are_refused(
    cloud: Cloud, name: str, role: str, kind: str, code: str
) -> None:
    with pytest.raises(HttpResponseError, match=code):
        await cloud.grant(GROUP, role, OPERATOR, name=name, principal_type=kind)


@pytest.mark.parametrize("principal_type", ["ServicePrincipal", None])
async def test_a_principal_id_must_be_a_guid(cloud: Cloud, principal_type: str | None) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cloud.grant(GROUP, CRYPTO_USER, "hello", principal_type=principal_type)
    assert refusal(refused.value)[:2] == (400, "InvalidPrincipalId")


async def test_permissions_are_those_of_the_caller(cloud: Cloud, start: Start) -> None:
    owner = [entry async for entry in cloud.authorization.permissions.list_for_resource_group("rg-demo")]
    assert [entry.actions for entry in owner] == [["*"]]
    reader = await start(principal="reader")
    assert [
        entry.actions async for entry in reader.authorization.permissions.list_for_resource_group("rg-demo")
    ] == [["*/read"]]
    status, body, _ = await reader.raw(
        "GET", f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/permissions", "2022-04-01"
    )
    assert (status, body["value"][0]["notActions"]) == (200, [])


async def test_a_reader_reads_and_does_not_write(start: Start) -> None:
    cloud = await start(principal="reader")
    assert (await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")).name == "aks-demo"
    with pytest.raises(HttpResponseError) as refused:
        await cloud.resources.resource_groups.create_or_update("rg-new", {"location": "westus2"})
    assert refusal(refused.value)[:2] == (403, "AuthorizationFailed")
    assert "'Microsoft.Resources/subscriptions/resourceGroups/write'" in refused.value.message
    with pytest.raises(HttpResponseError, match=r"Microsoft.Features/providers/features/register/action"):
        await cloud.register_feature()
    with pytest.raises(HttpResponseError, match=r"Microsoft.ContainerService/register/action"):
        await cloud.resources.providers.register("Microsoft.ContainerService")


async def test_not_actions_deny_a_contributor_to_assign_roles(start: Start) -> None:
    cloud = await start(
        f"principals: {{operator: {{roles: {{/subscriptions/{PRODUCTION}: [Contributor]}}}}}}"
    )
    vault = await cloud.make_vault()
    with pytest.raises(HttpResponseError, match=r"Microsoft.Authorization/roleAssignments/write"):
        await cloud.grant(vault.id, CRYPTO_USER, OPERATOR)


async def test_data_access_administrator_assigns_data_roles_only(start: Start) -> None:
    roles = "[Contributor, Key Vault Data Access Administrator]"
    cloud = await start(f"principals: {{operator: {{roles: {{/subscriptions/{PRODUCTION}: {roles}}}}}}}")
    vault, identity = await cloud.make_vault(), await cloud.make_identity()
    assert (
        await cloud.grant(vault.id, CRYPTO_USER, identity.principal_id)
    ).principal_id == identity.principal_id
    with pytest.raises(HttpResponseError, match="ABAC condition is not fulfilled"):
        await cloud.grant(vault.id, KEY_VAULT_CONTRIBUTOR, identity.principal_id)
    held = [each async for each in cloud.authorization.role_assignments.list_for_scope(vault.id)]
    (given,) = [each for each in held if each.role_definition_id.endswith(CRYPTO_USER)]
    (other,) = [each for each in held if each.principal_id == OPERATOR and "24988ac-" in each.role_definition_id]  # fmt: skip
    with pytest.raises(HttpResponseError, match=r"roleAssignments/delete.* ABAC condition is not fulfilled"):
        await cloud.authorization.role_assignments.delete(other.scope, other.name)
    assert cloud.simulator.resource(other.id) is not None
    await cloud.authorization.role_assignments.delete(given.scope, given.name)
    assert cloud.simulator.resource(given.id) is None


async def test_a_role_on_one_group_does_not_apply_to_another(start: Start) -> None:
    cloud = await start(
        f"principals: {{operator: {{roles: {{/subscriptions/{PRODUCTION}: [Reader], {GROUP}: [Contributor]}}}}}}"
    )
    assert (await cloud.make_vault()).name == "kv-demo"
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        await cloud.make_vault("kv-other", "rg-web")


async def test_unknown_filters_are_refused(cloud: Cloud) -> None:
    path = f"{vault_path('kv-bank-cards', 'rg-bank')}/providers/Microsoft.Authorization/roleAssignments"
    status, body, _ = await cloud.raw("GET", f"{path}?$filter=colour eq 'red'", "2022-04-01")
    assert (status, body["error"]["code"]) == (400, "UnsupportedQuery")
    status, body, _ = await cloud.raw("GET", f"{path}?$filter=((", "2022-04-01")
    assert (status, body["error"]["code"]) == (400, "BadRequestFormat")

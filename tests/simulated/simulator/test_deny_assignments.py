"""Deny assignments: listed as the SDK requests them, and enforced on both planes (Azure RBAC; docs/azure.md#role-assignments, docs/azure.md#permissions)."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    refusal,
    vault_path,
)
from tests.simulated.simulator.test_roles import GROUP

READER = "66666666-6666-6666-6666-6666666666aa"
DEPUTY = "99999999-9999-9999-9999-9999999999aa"
WORLD = f"""
principals:
  deputy: {{object_id: {DEPUTY}, app_id: 99999999-9999-9999-9999-999999999999, roles: {{/subscriptions/{PRODUCTION}: [Owner]}}}}
subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{vaults: {{kv-demo: {{}}}}}}}}}}}}
deny_assignments:
  stack:
    scope: {GROUP}
    description: Made by a deployment stack.
    actions: ["*/write", "*/delete"]
    not_actions: [Microsoft.ContainerService/*]
    data_actions: [Microsoft.KeyVault/vaults/keys/create/action]
    exclude: [deputy]
  alone: {{scope: {GROUP}, child_scopes: false, principals: [reader], actions: [Microsoft.Resources/subscriptions/resourceGroups/delete]}}
"""


async def listed(cloud: Cloud, scope: str) -> list[Any]:
    return [entry async for entry in cloud.authorization.deny_assignments.list_for_scope(scope)]


async def test_deny_assignments_are_listed_and_shown(start: Start) -> None:
    cloud = await start(WORLD)
    stack, alone = await listed(cloud, GROUP)
    assert (stack.deny_assignment_name, stack.scope, stack.is_system_protected) == ("stack", GROUP, True)
    assert [entry.type for entry in stack.principals] == ["SystemDefined"]
    assert [entry.id for entry in stack.exclude_principals] == [DEPUTY]
    assert stack.permissions[0].data_actions == ["Microsoft.KeyVault/vaults/keys/create/action"]
    assert alone.do_not_apply_to_child_scopes is True
    for scope in (cluster_path(), f"/subscriptions/{PRODUCTION}"):
        assert [each.id for each in await listed(cloud, scope)] == [stack.id, alone.id]


async def test_a_deny_assignment_overrides_a_role(start: Start) -> None:
    """The text is that of AKS's own lockdown of node resource groups."""
    cloud = await start(WORLD)
    with pytest.raises(HttpResponseError) as refused:
        await cloud.make_identity()
    status, code, text, _ = refusal(refused.value)
    assert (status, code) == (403, "DenyAssignmentAuthorizationFailed")
    assert "has permission to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/write'" in text
    assert "however, the access is denied because of the deny assignment with name 'stack' and Id '" in text
    assert text.endswith(f"' at scope '{GROUP}'.")
    assert (await cloud.put_cluster())[0] == 200, "its notActions leave clusters alone"
    assert (await cloud.make_identity(group="rg-web")).name == "id-aks-demo"


async def test_excluded_principals_are_not_denied(start: Start) -> None:
    cloud = await start(WORLD, principal="deputy")
    assert (await cloud.make_identity()).name == "id-aks-demo"


async def test_without_a_role_the_refusal_does_not_mention_the_deny_assignment(start: Start) -> None:
    cloud = await start(WORLD, principal="reader")
    with pytest.raises(HttpResponseError) as refused:
        await cloud.make_identity()
    assert refusal(refused.value)[1] == "AuthorizationFailed"


async def test_key_vault_names_the_deny_assignment(start: Start) -> None:
    """docs/azure.md#role-assignments: DenyAssignmentId in the data plane's text."""
    cloud = await start(WORLD, principal="deputy")
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    operator = Cloud(cloud.simulator, "operator", cloud._stack)
    async with operator.keys("kv-demo") as keys:
        with pytest.raises(HttpResponseError) as refused:
            await keys.create_rsa_key("aks-kms")
        status, code, text, inner = refusal(refused.value)
        assert (status, code, inner) == (403, "Forbidden", "ForbiddenByRbac")
        stack = (await listed(operator, GROUP))[0]
        assert f"DenyAssignmentId: '{stack.name.replace('-', '')}'" in text
        assert [key async for key in keys.list_properties_of_keys()] == []


async def test_the_scenario_of_a_deployment_stack(start: Start) -> None:
    cloud = await start("deny-assignment")
    status, body, _ = await cloud.put_cluster()
    assert (status, body["error"]["code"]) == (403, "DenyAssignmentAuthorizationFailed")
    (found,) = await listed(cloud, cluster_path())
    assert "Deployment Stack" in found.deny_assignment_name

"""Eligible roles of Privileged Identity Management, and the caller's permissions at a resource (docs/azure.md#permissions)."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import OPERATOR, PRODUCTION, Start, vault_path
from tests.simulated.simulator.test_roles import GROUP

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"


async def test_an_eligible_role_is_listed_and_grants_nothing(start: Start) -> None:
    cloud = await start("eligible-only")
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        await cloud.make_identity()
    found = cloud.authorization.role_eligibility_schedule_instances.list_for_scope(GROUP, filter="asTarget()")
    (entry,) = [each async for each in found]
    assert (entry.scope, entry.principal_id, entry.member_type) == (SUBSCRIPTION, OPERATOR, "Inherited")
    assert entry.expanded_properties.role_definition.display_name == "Owner"
    assert entry.expanded_properties.scope.display_name == "Contoso Production"
    assert entry.role_definition_id.startswith(SUBSCRIPTION)


async def test_eligible_roles_of_a_group_apply_to_its_members(start: Start) -> None:
    group = "88888888-8888-8888-8888-888888888801"
    cloud = await start(
        f"principals: {{team: {{kind: group, object_id: {group}, members: [operator], eligible: {{{GROUP}: [Contributor]}}}}}}"
    )
    instances = cloud.authorization.role_eligibility_schedule_instances
    found = [each async for each in instances.list_for_scope(GROUP, filter="asTarget()")]
    assert [each.member_type for each in found] == ["Group"]


async def test_a_caller_lists_its_own_eligible_roles_without_permission(start: Start) -> None:
    cloud = await start(f"principals: {{operator: {{roles: null, eligible: {{{SUBSCRIPTION}: [Owner]}}}}}}")
    instances = cloud.authorization.role_eligibility_schedule_instances
    assert len([each async for each in instances.list_for_scope(SUBSCRIPTION, filter="asTarget()")]) == 1
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        _ = [each async for each in instances.list_for_scope(SUBSCRIPTION)]


async def test_permissions_at_a_resource_have_its_data_actions(start: Start) -> None:
    """docs/azure.md#permissions, pre-check 1: a role on the vault itself is shown there and not at its group."""
    cloud = await start(
        f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{vaults: {{kv-demo: {{access: {{operator: [Key Vault Crypto Officer]}}}}}}}}}}}}}}"
    )
    there = [
        entry
        async for entry in cloud.authorization.permissions.list_for_resource(
            "rg-demo", "Microsoft.KeyVault", "", "vaults", "kv-demo"
        )
    ]
    assert "Microsoft.KeyVault/vaults/keys/*" in [action for entry in there for action in entry.data_actions]
    at_group = [entry async for entry in cloud.authorization.permissions.list_for_resource_group("rg-demo")]
    assert [entry.data_actions for entry in at_group] == [[]]
    assert cloud.simulator.resource(vault_path()) is not None


async def test_an_unknown_eligible_role_in_a_scenario_is_an_error(start: Start) -> None:
    with pytest.raises(Exception, match="is neither a built-in role"):
        await start(f"principals: {{operator: {{eligible: {{{SUBSCRIPTION}: [King]}}}}}}")

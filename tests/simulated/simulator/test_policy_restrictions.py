"""Policies: what they would deny, checked in advance, and that they deny it on write (docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#keys-through-resource-manager)."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    refusal,
    vault_path,
)
from tests.simulated.simulator.test_roles import GROUP

BUILT_IN = "/providers/Microsoft.Authorization/policyDefinitions/"


def vault(**properties: Any) -> dict[str, Any]:
    given = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}
    return {
        "type": "Microsoft.KeyVault/vaults",
        "name": "kv-demo",
        "location": "westus2",
        "properties": given | properties,
    }


def asked(content: dict[str, Any], *pending: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceDetails": {"resourceContent": content, "apiVersion": "2026-02-01"},
        "pendingFields": list(pending),
    }


async def denials(cloud: Cloud, content: dict[str, Any]) -> list[Any]:
    restrictions = cloud.policies.policy_restrictions
    result = await restrictions.check_at_resource_group_scope("rg-demo", asked(content))
    return list(result.content_evaluation_result.policy_evaluations)


async def test_a_denial_is_predicted_with_its_policy(start: Start) -> None:
    cloud = await start("policy-wants-purge-protection")
    (found,) = await denials(cloud, vault())
    assert found.evaluation_result == "NonCompliant"
    assert found.policy_info.policy_definition_id == BUILT_IN + "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53"
    assert found.policy_info.policy_assignment_id.endswith("/policyAssignments/deletion-protection")
    (why,) = found.evaluation_details.evaluated_expressions
    assert (why.path, why.operator, why.target_value) == (
        "properties.enablePurgeProtection",
        "NotEquals",
        True,
    )
    assert await denials(cloud, vault(enablePurgeProtection=True)) == []
    with pytest.raises(HttpResponseError, match="RequestDisallowedByPolicy"):
        await cloud.make_vault()
    assert (await cloud.make_vault(enablePurgeProtection=True)).name == "kv-demo"


async def test_subscriptions_can_be_checked_and_newer_api_versions_show_the_effect(
    start: Start,
) -> None:
    cloud = await start("policy-denies-vault")
    result = await cloud.policies.policy_restrictions.check_at_subscription_scope(asked(vault()))
    assert len(result.content_evaluation_result.policy_evaluations) == 1
    path = f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    for version, effect in (("2020-07-01", None), ("2024-10-01", {"policyEffect": "Deny"})):
        status, body, _ = await cloud.raw("POST", path, version, asked(vault()))
        (found,) = body["contentEvaluationResult"]["policyEvaluations"]
        assert (status, found.get("effectDetails")) == (200, effect)


async def test_pending_fields_are_restricted(start: Start) -> None:
    cloud = await start("policy-denies-vault")
    field = "properties.publicNetworkAccess"
    check = cloud.policies.policy_restrictions.check_at_resource_group_scope
    open_question = await check("rg-demo", asked(vault(), {"field": field}))
    assert open_question.content_evaluation_result.policy_evaluations == []
    (restricted,) = open_question.field_restrictions
    assert (restricted.restrictions[0].result, restricted.restrictions[0].values) == (
        "Required",
        ["Disabled"],
    )
    weighed = await check("rg-demo", asked(vault(), {"field": field, "values": ["Enabled", "Disabled"]}))
    assert weighed.field_restrictions[0].restrictions[0].values == ["Enabled"]


async def test_the_nodes_of_a_cluster_can_be_checked_in_advance(start: Start) -> None:
    cloud = await start("policy-denies-nodes")
    nodes = {"type": "Microsoft.Compute/virtualMachineScaleSets", "location": "westus2", "tags": {}}
    assert len(await denials(cloud, nodes)) == 1
    assert await denials(cloud, nodes | {"tags": {"costcentre": "1"}}) == []


@pytest.mark.parametrize(
    ("world", "definition", "allowed"),
    [
        ("policy-wants-larger-key", "82067dbb-e53b-4e06-b631-546d197452d9", {"keySize": 4096}),
        (
            "policy-wants-key-expiry",
            "152b15f7-8e1f-4c1f-ab71-8c010ba5dbc0",
            {"attributes": {"exp": 2000000000}},
        ),
    ],
)
async def test_policies_on_keys_apply_on_both_planes(
    start: Start, world: str, definition: str, allowed: dict[str, Any]
) -> None:
    """docs/azure.md#keys-through-resource-manager: policies of the mode Microsoft.KeyVault.Data."""
    cloud = await start(world)
    await cloud.make_vault()
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    key = {"type": "Microsoft.KeyVault.Data/vaults/keys", "keyType": "RSA", "keySize": 2048, "attributes": {}}
    assert [BUILT_IN + definition] == [
        each.policy_info.policy_definition_id for each in await denials(cloud, key)
    ]
    with pytest.raises(HttpResponseError) as refused:
        await cloud.make_key()
    assert (refusal(refused.value)[0], refusal(refused.value)[3]) == (403, "ForbiddenByPolicy")
    async with cloud.keys("kv-demo") as keys:
        with pytest.raises(HttpResponseError) as refused:
            await keys.create_rsa_key("aks-kms", size=2048)
        status, code, text, inner = refusal(refused.value)
        assert (status, code, inner) == (403, "Forbidden", "ForbiddenByPolicy")
        assert definition in text
        assert (await cloud.make_key(**allowed)).name == "aks-kms"
        if "keySize" in allowed:
            assert (await keys.rotate_key("aks-kms")).properties.version


async def test_a_rule_decides_whether_policies_on_keys_apply_on_the_management_plane(start: Start) -> None:
    policy = f"""
rules: {{policy_reaches_keys_through_arm: false}}
policies: {{size: {{scope: /subscriptions/{PRODUCTION}, type: Microsoft.KeyVault.Data/vaults/keys, field: keySize, less: 3072}}}}
"""
    cloud = await start(policy)
    await cloud.make_vault()
    assert (await cloud.make_key()).name == "aks-kms"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resourceDetails": {"resourceContent": {"name": "x"}}},
        {"colour": "red"},
        asked(vault(), {"field": "location", "values": 5}),
    ],
)
async def test_an_invalid_check_is_refused(cloud: Cloud, body: dict[str, Any]) -> None:
    path = f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    assert (await cloud.raw("POST", path, "2020-07-01", body))[0] == 400

"""Policies that modify a request, and exemptions from policies (docs/azure.md#azure-policy)."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start, vault_path
from tests.simulated.simulator.test_roles import GROUP

MODIFY = f"""
policies:
  no-public-vaults:
    scope: /subscriptions/{PRODUCTION}
    type: Microsoft.KeyVault/vaults
    field: properties.publicNetworkAccess
    not_equals: Disabled
    effect: modify
    value: Disabled
"""
EXEMPTIONS = "/providers/Microsoft.Authorization/policyExemptions"
API = "2022-07-01-preview"


async def test_a_modify_policy_changes_the_vault_that_was_asked_for(start: Start) -> None:
    """azuresandbox#556: the PUT succeeds, and the vault comes back without public network access."""
    cloud = await start(MODIFY)
    vault = await cloud.make_vault(publicNetworkAccess="Enabled")
    assert vault.properties.public_network_access == "Disabled"
    patch = {"properties": {"publicNetworkAccess": "Enabled"}}
    status, body, _ = await cloud.raw("PATCH", vault_path(), "2026-02-01", patch)
    assert (status, body["properties"]["publicNetworkAccess"]) == (200, "Disabled")


async def test_a_modify_policy_comes_before_a_deny_policy(start: Start) -> None:
    deny = f"""  deny-public:
    scope: /subscriptions/{PRODUCTION}
    type: Microsoft.KeyVault/vaults
    field: properties.publicNetworkAccess
    not_equals: Disabled
"""
    cloud = await start(MODIFY + deny)
    assert (await cloud.make_vault()).properties.public_network_access == "Disabled"


async def test_a_modify_policy_is_not_reported_as_a_restriction(start: Start) -> None:
    cloud = await start(MODIFY)
    content = {"type": "Microsoft.KeyVault/vaults", "location": "westus2", "properties": {}}
    asked = {"resourceDetails": {"resourceContent": content}}
    url = f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    _, body, _ = await cloud.raw("POST", url, "2024-10-01", asked)
    assert body["contentEvaluationResult"]["policyEvaluations"] == []


@pytest.mark.parametrize(
    "wrong", ["effect: modify", "value: 3", "effect: audit"], ids=["no value", "no effect", "unknown"]
)
async def test_a_policy_with_an_incomplete_effect_is_refused(start: Start, wrong: str) -> None:
    policy = f"policies: {{p: {{scope: /, type: a/b, field: c, equals: 1, {wrong}}}}}"
    with pytest.raises(Exception, match=r"policies\.p"):
        await start(policy)


async def exempt(cloud: Cloud, scope: str, expires: str = "", assignment: str = "") -> int:
    properties = {
        "policyAssignmentId": assignment
        or f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/policyAssignments/deletion-protection",
        "exemptionCategory": "Waiver",
    } | ({"expiresOn": expires} if expires else {})
    url = f"{scope}{EXEMPTIONS}/aks-kms"
    return (await cloud.raw("PUT", url, API, {"properties": properties}))[0]


async def test_an_exemption_lifts_a_denial_at_its_scope(start: Start) -> None:
    cloud = await start("policy-wants-purge-protection")
    with pytest.raises(HttpResponseError, match="RequestDisallowedByPolicy"):
        await cloud.make_vault()
    assert await exempt(cloud, GROUP) == 201
    assert await exempt(cloud, GROUP) == 200
    await cloud.make_vault()
    with pytest.raises(HttpResponseError, match="RequestDisallowedByPolicy"):
        await cloud.make_vault("kv-other", "rg-web")


@pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "2020-01-01"])
async def test_an_expired_exemption_has_no_effect(start: Start, expires: str) -> None:
    cloud = await start("policy-wants-purge-protection")
    assert await exempt(cloud, GROUP, expires) == 201
    with pytest.raises(HttpResponseError, match="RequestDisallowedByPolicy"):
        await cloud.make_vault()


async def test_an_invalid_exemption_is_refused(start: Start) -> None:
    cloud = await start("policy-wants-purge-protection")
    assert await exempt(cloud, GROUP, "some day") == 400
    url = f"{GROUP}{EXEMPTIONS}/aks-kms"
    assert (await cloud.raw("PUT", url, API, {"properties": {"exemptionCategory": "Waiver"}}))[0] == 400

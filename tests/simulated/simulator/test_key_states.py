"""Vaults and keys in the states that scenarios give them: deleted, not yet valid, HSM-backed, behind a perimeter, of another tenant
(docs/azure.md#key-vault).
"""

from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError
from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    Cloud,
    Start,
    refusal,
    said,
    vault_path,
)
from wizard.simulator import ScenarioError

DAY = 24 * 3600


async def officer(cloud: Cloud) -> Any:
    """Return the data plane of kv-demo, with permission for all key operations."""
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    return cloud.keys("kv-demo")


async def test_a_deleted_key_reserves_its_name_on_both_planes_until_it_is_recovered(start: Start) -> None:
    """docs/azure.md#names-and-soft-delete: ObjectIsDeletedButRecoverable."""
    cloud = await start("key-deleted")
    keys = await officer(cloud)
    for attempt in (cloud.make_key(), keys.create_rsa_key("aks-kms")):
        with pytest.raises(ResourceExistsError) as refused:
            await attempt
        assert refusal(refused.value)[::3] == (409, "ObjectIsDeletedButRecoverable")
    assert [key.name async for key in keys.list_deleted_keys()] == ["aks-kms"]
    assert (await keys.get_deleted_key("aks-kms")).scheduled_purge_date is not None
    await keys.recover_deleted_key("aks-kms")
    assert (await keys.get_key("aks-kms")).name == "aks-kms"
    assert (await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")).name == "aks-kms"


async def test_a_key_that_is_not_yet_valid(start: Start) -> None:
    cloud = await start("key-not-yet-valid")
    attributes = (await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")).properties.attributes
    assert attributes.not_before > attributes.created


async def test_rotation_policies_are_the_same_on_both_planes(start: Start) -> None:
    """docs/azure.md#rotation-expiry-and-hsms: P2Y/P30D; new versions live as long as the policy says."""
    cloud = await start("key-in-hardware")
    keys = await officer(cloud)
    policy = await keys.get_key_rotation_policy("aks-kms")
    assert (policy.expires_in, policy.lifetime_actions[0].action) == ("P2Y", KeyRotationPolicyAction.rotate)
    shown = await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")
    assert shown.properties.kty == "RSA-HSM"
    assert shown.properties.rotation_policy.attributes.expiry_time == "P2Y"
    assert shown.properties.rotation_policy.lifetime_actions[0].action.type == "rotate"
    assert shown.properties.attributes.created <= shown.properties.attributes.updated
    rotated = await keys.rotate_key("aks-kms")
    assert (rotated.properties.expires_on - rotated.properties.created_on).days == 730
    listed = [each async for each in cloud.vaults.keys.list_versions("rg-demo", "kv-demo", "aks-kms")]
    assert len(listed) == 2
    assert all(each.properties.attributes.created for each in listed)
    valid = KeyRotationPolicy(
        expires_in="P90D",
        lifetime_actions=[
            KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P60D")
        ],
    )
    kept = await keys.update_key_rotation_policy("aks-kms", valid)
    assert (kept.expires_in, kept.lifetime_actions[0].time_after_create) == ("P90D", "P60D")
    assert kept.created_on is not None


@pytest.mark.parametrize(
    "policy",
    [
        {"expires_in": "P7D"},
        {"expires_in": "soon"},
        {"lifetime_actions": [("rotate", {"time_after_create": "P6D"})]},
        {"lifetime_actions": [("rotate", {"time_before_expiry": "P30D"})]},
        {"expires_in": "P30D", "lifetime_actions": [("rotate", {"time_after_create": "P29D"})]},
    ],
    ids=str,
)
async def test_invalid_rotation_policies_are_refused(start: Start, policy: dict[str, Any]) -> None:
    """docs/azure.md#rotation-expiry-and-hsms: at least seven days from creation and before expiry."""
    cloud = await start("key-in-hardware")
    keys = await officer(cloud)
    actions = [
        KeyRotationLifetimeAction(kind, **trigger) for kind, trigger in policy.get("lifetime_actions", [])
    ]
    wanted = KeyRotationPolicy(expires_in=policy.get("expires_in"), lifetime_actions=actions)
    with pytest.raises(HttpResponseError, match="rotation policy"):
        await keys.update_key_rotation_policy("aks-kms", wanted)


async def test_a_management_plane_key_can_have_a_rotation_policy(cloud: Cloud) -> None:
    """docs/azure.md#keys-through-resource-manager: rotationPolicy may be given at creation."""
    await cloud.make_vault()
    policy = {
        "attributes": {"expiryTime": "P1Y"},
        "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "rotate"}}],
    }
    made = await cloud.make_key(rotationPolicy=policy)
    assert made.properties.rotation_policy.attributes.expiry_time == "P1Y"
    assert made.properties.attributes.expires - made.properties.attributes.created == 365 * 86400


async def test_hardware_keys_need_a_premium_vault_on_both_planes(cloud: Cloud) -> None:
    await cloud.make_vault()
    keys = await officer(cloud)
    for attempt in (cloud.make_key(kty="RSA-HSM"), keys.create_rsa_key("aks-kms", hardware_protected=True)):
        with pytest.raises(HttpResponseError, match="premium"):
            await attempt


async def test_a_network_security_perimeter_overrides_the_bypass(start: Start) -> None:
    """docs/azure.md#network-access-of-a-vault: the operator's own call, and AKS's as a trusted service."""
    cloud = await start("vault-perimeter")
    keys = await officer(cloud)
    with pytest.raises(HttpResponseError) as refused:
        await keys.get_key("aks-kms")
    assert refusal(refused.value)[::3] == (403, "ForbiddenByConnection")
    vault = await cloud.vaults.vaults.get("rg-demo", "kv-demo")
    assert vault.properties.public_network_access == "SecuredByPerimeter"
    identity = await cloud.make_identity()
    await cloud.grant(vault_path(), CRYPTO_OFFICER, identity.principal_id)
    await cloud.register_feature()
    status, _, _ = await cloud.put_cluster(
        security=profile("Private"),
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
    )
    assert status == 200
    _, body, _ = await cloud.raw("GET", cloud.cluster()["id"])
    assert body["properties"]["provisioningState"] == "Failed"


def profile(access: str) -> dict[str, Any]:
    kms = {
        "enabled": True,
        "keyId": "https://kv-demo.vault.local.test/keys/aks-kms",
        "keyVaultNetworkAccess": access,
        "keyVaultResourceId": vault_path(),
    }
    return {
        "azureKeyVaultKms": kms,
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    }


@pytest.mark.parametrize("access", ["Public", "Private"])
async def test_a_vault_of_another_tenant(start: Start, access: str) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, last row: AKS refuses it, although the vault itself can be changed."""
    cloud = await start("vault-other-tenant")
    theirs = "99999999-9999-9999-9999-999999999999"
    vault = await cloud.vaults.vaults.update("rg-demo", "kv-demo", {"tags": {"moved": "yes"}})
    assert vault.properties.tenant_id == theirs
    identity = await cloud.make_identity()
    await cloud.register_feature()
    status, body, _ = await cloud.put_cluster(
        security=profile(access),
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
    )
    assert (status, "another tenant is not supported" in said(body)["message"]) == (400, True)


async def test_a_vault_accepts_tokens_of_its_own_tenant_only(start: Start) -> None:
    theirs = "99999999-9999-9999-9999-999999999999"
    cloud = await start(
        f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{vaults: {{kv-moved: {{tenant: {theirs}}}}}}}}}}}}}"
    )
    with pytest.raises(ClientAuthenticationError):
        await cloud.keys("kv-moved").get_key("aks-kms")
    url = "https://kv-moved.vault.local.test/keys?api-version=7.6"
    bearer = {"Authorization": f"Bearer {await cloud.token('https://vault.local.test')}"}
    async with cloud.session.get(url, headers=bearer) as answer:
        text = (await answer.json())["error"]["message"]
        assert (answer.status, text.split(":")[0]) == (401, "AKV10032")
        assert theirs in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("policy", ["{rotate_after: P1D}", "{expiry: P7D}"])
async def test_an_invalid_rotation_policy_in_a_scenario_is_an_error(start: Start, policy: str) -> None:
    vaults = f"{{kv-demo: {{keys: {{aks-kms: {{rotation_policy: {policy}}}}}}}}}"
    with pytest.raises(ScenarioError, match="kv-demo/aks-kms"):
        await start(f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{vaults: {vaults}}}}}}}}}")

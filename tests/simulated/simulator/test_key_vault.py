"""Vaults and keys on both planes (docs/azure.md#key-vault)."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    refusal,
    until,
    vault_path,
)


async def officer(cloud: Cloud, vault: str = "kv-demo") -> None:
    await cloud.grant(vault_path(vault), CRYPTO_OFFICER, OPERATOR)


async def test_a_vault_registers_its_dns_name_first(start: Start) -> None:
    cloud = await start("durations: {vault_dns: 40}", speed=200)
    body = {
        "location": "westus2",
        "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}},
    }
    status, made, _ = await cloud.raw("PUT", vault_path(), "2026-05-15", body)
    assert (status, made["properties"]["provisioningState"]) == (200, "RegisteringDns")
    assert made["properties"]["enableRbacAuthorization"] is True, "the default since API 2026-02-01"
    _, older, _ = await cloud.raw("PUT", vault_path("kv-older"), "2024-11-01", body)
    assert older["properties"]["enableRbacAuthorization"] is False, "the default before"

    async def ready() -> bool:
        return bool(
            (await cloud.vaults.vaults.get("rg-demo", "kv-demo")).properties.provisioning_state == "Succeeded"
        )

    await until(ready, "the vault is ready in the end")


async def test_a_vault_is_shown_with_defaults(cloud: Cloud) -> None:
    vault = await cloud.make_vault(
        networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"}, enablePurgeProtection=True
    )
    shown = vault.properties
    assert (shown.vault_uri, shown.provisioning_state) == ("https://kv-demo.vault.local.test/", "Succeeded")
    assert (shown.network_acls.default_action, shown.network_acls.bypass) == ("Deny", "AzureServices")
    assert (shown.enable_purge_protection, shown.soft_delete_retention_in_days) == (True, 90)
    assert vault.id in [entry.id async for entry in cloud.vaults.vaults.list_by_resource_group("rg-demo")]
    assert vault.id in [entry.id async for entry in cloud.vaults.vaults.list_by_subscription()]


async def test_patch_keeps_other_properties(cloud: Cloud) -> None:
    await cloud.make_vault(enablePurgeProtection=True)
    changed = await cloud.vaults.vaults.update(
        "rg-demo",
        "kv-demo",
        {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}},
    )
    assert (changed.properties.network_acls.default_action, changed.properties.enable_purge_protection) == (
        "Deny",
        True,
    )
    assert changed.properties.enable_rbac_authorization is True


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("kv", {}, "VaultNameNotValid"),
        ("1vault", {}, "VaultNameNotValid"),
        ("kv--demo", {}, "VaultNameNotValid"),
        ("kv-demo-", {}, "VaultNameNotValid"),
        ("kv-demo", {"enableSoftDelete": False}, "BadRequest"),
        ("kv-demo", {"enablePurgeProtection": False}, "BadRequest"),
        ("kv-demo", {"softDeleteRetentionInDays": 6}, "BadRequest"),
        ("kv-demo", {"softDeleteRetentionInDays": 0}, "BadRequest"),
        ("kv-demo", {"networkAcls": {"ipRules": [{"value": "203.0.113.0/24"}, {"value": "my-laptop"}]}}, "BadRequest"),
        ("kv-demo", {"networkAcls": {"ipRules": [{"value": None}]}}, "BadRequest"),
        ("kv-demo", {"accessPolicies": [{}]}, "BadRequest"),
        ("kv-demo", {"accessPolicies": [{"tenantId": TENANT, "objectId": OPERATOR}]}, "BadRequest"),
        ("kv-demo", {"accessPolicies": [{"tenantId": TENANT, "permissions": {}}]}, "BadRequest"),
        ("kv-demo", {"enableRbacAuthorisation": True}, "InvalidRequestContent"),
        ("kv-demo", {"tenantId": PRODUCTION}, "InvalidTenantId"),
    ],
)  # fmt: skip
async def test_invalid_vaults_are_refused(
    cloud: Cloud, name: str, properties: dict[str, Any], code: str
) -> None:
    body = {
        "location": "westus2",
        "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}} | properties,
    }
    status, refused, _ = await cloud.raw("PUT", vault_path(name), "2026-05-15", body)
    assert (status, refused["error"]["code"]) == (400, code)


async def test_vault_names_are_unique_in_the_whole_cloud(cloud: Cloud) -> None:
    assert (
        await cloud.vaults.vaults.check_name_availability(
            {"name": "kv-demo", "type": "Microsoft.KeyVault/vaults"}
        )
    ).name_available
    await cloud.make_vault()
    taken = await cloud.vaults.vaults.check_name_availability(
        {"name": "KV-Demo", "type": "Microsoft.KeyVault/vaults"}
    )
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")
    with pytest.raises(ResourceExistsError, match="VaultAlreadyExists"):
        await cloud.make_vault("kv-demo", "rg-web")


async def test_soft_delete_recover_and_purge(cloud: Cloud) -> None:
    await cloud.make_vault()
    await cloud.make_key()
    await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    with pytest.raises(ResourceExistsError, match="ConflictError"):
        await cloud.make_vault()
    assert (await cloud.vaults.vaults.get_deleted("kv-demo", "westus2")).properties.vault_id == vault_path()
    await cloud.make_vault(createMode="recover")
    assert (await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")).name == "aks-kms"
    await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    await (await cloud.vaults.vaults.begin_purge_deleted("kv-demo", "westus2")).result()
    with pytest.raises(ResourceNotFoundError, match="SoftDeletedVaultDoesNotExist"):
        await cloud.make_vault(createMode="recover")
    assert (await cloud.make_vault()).name == "kv-demo"


async def test_purge_protection_is_permanent(cloud: Cloud) -> None:
    await cloud.make_vault(enablePurgeProtection=True)
    with pytest.raises(HttpResponseError, match="cannot be set to false"):
        await cloud.vaults.vaults.update(
            "rg-demo", "kv-demo", {"properties": {"enablePurgeProtection": False}}
        )
    assert (await cloud.make_vault()).properties.enable_purge_protection is True
    await cloud.vaults.vaults.delete("rg-demo", "kv-demo")
    with pytest.raises(HttpResponseError, match="DeletedVaultPurge"):
        await (await cloud.vaults.vaults.begin_purge_deleted("kv-demo", "westus2")).result()


# -- keys through the management plane ---------------------------------------------------------------------------------


async def test_a_management_plane_key_needs_no_data_role_and_ignores_the_firewall(cloud: Cloud) -> None:
    await cloud.make_vault(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"})
    key = await cloud.make_key(keySize=3072)
    assert key.properties.key_uri == "https://kv-demo.vault.local.test/keys/aks-kms"
    assert key.properties.key_uri_with_version.startswith(key.properties.key_uri + "/")
    assert (key.properties.kty, key.properties.key_size, key.properties.key_ops) == (
        "RSA",
        3072,
        ["encrypt", "decrypt"],
    )


async def test_management_plane_returns_an_existing_key_unchanged(cloud: Cloud) -> None:
    await cloud.make_vault()
    first = await cloud.make_key()
    second = await cloud.make_key(kty="EC", keyOps=["sign"])
    assert second.properties.key_uri_with_version == first.properties.key_uri_with_version
    assert second.properties.kty == "RSA"
    assert [entry.name async for entry in cloud.vaults.keys.list("rg-demo", "kv-demo")] == ["aks-kms"]
    assert (
        len([entry async for entry in cloud.vaults.keys.list_versions("rg-demo", "kv-demo", "aks-kms")]) == 1
    )


@pytest.mark.parametrize(
    "properties", [{"kty": "DES"}, {"keySize": 1024}, {"keyOps": ["fly"]}, {"kty": "RSA-HSM"}]
)
async def test_invalid_keys_are_refused(cloud: Cloud, properties: dict[str, Any]) -> None:
    await cloud.make_vault()
    with pytest.raises(HttpResponseError) as refused:
        await cloud.make_key(**properties)
    assert refused.value.status_code == 400


# -- the data plane ----------------------------------------------------------------------------------------------------


async def test_the_challenge_comes_before_other_errors(cloud: Cloud) -> None:
    async with cloud.session.post(
        "https://kv-demo.vault.local.test/keys/k/create?api-version=7.6", data=b"{not json"
    ) as response:
        assert response.status == 401
        assert (
            response.headers["WWW-Authenticate"]
            == f'Bearer authorization="{cloud.endpoint}/{TENANT}", resource="https://vault.local.test"'
        )


async def test_create_update_and_delete_a_key_on_the_data_plane(cloud: Cloud) -> None:
    await cloud.make_vault()
    await officer(cloud)
    keys = cloud.keys("kv-demo")
    made = await keys.create_rsa_key("aks-kms", size=2048, key_operations=["encrypt", "decrypt"])
    assert made.id.startswith("https://kv-demo.vault.local.test/keys/aks-kms/")
    assert (made.key_operations, made.key.n.hex() != "") == (["encrypt", "decrypt"], True)
    rotated = await keys.rotate_key("aks-kms")
    assert rotated.id != made.id
    assert (await keys.get_key("aks-kms")).id == rotated.id
    assert (await keys.get_key("aks-kms", made.properties.version)).id == made.id
    assert {entry.version async for entry in keys.list_properties_of_key_versions("aks-kms")} == {
        made.properties.version,
        rotated.properties.version,
    }
    assert [entry.name async for entry in keys.list_properties_of_keys()] == ["aks-kms"]
    assert (await keys.update_key_properties("aks-kms", enabled=False)).properties.enabled is False
    await keys.delete_key("aks-kms")
    with pytest.raises(HttpResponseError, match="ObjectIsDeletedButRecoverable"):
        await keys.create_rsa_key("aks-kms")
    with pytest.raises(ResourceNotFoundError):
        await keys.get_key("aks-kms")
    await keys.recover_deleted_key("aks-kms")
    assert (await keys.get_key("aks-kms")).id == rotated.id


async def test_rotation_policy(cloud: Cloud) -> None:
    await cloud.make_vault()
    await officer(cloud)
    keys = cloud.keys("kv-demo")
    await keys.create_rsa_key("aks-kms")
    wanted = KeyRotationPolicy(
        expires_in="P2Y",
        lifetime_actions=[
            KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_before_expiry="P30D")
        ],
    )
    await keys.update_key_rotation_policy("aks-kms", wanted)
    held = await keys.get_key_rotation_policy("aks-kms")
    assert (held.expires_in, held.lifetime_actions[0].time_before_expiry) == ("P2Y", "P30D")


async def test_an_owner_has_no_data_permissions(cloud: Cloud) -> None:
    await cloud.make_vault()
    with pytest.raises(HttpResponseError) as refused:
        await cloud.keys("kv-demo").create_rsa_key("aks-kms")
    assert refusal(refused.value)[:2] == (403, "Forbidden")
    assert refusal(refused.value)[3] == "ForbiddenByRbac"
    text = refusal(refused.value)[2]
    assert "Action: 'Microsoft.KeyVault/vaults/keys/create/action'\r\n" in text
    assert f"oid={OPERATOR};iss=https://sts.windows.net/{TENANT}/" in text


async def test_a_new_role_takes_effect_only_after_its_delay(start: Start) -> None:
    cloud = await start("durations: {role_propagation: 100}", speed=200)
    await cloud.make_vault()
    await cloud.make_key()
    await officer(cloud)
    keys = cloud.keys("kv-demo")
    with pytest.raises(HttpResponseError, match="ForbiddenByRbac"):
        await keys.get_key("aks-kms")

    async def allowed() -> bool:
        try:
            await keys.get_key("aks-kms")
        except HttpResponseError:
            return False
        return True

    await until(allowed, "the role takes effect in the end")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}, "ForbiddenByFirewall"),
        ({"publicNetworkAccess": "Disabled"}, "ForbiddenByConnection"),
    ],
)
async def test_the_firewall_denies_public_access(cloud: Cloud, properties: dict[str, Any], code: str) -> None:
    await cloud.make_vault(**properties)
    await officer(cloud)
    with pytest.raises(HttpResponseError) as refused:
        await cloud.keys("kv-demo").get_key("aks-kms")
    assert refusal(refused.value)[::3] == (403, code)


async def test_an_ip_rule_allows_its_address(cloud: Cloud) -> None:
    await cloud.make_vault(
        networkAcls={
            "defaultAction": "Deny",
            "bypass": "AzureServices",
            "ipRules": [{"value": "203.0.113.0/24"}],
        }
    )
    await officer(cloud)
    assert (await cloud.keys("kv-demo").create_rsa_key("aks-kms")).name == "aks-kms"


async def test_access_policies_and_rbac_ignore_each_other(cloud: Cloud) -> None:
    policy = {"tenantId": TENANT, "objectId": OPERATOR, "permissions": {"keys": ["create", "get"]}}
    await cloud.make_vault(enableRbacAuthorization=False, accessPolicies=[policy])
    keys = cloud.keys("kv-demo")
    assert (await keys.create_rsa_key("aks-kms")).name == "aks-kms"
    with pytest.raises(HttpResponseError, match="does not have keys rotate permission"):
        await keys.rotate_key("aks-kms")
    await officer(cloud)
    with pytest.raises(HttpResponseError, match="does not have keys rotate permission"):
        await keys.rotate_key("aks-kms")


async def test_access_policies_are_added_and_removed(cloud: Cloud) -> None:
    await cloud.make_vault(enableRbacAuthorization=False)
    for operation, permission, allowed in (
        ("add", "create", True),
        ("add", "get", True),
        ("remove", "get", False),
    ):
        policy = {"tenantId": TENANT, "objectId": OPERATOR, "permissions": {"keys": [permission]}}
        await cloud.vaults.vaults.update_access_policy(
            "rg-demo", "kv-demo", operation, {"properties": {"accessPolicies": [policy]}}
        )
        held = (await cloud.vaults.vaults.get("rg-demo", "kv-demo")).properties.access_policies
        assert bool(held) is allowed
        assert not held or permission in held[0].permissions.keys_property


async def test_invalid_access_policies_are_refused(cloud: Cloud) -> None:
    await cloud.make_vault(enableRbacAuthorization=False)
    where = f"{vault_path()}/accessPolicies"
    whole: dict[str, Any] = {"tenantId": TENANT, "objectId": OPERATOR, "permissions": {"keys": ["list"]}}
    for missing in whole:
        body = {"properties": {"accessPolicies": [whole | {missing: None}]}}
        for operation in ("add", "replace", "remove"):
            status, answer, _ = await cloud.raw("PUT", f"{where}/{operation}", "2026-02-01", body)
            text = "An invalid value was provided for 'accessPolicies'."
            assert (status, answer["error"]["message"]) == (400, text)
    for permissions in ({"keys": None, "secrets": None}, {"keys": ["list"]}, {"keys": None}):
        body = {"properties": {"accessPolicies": [whole | {"permissions": permissions}]}}
        assert (await cloud.raw("PUT", f"{where}/add", "2026-02-01", body))[0] == 200
    assert [key async for key in cloud.keys("kv-demo").list_properties_of_keys()] == []


async def test_unknown_vaults_and_api_versions(cloud: Cloud) -> None:
    with pytest.raises(ResourceNotFoundError, match="VaultNotFound"):
        await cloud.keys("kv-nowhere").get_key("k")
    headers = {"Authorization": f"Bearer {await cloud.token('https://vault.local.test')}"}
    async with cloud.session.get(
        "https://kv-bank-cards.vault.local.test/keys?api-version=1.0", headers=headers
    ) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "BadParameter")
    async with cloud.session.get(
        "https://kv-bank-cards.vault.local.test/certificates?api-version=7.6", headers=headers
    ) as response:
        assert response.status == 404
    assert [entry.path for entry in cloud.simulator.unknown] == ["/certificates"]

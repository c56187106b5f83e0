"""The AKS resource provider's rules for KMS encryption, one test per refusal (docs/azure.md#open-questions, docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#request-bodies)."""

from copy import deepcopy
from typing import Any

import pytest

from tests.simulated.simulator.clients import CRYPTO_USER, PRODUCTION, Cloud, Start, said, vault_path

PLATFORM = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
PERMISSION = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"


async def refused(answer: tuple[int, Any, Any], code: str, text: str, status: int = 400) -> None:
    got, body, _ = answer
    assert (got, said(body)["code"]) == (status, code), body
    assert text in said(body)["message"]


# -- what works --------------------------------------------------------------------------------------------------------


async def test_platform_managed_key(cloud: Cloud) -> None:
    await cloud.register_feature()
    assert (await cloud.put_cluster(security=PLATFORM))[0] == 200
    assert cloud.cluster()["properties"]["securityProfile"] == PLATFORM


@pytest.mark.parametrize("access", ["Public", "Private"])
async def test_customer_managed_key(cloud: Cloud, access: str) -> None:
    """docs/azure.md#request-bodies: the profile ends as the how-to prints it."""
    await cloud.register_feature()
    security, identity = await cloud.customer_key(access=access)
    assert (await cloud.put_cluster(security=security, identity=identity))[0] == 200
    cluster = cloud.cluster()
    assert cluster["properties"]["provisioningState"] == "Succeeded"
    assert cluster["properties"]["securityProfile"] == security


@pytest.mark.parametrize("kept", ["all", "keyVaultNetworkAccess", ""])
async def test_switching_from_a_customer_key_to_a_platform_key(cloud: Cloud, kept: str) -> None:
    """docs/azure.md#how-an-update-works: the documented move back, as the extension sends it since 19.0.0b13, before that, and as the SDK documents it."""
    security = deepcopy(cloud.cluster("bank-cards", "rg-bank")["properties"]["securityProfile"])
    held = security["azureKeyVaultKms"]
    security["azureKeyVaultKms"] = {name: value for name, value in held.items() if kept in {"all", name}} | {
        "enabled": False
    }
    assert (await cloud.put_cluster("bank-cards", "rg-bank", security=security))[0] == 200
    after = cloud.cluster("bank-cards", "rg-bank")["properties"]
    assert after["provisioningState"] == "Succeeded"
    assert after["securityProfile"] == security, "`enabled: false` stays visible"


async def test_migrating_from_legacy_kms(cloud: Cloud) -> None:
    """docs/azure.md#request-bodies: KMS v2 to a customer-managed key, with an unversioned key id."""
    await cloud.register_feature()
    security = deepcopy(cloud.cluster("batch-eu", "rg-batch")["properties"]["securityProfile"])
    security["azureKeyVaultKms"]["keyId"] = security["azureKeyVaultKms"]["keyId"].rpartition("/")[0]
    assert (await cloud.put_cluster("batch-eu", "rg-batch", security=security | PLATFORM))[0] == 200


async def test_every_cluster_of_the_default_scenario_can_be_put_unchanged(cloud: Cloud) -> None:
    for name, group in (
        ("bank-ledger", "rg-bank"),
        ("bank-cards", "rg-bank"),
        ("batch-eu", "rg-batch"),
        ("web-stage", "rg-web"),
        ("legacy-erp", "rg-erp"),
    ):
        assert (await cloud.put_cluster(name, group))[0] == 200, name
        assert cloud.cluster(name, group)["properties"]["provisioningState"] == "Succeeded", name


# -- the feature -------------------------------------------------------------------------------------------------------


async def test_an_unregistered_feature_is_refused(cloud: Cloud) -> None:
    await refused(
        await cloud.put_cluster(security=PLATFORM),
        "BadRequest",
        "Feature Microsoft.ContainerService/KMSPMKPreview is not enabled.",
    )


async def test_a_feature_that_does_not_exist_is_not_required(start: Start) -> None:
    cloud = await start("feature-gone")
    assert (await cloud.put_cluster(security=PLATFORM))[0] == 200


async def test_the_feature_can_be_required_for_one_kind_of_key_only(start: Start) -> None:
    """docs/azure.md#preview-features: whether customer-managed keys need the flag is UNCONFIRMED; the scenario decides."""
    cloud = await start("rules: {feature_required_for: [platform-managed]}")
    security, identity = await cloud.customer_key()
    assert (await cloud.put_cluster(security=security, identity=identity))[0] == 200
    await refused(
        await cloud.put_cluster("payments-prod", "rg-payments", security=PLATFORM),
        "BadRequest",
        "is not enabled",
    )


async def test_a_registered_feature_can_require_registering_the_provider_again(start: Start) -> None:
    cloud = await start("stale-provider")
    await cloud.register_feature()
    await refused(await cloud.put_cluster(security=PLATFORM), "BadRequest", "is not enabled")
    await cloud.resources.providers.register("Microsoft.ContainerService")
    assert (await cloud.put_cluster(security=PLATFORM))[0] == 200


# -- the cluster -------------------------------------------------------------------------------------------------------


async def test_a_version_that_is_too_old_is_refused(cloud: Cloud) -> None:
    await cloud.register_feature()
    await refused(
        await cloud.put_cluster("legacy-erp", "rg-erp", security=PLATFORM),
        "BadRequest",
        "requires Kubernetes version 1.33 or later",
    )


async def test_a_service_principal_cluster_is_refused(start: Start) -> None:
    cloud = await start("feature-gone")
    path = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-lab/providers/Microsoft.ContainerService/managedClusters/lab-principal"
    _, body, _ = await cloud.raw("GET", path)
    body["properties"]["securityProfile"] = PLATFORM
    await refused(await cloud.raw("PUT", path, body=body), "BadRequest", "managed identity")


@pytest.mark.parametrize("security", [{}, {"kubernetesResourceObjectEncryptionProfile": {}}])
async def test_encryption_cannot_be_disabled(cloud: Cloud, security: dict[str, Any]) -> None:
    """docs/azure.md#how-an-update-works: once enabled it cannot be disabled."""
    await refused(
        await cloud.put_cluster("web-stage", "rg-web", security=security),
        "BadRequest",
        "not supported once it is enabled",
    )


async def test_disabled_is_not_a_value_in_stable_api_versions(cloud: Cloud) -> None:
    wrong = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Disabled"}}
    await refused(await cloud.put_cluster(security=wrong), "InvalidParameter", "infrastructureEncryption")
    assert (await cloud.put_cluster(security=wrong, api_version="2026-04-02-preview"))[0] == 200


# -- the key vault -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"keyVaultNetworkAccess": None}, "KeyVault network access is unspecified for Azure Key Vault KMS."),
        (
            {"keyVaultNetworkAccess": "Private", "keyVaultResourceId": ""},
            "KeyVault resource ID is empty when KeyVault network access is Private.",
        ),
        ({"keyId": "https://kv-demo.vault.azure.net/keys/aks-kms"}, "is invalid"),
        ({"keyId": "aks-kms"}, "is invalid"),
        ({"keyId": "https://kv-demo.vault.local.test/keys/none"}, "is not found"),
        ({"keyVaultResourceId": vault_path("kv-other")}, "is not of the key vault"),
    ],
)
async def test_invalid_kms_settings_are_refused(cloud: Cloud, change: dict[str, Any], text: str) -> None:
    await cloud.register_feature()
    security, identity = await cloud.customer_key()
    security["azureKeyVaultKms"] |= change
    await refused(await cloud.put_cluster(security=security, identity=identity), "BadRequest", text)


async def test_a_system_assigned_identity_cannot_use_a_customer_key(cloud: Cloud) -> None:
    await cloud.register_feature()
    security, _ = await cloud.customer_key()
    text = "AzureKeyVaultKms feature does not support cluster identity type SystemAssigned, supported value is 'UserAssigned'"
    await refused(await cloud.put_cluster(security=security), "BadRequest", text)


async def test_an_identity_without_the_role_is_refused(cloud: Cloud) -> None:
    await cloud.register_feature()
    security, identity = await cloud.customer_key(grant=False)
    text = 'The identity does not have keys encrypt/decrypt permission on key vault "https://kv-demo.vault.local.test"'
    await refused(await cloud.put_cluster(security=security, identity=identity), PERMISSION, text)


async def test_a_role_that_has_not_propagated_is_refused(start: Start) -> None:
    cloud = await start(
        "rules: {feature_required_for: []}\ndurations: {role_propagation: 100000, vault_dns: 0}", speed=60
    )
    security, identity = await cloud.customer_key()
    await refused(
        await cloud.put_cluster("payments-prod", "rg-payments", security=security, identity=identity),
        PERMISSION,
        "does not have keys",
    )


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "EC", "keyOps": ["sign"]},
        {"keyOps": ["wrapKey", "unwrapKey"]},
        {"attributes": {"enabled": False}},
        {"attributes": {"exp": 1}},
    ],
)
async def test_an_unusable_key_is_refused(cloud: Cloud, key: dict[str, Any]) -> None:
    """One message, many causes: EC key, wrong operations, disabled, expired."""
    await cloud.register_feature()
    security, identity = await cloud.customer_key(**key)
    await refused(
        await cloud.put_cluster(security=security, identity=identity), PERMISSION, "encrypt/decrypt"
    )


async def test_public_access_through_a_closed_firewall_is_refused(cloud: Cloud) -> None:
    await cloud.register_feature()
    security, identity = await cloud.customer_key()
    closed = {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}}
    await cloud.vaults.vaults.update("rg-demo", "kv-demo", closed)
    await refused(
        await cloud.put_cluster(security=security, identity=identity), PERMISSION, "encrypt/decrypt"
    )
    security["azureKeyVaultKms"]["keyVaultNetworkAccess"] = "Private"
    assert (await cloud.put_cluster(security=security, identity=identity))[0] == 200
    assert cloud.cluster()["properties"]["provisioningState"] == "Succeeded"


async def test_an_rbac_role_on_an_access_policy_vault_has_no_effect(cloud: Cloud) -> None:
    await cloud.register_feature()
    security, identity = await cloud.customer_key()
    await cloud.vaults.vaults.update("rg-demo", "kv-demo", {"properties": {"enableRbacAuthorization": False}})
    await refused(
        await cloud.put_cluster(security=security, identity=identity), PERMISSION, "encrypt/decrypt"
    )


@pytest.mark.parametrize("scenario", ["contoso", "aks-not-trusted"])
async def test_a_private_vault_is_accepted_unchecked_and_fails_late(start: Start, scenario: str) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider: AKS cannot validate the permission in Private mode; a wrong grant (or no trust) surfaces at the end."""
    cloud = await start(scenario)
    await cloud.register_feature()
    security, identity = await cloud.customer_key(access="Private", grant=scenario != "contoso")
    await cloud.vaults.vaults.update(
        "rg-demo",
        "kv-demo",
        {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}},
    )
    status, _, headers = await cloud.put_cluster(security=security, identity=identity)
    assert status == 200
    _, operation, _ = await cloud.raw("GET", headers["Azure-AsyncOperation"].removeprefix(cloud.endpoint), "")
    assert (operation["status"], said(operation)["code"]) == ("Failed", "InternalOperationError")
    assert cloud.cluster()["properties"]["provisioningState"] == "Failed"
    identity_id = next(iter(identity["userAssignedIdentities"]))
    principal = cloud.simulator.resource(identity_id)["properties"]["principalId"]  # type: ignore[index]
    if scenario == "contoso":
        await cloud.grant(vault_path(), CRYPTO_USER, principal)
        assert (await cloud.put_cluster())[0] == 200
        assert cloud.cluster()["properties"]["provisioningState"] == "Succeeded", (
            "running the update again mends it"
        )


async def test_a_private_vault_can_be_validated(start: Start) -> None:
    """docs/azure.md#open-questions: whether AKS validates a Private vault is UNCONFIRMED; the scenario decides."""
    cloud = await start("rules: {private_access_validated: true, feature_required_for: []}")
    security, identity = await cloud.customer_key(access="Private", grant=False)
    await refused(
        await cloud.put_cluster(security=security, identity=identity), PERMISSION, "encrypt/decrypt"
    )


# -- api-versions ------------------------------------------------------------------------------------------------------


async def test_a_versioned_key_id_selects_the_legacy_experience(cloud: Cloud) -> None:
    """docs/azure.md#shape-of-the-key-id: legacy and Private needs API server VNet integration."""
    security, identity = await cloud.customer_key(access="Private")
    del security["kubernetesResourceObjectEncryptionProfile"]
    version = (await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")).properties.key_uri_with_version
    security["azureKeyVaultKms"]["keyId"] = version
    text = "Vnet integration should be enabled when KeyVault network access is Private."
    await refused(await cloud.put_cluster(security=security, identity=identity), "BadRequest", text)
    security["azureKeyVaultKms"]["keyVaultNetworkAccess"] = "Public"
    assert (await cloud.put_cluster(security=security, identity=identity))[0] == 200


async def test_an_older_api_version_requires_a_key_version(cloud: Cloud) -> None:
    security, identity = await cloud.customer_key()
    del security["kubernetesResourceObjectEncryptionProfile"]
    answer = await cloud.put_cluster(security=security, identity=identity, api_version="2026-06-01")
    await refused(answer, "BadRequest", "must contain a key version")
    answer = await cloud.put_cluster(security=security, identity=identity, api_version="2026-05-02-preview")
    await refused(answer, "BadRequest", "unless infrastructureEncryption is Enabled")


async def test_an_older_api_version_hides_the_profile_and_keeps_it(cloud: Cloud) -> None:
    """docs/azure.md#round-trip-through-the-sdk: hidden from 2026-06-01, and not lost by a PUT of that version."""
    status, body, _ = await cloud.put_cluster("web-stage", "rg-web", api_version="2026-06-01")
    assert (status, body["properties"]["securityProfile"]) == (200, {})
    assert cloud.cluster("web-stage", "rg-web")["properties"]["securityProfile"] == PLATFORM
    path = f"/subscriptions/{PRODUCTION}/providers/Microsoft.ContainerService/managedClusters"
    for version, seen in (("2026-06-01", False), ("2026-07-01", True), ("2026-04-02-preview", True)):
        _, listed, _ = await cloud.raw("GET", path, version)
        profiles = {entry["name"]: entry["properties"]["securityProfile"] for entry in listed["value"]}
        assert ("kubernetesResourceObjectEncryptionProfile" in profiles["web-stage"]) is seen

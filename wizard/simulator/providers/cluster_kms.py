"""The AKS resource provider's rules for KMS encryption, with its codes and texts (docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#request-bodies).

What is UNCONFIRMED there is marked here. Where two answers are plausible, the scenario's `rules` choose one.
"""

from dataclasses import dataclass

from wizard.simulator.protocol.wire import FlatRefusal, Json, Refusal
from wizard.simulator.providers.features import enabled as feature_enabled
from wizard.simulator.state.cluster_body import minor_of, sees_encryption_profile
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import find_key, find_vault
from wizard.simulator.vaults.key_use import KEY_ID, Encryption, can_use_key

OLDEST_MINOR, KMS_V2_SINCE = (1, 33), (1, 27)
FEATURE = "Microsoft.ContainerService/KMSPMKPreview"
DISABLED_UNTIL_PREVIEW = "2026-05-02-preview"


def _bad(message: str, code: str = "BadRequest") -> Refusal:
    return FlatRefusal(400, code, message)


@dataclass(frozen=True, slots=True)
class Change:
    """A PUT of a cluster: its encryption settings before and after, and the properties that the rules need."""

    api_version: str
    subscription: str
    before: Encryption
    after: Encryption
    properties: Json
    identity: Json
    version: str
    version_before: str


def check(world: World, change: Change) -> None:
    """Raise the resource provider's refusal if the change breaks a rule."""
    _check_upgrade(change)
    _check_infrastructure(world, change)
    if change.after.customer:
        _check_customer_key(world, change)


def _check_upgrade(change: Change) -> None:
    """Raise 400 if a cluster with KMS v1 (before 1.27) is upgraded with KMS enabled (docs/azure.md#refusals-of-the-aks-resource-provider; text UNCONFIRMED)."""
    if not (change.version_before and change.before.customer and change.after.customer):
        return
    if minor_of(change.version_before) < KMS_V2_SINCE <= minor_of(change.version):
        raise _bad(
            f"The cluster uses KMS v1 and cannot be upgraded to Kubernetes {change.version}. Turn Azure Key Vault KMS off before the upgrade, and on after it."
        )


def drop_disabled_key(world: World, body: Json) -> None:
    """Remove the settings of a disabled key from a cluster's body if the scenario's rules say so."""
    security = body["properties"]["securityProfile"]
    if not world.scenario.rules.disabled_key_shown and not Encryption.of(body["properties"]).customer:
        security.pop("azureKeyVaultKms", None)


def _check_infrastructure(world: World, change: Change) -> None:
    wanted, api_version = change.after.infrastructure, change.api_version
    knows_disabled = api_version.endswith("-preview") and api_version <= DISABLED_UNTIL_PREVIEW
    if wanted not in ({"", "Enabled", "Disabled"} if knows_disabled else {"", "Enabled"}):
        raise _bad(
            f"The value of parameter infrastructureEncryption is invalid: '{wanted}'. Allowed: Enabled.",
            "InvalidParameter",
        )
    if change.before.platform and not change.after.platform:
        raise _bad(
            "Disabling the encryption of Kubernetes resource objects is not supported once it is enabled."
        )  # text UNCONFIRMED
    newly = not change.before.platform or (change.after.customer and not change.before.customer)
    if not change.after.platform or not newly:
        return
    if minor_of(change.version) < OLDEST_MINOR:
        raise _bad(
            f"KMS data encryption requires Kubernetes version 1.33 or later, the cluster is on {change.version}."
        )  # text UNCONFIRMED
    if str(change.identity.get("type", "None")) == "None":
        raise _bad(
            "KMS data encryption requires a cluster with a managed identity; service principals are not supported."
        )  # text UNCONFIRMED
    kind = "customer-managed" if change.after.customer else "platform-managed"
    if kind in world.scenario.rules.feature_required_for and not feature_enabled(
        world, change.subscription, FEATURE
    ):
        raise _bad(
            f"Feature {FEATURE} is not enabled. Please see https://aka.ms/aks/previews for how to enable features."
        )


def _check_customer_key(world: World, change: Change) -> None:
    kms = change.after.kms
    access = kms.get("keyVaultNetworkAccess")
    if access not in {"Public", "Private"}:
        raise _bad("KeyVault network access is unspecified for Azure Key Vault KMS.")
    if access == "Private" and not kms.get("keyVaultResourceId"):
        raise _bad("KeyVault resource ID is empty when KeyVault network access is Private.")
    if (
        access == "Public"
        and kms.get("keyVaultResourceId")
        and world.scenario.rules.public_vault_id == "refused"
    ):
        raise _bad(
            "KeyVault resource ID must be empty when KeyVault network access is Public."
        )  # text UNCONFIRMED
    key_id = KEY_ID.fullmatch(str(kms.get("keyId") or ""))
    if key_id is None or key_id["suffix"].lower() != world.scenario.vault_suffix:
        raise _bad(
            f"The key identifier '{kms.get('keyId')}' of Azure Key Vault KMS is invalid."
        )  # text UNCONFIRMED
    if str(change.identity.get("type")) != "UserAssigned":
        raise _bad(
            "AzureKeyVaultKms feature does not support cluster identity type SystemAssigned, supported value is 'UserAssigned'"
        )
    vault_id = str(kms.get("keyVaultResourceId") or "")
    if vault_id and vault_id.rstrip("/").rpartition("/")[2].lower() != key_id["vault"].lower():
        raise _bad(
            f"The key identifier '{kms['keyId']}' is not of the key vault '{vault_id}'."
        )  # text UNCONFIRMED
    _check_tenant(world, key_id["vault"])
    versioned = key_id["version"] is not None
    if versioned and change.after.platform and world.scenario.rules.versioned_key_in_the_new_way == "refused":
        raise _bad(
            f"The key identifier '{kms['keyId']}' must not contain a key version when infrastructureEncryption is Enabled."
        )  # text UNCONFIRMED
    if _is_legacy(change, versioned=versioned):
        _check_legacy(change)
    elif minor_of(change.version) < OLDEST_MINOR:
        raise _bad(
            f"KMS data encryption requires Kubernetes version 1.33 or later, the cluster is on {change.version}."
        )  # text UNCONFIRMED
    _check_hardware(world, key_id["vault"], key_id["key"])
    if access == "Public" or world.scenario.rules.private_access_validated:
        validate_identity(world, change)


def _check_tenant(world: World, name: str) -> None:
    """Raise 400 if the vault belongs to another tenant (docs/azure.md#refusals-of-the-aks-resource-provider, last row; text UNCONFIRMED)."""
    vault = find_vault(world, name)
    theirs = vault.body["properties"]["tenantId"] if vault else world.scenario.tenant.id
    if theirs != world.scenario.tenant.id:
        raise _bad(
            f"The key vault '{name}' is of the tenant '{theirs}', the managed cluster of '{world.scenario.tenant.id}'. A key vault of another tenant is "
            "not supported."
        )


def _check_hardware(world: World, vault: str, name: str) -> None:
    """Raise 400 for an HSM-backed key if the scenario's rules refuse it.

    Whether AKS accepts such keys is not confirmed (docs/azure.md#rotation-expiry-and-hsms; text UNCONFIRMED).
    """
    key = find_key(world, vault, name)
    if key and key.current.kty.endswith("-HSM") and world.scenario.rules.hardware_keys == "refused":
        raise _bad(
            f"The key type '{key.current.kty}' of the key '{name}' is not supported, supported is RSA."
        )


def _is_legacy(change: Change, *, versioned: bool) -> bool:
    """Return whether a PUT selects the legacy experience.

    Since 2026-07-01 the form of the key id decides, before that infrastructureEncryption did (docs/azure.md#shape-of-the-key-id).
    """
    if not versioned:
        if not sees_encryption_profile(change.api_version):
            raise _bad(
                f"The key identifier '{change.after.kms['keyId']}' must contain a key version in api-version {change.api_version}."
            )
        if change.api_version.endswith("-preview") and not change.after.platform:
            raise _bad(
                "The key identifier must contain a key version unless infrastructureEncryption is Enabled."
            )
    return versioned and not change.after.platform


def _check_legacy(change: Change) -> None:
    integrated = (change.properties.get("apiServerAccessProfile") or {}).get("enableVnetIntegration")
    if change.after.kms["keyVaultNetworkAccess"] == "Private" and not integrated:
        raise _bad("Vnet integration should be enabled when KeyVault network access is Private.")


def validate_identity(world: World, change: Change) -> None:
    """Check that the identity can use the key, as AKS does before it starts the operation.

    Raise the one error that has many causes (docs/azure.md#refusals-of-the-aks-resource-provider), or 400 for a key that does not exist.
    """
    kms = change.after.kms
    key_id = KEY_ID.fullmatch(str(kms["keyId"]))
    if key_id is None:
        return
    if find_key(world, key_id["vault"], key_id["key"]) is None:
        raise _bad(f"The key '{kms['keyId']}' is not found.")  # text UNCONFIRMED
    if not can_use_key(world, kms, change.identity):
        raise _bad(
            f'The identity does not have keys encrypt/decrypt permission on key vault "https://{key_id["vault"]}.{key_id["suffix"]}"',
            "AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
        )

"""Microsoft's how-to "Enable KMS data encryption in AKS", command by command, as a user who signed in by device code.

The how-to wants the extension aks-preview for three of its flags. What the Azure CLI alone refuses is asserted too, and
the documented body goes in with `az rest` or `az resource` instead.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.azure_cli.cli import AzureCli, cluster_id, vault_id

ENABLED = {"infrastructureEncryption": "Enabled"}
API = "2026-08-01"
FEATURE = "--namespace Microsoft.ContainerService --name KMSPMKPreview"


@pytest.fixture(scope="module")
def prepared(user: AzureCli) -> AzureCli:
    """The how-to's prerequisites: the feature flag, and the provider registered again."""
    assert user(f"feature show {FEATURE}")["properties"]["state"] == "NotRegistered"
    ran = user.run(f"feature register {FEATURE}")
    assert (ran.code, json.loads(ran.out)["properties"]["state"]) == (0, "Registering"), ran
    assert "invoking 'az provider register -n Microsoft.ContainerService' is required" in ran.err
    assert user(f"feature show {FEATURE}")["properties"]["state"] == "Registered"
    assert user("provider register --namespace Microsoft.ContainerService --wait") is None
    assert (
        user("provider show --namespace Microsoft.ContainerService --query registrationState") == "Registered"
    )
    return user


@dataclass(frozen=True)
class Keys:
    """What the how-to prepares for a customer-managed key."""

    group: str
    vault: str
    key_id: str
    identity: str

    @property
    def key_id_without_version(self) -> str:
        return self.key_id.rpartition("/")[0]

    def kms(self, access: str) -> dict[str, Any]:
        return {
            "enabled": True,
            "keyId": self.key_id_without_version,
            "keyVaultNetworkAccess": access,
            "keyVaultResourceId": self.vault,
        }


def make_keys(az: AzureCli, group: str, vault: str) -> Keys:
    """The how-to's vault, key, identity and roles, in a group of its own."""
    az.text(f"group create --name {group} --location westus2")
    made = az(
        f"keyvault create --name {vault} --resource-group {group} --enable-rbac-authorization true --public-network-access Enabled"
    )
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["properties"]["enableRbacAuthorization"] is True
    scope = az.text(f"keyvault show --name {vault} --resource-group {group} --query id -o tsv")
    assert scope == vault_id(group, vault)
    me = az.text("ad signed-in-user show --query id -o tsv")
    give = (
        "role assignment create --assignee-principal-type {} --assignee-object-id {} --scope "
        + scope
        + " --role"
    )
    assert az(give.format("User", me), "Key Vault Crypto Officer")["principalType"] == "User"
    az.text(f"keyvault key create --name aks-kms --vault-name {vault}")
    key_id = az.text(f"keyvault key show --name aks-kms --vault-name {vault} --query key.kid -o tsv")
    assert key_id.startswith(f"https://{vault}.vault.local.test/keys/aks-kms/")
    identity = az(f"identity create --name id-aks --resource-group {group}")
    for role in ("Key Vault Crypto User", "Key Vault Contributor"):
        held = az(give.format("ServicePrincipal", identity["principalId"]), role)
        assert (held["principalId"], held["scope"]) == (identity["principalId"], scope)
    return Keys(group, scope, key_id, identity["id"])


@pytest.fixture(scope="module")
def public(prepared: AzureCli) -> Keys:
    return make_keys(prepared, "rg-public", "kv-howto-public")


@pytest.fixture(scope="module")
def private(prepared: AzureCli) -> Keys:
    keys = make_keys(prepared, "rg-private", "kv-howto-private")
    shown = prepared(
        "keyvault update --name kv-howto-private --resource-group rg-private --default-action Deny --bypass AzureServices"
    )
    acls = shown["properties"]["networkAcls"]
    assert (acls["defaultAction"], acls["bypass"]) == ("Deny", "AzureServices")
    said = prepared.refused("keyvault key list --vault-name kv-howto-private")
    assert "Client address is not authorized and caller is not a trusted service." in said
    assert "ForbiddenByFirewall" in said
    return keys


def rest(az: AzureCli, method: str, resource: str, body: dict[str, Any] | None = None) -> Any:
    """`az rest` with the documented body."""
    more = ("--body", json.dumps(body)) if body is not None else ()
    return az(f"rest --method {method} --url {resource}?api-version={API}", *more)


def security(az: AzureCli, cluster: str) -> dict[str, Any]:
    """How the cluster is encrypted, in an api-version that knows it."""
    shown = az(
        f"resource show --ids {cluster} --api-version {API} --query properties.[provisioningState,securityProfile]"
    )
    assert shown[0] == "Succeeded"
    return dict(shown[1])


def new_cluster(keys: Keys | None, access: str = "") -> dict[str, Any]:
    """The body of the how-to's `az aks create`."""
    profile: dict[str, Any] = {"kubernetesResourceObjectEncryptionProfile": ENABLED}
    identity: dict[str, Any] = {"type": "SystemAssigned"}
    if keys:
        profile["azureKeyVaultKms"] = keys.kms(access)
        identity = {"type": "UserAssigned", "userAssignedIdentities": {keys.identity: {}}}
    return {
        "location": "westus2",
        "identity": identity,
        "properties": {
            "kubernetesVersion": "1.33.0",
            "dnsPrefix": "howto",
            "agentPoolProfiles": [
                {"name": "nodepool1", "count": 1, "mode": "System", "vmSize": "Standard_D4ds_v5"}
            ],
            "securityProfile": profile,
        },
    }


@pytest.fixture(scope="module")
def make_cluster(prepared: AzureCli) -> Callable[[str, str], str]:
    """A new cluster as `az aks create` makes it, without encryption."""

    def make(group: str, name: str) -> str:
        shown = prepared(
            f"aks create --name {name} --resource-group {group} --kubernetes-version 1.33.0 --node-count 1 --no-ssh-key"
        )
        assert (shown["provisioningState"], shown["currentKubernetesVersion"]) == ("Succeeded", "1.33.0")
        return str(shown["id"])

    return make


# -- platform-managed keys --------------------------------------------------------------------------------------------


def test_a_new_cluster_with_platform_managed_keys(prepared: AzureCli) -> None:
    prepared.text("group create --name rg-pmk-new --location westus2")
    said = prepared.refused(
        "aks create --name new --resource-group rg-pmk-new --kubernetes-version 1.33.0 --kms-infrastructure-encryption Enabled --no-ssh-key",
        code=2,
    )
    assert "unrecognized arguments: --kms-infrastructure-encryption Enabled" in said
    cluster = cluster_id("rg-pmk-new", "new")
    assert rest(prepared, "put", cluster, new_cluster(None))["properties"]["provisioningState"] == "Creating"
    prepared.text("aks wait --name new --resource-group rg-pmk-new --created --interval 1")
    assert security(prepared, cluster) == {"kubernetesResourceObjectEncryptionProfile": ENABLED}
    core = prepared("aks show --name new --resource-group rg-pmk-new --query securityProfile")
    assert (
        "kubernetesResourceObjectEncryptionProfile" not in core
    )  # its api-version is older than the property


def test_platform_managed_to_customer_managed_and_back(
    prepared: AzureCli, public: Keys, make_cluster: Callable[[str, str], str]
) -> None:
    cluster = make_cluster(public.group, "moving")
    update = f"resource update --ids {cluster} --api-version {API} --set"
    profile = "properties.securityProfile.kubernetesResourceObjectEncryptionProfile"
    shown = prepared(update, f"{profile}={json.dumps(ENABLED)}")
    assert shown["properties"]["securityProfile"] == {"kubernetesResourceObjectEncryptionProfile": ENABLED}

    body = rest(prepared, "get", cluster)
    body["properties"]["securityProfile"]["azureKeyVaultKms"] = public.kms("Public")
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {public.identity: {}}}
    rest(prepared, "put", cluster, body)
    assert security(prepared, cluster) == {
        "azureKeyVaultKms": public.kms("Public"),
        "kubernetesResourceObjectEncryptionProfile": ENABLED,
    }

    shown = prepared(f"aks update --name moving --resource-group {public.group} --disable-azure-keyvault-kms")
    assert shown["securityProfile"]["azureKeyVaultKms"]["enabled"] is False
    after = security(prepared, cluster)
    assert (
        after["kubernetesResourceObjectEncryptionProfile"] == ENABLED
    )  # hidden from that update, and kept by it
    said = prepared.refused(update, f"{profile}=null")
    assert "Disabling the encryption of Kubernetes resource objects is not supported" in said


# -- customer-managed keys --------------------------------------------------------------------------------------------


def test_a_new_cluster_with_a_private_vault(prepared: AzureCli, private: Keys) -> None:
    cluster = cluster_id(private.group, "new")
    rest(prepared, "put", cluster, new_cluster(private, "Private"))
    prepared.text(f"aks wait --name new --resource-group {private.group} --created --interval 1")
    assert security(prepared, cluster) == {
        "azureKeyVaultKms": private.kms("Private"),
        "kubernetesResourceObjectEncryptionProfile": ENABLED,
    }
    shown = prepared(f"aks show --name new --resource-group {private.group} --query identity")
    assert (shown["type"], list(shown["userAssignedIdentities"])) == ("UserAssigned", [private.identity])


def test_an_existing_cluster_with_a_private_vault(
    prepared: AzureCli, private: Keys, make_cluster: Callable[[str, str], str]
) -> None:
    cluster = make_cluster(private.group, "existing")
    flags = (
        f"aks update --name existing --resource-group {private.group} --enable-azure-keyvault-kms --azure-keyvault-kms-key-vault-network-access Private"
        f" --azure-keyvault-kms-key-vault-resource-id {private.vault} --azure-keyvault-kms-key-id"
    )
    said = prepared.refused(f"{flags} {private.key_id_without_version}")
    assert "is not a valid Key Vault key ID" in said
    said = prepared.refused(f"{flags} {private.key_id} --assign-identity {private.identity}")
    assert "--assign-identity can only be specified when --enable-managed-identity is specified" in said
    said = prepared.refused(
        f"{flags} {private.key_id} --enable-managed-identity --assign-identity {private.identity} --yes"
    )
    assert (
        "Vnet integration should be enabled when KeyVault network access is Private." in said
    )  # the legacy experience

    body = rest(prepared, "get", cluster)
    body["properties"]["securityProfile"] = new_cluster(private, "Private")["properties"]["securityProfile"]
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {private.identity: {}}}
    rest(prepared, "put", cluster, body)
    assert security(prepared, cluster)["azureKeyVaultKms"] == private.kms("Private")


def test_a_new_cluster_with_a_public_vault(prepared: AzureCli, public: Keys) -> None:
    cluster = cluster_id(public.group, "new")
    rest(prepared, "put", cluster, new_cluster(public, "Public"))
    prepared.text(f"aks wait --name new --resource-group {public.group} --created --interval 1")
    assert security(prepared, cluster) == {
        "azureKeyVaultKms": public.kms("Public"),
        "kubernetesResourceObjectEncryptionProfile": ENABLED,
    }


def test_an_identity_without_the_role_is_refused(prepared: AzureCli, public: Keys) -> None:
    stranger = prepared(f"identity create --name id-stranger --resource-group {public.group}")["id"]
    body = new_cluster(Keys(public.group, public.vault, public.key_id, stranger), "Public")
    said = prepared.refused(
        f"rest --method put --url {cluster_id(public.group, 'refused')}?api-version={API}",
        "--body",
        json.dumps(body),
    )
    assert "AzureKeyVaultKmsValidateIdentityPermissionCustomerError" in said
    assert (
        'does not have keys encrypt/decrypt permission on key vault \\"https://kv-howto-public.vault.local.test\\"'
        in said
    )


# -- key rotation, and the legacy experience --------------------------------------------------------------------------


def test_legacy_kms_with_a_versioned_key(
    prepared: AzureCli, public: Keys, make_cluster: Callable[[str, str], str]
) -> None:
    """AKS "Use KMS v2": the key id carries its version; turning it off keeps the rest of the profile."""
    make_cluster(public.group, "legacy")
    shown = prepared(
        f"aks update --name legacy --resource-group {public.group} --enable-managed-identity --assign-identity {public.identity} --yes"
        f" --enable-azure-keyvault-kms --azure-keyvault-kms-key-id {public.key_id} --azure-keyvault-kms-key-vault-network-access Public"
    )
    kms = shown["securityProfile"]["azureKeyVaultKms"]
    assert (kms["enabled"], kms["keyId"], kms["keyVaultNetworkAccess"]) == (True, public.key_id, "Public")

    rotated = prepared("keyvault key rotate --name aks-kms --vault-name kv-howto-public")["key"]["kid"]
    assert rotated.rpartition("/")[0] == public.key_id_without_version
    assert rotated != public.key_id
    shown = prepared(
        f"aks update --name legacy --resource-group {public.group} --enable-azure-keyvault-kms --azure-keyvault-kms-key-id {rotated}"
        " --azure-keyvault-kms-key-vault-network-access Public"
    )
    assert shown["securityProfile"]["azureKeyVaultKms"]["keyId"] == rotated

"""Vaults and keys: created, changed, deleted, recovered, purged; keys created, rotated, disabled, deleted (docs/azure.md#key-vault)."""

import json
from pathlib import Path

import pytest

from tests.azure_cli.cli import OPERATOR, AzureCli, vault_id

GROUP = "rg-vaults"


@pytest.fixture(scope="module", autouse=True)
def group(az: AzureCli) -> None:
    az.text(f"group create --name {GROUP} --location westus2 --tags team=security")


def test_a_vault_with_purge_protection_and_a_closed_firewall(az: AzureCli) -> None:
    made = az(
        f"keyvault create --name kv-az-closed --resource-group {GROUP} --enable-purge-protection true --default-action Deny --bypass AzureServices"
        " --retention-days 7"
    )
    properties = made["properties"]
    assert (made["id"], made["location"]) == (vault_id(GROUP, "kv-az-closed"), "westus2")
    assert (properties["enablePurgeProtection"], properties["enableRbacAuthorization"]) == (True, True)
    assert properties["softDeleteRetentionInDays"] == 7
    assert properties["networkAcls"] == {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [],
        "virtualNetworkRules": [],
    }
    assert properties["vaultUri"] == "https://kv-az-closed.vault.local.test/"
    said = az.refused("keyvault key list --vault-name kv-az-closed")
    assert "(Forbidden) Client address is not authorized and caller is not a trusted service." in said
    ruled = az("keyvault network-rule add --name kv-az-closed --ip-address 203.0.113.0/24")
    assert ruled["properties"]["networkAcls"]["ipRules"] == [{"value": "203.0.113.0/24"}]
    said = az.refused("keyvault key list --vault-name kv-az-closed")
    assert "(Forbidden) Caller is not authorized to perform action on resource." in said

    az.text(f"keyvault delete --name kv-az-closed --resource-group {GROUP}")
    shown = az("keyvault show-deleted --name kv-az-closed --query properties")
    assert (shown["vaultId"], shown["purgeProtectionEnabled"]) == (made["id"], True)
    assert az("keyvault list-deleted --query [].name") == ["kv-az-closed"]
    said = az.refused("keyvault purge --name kv-az-closed")
    assert "(MethodNotAllowed) Operation 'DeletedVaultPurge' is not allowed." in said
    said = az.refused(f"keyvault create --name kv-az-closed --resource-group {GROUP}")
    assert "(ConflictError) A vault with the same name already exists in deleted state." in said
    recovered = az("keyvault recover --name kv-az-closed")
    assert recovered["properties"]["networkAcls"]["defaultAction"] == "Deny"
    said = az.refused(
        f"keyvault update --name kv-az-closed --resource-group {GROUP} --enable-purge-protection false"
    )
    assert '"enablePurgeProtection" cannot be set to false' in said


def test_a_vault_that_is_purged_gives_its_name_back(az: AzureCli) -> None:
    az.text(f"keyvault create --name kv-az-gone --resource-group {GROUP}")
    az.text("keyvault delete --name kv-az-gone")
    az.text("keyvault purge --name kv-az-gone")
    said = az.refused("keyvault show-deleted --name kv-az-gone")
    assert "No deleted Vault or HSM was found with name kv-az-gone" in said
    az.text(f"keyvault create --name kv-az-gone --resource-group {GROUP}")
    assert "kv-az-gone" in az("keyvault list --query [].name")
    assert "kv-az-gone" in az(f"keyvault list --resource-group {GROUP} --query [].name")


def test_refusals(az: AzureCli) -> None:
    said = az.refused("keyvault create --name kv-az-nowhere --resource-group rg-nowhere", code=2)
    assert "Resource group 'rg-nowhere' could not be found." in said
    said = az.refused(f"keyvault create --name kv-batch-eu --resource-group {GROUP}")
    assert "(VaultAlreadyExists) The vault name 'kv-batch-eu' is already in use." in said
    said = az.refused(f"keyvault create --name kv--az --resource-group {GROUP}")
    assert "(VaultNameNotValid)" in said
    assert "ResourceNotFound" in az.refused(
        f"keyvault show --name kv-az-nowhere --resource-group {GROUP}", code=3
    )


def test_the_life_of_a_key(az: AzureCli, tmp_path: Path) -> None:
    vault = "--vault-name kv-az-keys"
    scope = az(f"keyvault create --name kv-az-keys --resource-group {GROUP}")["id"]
    said = az.refused(f"keyvault key create {vault} --name first")
    assert "Action: 'Microsoft.KeyVault/vaults/keys/create/action'" in said
    assert "DecisionReason: 'DeniedWithNoValidRBAC'" in said
    az.text(
        f"role assignment create --assignee-object-id {OPERATOR} --assignee-principal-type ServicePrincipal --scope {scope} --role",
        "Key Vault Crypto Officer",
    )
    made = az(
        f"keyvault key create {vault} --name first --kty RSA --size 3072 --ops encrypt decrypt --tags use=kms"
    )
    assert made["key"]["kid"].startswith("https://kv-az-keys.vault.local.test/keys/first/")
    assert (made["key"]["kty"], made["key"]["keyOps"], made["tags"]) == (
        "RSA",
        ["encrypt", "decrypt"],
        {"use": "kms"},
    )
    assert (made["attributes"]["enabled"], made["attributes"]["recoveryLevel"]) == (
        True,
        "Recoverable+Purgeable",
    )
    assert az(f"keyvault key show {vault} --name first")["key"] == made["key"]
    assert az(f"keyvault key list {vault} --query [].[name,kid]") == [
        ["first", "https://kv-az-keys.vault.local.test/keys/first"]
    ]
    assert "(KeyNotFound)" in az.refused(f"keyvault key show {vault} --name second", code=3)

    policy = tmp_path / "policy.json"
    policy.write_text(
        json.dumps({
            "lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "Rotate"}}],
            "attributes": {"expiryTime": "P2Y"},
        })
    )  # fmt: skip
    shown = az(f"keyvault key rotation-policy update {vault} --name first --value {policy}")
    assert shown["expiresIn"] == "P2Y"
    shown = az(f"keyvault key rotation-policy show {vault} --name first --query lifetimeActions")
    assert shown == [{"action": "Rotate", "timeAfterCreate": "P90D", "timeBeforeExpiry": None}]

    rotated = az(f"keyvault key rotate {vault} --name first")
    assert rotated["key"]["kid"] != made["key"]["kid"]
    assert az(f"keyvault key list-versions {vault} --name first --query length(@)") == 2

    off = az(
        f"keyvault key set-attributes {vault} --name first --enabled false --expires 2031-01-01T00:00:00Z"
    )
    assert (off["attributes"]["enabled"], off["attributes"]["expires"]) == (
        False,
        "2031-01-01T00:00:00+00:00",
    )

    az.text(f"keyvault key delete {vault} --name first")
    assert az(f"keyvault key list-deleted {vault} --query [].name") == ["first"]
    said = az.refused(f"keyvault key create {vault} --name first")
    assert "is currently in a deleted but recoverable state" in said
    assert az(f"keyvault key recover {vault} --name first")["key"]["kid"] == rotated["key"]["kid"]

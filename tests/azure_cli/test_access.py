"""Roles, the directory behind them, and locks (docs/azure.md#role-assignments, docs/azure.md#permissions)."""

import pytest

from tests.azure_cli.cli import OPERATOR, SUBSCRIPTION, USER, AzureCli, vault_id

GROUP = "rg-access"
READER = "6666666-6666-6666-6666-6666666666aa"
UPN = "ops@contoso.example"


@pytest.fixture(scope="module", autouse=True)
def vault(az: AzureCli) -> str:
    az.text(f"group create --name {GROUP} --location westus2")
    return str(az(f"keyvault create --name kv-az-access --resource-group {GROUP}")["id"])


def test_role_definitions(az: AzureCli) -> None:
    [role] = az("role definition list --name", "Key Vault Crypto User")
    assert (role["name"], role["roleName"], role["roleType"]) == (
        "12338af0-0e69-4776-bea7-57ae8d297424",
        "Key Vault Crypto User",
        "BuiltInRole",
    )
    assert "Microsoft.KeyVault/vaults/keys/encrypt/action" in role["permissions"][0]["dataActions"]
    assert az("role definition list --name", "Key Vault Emperor") == []


def test_the_directory(az: AzureCli) -> None:
    app = az.environment["AZURE_CLIENT_ID"]
    assert az(f"ad sp show --id {app}")["id"] == OPERATOR
    assert az.text("ad sp list --display-name operator --query [].appId --output tsv") == app
    assert az(f"ad user show --id {UPN}")["id"] == USER
    assert az(f"ad user list --upn {UPN} --query [].displayName") == ["ops"]
    said = az.refused("ad sp show --id 99999999-9999-9999-9999-999999999999", code=3)
    assert "doesn't exist" in said or "does not exist" in said


def test_a_role_is_given_once_listed_and_taken(az: AzureCli, vault: str) -> None:
    identity = az(f"identity create --name id-az --resource-group {GROUP}")
    assert az(f"identity show --name id-az --resource-group {GROUP}") == identity
    assert az(f"identity list --resource-group {GROUP} --query [].name") == ["id-az"]
    who = f"--assignee-object-id {identity['principalId']} --assignee-principal-type ServicePrincipal --scope {vault} --role"
    first = az(f"role assignment create {who}", "Key Vault Crypto User")
    again = az(
        f"role assignment create {who}", "Key Vault Crypto User"
    )  # the CLI hides 409 RoleAssignmentExists
    assert (again["id"], again["principalId"]) == (first["id"], identity["principalId"])
    [held] = az(f"role assignment list --scope {vault}")
    assert (held["roleDefinitionName"], held["principalName"]) == (
        "Key Vault Crypto User",
        identity["clientId"],
    )
    [held] = az(f"role assignment list --all --assignee {identity['principalId']}")
    assert held["id"] == first["id"]
    az.text(
        f"role assignment delete --assignee {identity['principalId']} --scope {vault} --role",
        "Key Vault Crypto User",
    )
    assert az(f"role assignment list --scope {vault}") == []
    az.text(f"identity delete --name id-az --resource-group {GROUP}")
    assert "ResourceNotFound" in az.refused(f"identity show --name id-az --resource-group {GROUP}", code=3)


def test_a_role_by_the_name_of_a_user(az: AzureCli, vault: str) -> None:
    made = az(f"role assignment create --assignee {UPN} --scope {vault} --role Reader")
    assert (made["principalId"], made["principalType"]) == (USER, "User")
    inherited = az(
        f"role assignment list --assignee {UPN} --scope {vault} --include-inherited --query [].[roleDefinitionName,scope]"
    )
    assert inherited == [["Owner", SUBSCRIPTION], ["Reader", vault]]
    said = az.refused(f"role assignment create --assignee {UPN} --scope {vault} --role Emperor")
    assert "Role 'Emperor' doesn't exist." in said


def test_locks(az: AzureCli, vault: str) -> None:
    made = az(f"lock create --name keep --resource-group {GROUP} --lock-type CanNotDelete --notes for-ever")
    assert (made["level"], made["notes"]) == ("CanNotDelete", "for-ever")
    assert made["id"] == f"{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Authorization/locks/keep"
    said = az.refused(f"keyvault delete --name kv-az-access --resource-group {GROUP}")
    assert "(ScopeLocked)" in said
    assert f"locked: '{SUBSCRIPTION}/resourceGroups/{GROUP}'. Please remove the lock and try again." in said
    az.text(f"keyvault update --name kv-az-access --resource-group {GROUP} --default-action Allow")

    frozen = az(
        f"lock create --name freeze --lock-type ReadOnly --resource {vault_id(GROUP, 'kv-az-access')}"
    )
    assert frozen["level"] == "ReadOnly"
    said = az.refused(f"keyvault update --name kv-az-access --resource-group {GROUP} --default-action Deny")
    assert "cannot perform write operation because following scope(s) are locked" in said
    assert sorted(az(f"lock list --resource-group {GROUP} --query [].name")) == ["freeze", "keep"]
    assert "(ScopeLocked)" in az.refused(f"group delete --name {GROUP} --yes")

    az.text(f"lock delete --name freeze --resource {vault_id(GROUP, 'kv-az-access')}")
    az.text(f"lock delete --name keep --resource-group {GROUP}")
    assert az("lock list") == []
    az.text(f"group delete --name {GROUP} --yes")
    assert az(f"group exists --name {GROUP}") is False

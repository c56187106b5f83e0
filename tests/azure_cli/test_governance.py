"""Governance by other users, as the real Azure CLI shows it: groups, deny assignments, policies, quotas (docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#role-assignments, docs/azure.md#permissions)."""

import json

from tests.azure_cli.cli import OPERATOR, SUBSCRIPTION, AzureCli, vault_id

WORLD = "group-access"
GROUP = "rg-demo"
VAULT = vault_id(GROUP, "kv-demo")
TEAM = "88888888-8888-8888-8888-8888888888aa"
NAMES = "--query [].[principalName,principalType,roleDefinitionName] --fill-principal-name true"


def test_rights_that_come_by_a_group(az: AzureCli) -> None:
    direct = az(f"role assignment list --assignee {OPERATOR} --scope {SUBSCRIPTION} {NAMES}")
    assert direct == []
    held = az(f"role assignment list --assignee {OPERATOR} --scope {SUBSCRIPTION} --include-groups {NAMES}")
    assert held == [["platform-team", "Group", "Owner"]]
    identity = az(f"identity show --name id-aks-demo --resource-group {GROUP} --query principalId")
    held = az(f"role assignment list --assignee {identity} --scope {VAULT} --include-groups {NAMES}")
    assert sorted(role for _, _, role in held) == ["Key Vault Contributor", "Key Vault Crypto User"]


def test_a_group_is_found_and_given_a_role(az: AzureCli) -> None:
    assert az("ad group show --group platform-team --query id") == TEAM
    made = az(
        f"role assignment create --assignee-object-id {TEAM} --assignee-principal-type Group --role Reader --scope {VAULT}"
    )
    assert (made["principalId"], made["principalType"]) == (TEAM, "Group")


def test_policies_quotas_and_deny_assignments_are_asked_before(az: AzureCli) -> None:
    content = {"type": "Microsoft.KeyVault/vaults", "location": "westus2", "properties": {}}
    asked = az(
        f"rest --method post --url {SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=2024-10-01",
        "--body",
        json.dumps({"resourceDetails": {"resourceContent": content}}),
    )
    assert asked["contentEvaluationResult"]["policyEvaluations"] == []
    place = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westus2/providers/Microsoft.Quota"
    (limit,) = az(f"rest --url {place}/quotas?api-version=2025-09-01")["value"]
    (usage,) = az(f"rest --url {place}/usages?api-version=2025-09-01")["value"]
    assert limit["properties"]["limit"]["value"] > usage["properties"]["usages"]["value"] > 0
    denied = az(
        f"rest --url {SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01"
    )
    assert denied["value"] == []


def test_the_use_of_a_key_is_logged_as_the_remedy_says(az: AzureCli) -> None:
    logs = '[{"categoryGroup": "audit", "enabled": true}]'
    workspace = f"{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.OperationalInsights/workspaces/w"
    az(f"monitor diagnostic-settings create --name key-use --resource {VAULT} --workspace {workspace}", "--logs", logs)  # fmt: skip
    found = az(f"monitor diagnostic-settings list --resource {VAULT} --query [].[name,logs[0].categoryGroup]")
    assert found == [["key-use", "audit"]]
    assert az(f"deployment group list --resource-group {GROUP}") == []
    assert az(f"stack group list --resource-group {GROUP}") == []


def test_a_group_with_a_cluster_and_a_vault_is_deleted(az: AzureCli) -> None:
    az.text(f"group delete --name {GROUP} --yes")
    assert az(f"group exists --name {GROUP}") is False
    assert az("keyvault list-deleted --resource-type vault --query [].name") == ["kv-demo"]

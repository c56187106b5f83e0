"""Key permissions of a principal in a vault with access policies: the older counterpart of a role assignment.

They are set with `accessPolicies/add`, which changes only that principal's entry. A PUT of the vault without its
policies would delete them (docs/azure.md#creating-a-vault).
"""

from collections.abc import Sequence

from wizard.cloud.error_translation import translate_errors
from wizard.cloud.writes import Repeat, declared
from wizard.procedure.step import Work, scope_args, shell, unconfirmed
from wizard.state.snapshot import read_vault
from wizard.state.target import Target
from wizard.state.vault import VaultState

ACTION = "Microsoft.KeyVault/vaults/accessPolicies/write"


async def allow(work: Work, principal: str, permissions: Sequence[str]) -> None:
    """Add the key permissions to those that the principal has. Raise AzureError if that fails."""
    from azure.mgmt.keyvault.models import VaultAccessPolicyParameters

    group, name = work.answers.vault_group, work.target.own.vault.name
    entry = {
        "tenantId": work.snapshot.signed_in.tenant_id,
        "objectId": principal,
        "permissions": {"keys": list(permissions)},
    }
    body = VaultAccessPolicyParameters({"properties": {"accessPolicies": [entry]}})
    with translate_errors(f"The access policy on {name} could not be added."), declared(Repeat.SAFE):
        await work.azure.vaults(group.subscription).vaults.update_access_policy(group.name, name, "add", body)
    work.log(f"access policy on {name}: {', '.join(permissions)} for {principal}", "operator")


async def confirm_allowed(work: Work, principal: str, permissions: Sequence[str]) -> str:
    """Check that the principal has the permissions. Raise AzureError if not."""
    name = work.target.own.vault.name
    vault = VaultState(await read_vault(work.azure, work.target))
    if not vault.policy_allows(principal, *permissions):
        raise unconfirmed(f"The access policies of {name} do not give {principal} {', '.join(permissions)}.")
    return f"access policy on {name}: {', '.join(permissions)}"


def command(target: Target, assignee: str, permissions: Sequence[str]) -> str:
    """Return the Azure CLI command, which keeps existing permissions; `assignee` is a shell expression."""
    return shell(
        "az keyvault set-policy",
        "--name $KEY_VAULT_NAME",
        scope_args(target, target.answers.vault_group, "KEY_VAULT"),
        f"--object-id {assignee}",
        f"--key-permissions {' '.join(permissions)}",
    )

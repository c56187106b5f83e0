"""The vault's firewall, where the vault was not born with it closed."""

from wizard.answers import Answers
from wizard.cloud.arm import dig
from wizard.cloud.diagnose import problem_from
from wizard.cloud.inventory import firewall_denies
from wizard.cloud.problems import AzureError
from wizard.cloud.snapshot import Snapshot, read_vault
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, not_so, shell
from wizard.procedure.steps.vault import born_private, group_variable
from wizard.rules import Right
from wizard.target import Target


class Firewall(Step):
    """How-to: "Create a key vault and key with trusted services access", step 4."""

    key = "firewall"
    title = "Close the key vault's firewall"
    sentence = (
        "Keeps the internet out of the key vault; trusted Azure services, AKS among them, still reach it."
    )
    needs = ("vault", "key")
    usually = (2, 20)

    def applies(self, answers: Answers) -> bool:
        own = answers.customer_managed
        return own is not None and own.vault.network_access == "Private"

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        name = target.own.vault.name
        if snapshot.vault is None and born_private(target):
            return Intent("none", (Effect("keep", "firewall", name, "closed from birth"),))
        if snapshot.vault is not None and closed(snapshot.vault):
            return Intent(
                "none", (Effect("keep", "firewall", name, "denies, trusted Azure services may pass"),)
            )
        return Intent(
            "update", (Effect("change", "firewall", name, "denies, trusted Azure services may pass"),)
        )

    async def apply(self, work: Work) -> None:
        from azure.core.exceptions import AzureError as SdkError
        from azure.mgmt.keyvault.models import NetworkRuleSet, VaultPatchParameters, VaultPatchProperties

        name = work.target.own.vault.name
        client = work.azure.vaults(work.answers.subscription).vaults
        rules = NetworkRuleSet(default_action="Deny", bypass="AzureServices")
        body = VaultPatchParameters(properties=VaultPatchProperties(network_acls=rules))
        try:
            await client.update(work.answers.vault_group, name, body)
        except SdkError as error:
            raise AzureError(problem_from(error, f"The firewall of {name} could not be closed.")) from error
        work.log(f"firewall of {name} closed, trusted Azure services may pass", "operator")

    async def confirm(self, work: Work) -> str:
        name = work.target.own.vault.name
        if not closed(await read_vault(work.azure, work.target) or {}):
            raise not_so(f"The firewall of {name} is not closed with a way for trusted Azure services.")
        return f"{name} denies the internet"

    def commands(self, target: Target) -> tuple[str, ...]:
        if born_private(target):  # the vault's own command closes it
            return ()
        group = f"--resource-group {group_variable(target)}"
        change = ("--default-action Deny", "--bypass AzureServices")
        return (shell("az keyvault update", "--name $KEY_VAULT_NAME", group, *change),)

    def rights(self, target: Target) -> tuple[Right, ...]:
        return (Right("Microsoft.KeyVault/vaults/write", target.answers.vault_group),)


def closed(vault: dict[str, object]) -> bool:
    """Whether the internet is kept out while trusted Azure services may pass: KV:network-security."""
    bypass = str(dig(vault, "properties", "networkAcls", "bypass") or "AzureServices").casefold()
    return firewall_denies(vault) and bypass == "azureservices"

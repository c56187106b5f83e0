"""The vault's firewall, if it does not fit the cluster's network access yet."""

from wizard.cloud.arm import Json
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.writes import Repeat, declared
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, scope_args, shell, unconfirmed
from wizard.procedure.steps.vault import created_private
from wizard.rules import RequiredAction
from wizard.state.comparison import closes_last, opens_vault
from wizard.state.snapshot import Snapshot, read_vault
from wizard.state.target import Target
from wizard.state.vault import VaultState

_CLOSED = "denies public access, admits trusted Azure services"


class Firewall(Step):
    """How-to: "Create a key vault and key with trusted services access", step 4; and its reversal.

    Public access is denied before the cluster is updated, except if the cluster reaches the vault as Public: then the
    cluster is updated first, or it would lose access to its key. Public access is allowed only before a cluster returns
    to Public.
    """

    key = "firewall"
    title = "Set the key vault's firewall"
    sentence = "Denies public network access to a private key vault. Trusted Azure services, including AKS, can still reach it."
    needs = ("vault", "key")
    changes = ("vault_public_network_access",)
    usually = (2, 20)

    def applies(self, target: Target, snapshot: Snapshot | None) -> bool:
        own = target.answers.customer_managed
        if own is None:
            return False
        return own.vault.network_access == "Private" or (
            snapshot is not None and opens_vault(target, snapshot)
        )

    def after(self, target: Target, snapshot: Snapshot) -> tuple[str, ...]:
        return (*self.needs, "cluster") if closes_last(target, snapshot) else self.needs

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        name = target.own.vault.name
        if opens_vault(target, snapshot):
            return Intent("update", (Effect("change", "firewall", name, "open to all networks"),))
        if snapshot.vault is None and created_private(target):
            return Intent(
                "none", (Effect("keep", "firewall", name, "created with public network access denied"),)
            )
        if snapshot.vault is not None and snapshot.vault_state.private:
            return Intent("none", (Effect("keep", "firewall", name, _CLOSED),))
        last = ", after the cluster update" if closes_last(target, snapshot) else ""
        return Intent("update", (Effect("change", "firewall", name, f"{_CLOSED}{last}"),))

    async def apply(self, work: Work) -> None:
        from azure.mgmt.keyvault.models import VaultPatchParameters

        group, name = work.answers.vault_group, work.target.own.vault.name
        opens = opens_vault(work.target, work.snapshot)
        client = work.azure.vaults(group.subscription).vaults
        with translate_errors(f"The firewall of {name} could not be set."), declared(Repeat.SAFE):
            await client.update(group.name, name, VaultPatchParameters(_change(opens=opens)))
        state = "open to all networks" if opens else "closed, admits trusted Azure services"
        work.log(f"firewall of {name} is {state}", "operator")

    async def confirm(self, work: Work) -> str:
        name = work.target.own.vault.name
        vault = VaultState(await read_vault(work.azure, work.target))
        if opens_vault(work.target, work.snapshot):
            if vault.denies_public_access:
                raise unconfirmed(f"The firewall of {name} still denies public access.")
            return f"{name} is open to all networks"
        if not vault.private:
            raise unconfirmed(
                f"The firewall of {name} does not deny public access with an exception for trusted Azure services."
            )
        return f"{name} denies public access"

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        where = (
            f"--name $KEY_VAULT_NAME \\\n    {scope_args(target, target.answers.vault_group, 'KEY_VAULT')}"
        )
        if snapshot is not None and opens_vault(target, snapshot):
            return (
                shell(
                    "az keyvault update",
                    where,
                    "--public-network-access Enabled",
                    "--default-action Allow",
                    "--bypass AzureServices",
                ),
            )
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        if snapshot is None and created_private(target):  # the vault's own command denies public access
            return ()
        return (shell("az keyvault update", where, "--default-action Deny", "--bypass AzureServices"),)

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        return (RequiredAction("Microsoft.KeyVault/vaults/write", target.vault_id),)


def _change(*, opens: bool) -> Json:
    if opens:
        acls = {"defaultAction": "Allow", "bypass": "AzureServices"}
        return {"properties": {"publicNetworkAccess": "Enabled", "networkAcls": acls}}
    return {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}}

"""The vault's firewall, where it is not yet as the cluster's network access needs it."""

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

_CLOSED = "denies, trusted Azure services may pass"


class Firewall(Step):
    """How-to: "Create a key vault and key with trusted services access", step 4; and the way back from there.

    It is closed before the cluster is touched, but for a cluster that reaches the vault as Public: that is told first,
    or it would be cut off from its key. It is opened only before such a cluster goes back to Public.
    """

    key = "firewall"
    title = "Set the key vault's firewall"
    sentence = "Keeps the internet out of a private key vault, which trusted Azure services, AKS among them, still reach."
    needs = ("vault", "key")
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
            return Intent("none", (Effect("keep", "firewall", name, "closed from birth"),))
        if snapshot.vault is not None and snapshot.vault_state.private:
            return Intent("none", (Effect("keep", "firewall", name, _CLOSED),))
        last = ", once the cluster knows" if closes_last(target, snapshot) else ""
        return Intent("update", (Effect("change", "firewall", name, f"{_CLOSED}{last}"),))

    async def apply(self, work: Work) -> None:
        from azure.mgmt.keyvault.models import VaultPatchParameters

        group, name = work.answers.vault_group, work.target.own.vault.name
        opens = opens_vault(work.target, work.snapshot)
        client = work.azure.vaults(group.subscription).vaults
        with translate_errors(f"The firewall of {name} could not be set."), declared(Repeat.SAFE):
            await client.update(group.name, name, VaultPatchParameters(_change(opens=opens)))
        state = "open to all networks" if opens else "closed, trusted Azure services may pass"
        work.log(f"firewall of {name} is {state}", "operator")

    async def confirm(self, work: Work) -> str:
        name = work.target.own.vault.name
        vault = VaultState(await read_vault(work.azure, work.target))
        if opens_vault(work.target, work.snapshot):
            if vault.denies_public_access:
                raise unconfirmed(f"The firewall of {name} is not open.")
            return f"{name} is open to all networks"
        if not vault.private:
            raise unconfirmed(f"The firewall of {name} is not closed with a way for trusted Azure services.")
        return f"{name} denies the internet"

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
        if snapshot is None and created_private(target):  # the vault's own command closes it
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

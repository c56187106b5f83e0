"""The key vault."""

from wizard.cloud.arm import KEY_VAULT, Json
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.policies import Request
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, Problem
from wizard.procedure import tags
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, region, scope_args, shell, unconfirmed
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot, read_vault
from wizard.state.target import Target
from wizard.state.vault import VaultState

_DNS_POLL = 5.0  # seconds between two reads while the vault's name is being registered
VAULT_API = "2026-02-01"
"""The api-version of the request bodies of vaults and keys."""


class Vault(Step):
    """How-to: "Create a key vault", step 1; created with public access denied if its note requires that."""

    key = "vault"
    title = "Create the key vault"
    sentence = (
        "Creates the key vault with Azure RBAC. A private one is created with public network access denied."
    )
    needs = ("resource-group",)
    changes = ("vault_purge_protection", "vault_public_network_access")
    for_own_key = True
    usually = (20, 60)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        vault = target.own.vault
        if snapshot.vault is not None:
            present = snapshot.vault_state
            firewall = "public access denied" if present.denies_public_access else "public access allowed"
            model = "Azure RBAC" if present.uses_rbac else "access policies"
            return Intent(
                "none", (Effect("keep", "key vault", vault.name, f"{present.location}, {model}, {firewall}"),)
            )
        parts = [target.answers.location, "Azure RBAC"]
        parts.append(
            "created with public network access denied"
            if created_private(target)
            else "public network access allowed"
        )
        parts.append("purge protection" if vault.purge_protection else "no purge protection")
        return Intent("create", (Effect("create", "key vault", vault.name, ", ".join(parts)),))

    async def apply(self, work: Work) -> None:
        from azure.mgmt.keyvault.models import VaultCreateOrUpdateParameters

        target = work.target
        name = target.own.vault.name
        client = work.azure.vaults(target.answers.vault_group.subscription).vaults
        if (
            await read_vault(work.azure, target) is None
        ):  # a PUT of an existing vault would replace its settings
            with translate_errors(f"The key vault {name} could not be created."), declared(Repeat.SAFE):
                poller = await client.begin_create_or_update(
                    target.answers.vault_group.name,
                    name,
                    VaultCreateOrUpdateParameters(vault_body(target, work.snapshot.signed_in.tenant_id)),
                    polling=False,
                )
                await poller.result()
            work.log(f"key vault {name} accepted by Azure", "operator")

    async def confirm(self, work: Work) -> str:
        vault = await self._ready(work)
        if vault.body is None:
            raise unconfirmed(f"The key vault {work.target.own.vault.name} does not exist.")
        if work.snapshot.vault is None and (problem := _changed_by_policy(work.target, vault)):
            raise AzureError(problem)
        # a new vault uses Azure RBAC; an existing one keeps its model
        if vault.uses_rbac is work.snapshot.vault_uses_access_policies:
            raise unconfirmed(
                f"The permission model of the key vault {work.target.own.vault.name} is no longer as it was when the plan was created."
            )
        return f"{work.target.own.vault.name}, {'Azure RBAC' if vault.uses_rbac else 'access policies'}"

    async def _ready(self, work: Work) -> VaultState:
        """Return the vault once its name is registered in DNS, also if an interrupted run created it (docs/azure.md#creating-a-vault)."""
        name = work.target.own.vault.name
        async for spent in work.tries("vault", _DNS_POLL, "the vault's name to be registered"):
            vault = VaultState(await read_vault(work.azure, work.target))
            if vault.provisioning_state != "RegisteringDns":
                return vault
            work.progress(f"{name}: {vault.provisioning_state}", spent, self.usually[1])
        raise unconfirmed(
            f"The key vault {name} is not ready after {work.timeouts.vault / 60:.0f} minutes.",
            f"Run again later; {work.timeouts.more('vault')}.",
        )

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        group = scope_args(target, target.answers.vault_group, "KEY_VAULT")
        show = f"az keyvault show --name $KEY_VAULT_NAME {group} --query id -o tsv"
        export = f"export KEY_VAULT_RESOURCE_ID=$({show})"
        if snapshot is not None and snapshot.vault is not None:
            return (export,)
        options = ["--name $KEY_VAULT_NAME", group, "--enable-rbac-authorization true"]
        if target.own.key.type == "RSA-HSM":
            options.append("--sku premium")
        if target.own.vault.purge_protection:
            options.append("--enable-purge-protection true")
        if created_private(target):
            options += ["--default-action Deny", "--bypass AzureServices"]
        options += ["--public-network-access Enabled", *region(target.answers.vault_group, snapshot)]
        later = tags.afterwards(target, f"$KEY_VAULT_RESOURCE_ID?api-version={VAULT_API}")
        return (shell("az keyvault create", *options, *tags.option(target)), export, *later)

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        return (RequiredAction("Microsoft.KeyVault/vaults/write", target.vault_id),)

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:
        body = vault_body(target, snapshot.signed_in.tenant_id)
        return (Request(target.answers.vault_group, KEY_VAULT, target.own.vault.name, body, VAULT_API),)


def created_private(target: Target) -> bool:
    """Whether the vault is created with public access denied: only then is it never publicly reachable."""
    own = target.own
    return own.vault.network_access == "Private" and own.create_through == "resource-manager"


def _changed_by_policy(target: Target, vault: VaultState) -> Problem | None:
    """Return the problem of a vault that came back otherwise than requested (docs/azure.md#azure-policy)."""
    name, private = target.own.vault.name, created_private(target)
    if private and not (vault.denies_public_access and vault.trusted_services_may_pass):
        what = "its firewall does not deny public access with an exception for trusted services"
        fix = "Set its firewall"
    elif not private and vault.denies_public_access:
        what = "public network access to it is denied"
        fix = "Set vault.network_access: Private and key.create_through: resource-manager"
    elif not vault.uses_rbac:
        what = "it uses access policies"
        fix = "Accept it"
    elif target.own.vault.purge_protection and vault.purge_protection is not True:
        what = "purge protection is not enabled"
        fix = "Enable it, or set vault.purge_protection: false"
    else:
        return None
    return Problem(
        "input",
        f"The key vault {name} was created, but not as requested: {what}.",
        "An Azure Policy with the effect modify or deployIfNotExists has changed it.",
        f"{fix}, or ask for a policy exemption for its resource group. Then plan again.",
    )


def vault_body(target: Target, tenant: str) -> Json:
    """Return the request body that creates the vault. RBAC is explicit: its default depends on the API version."""
    vault, key = target.own.vault, target.own.key
    properties: Json = {
        "tenantId": tenant,
        "sku": {"family": "A", "name": "premium" if key.type == "RSA-HSM" else "standard"},
        "enableRbacAuthorization": True,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {
            "defaultAction": "Deny" if created_private(target) else "Allow",
            "bypass": "AzureServices",
        },
    }
    if vault.purge_protection:  # Azure rejects an explicit false
        properties["enablePurgeProtection"] = True
    body: Json = {"location": target.answers.location, "properties": properties}
    if target.answers.tags:
        body["tags"] = target.answers.tags
    return body

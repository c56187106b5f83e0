"""The key vault: its name, who decides about its keys, who reaches it, and what protects it."""

from collections.abc import Iterator

from wizard.cloud.arm import dig, same
from wizard.rules.finding import Finding
from wizard.state.comparison import converged, opens_vault
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.state.vault import VaultState
from wizard.system.sanitize import sanitize, shell_word


def name_is_free(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A vault's name is unique in all of Azure, deleted ones included: AZURE.md §3a."""
    name = target.own.vault.name if target.answers.customer_managed else ""
    if snapshot.vault_deleted is not None:
        until = str(dig(snapshot.vault_deleted, "properties", "scheduledPurgeDate") or "")[:10]
        where = str(dig(snapshot.vault_deleted, "properties", "vaultId") or "")
        yield Finding(
            "error",
            "vault-soft-deleted",
            f"The key vault {name} was deleted and still holds its name{f' until {sanitize(until)}' if until else ''} ({sanitize(where)}).",
            f"Recover it, with its keys, and plan again: az keyvault recover --name {name}; or choose another name.",
        )
    elif snapshot.vault_name_taken:
        yield Finding(
            "error",
            "vault-name-taken",
            f"The key vault {name} cannot be created: {snapshot.vault_name_taken}",
            "Choose another name for the vault; or, if it is an existing one of yours, say where it is in "
            "vault.resource_group and vault.subscription.",
        )


def permission_model(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An access-policy vault is used as it is: the identity gets a policy of its own, and no other one is touched."""
    if not snapshot.vault_uses_access_policies or converged(target, snapshot):
        return
    name = target.own.vault.name
    yield Finding(
        "info",
        "vault-access-policies",
        f"The key vault {name} decides by access policies, so the identity is given one (encrypt, decrypt, get) instead of "
        "the role Key Vault Crypto User. Nobody else's policy is touched.",
        f"Microsoft recommends Azure RBAC; moving invalidates every policy: az keyvault update -n {name} "
        "--enable-rbac-authorization true",
    )


def firewall(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """The firewall of an existing vault suits the network access asked for, or can be brought there: AZURE.md §3f."""
    if snapshot.vault is None:
        return
    own, denies = target.own, snapshot.vault_state.denies_public_access
    if own.vault.network_access == "Private":
        if not denies:
            yield Finding(
                "warning",
                "vault-firewall-closes",
                f"The key vault {own.vault.name} is open now and will be closed to the internet.",
                "Whoever else reaches it over the internet will be refused.",
            )
    elif denies and opens_vault(target, snapshot):
        yield Finding(
            "warning",
            "vault-firewall-opens",
            f"The key vault {own.vault.name} is closed now and will be open to all networks: whoever has a token and a role reaches it.",
            "Ask for vault.network_access: Private to leave it as it is.",
        )
    elif denies:
        yield Finding(
            "error",
            "vault-firewall-denies",
            f"The firewall of {own.vault.name} keeps the internet out, but vault.network_access is Public: "
            "AKS would be refused.",
            "Ask for vault.network_access: Private, or open the vault to all networks: "
            f"az keyvault update -n {own.vault.name} --public-network-access Enabled --default-action Allow",
        )


def closes_on_others(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Closing a vault that another cluster reaches as Public cuts that cluster off from its key."""
    if not snapshot.vault_users:
        return
    names = ", ".join(sanitize(user.rstrip("/").rpartition("/")[2]) for user in snapshot.vault_users)
    yield Finding(
        "error",
        "vault-shared",
        f"Closing {target.own.vault.name} would cut off {names}, which reach{'es' if len(snapshot.vault_users) == 1 else ''} it "
        "as Public and could no longer decrypt secrets.",
        f"Give this cluster a vault of its own; or set the others to Private first, which works while the vault is open: "
        f"az aks update --ids {shell_word(snapshot.vault_users[0])} --kms-infrastructure-encryption Enabled "
        "--enable-azure-keyvault-kms --azure-keyvault-kms-key-id KEY --azure-keyvault-kms-key-vault-resource-id "
        f"{shell_word(target.vault_id)} --azure-keyvault-kms-key-vault-network-access Private",
    )


def firewall_bars_key(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A key cannot be made through a vault whose firewall keeps this machine out: AZURE.md §3f."""
    if snapshot.vault is None or snapshot.key is not None:
        return
    if target.own.create_through == "key-vault" and snapshot.vault_state.denies_public_access:
        yield Finding(
            "error",
            "vault-firewall-bars-key",
            f"The firewall of {target.own.vault.name} keeps this machine out, so the key cannot be created through the vault.",
            "Ask for key.create_through: resource-manager, which needs no way into the vault.",
        )


def fits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing vault is one that AKS can reach, of the cluster's own tenant."""
    if snapshot.vault is not None:
        yield from unfit(target.own.vault.name, snapshot.vault_state, snapshot.signed_in.tenant_id)


def unfit(name: str, vault: VaultState, tenant: str) -> Iterator[Finding]:
    """Why no cluster of that tenant can use a vault as Azure returned it, whatever is asked for.

    Inside a network security perimeter the way for trusted services is closed as well (AZURE.md §3f); AKS supports no
    vault of another tenant (§1a).
    """
    if vault.in_perimeter:
        yield Finding(
            "error",
            "vault-perimeter",
            f"The key vault {name} is secured by a network security perimeter, which lets no trusted Azure "
            "service pass, so AKS could not reach its key.",
            "Use a vault outside the perimeter, or have its association set to Transition mode and publicNetworkAccess to Disabled.",
        )
    if vault.tenant and not same(vault.tenant, tenant):
        yield Finding(
            "error",
            "vault-other-tenant",
            f"The key vault {name} belongs to another tenant ({sanitize(vault.tenant)}), which AKS does not support.",
            "Use a vault of the cluster's own tenant.",
        )


def purge_protection(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A vault without purge protection, found or asked for, is a risk and is said to be one."""
    own = target.answers.customer_managed
    if own is None:
        return
    if snapshot.vault is None:
        if not own.vault.purge_protection:
            yield Finding(
                "warning",
                "purge-protection-declined",
                f"{own.vault.name} is created without purge protection: a purged key is lost with all the cluster's secrets.",
                "Leave vault.purge_protection at true.",
            )
    elif snapshot.vault_state.purge_protection is not True:
        yield Finding(
            "warning",
            "vault-purge-protection-off",
            f"The key vault {own.vault.name} has no purge protection: whoever may purge it can destroy the key for good.",
            f"az keyvault update -n {own.vault.name} --enable-purge-protection true   (cannot be undone)",
        )


def hardware(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A key in hardware needs a premium vault."""
    if snapshot.vault is None or snapshot.key is not None or target.own.key.type != "RSA-HSM":
        return
    if not snapshot.vault_state.premium:
        yield Finding(
            "error",
            "key-hsm-needs-premium",
            f"key.type is RSA-HSM, but the key vault {target.own.vault.name} is a standard one, which holds no keys in hardware.",
            f"Ask for key.type: RSA, or raise the vault: az keyvault update -n {target.own.vault.name} --set properties.sku.name=premium",
        )

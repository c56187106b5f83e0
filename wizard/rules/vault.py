"""The key vault: its name, permission model, network access and protection."""

from collections.abc import Iterator

from wizard.cloud.arm import dig, same
from wizard.rules.finding import Finding, rule
from wizard.state.comparison import converged, opens_vault
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target, cli_args
from wizard.state.vault import VaultState
from wizard.system.names import listed
from wizard.system.sanitize import sanitize, shell_word


@rule
def name_available(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the name of a new vault is available: it is globally unique, soft-deleted vaults included: docs/azure.md#names-and-soft-delete."""
    name = target.own.vault.name if target.answers.customer_managed else ""
    if snapshot.vault_deleted is not None:
        until = str(dig(snapshot.vault_deleted, "properties", "scheduledPurgeDate") or "")[:10]
        where = str(dig(snapshot.vault_deleted, "properties", "vaultId") or "")
        yield Finding(
            "error",
            "vault-soft-deleted",
            f"The key vault {name} is soft-deleted, so its name is reserved{f' until {sanitize(until)}' if until else ''} ({sanitize(where)}).",
            f"Choose another name, or recover the vault with its keys and plan again: az keyvault recover --name {name} "
            f"--subscription {target.answers.vault_group.subscription}",
        )
    elif snapshot.vault_name_taken:
        yield Finding(
            "error",
            "vault-name-taken",
            f"The key vault {name} cannot be created: {snapshot.vault_name_taken}",
            "Choose another name for the vault. If the vault is yours, set "
            "vault.resource_group and vault.subscription to its location.",
        )


@rule
def permission_model(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a vault with access policies: the identity gets one, and the others are not changed."""
    if not snapshot.vault_uses_access_policies or converged(target, snapshot):
        return
    name = target.own.vault.name
    yield Finding(
        "info",
        "vault-access-policies",
        f"The key vault {name} uses access policies, so the identity gets an access policy (encrypt, decrypt, get) instead of "
        "the role Key Vault Crypto User. Other access policies are not changed.",
        f"Microsoft recommends Azure RBAC; switching to it invalidates all access policies: az keyvault update {target.vault_args} "
        "--enable-rbac-authorization true",
    )


@rule
def firewall(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the firewall of an existing vault fits the configured network access, or can be changed: docs/azure.md#network-access-of-a-vault."""
    if snapshot.vault is None:
        return
    own, denies = target.own, snapshot.vault_state.denies_public_access
    if own.vault.network_access == "Private":
        if not denies:
            yield Finding(
                "warning",
                "vault-firewall-closes",
                f"The key vault {own.vault.name} allows public access now; the plan denies it.",
                "Other clients that use the public endpoint will lose access.",
            )
    elif denies and opens_vault(target, snapshot):
        yield Finding(
            "warning",
            "vault-firewall-opens",
            f"The key vault {own.vault.name} denies public access now; the plan opens it to all networks, for any caller with a token and a role.",
            "Set vault.network_access: Private to keep it unchanged.",
        )
    elif denies:
        yield Finding(
            "error",
            "vault-firewall-denies",
            f"The firewall of {own.vault.name} denies public access, but vault.network_access is Public: "
            "AKS would be denied access.",
            "Set vault.network_access: Private, or open the vault to all networks: "
            f"az keyvault update {target.vault_args} --public-network-access Enabled --default-action Allow",
        )


@rule
def other_clusters(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report other clusters that reach the vault as Public: closing it would block their access to the key."""
    if not snapshot.vault_users:
        return
    other = cli_args(snapshot.vault_users[0])
    names = listed(sanitize(user.rstrip("/").rpartition("/")[2]) for user in snapshot.vault_users)
    yield Finding(
        "error",
        "vault-shared",
        f"Denying public access to {target.own.vault.name} would block {names}, which reach{'es' if len(snapshot.vault_users) == 1 else ''} it "
        "as Public and could no longer decrypt secrets.",
        f"Use a separate vault for this cluster; or set the others to Private first, which works while the vault is open: "
        f"az aks update {other} --kms-infrastructure-encryption Enabled --enable-azure-keyvault-kms "
        f'--azure-keyvault-kms-key-id "$(az aks show {other} --query securityProfile.azureKeyVaultKms.keyId -o tsv)" '
        f"--azure-keyvault-kms-key-vault-resource-id {shell_word(target.vault_id)} "
        "--azure-keyvault-kms-key-vault-network-access Private",
    )


@rule
def key_creation(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a firewall that blocks creating the key through the vault's data plane: docs/azure.md#network-access-of-a-vault."""
    if snapshot.vault is None or snapshot.key is not None:
        return
    if target.own.create_through == "key-vault" and snapshot.vault_state.denies_public_access:
        yield Finding(
            "error",
            "vault-firewall-bars-key",
            f"The firewall of {target.own.vault.name} blocks this computer, so the key cannot be created through the vault's data plane.",
            "Set key.create_through: resource-manager, which needs no access to the data plane.",
        )


@rule
def usable(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that AKS can reach an existing vault, and that it is in the cluster's tenant."""
    if snapshot.vault is not None:
        yield from unfit(target.own.vault.name, snapshot.vault_state, snapshot.signed_in.tenant_id)


def unfit(name: str, vault: VaultState, tenant: str) -> Iterator[Finding]:
    """Yield why no cluster of that tenant can use a vault, regardless of the configuration.

    A network security perimeter also blocks trusted services (docs/azure.md#network-access-of-a-vault); AKS supports no vault of another
    tenant (docs/azure.md#refusals-of-the-aks-resource-provider).
    """
    if vault.in_perimeter:
        yield Finding(
            "error",
            "vault-perimeter",
            f"The key vault {name} is secured by a network security perimeter, which blocks trusted Azure "
            "services, so AKS could not reach its key.",
            "Use a vault outside the perimeter, or set its association to Transition mode and publicNetworkAccess to Disabled.",
        )
    if vault.tenant and not same(vault.tenant, tenant):
        yield Finding(
            "error",
            "vault-other-tenant",
            f"The key vault {name} belongs to another tenant ({sanitize(vault.tenant)}). AKS does not support that.",
            "Use a vault in the cluster's tenant.",
        )


@rule
def purge_protection(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a vault without purge protection, existing or configured."""
    own = target.answers.customer_managed
    if own is None:
        return
    if snapshot.vault is None:
        if not own.vault.purge_protection:
            yield Finding(
                "warning",
                "purge-protection-declined",
                f"{own.vault.name} is created without purge protection: if the key is purged, the cluster's secrets are lost.",
                "Set vault.purge_protection: true.",
            )
    elif snapshot.vault_state.purge_protection is not True:
        yield Finding(
            "warning",
            "vault-purge-protection-off",
            f"The key vault {own.vault.name} has no purge protection: a user with the purge permission can delete the key permanently.",
            f"It cannot be disabled later: az keyvault update {target.vault_args} --enable-purge-protection true",
        )


@rule
def hsm_support(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the vault of a new HSM-backed key is premium."""
    if snapshot.vault is None or snapshot.key is not None or target.own.key.type != "RSA-HSM":
        return
    if not snapshot.vault_state.premium:
        yield Finding(
            "error",
            "key-hsm-needs-premium",
            f"key.type is RSA-HSM, but the key vault {target.own.vault.name} has the SKU standard, which does not support HSM-backed keys.",
            f"Set key.type: RSA, or upgrade the vault: az keyvault update {target.vault_args} --set properties.sku.name=premium",
        )

"""The checks on the key vault: whether it exists, whether the cluster reaches it, whether it is protected from deletion."""

from collections.abc import Iterator

from wizard.cloud.arm import dig, host_of, same
from wizard.errors import Problem
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import GONE, make_check, shown, unknown_check
from wizard.verification.report import Check


def vault_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on the key vault."""
    if e.vault is None:
        yield _missing(e)
        return
    name = sanitize(str(e.vault.get("name", "")))
    yield make_check("vault-exists", "vault", True, f"The key vault {name} exists.", "", e.vault_id)
    yield _named(e, name)
    yield from _tenant(e)
    yield from _network(e)
    yield from _lasting(e, name)


def _missing(e: Evidence) -> Check:
    problem, found = e.unreadable.get("vault"), e.deleted.get("vault")
    name = e.vault_name
    if isinstance(found, dict):
        until = sanitize(str(dig(found, "properties", "scheduledPurgeDate") or "an unknown date"))
        return make_check(
            "vault-exists",
            "vault",
            False,
            "",
            f"The key vault {name} is soft-deleted and can be recovered until {until}. Until then the cluster cannot decrypt "
            "its secrets.",
            str(dig(found, "properties", "vaultId") or found.get("id") or ""),
            f"Recover it now: az keyvault recover --name {name} --subscription {e.vault_subscription}",
        )
    if problem is None or problem.code not in GONE:
        return unknown_check("vault-exists", "vault", "the key vault", problem)
    unseen = " It is not known whether it can be recovered." if isinstance(found, Problem) else ""
    return make_check(
        "vault-exists",
        "vault",
        False,
        "",
        f"The key vault {name} does not exist: the cluster cannot decrypt its secrets.{unseen}",
        problem.azure_said,
        "Recover it now; if that is not possible, ask Microsoft support: "
        f"az keyvault recover --name {name} --subscription {e.vault_subscription}",
    )


def _named(e: Evidence, name: str) -> Check:
    """Return the check that the key identifier and the resource ID in the cluster's settings name the same key vault."""
    given, private = e.encryption.vault_id, e.encryption.network_access.casefold() == "private"
    host, its = e.encryption.key_host, host_of(str(dig(e.vault, "properties", "vaultUri") or ""))
    is_it = its == host if its else same(name, host.partition(".")[0])
    if not given:
        return make_check(
            "vault-named",
            "vault",
            not private,
            "The cluster names its key vault by the key identifier alone, which is enough for network access Public.",
            "The cluster uses its key vault with network access Private but does not name the vault's resource ID.",
            f"keyVaultResourceId: not set, keyId: {e.encryption.key_id}",
            f"az aks update {e.cluster_args} --enable-azure-keyvault-kms "
            f"--azure-keyvault-kms-key-id {shell_word(e.encryption.key_id)} "
            f"--azure-keyvault-kms-key-vault-network-access Private "
            f"--azure-keyvault-kms-key-vault-resource-id {shell_word(e.vault_id)}",
        )
    return make_check(
        "vault-named",
        "vault",
        is_it,
        "The key identifier and the resource ID name the same key vault.",
        f"The key identifier names {host}, but the resource ID names another key vault.",
        f"keyVaultResourceId: {given}, keyId: {e.encryption.key_id}",
        "Plan with the correct answers for this cluster. The plan sets both.",
    )


def _tenant(e: Evidence) -> Iterator[Check]:
    """Yield the check of the tenant: a vault trusts the tokens of one tenant, and keeps it when its subscription moves to
    another one (docs/azure.md#creating-a-vault)."""
    if not e.identity_ids:
        return
    trusted = e.vault_state.tenant
    found = [dig(body, "properties", "tenantId") for body in e.identities.values() if isinstance(body, dict)]
    own = next((str(tenant) for tenant in found if tenant), "")
    if not own:
        why = next((body for body in e.identities.values() if isinstance(body, Problem)), None)
        yield unknown_check("vault-tenant", "vault", "the tenant of the cluster's identity", why)
        return
    yield make_check(
        "vault-tenant",
        "vault",
        same(own, trusted),
        "The key vault trusts the tenant of the cluster's identity.",
        "The key vault trusts another tenant than that of the cluster's identity, so the identity has no access.",
        f"tenantId of the key vault: {trusted or 'not set'}, of the identity: {own}",
        f"Ask an owner of the vault to change it: az keyvault update {e.vault_args} --set properties.tenantId={own}",
    )


def _network(e: Evidence) -> Iterator[Check]:
    """Yield the checks whether the cluster passes the vault's firewall: docs/azure.md#network-access-of-a-vault."""
    seen, perimeter, denies = _firewall(e), e.vault_state.in_perimeter, e.vault_state.denies_public_access
    closed = (
        "A network security perimeter protects the key vault and blocks trusted Azure services, so the cluster cannot "
        "reach its key."
    )
    inside = (
        "Allow access in the perimeter, or use its learning mode; or take the vault out of it: "
        f"az keyvault update {e.vault_args} --public-network-access Disabled --default-action Deny --bypass AzureServices"
    )
    if e.encryption.network_access.casefold() == "private":
        yield make_check(
            "vault-reachable",
            "vault",
            e.vault_state.trusted_services_may_pass,
            "The cluster reaches the key vault as a trusted Azure service.",
            closed
            if perimeter
            else "The key vault's firewall does not allow trusted Azure services, so the cluster cannot reach its key.",
            seen,
            inside if perimeter else f"az keyvault update {e.vault_args} --bypass AzureServices",
        )
        yield make_check(
            "vault-private",
            "vault",
            True if denies else "warning",
            "The key vault's firewall denies public network access, as the cluster's setting Private requires.",
            "The cluster uses the key vault with network access Private, but its firewall allows public network access.",
            seen,
            f"az keyvault update {e.vault_args} --default-action Deny --bypass AzureServices",
        )
    else:
        yield make_check(
            "vault-reachable",
            "vault",
            not denies,
            "The key vault is reachable from all networks, as the cluster's setting Public requires.",
            closed
            if perimeter
            else "The cluster uses the key vault with network access Public, but the vault's firewall blocks it.",
            seen,
            "Plan with vault.network_access: Private, or open the vault to all networks: "
            f"az keyvault update {e.vault_args} --public-network-access Enabled --default-action Allow",
        )


def _firewall(e: Evidence) -> str:
    """Return the vault's network settings, with Azure's defaults, as evidence."""
    public = e.vault_state.public_network_access or "Enabled"
    action = dig(e.vault, "properties", "networkAcls", "defaultAction") or "Allow"
    bypass = dig(e.vault, "properties", "networkAcls", "bypass") or "AzureServices"
    return f"publicNetworkAccess: {public}, defaultAction: {action}, bypass: {bypass}"


def _lasting(e: Evidence, name: str) -> Iterator[Check]:
    """Yield the checks on the vault's permission model and on what protects its keys from loss."""
    properties = (e.vault or {}).get("properties") or {}
    yield make_check(
        "vault-rbac",
        "vault",
        True if e.vault_state.uses_rbac else "warning",
        "The key vault uses Azure RBAC.",
        "The key vault uses access policies; role assignments have no effect on its keys.",
        shown(properties, "enableRbacAuthorization"),
        "First assign the identity Key Vault Crypto User, because access policies stop working at once. Then: "
        f"az keyvault update {e.vault_args} --enable-rbac-authorization true",
    )
    days = properties.get("softDeleteRetentionInDays")
    yield make_check(
        "vault-soft-delete",
        "vault",
        properties.get("enableSoftDelete") is not False,
        f"Soft-delete is enabled: deleted keys can be recovered for {days or 90} days.",
        "Soft-delete is disabled: a deleted key or vault is lost immediately, and the cluster's secrets with it.",
        shown(properties, "enableSoftDelete"),
        f"It cannot be disabled later: az resource update --ids {shell_word(e.vault_id)} --set properties.enableSoftDelete=true",
    )
    purge = e.vault_state.purge_protection is True
    yield make_check(
        "vault-purge-protection",
        "vault",
        True if purge else "warning",
        "Purge protection is enabled: the key vault and its keys cannot be deleted permanently before their retention ends.",
        "Purge protection is disabled: anyone with permission to purge the key vault can permanently destroy the cluster's secrets.",
        shown(properties, "enablePurgeProtection"),
        f"It cannot be disabled later: az keyvault update {e.vault_args} --enable-purge-protection true",
    )
    if e.locks is None:
        yield unknown_check("vault-lock", "vault", "the locks", e.unreadable.get("locks"))
        return
    held = [lock for lock in e.locks if lock.covers(e.vault_id)]
    yield make_check(
        "vault-lock",
        "vault",
        True if held or purge else "warning",
        "A lock protects the key vault from deletion."
        if held
        else "No lock protects the key vault from deletion, but purge protection makes a deleted vault recoverable.",
        "Neither a lock nor purge protection protects the key vault from permanent deletion.",
        "; ".join(f"lock {lock.name} ({lock.level}) on {lock.scope}" for lock in held) or "locks: none",
        f"az lock create --name keep-{name} --lock-type CanNotDelete --resource {shell_word(e.vault_id)}",
    )

"""The checks on the key vault: is it there, can the cluster reach it, can it be lost."""

from collections.abc import Iterator

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.bodies import firewall_denies
from wizard.errors import Problem
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.judge import GONE, make_check, shown, unknown_check
from wizard.verification.report import Check


def vault_checks(e: Evidence) -> Iterator[Check]:
    """Every check on the vault."""
    if e.vault is None:
        yield _missing(e)
        return
    name = sanitize(str(e.vault.get("name", "")))
    yield make_check("vault-exists", "vault", True, f"The key vault {name} exists.", "", e.vault_id)
    yield _named(e, name)
    yield from _tenant(e, name)
    yield from _network(e, name)
    yield from _lasting(e, name)


def _missing(e: Evidence) -> Check:
    problem, found = e.unreadable.get("vault"), e.deleted.get("vault")
    name = e.encryption.key_name.partition("/")[0]
    if isinstance(found, dict):
        until = sanitize(str(dig(found, "properties", "scheduledPurgeDate") or "an unknown day"))
        return make_check(
            "vault-exists",
            "vault",
            False,
            "",
            f"The key vault {name} was deleted and can still be recovered, until {until}: the cluster cannot decrypt its "
            "secrets.",
            str(dig(found, "properties", "vaultId") or found.get("id") or ""),
            f"az keyvault recover --name {name}   (at once)",
        )
    if problem is None or problem.code not in GONE:
        return unknown_check("vault-exists", "vault", "the key vault", problem)
    unseen = " Whether it can be recovered could not be looked at." if isinstance(found, Problem) else ""
    return make_check(
        "vault-exists",
        "vault",
        False,
        "",
        f"The key vault {name} no longer exists: the cluster cannot decrypt its secrets.{unseen}",
        problem.azure_said,
        f"az keyvault recover --name {name}   (at once, if it can be); else ask Microsoft's support.",
    )


def _named(e: Evidence, name: str) -> Check:
    """The vault of the key identifier, and the vault's id beside it, are one vault."""
    given, private = e.encryption.vault_id, e.encryption.network_access.casefold() == "private"
    host = e.encryption.key_id.removeprefix("https://").partition("/")[0]
    uri = str(dig(e.vault, "properties", "vaultUri") or "").removeprefix("https://").strip("/")
    is_it = same(uri, host) if uri else same(name, host.partition(".")[0])
    if not given:
        return make_check(
            "vault-named",
            "vault",
            not private,
            "The cluster names its key vault by the key's identifier alone, as a public vault allows.",
            "The cluster uses its key vault as private, and does not name the vault's resource id, which that needs.",
            f"keyVaultResourceId: not set, keyId: {e.encryption.key_id}",
            f"az aks update --ids {shell_word(str(e.cluster.get('id', '')))} --enable-azure-keyvault-kms "
            f"--azure-keyvault-kms-key-id {shell_word(e.encryption.key_id)} "
            f"--azure-keyvault-kms-key-vault-network-access Private "
            f"--azure-keyvault-kms-key-vault-resource-id {shell_word(e.vault_id)}",
        )
    return make_check(
        "vault-named",
        "vault",
        is_it,
        "The key's identifier and the vault's resource id name one and the same key vault.",
        f"The key's identifier names {host}, the vault's resource id another key vault.",
        f"keyVaultResourceId: {given}, keyId: {e.encryption.key_id}",
        "Plan with the right answers for this cluster; the plan sets both alike.",
    )


def _tenant(e: Evidence, name: str) -> Iterator[Check]:
    """A vault trusts the tokens of one tenant, which a subscription that moves leaves behind: KV:move-subscription."""
    if not e.identity_ids:
        return
    trusted = str(dig(e.vault, "properties", "tenantId") or "")
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
        f"az keyvault update --name {name} --set properties.tenantId={own}   (by an owner of the vault)",
    )


def _network(e: Evidence, name: str) -> Iterator[Check]:
    """Whether the cluster gets through the vault's firewall as it stands: KV:network-security."""
    vault = e.vault or {}
    public, action, bypass = _firewall(vault)
    seen = f"publicNetworkAccess: {public}, defaultAction: {action}, bypass: {bypass}"
    perimeter = public.casefold() == "securedbyperimeter"
    denies = firewall_denies(vault)
    closed = (
        "A network security perimeter guards the key vault, and trusted Azure services do not pass it, so the cluster "
        "cannot reach its key."
    )
    inside = (
        f"az keyvault update --name {name} --public-network-access Disabled --default-action Deny "
        "--bypass AzureServices   (or allow it in the perimeter, or have the perimeter learn only)"
    )
    if e.encryption.network_access.casefold() == "private":
        yield make_check(
            "vault-reachable",
            "vault",
            bypass.casefold() == "azureservices" and not perimeter,
            "The cluster reaches the key vault as a trusted Azure service.",
            closed
            if perimeter
            else "The key vault's firewall does not let trusted Azure services pass, so the cluster cannot reach its key.",
            seen,
            inside if perimeter else f"az keyvault update --name {name} --bypass AzureServices",
        )
        yield make_check(
            "vault-private",
            "vault",
            True if denies else "warning",
            "The key vault's firewall keeps the internet out, as the cluster's setting Private means it.",
            "The cluster uses the key vault as private, but its firewall lets the internet in.",
            seen,
            f"az keyvault update --name {name} --default-action Deny --bypass AzureServices",
        )
    else:
        yield make_check(
            "vault-reachable",
            "vault",
            not denies,
            "The key vault is reachable from all networks, as the cluster's setting Public needs.",
            closed
            if perimeter
            else "The cluster uses the key vault as public, but the vault's firewall keeps it out.",
            seen,
            f"az keyvault update --name {name} --public-network-access Enabled --default-action Allow   (or have the "
            "cluster use it as private: plan with network_access: Private)",
        )


def _firewall(vault: Json) -> tuple[str, str, str]:
    properties = vault.get("properties") or {}
    return (
        str(properties.get("publicNetworkAccess") or "Enabled"),
        str(dig(properties, "networkAcls", "defaultAction") or "Allow"),
        str(dig(properties, "networkAcls", "bypass") or "AzureServices"),
    )


def _lasting(e: Evidence, name: str) -> Iterator[Check]:
    """Who decides on the vault's keys, and what keeps them from being lost."""
    properties = (e.vault or {}).get("properties") or {}
    yield make_check(
        "vault-rbac",
        "vault",
        True if properties.get("enableRbacAuthorization") is True else "warning",
        "The key vault uses Azure RBAC.",
        "The key vault uses access policies; role assignments have no effect on its keys.",
        shown(properties, "enableRbacAuthorization"),
        f"az keyvault update --name {name} --enable-rbac-authorization true   (first give the identity Key Vault Crypto "
        "User: access policies end at that moment)",
    )
    days = properties.get("softDeleteRetentionInDays")
    yield make_check(
        "vault-soft-delete",
        "vault",
        properties.get("enableSoftDelete") is not False,
        f"What is deleted of the key vault can be recovered for {days or 90} days.",
        "Without soft-delete, whatever is deleted of the key vault is lost at once, and the cluster's secrets with it.",
        shown(properties, "enableSoftDelete"),
        f"az resource update --ids {shell_word(e.vault_id)} --set properties.enableSoftDelete=true   (cannot be undone)",
    )
    purge = properties.get("enablePurgeProtection") is True
    yield make_check(
        "vault-purge-protection",
        "vault",
        True if purge else "warning",
        "Purge protection keeps the key vault and its keys from being lost for good.",
        "Without purge protection, whoever may purge the key vault can destroy the cluster's secrets for good.",
        shown(properties, "enablePurgeProtection"),
        f"az keyvault update --name {name} --enable-purge-protection true   (cannot be undone)",
    )
    if e.locks is None:
        yield unknown_check("vault-lock", "vault", "the locks", e.unreadable.get("locks"))
        return
    held = [lock for lock in e.locks if lock.covers(e.vault_id)]
    yield make_check(
        "vault-lock",
        "vault",
        True if held or purge else "warning",
        "A lock keeps the key vault from being deleted."
        if held
        else "No lock keeps the key vault from being deleted; deleted, it could be recovered, and nobody can purge it.",
        "Nothing keeps the key vault from being deleted and purged: no lock, no purge protection.",
        "; ".join(f"lock {lock.name} ({lock.level}) on {lock.scope}" for lock in held) or "locks: none",
        f"az lock create --name keep-{name} --lock-type CanNotDelete --resource {shell_word(e.vault_id)}",
    )

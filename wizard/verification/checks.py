"""The checks on one managed cluster: pure functions of what was read, each with a stable code."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wizard.answers import Answers
from wizard.cloud.arm import Json, dig, same
from wizard.cloud.clean import clean
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import OLDEST, firewall_denies, version_of
from wizard.cloud.problems import Problem
from wizard.cloud.roles import ADMINISTRATOR, CRYPTO_OFFICER, CRYPTO_USER, Grant
from wizard.verification.report import Check, Group, Outcome

_SOON = timedelta(days=90)


@dataclass(frozen=True)
class Evidence:
    """All that was read for one cluster."""

    cluster: Json
    encryption: Encryption
    expect: Answers | None
    vault_suffix: str
    vault: Json | None = None
    key: Json | None = None
    identity_grants: tuple[Grant, ...] | None = None
    unreadable: dict[str, Problem] = field(default_factory=dict)
    """What could not be read (`vault`, `key`, `roles`), and why."""


def checks(evidence: Evidence) -> tuple[Check, ...]:
    """Every check that applies to a cluster encrypted in this way, in the order in which they are shown."""
    makers: list[Callable[[Evidence], Iterator[Check]]] = [_cluster, _encryption]
    if evidence.encryption.kms_enabled:
        makers += [_key_id, _vault, _key, _identity]
    if evidence.expect is not None:
        makers.append(_expectation)
    return tuple(check for maker in makers for check in maker(evidence))


def _check(
    code: str, group: Group, holds: bool | Outcome, good: str, bad: str, evidence: str = "", remedy: str = ""
) -> Check:
    outcome: Outcome = holds if isinstance(holds, str) else "passed" if holds else "failed"
    fine = outcome == "passed"
    message = clean(good if fine else bad)
    return Check(code, group, outcome, message, clean(evidence), "" if fine else clean(remedy))


def _shown(body: Json, name: str) -> str:
    """One property as JSON writes it."""
    return f"{name}: {json.dumps(body[name]) if name in body else 'not set'}"


def _cluster(e: Evidence) -> Iterator[Check]:
    state = str(dig(e.cluster, "properties", "provisioningState") or "unknown")
    power = str(dig(e.cluster, "properties", "powerState", "code") or "Running")
    outcome: Outcome = "passed" if state == "Succeeded" else "failed" if state == "Failed" else "warning"
    yield _check(
        "cluster-healthy",
        "cluster",
        outcome,
        "The cluster's last operation succeeded.",
        f"The cluster is {state}.",
        f"provisioningState: {state}, powerState: {power}",
        "Look at the last operation (`az aks show`); starting the same plan again repairs an encryption that failed.",
    )
    version = str(dig(e.cluster, "properties", "currentKubernetesVersion") or "")
    enough: Outcome = "passed" if version_of(version) >= OLDEST else "warning"
    yield _check(
        "cluster-version",
        "cluster",
        enough,
        f"Kubernetes {version} knows KMS data encryption.",
        f"Kubernetes {version} is older than 1.33, which KMS data encryption needs.",
        f"currentKubernetesVersion: {version}",
        "Upgrade the cluster to 1.33 or later.",
    )


def _encryption(e: Evidence) -> Iterator[Check]:
    kind = e.encryption.kind
    outcome: Outcome = "failed" if kind == "none" else "warning" if kind == "legacy-kms" else "passed"
    yield _check(
        "encryption-enabled",
        "cluster",
        outcome,
        "Secrets are encrypted with a KMS key.",
        "Secrets are not encrypted with a KMS key."
        if kind == "none"
        else "Secrets are encrypted by the legacy KMS experience.",
        f"infrastructureEncryption: {'Enabled' if e.encryption.infrastructure else 'not set'}, "
        f"azureKeyVaultKms.enabled: {str(e.encryption.kms_enabled).lower()}",
        "Run the wizard on this cluster."
        if kind == "none"
        else "Migrate to KMS data encryption with the wizard.",
    )


def _key_id(e: Evidence) -> Iterator[Check]:
    legacy = e.encryption.kind == "legacy-kms"
    versionless = not e.encryption.key_version
    yield _check(
        "key-id-versionless",
        "key",
        True if versionless else "warning" if legacy else "failed",
        "The key identifier names no version, so a rotation of the key is followed within 6 hours.",
        "The key identifier names a version, so a rotation of the key is not followed.",
        f"keyId: {e.encryption.key_id}",
        "Migrate to KMS data encryption with the wizard, which sets the versionless identifier.",
    )


def _vault(e: Evidence) -> Iterator[Check]:
    if e.vault is None:
        yield _unknown("vault-exists", "vault", "key vault", e.unreadable.get("vault"))
        return
    properties = e.vault.get("properties") or {}
    name = clean(str(e.vault.get("name", "")))
    yield _check(
        "vault-exists", "vault", True, f"The key vault {name} exists.", "", str(e.vault.get("id", ""))
    )
    yield _check(
        "vault-rbac",
        "vault",
        True if properties.get("enableRbacAuthorization") is True else "warning",
        "The key vault uses Azure RBAC.",
        "The key vault uses access policies; the identity's role assignments have no effect there.",
        _shown(properties, "enableRbacAuthorization"),
        "See that an access policy gives the cluster's identity encrypt and decrypt, or move the vault to Azure RBAC.",
    )
    yield _check(
        "vault-purge-protection",
        "vault",
        True if properties.get("enablePurgeProtection") is True else "warning",
        "Purge protection keeps the key vault and its keys from being lost for good.",
        "Without purge protection, whoever may purge the key vault can destroy the cluster's secrets for good.",
        _shown(properties, "enablePurgeProtection"),
        f"az keyvault update --name {name} --enable-purge-protection true   (cannot be undone)",
    )
    denies = firewall_denies(e.vault)
    bypass = str(dig(properties, "networkAcls", "bypass") or "AzureServices")
    seen = (
        f"publicNetworkAccess: {properties.get('publicNetworkAccess') or 'Enabled'}, "
        f"defaultAction: {dig(properties, 'networkAcls', 'defaultAction') or 'Allow'}, bypass: {bypass}"
    )
    if e.encryption.network_access.casefold() == "private":
        yield _check(
            "vault-reachable",
            "vault",
            bypass.casefold() == "azureservices",
            "The cluster reaches the key vault as a trusted Azure service.",
            "The key vault's firewall does not let trusted Azure services pass, so the cluster cannot reach its key.",
            seen,
            f"az keyvault update --name {name} --bypass AzureServices",
        )
        yield _check(
            "vault-private",
            "vault",
            True if denies else "warning",
            "The key vault's firewall keeps the internet out.",
            "The cluster uses the key vault as private, but its firewall lets the internet in.",
            seen,
            f"az keyvault update --name {name} --default-action Deny --bypass AzureServices",
        )
    else:
        yield _check(
            "vault-reachable",
            "vault",
            not denies,
            "The key vault is reachable from all networks, as the cluster's setting Public needs.",
            "The cluster uses the key vault as public, but the vault's firewall keeps it out.",
            seen,
            f"az keyvault update --name {name} --public-network-access Enabled --default-action Allow",
        )


def _key(e: Evidence) -> Iterator[Check]:
    if e.key is None:
        yield _unknown("key-exists", "key", "key", e.unreadable.get("key"))
        return
    properties = e.key.get("properties") or {}
    attributes = properties.get("attributes") or {}
    name = e.encryption.key_name
    yield _check(
        "key-exists",
        "key",
        True,
        f"The key {name} exists.",
        "",
        str(properties.get("keyUriWithVersion") or ""),
    )
    kind = str(properties.get("kty") or "")
    yield _check(
        "key-type",
        "key",
        kind.startswith("RSA"),
        f"The key is {kind} {properties.get('keySize') or ''}".rstrip() + ".",
        f"The key is {kind}, which cannot encrypt.",
        f"kty: {kind}",
        "Use an RSA key.",
    )
    operations = [str(name) for name in properties.get("keyOps") or []]
    yield _check(
        "key-operations",
        "key",
        {"encrypt", "decrypt"} <= set(operations),
        "The key may encrypt and decrypt.",
        "The key may not both encrypt and decrypt.",
        f"keyOps: {', '.join(operations)}",
        f"az keyvault key set-attributes --id {e.encryption.key_id} --ops {' '.join(dict.fromkeys([*operations, 'encrypt', 'decrypt']))}",
    )
    yield _check(
        "key-enabled",
        "key",
        attributes.get("enabled") is not False,
        "The key is enabled.",
        "The key is disabled: the cluster cannot decrypt its secrets.",
        _shown(attributes, "enabled"),
        f"az keyvault key set-attributes --id {e.encryption.key_id} --enabled true",
    )
    yield _expiry(attributes.get("exp"), e.encryption.key_id)


def _expiry(expires: object, key_id: str) -> Check:
    """An expired key still decrypts but no longer encrypts: KV:key-attributes, "Date-time controlled operations"."""
    if not isinstance(expires, int | float):
        return _check("key-expiry", "key", True, "The key does not expire.", "", "exp: not set")
    when = datetime.fromtimestamp(expires, UTC)
    left = when - datetime.now(UTC)
    outcome: Outcome = "failed" if left <= timedelta(0) else "warning" if left < _SOON else "passed"
    return _check(
        "key-expiry",
        "key",
        outcome,
        f"The key is good until {when:%Y-%m-%d}.",
        f"The key expired on {when:%Y-%m-%d}: new secrets cannot be written."
        if outcome == "failed"
        else f"The key expires on {when:%Y-%m-%d}.",
        f"exp: {when:%Y-%m-%dT%H:%M:%SZ}",
        f"Rotate the key (`az keyvault key rotate --id {key_id}`) or set a later expiry.",
    )


def _identity(e: Evidence) -> Iterator[Check]:
    identities = dig(e.cluster, "identity", "userAssignedIdentities") or {}
    yield _check(
        "identity-attached",
        "identity",
        bool(identities),
        "The cluster uses a user-assigned identity.",
        "The cluster uses no user-assigned identity, which a customer-managed key needs.",
        ", ".join(identities),
        "Run the wizard on this cluster; it attaches one.",
    )
    if not identities or e.vault is None:
        return
    if e.identity_grants is None:
        yield _unknown("identity-role", "identity", "role assignments", e.unreadable.get("roles"))
        return
    vault_id = str(e.vault.get("id", ""))
    principals = [str(dig(value, "principalId") or "") for value in identities.values()]
    held = [
        role.name
        for role in (CRYPTO_USER, CRYPTO_OFFICER, ADMINISTRATOR)
        if any(
            grant.gives(role, principal, vault_id) for grant in e.identity_grants for principal in principals
        )
    ]
    yield _check(
        "identity-role",
        "identity",
        bool(held),
        f"The identity holds {', '.join(held)} on the key vault.",
        "The identity holds no role on the key vault that lets it encrypt and decrypt.",
        f"{len(e.identity_grants)} role assignments of {', '.join(principals)}",
        f'az role assignment create --role "{CRYPTO_USER.name}" --assignee-object-id {principals[0]} '
        f"--assignee-principal-type ServicePrincipal --scope {vault_id}",
    )


def _expectation(e: Evidence) -> Iterator[Check]:
    """The cluster held against an answers file, property by property."""
    if e.expect is None:
        return
    kind = e.encryption.kind
    yield _agrees("expected-key-option", "key option", e.expect.key_option, kind)
    own = e.expect.customer_managed
    if own is None or not e.encryption.kms_enabled:
        return
    key_id = f"https://{own.vault.name.lower()}{e.vault_suffix}/keys/{own.key.name}"
    yield _agrees("expected-key", "key identifier", key_id, e.encryption.key_id)
    yield _agrees(
        "expected-network-access", "network access", own.vault.network_access, e.encryption.network_access
    )
    attached = [i.rsplit("/", 1)[-1] for i in dig(e.cluster, "identity", "userAssignedIdentities") or {}]
    present = next(
        (name for name in attached if same(name, own.identity.name)), ", ".join(attached) or "none"
    )
    yield _agrees("expected-identity", "identity", own.identity.name, present)


def _agrees(code: str, what: str, wanted: str, found: str) -> Check:
    return _check(
        code,
        "expectation",
        same(wanted, found),
        f"The {what} is {wanted}, as asked for.",
        f"The {what} is {clean(found)}, not {wanted} as asked for.",
        f"asked for: {wanted}; found: {found}",
        "Plan with the same answers to see what would bring it there.",
    )


def _unknown(code: str, group: Group, what: str, problem: Problem | None) -> Check:
    if problem is not None and problem.code in {
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "KeyNotFound",
        "VaultNotFound",
    }:
        message = f"The {what} no longer exists: the cluster cannot decrypt its secrets."
        remedy = "Recover it at once (`az keyvault recover`, `az keyvault key recover`)."
        return Check(code, group, "failed", message, problem.azure_said, remedy)
    why = problem.azure_said or problem.summary if problem else "it was not found from here"
    remedy = "Sign in as somebody who may read it (the role Reader on the key vault)."
    return Check(code, group, "unknown", f"The {what} could not be looked at.", why, remedy)

"""The key: whether AKS can use it, its dates and its rotation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.rules.finding import Finding, rule
from wizard.state.comparison import converged, lacks_rotation
from wizard.state.key import EXPIRES_SOON, KeyState
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize


@rule
def deleted(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a soft-deleted key, which reserves its name until it is purged: docs/azure.md#names-and-soft-delete, ObjectIsDeletedButRecoverable."""
    if snapshot.key_deleted:
        own = target.own
        yield Finding(
            "error",
            "key-deleted",
            f"The key {own.key.name} of {own.vault.name} is soft-deleted, so its name is reserved.",
            f"Choose another name, or recover the key and plan again: az keyvault key recover {target.key_args}",
        )


@rule
def usable(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that AKS can use an existing key."""
    if snapshot.key is not None:
        subscription = target.answers.vault_group.subscription
        yield from unfit(target.own.vault.name, target.own.key.name, snapshot.key_state, subscription)


def unfit(vault: str, name: str, key: KeyState, subscription: str) -> Iterator[Finding]:
    """Yield why AKS cannot use a key: it must be RSA, enabled, not expired, and permit encrypt and decrypt.

    docs/azure.md#refusals-of-the-aks-resource-provider, causes of the one message; docs/azure.md#keys-that-expire-are-disabled-or-lost, an expired key no longer encrypts. A list of keys may return less
    than the key itself; a missing property is not reported.
    """
    full_name, args = f"{vault}/{name}", f"--vault-name {vault} -n {name} --subscription {subscription}"
    kind = key.kind or "RSA"
    if not kind.startswith("RSA"):
        yield Finding(
            "error",
            "key-type",
            f"The key {full_name} is {sanitize(kind)}, which cannot encrypt. AKS requires RSA.",
            "Use another key.",
        )
        return
    if key.operations and not key.encrypts_and_decrypts:
        yield Finding(
            "error",
            "key-operations",
            f"The key {full_name} does not permit both encrypt and decrypt.",
            f"az keyvault key set-attributes {args} "
            f"--ops {' '.join(sorted(key.operations | {'encrypt', 'decrypt'}))}",
        )
    if key.disabled:
        yield Finding(
            "error",
            "key-disabled",
            f"The key {full_name} is disabled.",
            f"az keyvault key set-attributes {args} --enabled true",
        )
    now = datetime.now(UTC)
    if key.expires and key.expires <= now:
        yield Finding(
            "error",
            "key-expired",
            f"The key {full_name} expired on {key.expires:%Y-%m-%d}.",
            f"Use another key, or create a new version: az keyvault key rotate {args}",
        )
    if key.not_before and key.not_before > now:
        yield Finding(
            "error",
            "key-not-yet-valid",
            f"The key {full_name} is not valid before {key.not_before:%Y-%m-%d %H:%M} UTC.",
            "Wait until then, or use another key.",
        )


@rule
def dates(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that an existing key does not expire soon: docs/azure.md#keys-that-expire-are-disabled-or-lost, an expired key no longer encrypts."""
    expires = snapshot.key_state.expires
    if expires and timedelta(0) < expires - datetime.now(UTC) < EXPIRES_SOON:
        yield Finding(
            "warning",
            "key-expires-soon",
            f"The key {_name(target)} expires on {expires:%Y-%m-%d}.",
            "Set a rotation policy, or a later expiry date.",
        )


@rule
def rotation_before_expiry(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the next automatic rotation comes before the key expires: docs/azure.md#rotation-expiry-and-hsms."""
    key = snapshot.key_state
    if not key.rotates_too_late or key.next_rotation is None or key.expires is None:
        return
    yield Finding(
        "warning",
        "key-rotates-late",
        f"The key {_name(target)} is rotated automatically on {key.next_rotation:%Y-%m-%d}, but expires before that, on "
        f"{key.expires:%Y-%m-%d}.",
        "Rotate it more often, on a computer that the vault's firewall admits: aks-kms rotate "
        f"{target.cluster_args} --every P30D",
    )


@rule
def as_configured(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report an existing key of another kind than configured: Azure returns it unchanged (docs/azure.md#keys-through-resource-manager)."""
    if snapshot.key is None:
        return
    asked = target.own.key
    kind, size = snapshot.key_state.kind, snapshot.key_state.size
    if kind.startswith("RSA") and (kind, size) != (asked.type, asked.size) and size:
        yield Finding(
            "info",
            "key-differs",
            f"The key {_name(target)} is {sanitize(kind)} {sanitize(str(size))} and is used unchanged; "
            f"{asked.type} {asked.size} applies to a new key only.",
        )
    if kind == "RSA-HSM":
        yield Finding(
            "info",
            "key-in-hardware",
            f"The key {_name(target)} is HSM-backed. Microsoft's AKS documentation does not state whether HSM keys are supported.",
            "Test it on a non-production cluster first.",
        )


@rule
def rotation(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a key without a rotation policy, which has to be rotated manually; how-to, "Key rotation"."""
    own = target.answers.customer_managed
    if own is None or converged(target, snapshot):
        return
    if snapshot.key is None and own.key.rotate_every:
        return
    if snapshot.key_state.rotates_every or lacks_rotation(target, snapshot):
        return
    yield Finding(
        "warning",
        "key-not-rotated",
        f"The key {_name(target)} has no rotation policy and must be rotated manually (`aks-kms rotate`).",
        "Set key.rotate_every: P1Y before the key is created. Later, only a computer that the vault's firewall admits can set it."
        if snapshot.key is None
        else "Set one after the run, on a computer that the vault's firewall admits: "
        f"aks-kms rotate {target.cluster_args} --every P1Y",
    )


def _name(target: Target) -> str:
    return f"{target.own.vault.name}/{target.own.key.name}"

"""The key: whether AKS can use it, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.rules.finding import Finding
from wizard.state.comparison import converged, lacks_rotation
from wizard.state.key import EXPIRES_SOON, KeyState
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize, shell_word


def deleted(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A deleted key holds its name until it is purged: AZURE.md §3a, ObjectIsDeletedButRecoverable."""
    if snapshot.key_deleted:
        own = target.own
        yield Finding(
            "error",
            "key-deleted",
            f"The key {own.key.name} of {own.vault.name} was deleted and still holds its name.",
            f"Recover it and plan again: az keyvault key recover --vault-name {own.vault.name} -n {own.key.name}; "
            "or choose another name.",
        )


def fits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing key is one that AKS can use."""
    if snapshot.key is not None:
        yield from unfit(target.own.vault.name, target.own.key.name, snapshot.key_state)


def unfit(vault: str, name: str, key: KeyState) -> Iterator[Finding]:
    """Why AKS cannot use a key as Azure returned it: it is RSA, enabled, in date, and may encrypt and decrypt.

    AZURE.md §1a, causes of the one message; §1b, an expired key no longer encrypts. A list of keys may say less than a
    key by itself does; what it does not say is not held against it.
    """
    full_name = f"{vault}/{name}"
    kind = key.kind or "RSA"
    if not kind.startswith("RSA"):
        yield Finding(
            "error",
            "key-type",
            f"The key {full_name} is {sanitize(kind)}, which cannot encrypt; AKS needs RSA.",
            "Name another key.",
        )
        return
    if key.operations and not {"encrypt", "decrypt"} <= key.operations:
        yield Finding(
            "error",
            "key-operations",
            f"The key {full_name} may not both encrypt and decrypt.",
            f"az keyvault key set-attributes --vault-name {vault} -n {name} "
            f"--ops {' '.join(sorted(key.operations | {'encrypt', 'decrypt'}))}",
        )
    if key.disabled:
        yield Finding(
            "error",
            "key-disabled",
            f"The key {full_name} is disabled.",
            f"az keyvault key set-attributes --vault-name {vault} -n {name} --enabled true",
        )
    now = datetime.now(UTC)
    if key.expires and key.expires <= now:
        yield Finding(
            "error",
            "key-expired",
            f"The key {full_name} expired on {key.expires:%Y-%m-%d}.",
            f"Make a new version (az keyvault key rotate --vault-name {vault} -n {name}), or name another key.",
        )
    if key.not_before and key.not_before > now:
        yield Finding(
            "error",
            "key-not-yet-valid",
            f"The key {full_name} is valid only from {key.not_before:%Y-%m-%d %H:%M} UTC.",
            "Wait until then, or name another key.",
        )


def dates(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing key stays in date for a while: AZURE.md §1b, an expired key no longer encrypts."""
    expires = snapshot.key_state.expires
    if expires and timedelta(0) < expires - datetime.now(UTC) < EXPIRES_SOON:
        yield Finding(
            "warning",
            "key-expires-soon",
            f"The key {_name(target)} expires on {expires:%Y-%m-%d}.",
            "Give it a rotation policy, or a later expiry.",
        )


def differs(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing key is taken as it is, whatever kind was asked for: Azure returns it unchanged (AZURE.md §3e)."""
    if snapshot.key is None:
        return
    asked = target.own.key
    kind, size = snapshot.key_state.kind, snapshot.key_state.size
    if kind.startswith("RSA") and (kind, size) != (asked.type, asked.size) and size:
        yield Finding(
            "info",
            "key-differs",
            f"The key {_name(target)} is {sanitize(kind)} {sanitize(str(size))} and is used as it is; "
            f"{asked.type} {asked.size} would hold for a new one only.",
        )
    if kind == "RSA-HSM":
        yield Finding(
            "info",
            "key-in-hardware",
            f"The key {_name(target)} is kept in hardware; Microsoft's articles on AKS do not speak of such keys.",
            "Try it on a cluster that may fail first.",
        )


def rotation(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A key without a rotation policy stays as it is until somebody rotates it; how-to, "Key rotation"."""
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
        f"The key {_name(target)} has no rotation policy: it is rotated when somebody does it (`aks-kms rotate`).",
        "Ask for key.rotate_every: P1Y when it is created; later it takes a machine that the vault lets in."
        if snapshot.key is None
        else "Give it one after the run, on a machine that the vault lets in: "
        f"aks-kms rotate -g {shell_word(target.answers.resource_group)} -n {target.answers.cluster.name} --every P1Y",
    )


def _name(target: Target) -> str:
    return f"{target.own.vault.name}/{target.own.key.name}"

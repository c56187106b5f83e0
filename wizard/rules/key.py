"""The key: whether AKS can use it, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.cloud.arm import Json, dig, moment
from wizard.rules.finding import Finding
from wizard.state import cluster as cluster_body
from wizard.state.key import EXPIRES_SOON, lacks_rotation, rotates_every
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
        yield from unfit(target.own.vault.name, target.own.key.name, snapshot.key)


def unfit(vault: str, key: str, body: Json) -> Iterator[Finding]:
    """Why AKS cannot use a key as Azure returned it: it is RSA, enabled, in date, and may encrypt and decrypt.

    AZURE.md §1a, causes of the one message; §1b, an expired key no longer encrypts. A list of keys may say less than a
    key by itself does; what it does not say is not held against it.
    """
    name = f"{vault}/{key}"
    kind = str(dig(body, "properties", "kty") or "RSA")
    if not kind.startswith("RSA"):
        yield Finding(
            "error",
            "key-type",
            f"The key {name} is {sanitize(kind)}, which cannot encrypt; AKS needs RSA.",
            "Name another key.",
        )
        return
    operations = {str(operation) for operation in dig(body, "properties", "keyOps") or ()}
    if operations and not {"encrypt", "decrypt"} <= operations:
        yield Finding(
            "error",
            "key-operations",
            f"The key {name} may not both encrypt and decrypt.",
            f"az keyvault key set-attributes --vault-name {vault} -n {key} "
            f"--ops {' '.join(sorted(operations | {'encrypt', 'decrypt'}))}",
        )
    attributes = dig(body, "properties", "attributes") or {}
    if attributes.get("enabled") is False:
        yield Finding(
            "error",
            "key-disabled",
            f"The key {name} is disabled.",
            f"az keyvault key set-attributes --vault-name {vault} -n {key} --enabled true",
        )
    now = datetime.now(UTC)
    if (expires := moment(attributes.get("exp"))) and expires <= now:
        yield Finding(
            "error",
            "key-expired",
            f"The key {name} expired on {expires:%Y-%m-%d}.",
            f"Make a new version (az keyvault key rotate --vault-name {vault} -n {key}), or name another key.",
        )
    if (not_before := moment(attributes.get("nbf"))) and not_before > now:
        yield Finding(
            "error",
            "key-not-yet-valid",
            f"The key {name} is valid only from {not_before:%Y-%m-%d %H:%M} UTC.",
            "Wait until then, or name another key.",
        )


def dates(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing key stays in date for a while: AZURE.md §1b, an expired key no longer encrypts."""
    expires = moment(dig(snapshot.key, "properties", "attributes", "exp"))
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
    kind, size = dig(snapshot.key, "properties", "kty"), dig(snapshot.key, "properties", "keySize")
    if str(kind or "").startswith("RSA") and (kind, size) != (asked.type, asked.size) and size:
        yield Finding(
            "info",
            "key-differs",
            f"The key {_name(target)} is {sanitize(str(kind))} {sanitize(str(size))} and is used as it is; "
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
    if own is None or cluster_body.converged(target, snapshot):
        return
    if snapshot.key is None and own.key.rotate_every:
        return
    if rotates_every(snapshot.key) or lacks_rotation(target, snapshot):
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

"""The checks on the customer-managed key: whether the cluster can use it now, and whether that will last."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from wizard.cloud.arm import Json, dig, moment
from wizard.errors import Problem
from wizard.state.key import EXPIRES_SOON, KeyState
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import GONE, make_check, shown, unknown_check
from wizard.verification.report import Check, Outcome


def key_id_check(e: Evidence) -> Iterator[Check]:
    """Yield the check that the cluster names the key without a version, as KMS data encryption requires."""
    legacy = e.encryption.kind == "legacy-kms"
    versionless = not e.encryption.key_version
    if not e.encryption.names_key:
        yield make_check(
            "key-id-versionless",
            "key",
            "failed",
            "",
            f"The cluster's key identifier names no key: {e.encryption.key_id or 'it is empty'}.",
            f"keyId: {e.encryption.key_id}",
            "Run the wizard on this cluster. It sets key vault, key and identity.",
        )
        return
    yield make_check(
        "key-id-versionless",
        "key",
        True if versionless else "warning" if legacy else "failed",
        "The key identifier has no version, so AKS follows a rotation of the key within 6 hours.",
        "The key identifier names a version, so AKS does not follow a rotation of the key.",
        f"keyId: {e.encryption.key_id}",
        "Migrate to KMS data encryption with the wizard, which sets the versionless identifier.",
    )


def key_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on the key itself."""
    if e.key is None:
        yield _missing(e)
        return
    properties = e.key.get("properties") or {}
    attributes = properties.get("attributes") or {}
    yield make_check(
        "key-exists",
        "key",
        True,
        f"The key {e.encryption.key_name} exists.",
        "",
        str(properties.get("keyUriWithVersion") or ""),
    )
    key = KeyState(e.key)
    kind = key.kind
    yield make_check(
        "key-type",
        "key",
        kind.startswith("RSA"),
        f"The key is {kind} {properties.get('keySize') or ''}".rstrip() + ".",
        f"The key is {kind}, which cannot encrypt.",
        f"kty: {kind}, keySize: {properties.get('keySize') or 'not set'}",
        "Plan with another key of type RSA. The type of a key cannot be changed.",
    )
    operations = sorted(key.operations)
    yield make_check(
        "key-operations",
        "key",
        key.encrypts_and_decrypts,
        "The key allows the operations encrypt and decrypt.",
        "The key does not allow both of the operations encrypt and decrypt.",
        f"keyOps: {', '.join(operations) or 'none'}",
        f"az keyvault key set-attributes --id {shell_word(e.encryption.key_id)} "
        f"--ops {' '.join(dict.fromkeys([*operations, 'encrypt', 'decrypt']))}",
    )
    yield make_check(
        "key-enabled",
        "key",
        attributes.get("enabled") is not False,
        "The key is enabled.",
        "The key is disabled: the cluster cannot decrypt its secrets.",
        shown(attributes, "enabled"),
        f"az keyvault key set-attributes --id {shell_word(e.encryption.key_id)} --enabled true",
    )
    yield _not_before(attributes, e)
    yield _expiry(attributes, e)
    yield _pickup(e)
    yield _rotation(e)


def _missing(e: Evidence) -> Check:
    problem, found, name = e.unreadable.get("key"), e.deleted.get("key"), e.encryption.key_name
    vault, _, key = name.partition("/")
    recover = (
        f"az keyvault key recover --vault-name {vault} --name {key} --subscription {e.vault_subscription}"
    )
    if isinstance(found, dict):
        until = moment(found.get("scheduledPurgeDate"))
        return make_check(
            "key-exists",
            "key",
            False,
            "",
            f"The key {name} is soft-deleted and can be recovered"
            f"{f' until {until:%Y-%m-%d}' if until else ''}. Until then the cluster cannot decrypt its secrets.",
            str(found.get("recoveryId") or ""),
            f"Recover it now: {recover}",
        )
    if problem is None or problem.code not in GONE:
        return unknown_check("key-exists", "key", "the key", problem)
    unseen = " It is not known whether it can be recovered." if isinstance(found, Problem) else ""
    first = (
        "Recover it"
        if e.vault is not None
        else f"Recover the vault, and the key with it: `az keyvault recover --name {vault} --subscription {e.vault_subscription}`. "
        "If the key is still missing, recover it"
    )
    return make_check(
        "key-exists",
        "key",
        False,
        "",
        f"The key {name} does not exist: the cluster cannot decrypt its secrets.{unseen}",
        problem.azure_said,
        f"{first}; if that is not possible, restore it from a backup. To recover it: {recover}",
    )


def _not_before(attributes: Json, e: Evidence) -> Check:
    begins = moment(attributes.get("nbf"))
    return make_check(
        "key-not-before",
        "key",
        begins is None or begins <= e.now,
        "The key has no activation date."
        if begins is None
        else f"The key is active since {begins:%Y-%m-%d}.",
        f"The key is not active until {_at(begins)}: the cluster cannot encrypt with it before.",
        f"nbf: {_stamp(begins)}",
        f"az keyvault key set-attributes --id {shell_word(e.encryption.key_id)} --not-before {_stamp(e.now)}",
    )


def _expiry(attributes: Json, e: Evidence) -> Check:
    """Return the check of the expiry date. An expired key still decrypts but does not encrypt: docs/azure.md#keys-that-expire-are-disabled-or-lost."""
    when = moment(attributes.get("exp"))
    if when is None:
        return make_check("key-expiry", "key", True, "The key does not expire.", "", "exp: not set")
    left = when - e.now
    outcome: Outcome = "failed" if left <= timedelta(0) else "warning" if left < EXPIRES_SOON else "passed"
    return make_check(
        "key-expiry",
        "key",
        outcome,
        f"The key is valid until {when:%Y-%m-%d}.",
        f"The key expired on {when:%Y-%m-%d}: existing secrets can be read, new ones cannot be written."
        if outcome == "failed"
        else f"The key expires on {_at(when)}, in {_days(left)}. After that, new secrets cannot be written.",
        f"exp: {_stamp(when)}",
        f"Rotate the key (`aks-kms rotate {e.cluster_args}`), or set a later expiry: az keyvault key set-attributes --id "
        f"{shell_word(e.encryption.key_id)} --expires {_stamp(max(when, e.now) + timedelta(days=365))}",
    )


def _pickup(e: Evidence) -> Check:
    """Return the check of the version in use. AKS looks for a new version every 6 hours and uses the previous one until then."""
    if e.key_versions is None:
        return unknown_check("key-pickup", "key", "the versions of the key", e.unreadable.get("key-versions"))
    newest = _attribute(e.key_versions[0], "created") if e.key_versions else None
    count = len(e.key_versions)
    seen = f"versions: {count}, the newest of {_stamp(newest)}"
    if e.encryption.key_version:
        named = _attribute(e.key or {}, "created")
        behind = newest is not None and named is not None and newest > named
        return make_check(
            "key-pickup",
            "key",
            "warning" if behind else True,
            "The cluster uses the newest version of the key.",
            "The key has a newer version that the cluster does not use, because its key identifier names another version.",
            seen,
            "Migrate to KMS data encryption with the wizard. Until then, keep every version enabled.",
        )
    pending = count > 1 and newest is not None and e.now - newest < e.pickup
    if not pending or newest is None:
        return make_check(
            "key-pickup", "key", True, "The cluster uses the newest version of the key.", "", seen
        )
    by = newest + e.pickup
    before = (dig(e.key_versions[1], "properties", "attributes") or {}).get("enabled") is not False
    if before:
        return make_check(
            "key-pickup",
            "key",
            "warning",
            "",
            f"A rotation is pending: AKS uses the new version of the key by {by:%H:%M} UTC at the latest.",
            seen,
            "No action needed. Keep the previous version enabled, also after that time.",
        )
    return make_check(
        "key-pickup",
        "key",
        False,
        "",
        f"A rotation is pending until {by:%H:%M} UTC, and the previous version, which is still in use, is disabled.",
        seen,
        "az keyvault key set-attributes --id "
        f"{shell_word(f'{e.encryption.key_id}/{_version(e.key_versions[1])}')} --enabled true",
    )


def _rotation(e: Evidence) -> Check:
    """Return the check whether Key Vault rotates the key automatically, before it expires, and whether the cluster follows."""
    key = KeyState(e.key)
    if not key.rotation_triggers:
        return make_check(
            "key-rotation-policy",
            "key",
            "warning" if key.expires else True,
            "No rotation policy: the key gets a new version only when it is rotated manually.",
            "The key expires, and no rotation policy creates a new version before that.",
            "rotationPolicy: none that rotates",
            _have_it_rotated(e),
        )
    every = "; ".join(
        f"{name}: {sanitize(str(trigger[name]))}"
        for trigger in key.rotation_triggers
        for name in sorted(trigger)
        if trigger[name]
    )
    outcome: Outcome = "passed"
    bad, remedy = "", ""
    if e.encryption.key_version:
        outcome = "warning"
        bad = "Key Vault rotates the key automatically, but the cluster does not follow: its key identifier names a version."
        remedy = "Migrate to KMS data encryption with the wizard; it follows rotations."
    elif key.rotates_too_late:
        outcome = "warning"
        bad = (
            f"Key Vault rotates the key on {_at(key.next_rotation)}, but the key expires before that, on {_at(key.expires)}. "
            "In between, new secrets cannot be written."
        )
        remedy = _have_it_rotated(e)
    elif key.next_rotation is None and (
        key.expires or not any(trigger.get("timeAfterCreate") for trigger in key.rotation_triggers)
    ):
        outcome = "unknown" if key.expires else "warning"
        bad = (
            "It is not known when Key Vault will next rotate the key: its rotation policy or its dates are incomplete."
            if key.expires
            else "The rotation policy rotates the key before it expires, but the key does not expire, so it is never rotated."
        )
        remedy = _have_it_rotated(e)
    return make_check(
        "key-rotation-policy",
        "key",
        outcome,
        f"Key Vault rotates the key automatically ({every}), and AKS follows within 6 hours.",
        bad,
        f"rotationPolicy: {every or 'rotate'}; next rotation: {_stamp(key.next_rotation)}, exp: {_stamp(key.expires)}",
        remedy,
    )


def _have_it_rotated(e: Evidence) -> str:
    return f"Have the vault rotate it before it expires: aks-kms rotate {e.cluster_args} --every P30D"


def newest_first(versions: list[Json]) -> tuple[Json, ...]:
    """Return the versions of a key, sorted by creation time."""

    def made(version: Json) -> float:
        created = _attribute(version, "created")
        return created.timestamp() if created else 0.0

    return tuple(sorted(versions, key=made, reverse=True))


def _attribute(version: Json, name: str) -> datetime | None:
    return moment(dig(version, "properties", "attributes", name))


def _version(version: Json) -> str:
    uri = str(dig(version, "properties", "keyUriWithVersion") or "").strip("/")
    return sanitize(uri.rsplit("/", 1)[-1] or str(version.get("name", ""))).casefold()


def _stamp(when: datetime | None) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else "not set"


def _at(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "an unknown time"


def _days(left: timedelta) -> str:
    if left.days > 1:
        return f"{left.days} days"
    hours = int(left.total_seconds() // 3600)
    return f"{hours} hours" if hours > 1 else "less than two hours"

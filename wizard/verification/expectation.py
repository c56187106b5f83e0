"""The cluster held against an answers file, property by property."""

from collections.abc import Iterator

from wizard.answers.model import Key
from wizard.cloud.arm import same
from wizard.state.key import KeyState
from wizard.system.sanitize import sanitize
from wizard.verification.evidence import Evidence
from wizard.verification.judge import make_check
from wizard.verification.report import Check, Outcome


def expectation_checks(e: Evidence) -> Iterator[Check]:
    """What the answers ask for and what there is. Tags are not compared: they encrypt nothing."""
    target = e.target
    if target is None:
        return
    there = str(e.cluster.get("id") or "")
    if not same(there, target.cluster_id):
        yield _agrees("expected-cluster", "cluster", target.cluster_id, there, otherwise="warning")
    yield _agrees("expected-key-option", "key option", target.answers.key_option, e.encryption.kind)
    own = target.answers.customer_managed
    if own is None or not e.encryption.kms_enabled:
        return
    yield _agrees("expected-key", "key identifier", target.key_id, e.encryption.key_id)
    yield _agrees(
        "expected-network-access", "network access", own.vault.network_access, e.encryption.network_access
    )
    attached = e.identity_ids
    present = next((id_ for id_ in attached if same(id_, target.identity_id)), ", ".join(attached) or "none")
    yield _agrees("expected-identity", "identity", target.identity_id, present)
    yield from _key_as_asked(e, own.key)
    if e.vault is None:
        return
    yield _agrees("expected-vault", "key vault", target.vault_id, e.vault_id)
    properties = e.vault.get("properties") or {}
    if own.vault.purge_protection:  # one that is protected all the same is no worse
        on = "on" if properties.get("enablePurgeProtection") is True else "off"
        # The answers say it of a vault that is created; one that was there before is used as it is.
        yield _agrees(
            "expected-purge-protection", "key vault's purge protection", "on", on, otherwise="warning"
        )


def _key_as_asked(e: Evidence, wanted: Key) -> Iterator[Check]:
    """Type, size and rotation, which the answers say of a key that is created: one that was there before is used as it is."""
    if e.key is None:
        return
    properties = e.key.get("properties") or {}
    kind = f"{properties.get('kty') or 'not set'} {properties.get('keySize') or ''}".rstrip()
    yield _agrees(
        "expected-key-kind", "key's kind", f"{wanted.type} {wanted.size}", kind, otherwise="warning"
    )
    if wanted.rotate_every:
        every = KeyState(e.key).rotates_every or "none"
        yield _agrees("expected-rotation", "key's rotation", wanted.rotate_every, every, otherwise="warning")


def _agrees(code: str, what: str, wanted: str, found: str, *, otherwise: Outcome = "failed") -> Check:
    return make_check(
        code,
        "expectation",
        "passed" if same(wanted, found) else otherwise,
        f"The {what} is {wanted}, as asked for.",
        f"The {what} is {sanitize(found)}, not {wanted} as asked for.",
        f"asked for: {wanted}; found: {found}",
        "Plan with the same answers to see what would bring it there.",
    )

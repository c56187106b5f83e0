"""The checks that compare the cluster with an answers file."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wizard.cloud.arm import same
from wizard.state.key import KeyState
from wizard.system.sanitize import sanitize
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import make_check
from wizard.verification.report import Check, Outcome

if TYPE_CHECKING:
    from wizard.answers.model import Key


def expectation_checks(e: Evidence) -> Iterator[Check]:
    """Yield one check for each property. Tags are not compared, because they do not affect encryption."""
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
    yield from _key_as_configured(e, own.key)
    if e.vault is None:
        return
    yield _agrees("expected-vault", "key vault", target.vault_id, e.vault_id)
    properties = e.vault.get("properties") or {}
    if own.vault.purge_protection:  # more protection than configured is not reported
        on = "on" if properties.get("enablePurgeProtection") is True else "off"
        # The answers apply to a vault that is created; an existing one is used unchanged.
        yield _agrees(
            "expected-purge-protection", "purge protection of the key vault", "on", on, otherwise="warning"
        )


def _key_as_configured(e: Evidence, wanted: "Key") -> Iterator[Check]:
    """Yield the checks of type, size and rotation. The answers apply to a key that is created; an existing one is used
    unchanged, so these only warn."""
    if e.key is None:
        return
    properties = e.key.get("properties") or {}
    kind = f"{properties.get('kty') or 'not set'} {properties.get('keySize') or ''}".rstrip()
    yield _agrees("expected-key-kind", "key type", f"{wanted.type} {wanted.size}", kind, otherwise="warning")
    if wanted.rotate_every:
        every = KeyState(e.key).rotates_every or "none"
        yield _agrees("expected-rotation", "key rotation", wanted.rotate_every, every, otherwise="warning")


def _agrees(code: str, what: str, wanted: str, found: str, *, otherwise: Outcome = "failed") -> Check:
    return make_check(
        code,
        "expectation",
        "passed" if same(wanted, found) else otherwise,
        f"The {what} is {wanted}, as configured.",
        f"The {what} is {sanitize(found)}, not {wanted} as configured.",
        f"configured: {wanted}; found: {found}",
        "Run `aks-kms plan` with the same answers to see the required changes.",
    )

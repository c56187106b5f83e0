"""Which of the known causes lies behind AKS's one message that the identity may not use the key.

AKS says `AzureKeyVaultKmsValidateIdentityPermissionCustomerError` for all of them (AZURE.md §1a): the role has not
taken effect, the vault decides otherwise than the grant was given (Azure RBAC or access policies), the key is not RSA,
the vault's firewall refuses, the key may not encrypt and decrypt (or is disabled or out of date), or the role was
given to another identity. A deny assignment does the same.
"""

from collections.abc import Sequence

from wizard import rules
from wizard.cloud.bodies import firewall_denies
from wizard.cloud.snapshot import Snapshot, take
from wizard.procedure.step import Work
from wizard.procedure.vault_use import closed, may_use_key
from wizard.rules import Finding, identity, key, vault
from wizard.rules.finding import Rule

_CAUSES = (vault.firewall, vault.fits, key.fits, identity.role)


async def lasting_cause(work: Work) -> Finding | None:
    """What is wrong for good, from what Azure shows now; None where only time is missing. Raises AzureError."""
    snapshot = await take(work.azure, work.target)
    return _first_error(_found(work, snapshot, _CAUSES))


async def keeps_from_asking(work: Work) -> Finding | None:
    """The same by the rules in force, before AKS is asked: with a private vault it cannot check, and would break
    (AKS:use-kms-etcd-encryption). Raises AzureError."""
    snapshot = await take(work.azure, work.target)
    return _first_error(_found(work, snapshot, [rule for rule in rules.RULES if rule in _CAUSES]))


def _found(work: Work, snapshot: Snapshot, causes: Sequence[Rule]) -> list[Finding]:
    found = [finding for rule in causes for finding in rule(work.target, snapshot)]
    return found + _not_granted(work, snapshot) + _not_reachable(work, snapshot)


def _first_error(found: list[Finding]) -> Finding | None:
    return next((finding for finding in found if finding.level == "error"), None)


def _not_granted(work: Work, snapshot: Snapshot) -> list[Finding]:
    own = work.target.own
    if may_use_key(work.target, snapshot):
        return []
    by = "access policy" if snapshot.vault_grants_by_policy() else "role"
    return [
        Finding(
            "error",
            "identity-role-missing",
            f"The identity {own.identity.name} has no {by} on {own.vault.name} that lets it encrypt and decrypt.",
            "Start again: the plan gives it one.",
        )
    ]


def _not_reachable(work: Work, snapshot: Snapshot) -> list[Finding]:
    own = work.target.own
    if own.vault.network_access == "Public" or snapshot.vault is None:
        return []
    if closed(snapshot.vault) or not firewall_denies(snapshot.vault):
        return []
    return [
        Finding(
            "error",
            "vault-bypass-closed",
            f"The firewall of {own.vault.name} lets no trusted Azure service pass, so AKS could not reach the key.",
            "Start again: the plan lets them pass.",
        )
    ]

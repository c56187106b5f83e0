"""Which of the known causes lies behind AKS's one message that the identity may not use the key.

AKS says `AzureKeyVaultKmsValidateIdentityPermissionCustomerError` for all of them (AZURE.md §1a): the role has not
taken effect, the vault decides otherwise than the grant was given (Azure RBAC or access policies), the key is not RSA,
the vault's firewall refuses, the key may not encrypt and decrypt (or is disabled or out of date), or the role was
given to another identity. A deny assignment does the same.
"""

from wizard.procedure.step import Work
from wizard.rules import Finding, identity, key, vault
from wizard.state.comparison import may_use_key
from wizard.state.snapshot import Snapshot, read_resources

_CAUSES = (vault.firewall, vault.fits, key.fits, identity.role)


async def permanent_cause(work: Work) -> Finding | None:
    """What is wrong for good, from what Azure shows now; None where only time is missing. Raises AzureError."""
    snapshot = await read_resources(work.azure, work.target)
    found = [finding for rule in _CAUSES for finding in rule(work.target, snapshot)]
    found += _not_granted(work, snapshot) + _not_reachable(work, snapshot)
    return next((finding for finding in found if finding.level == "error"), None)


def _not_granted(work: Work, snapshot: Snapshot) -> list[Finding]:
    own = work.target.own
    if may_use_key(work.target, snapshot):
        return []
    by = "access policy" if snapshot.vault_uses_access_policies else "role"
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
    if snapshot.vault_state.private or not snapshot.vault_state.denies_public_access:
        return []
    return [
        Finding(
            "error",
            "vault-bypass-closed",
            f"The firewall of {own.vault.name} lets no trusted Azure service pass, so AKS could not reach the key.",
            "Start again: the plan lets them pass.",
        )
    ]

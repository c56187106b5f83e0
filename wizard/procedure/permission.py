"""The cause behind AKS's message that the identity may not use the key.

AKS returns `AzureKeyVaultKmsValidateIdentityPermissionCustomerError` for all of these causes (docs/azure.md#refusals-of-the-aks-resource-provider): the role
assignment has not propagated, the vault uses the other permission model (Azure RBAC or access policies), the key is
not RSA, the vault's firewall denies access, the key does not permit encrypt and decrypt (or is disabled or expired),
or the role is assigned to another identity. A deny assignment has the same effect.
"""

from wizard.procedure.step import Work
from wizard.rules import Finding, identity, key, vault
from wizard.state.comparison import may_use_key
from wizard.state.snapshot import Snapshot, read_resources

_CAUSES = (vault.firewall, vault.usable, key.usable, identity.role)


async def permanent_cause(work: Work) -> Finding | None:
    """Return a permanent cause in what Azure shows now; None if the role assignment only has to propagate. Raise AzureError."""
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
            f"The identity {own.identity.name} has no {by} on {own.vault.name} that includes encrypt and decrypt.",
            "Run again: the plan assigns one.",
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
            f"The firewall of {own.vault.name} blocks trusted Azure services, so AKS could not reach the key.",
            "Run again: the plan admits them.",
        )
    ]

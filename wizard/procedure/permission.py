"""Which of the known causes lies behind AKS's one message that the identity may not use the key.

AKS says `AzureKeyVaultKmsValidateIdentityPermissionCustomerError` for all of them (AZURE.md §1a): the role has not
taken effect, the vault uses access policies, the key is not RSA, the vault's firewall refuses, the key may not encrypt
and decrypt (or is disabled or out of date), or the role was given to another identity.
"""

from wizard.cloud.roles import ADMINISTRATOR, CRYPTO_OFFICER, CRYPTO_USER
from wizard.cloud.snapshot import Snapshot, take
from wizard.procedure.step import Work
from wizard.rules import Finding, key_fits, vault_fits


async def lasting_cause(work: Work) -> Finding | None:
    """What is wrong for good, from what Azure shows now; None where only time is missing. Raises AzureError."""
    snapshot = await take(work.azure, work.target)
    found = [*vault_fits(work.target, snapshot), *key_fits(work.target, snapshot), *_role(work, snapshot)]
    return next((finding for finding in found if finding.level == "error"), None)


def _role(work: Work, snapshot: Snapshot) -> list[Finding]:
    own = work.target.own
    roles = (CRYPTO_USER, CRYPTO_OFFICER, ADMINISTRATOR)
    principal, vault = snapshot.identity_principal, work.target.vault_id
    if principal and any(g.gives(role, principal, vault) for g in snapshot.identity_grants for role in roles):
        return []
    return [
        Finding(
            "error",
            "identity-role-missing",
            f"The identity {own.identity.name} holds no role on {own.vault.name} that lets it encrypt and decrypt.",
            "Start again: the plan gives it Key Vault Crypto User.",
        )
    ]

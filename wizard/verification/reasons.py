"""The reason of each check in a few words, for tables that have no room for its message."""

from collections.abc import Iterable, Sequence

from wizard.verification.report import CENTRAL, Check
from wizard.verification.verdict import EXPECTED

REASONS = {
    CENTRAL: "no KMS key",
    "cluster-healthy": "last operation failed",
    "cluster-running": "stopped",
    "cluster-version": "needs 1.33",
    "cluster-unlocked": "ReadOnly lock on the cluster",
    "infrastructure-encryption": "not migrated",
    "builtin-policy": "Azure Policy reports it",
    "key-id-versionless": "key identifier names a version",
    "key-exists": "key does not exist",
    "key-type": "key cannot encrypt",
    "key-operations": "key may not encrypt and decrypt",
    "key-enabled": "key disabled",
    "key-not-before": "key not active yet",
    "key-expiry": "key expired",
    "key-pickup": "newest key version not in use",
    "key-rotation-policy": "key expires without rotation",
    "vault-exists": "vault does not exist",
    "vault-named": "cluster names another vault, or none",
    "vault-tenant": "vault in another tenant",
    "vault-reachable": "cluster cannot reach the vault",
    "vault-private": "vault firewall allows public access",
    "vault-rbac": "vault uses access policies",
    "vault-soft-delete": "vault without soft-delete",
    "vault-purge-protection": "vault without purge protection",
    "vault-lock": "vault not protected from deletion",
    "vault-audit-log": "use of the key is not logged",
    "identity-attached": "no user-assigned identity",
    "identity-exists": "identity does not exist",
    "identity-role": "identity has no role on the vault",
    "identity-access-policy": "identity has no access policy",
    "identity-not-denied": "deny assignment blocks the identity",
    "access-key-use": "who can use the key",
    "access-key-destroy": "who can destroy the key",
    "access-grant": "who can grant access to the key",
    "code-signs": "owned by infrastructure code",
    "code-complete-mode": "a deployment may delete resources",
    "code-took-key": "infrastructure code took the key away",
    "inside-reached": "API server not reached",
    "inside-kms-providers": "KMS plugin not healthy",
    "inside-metrics": "metrics report no encryption",
    "inside-canary-written": "canary secret not written",
    "inside-canary-read": "canary secret not read",
    "inside-canary-removed": "canary secret not removed",
    "inside-canary-encrypted": "canary secret not encrypted",
    "inside-plain-reads": "secrets are stored without encryption",
    "inside-one-key": "secrets under several keys",
    "inside-kms-errors": "KMS plugin reports errors",
    **dict.fromkeys(EXPECTED, "not as in the answers file"),
}
"""What is wrong if a check does not pass, by its code."""

_WARNINGS = {
    CENTRAL: "not migrated",
    "cluster-healthy": "operation in progress",
    "key-expiry": "key expires soon",
    "key-pickup": "rotation pending",
}
"""The same if it is only a warning, where that is something else."""

_UNKNOWN = {CENTRAL: "operation not completed"}
"""What is inconclusive although everything was read, where the code of the check does not say it."""


def reason(check: Check) -> str:
    """Return why a check did not pass, in a few words: `key disabled`, `not certain: locks not read`."""
    named = check.code.replace("-", " ")
    if check.outcome == "unknown":
        unread = f"{check.unread.removeprefix('the ')} not read" if check.unread else ""
        return f"not certain: {unread or _UNKNOWN.get(check.code, named)}"
    usual = REASONS.get(check.code, named)
    return _WARNINGS.get(check.code, usual) if check.outcome == "warning" else usual


def reasons(checks: Iterable[Check]) -> tuple[str, ...]:
    """Return the reasons of these checks, each once."""
    return tuple(dict.fromkeys(map(reason, checks)))


def joined(found: Sequence[str], most: int = 2) -> str:
    """Return the first reasons, and how many others there are: `key expired, vault without soft-delete +2`."""
    more = f" +{len(found) - most}" if len(found) > most else ""
    return ", ".join(found[:most]) + more

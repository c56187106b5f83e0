"""Which checks decide the verdict on a cluster, by how its secrets are encrypted. This is the only place that says so.

A cluster is `verified` if every check that decides was made and none failed, `not-verified` if one failed, and
`not-certain` if none failed but one could not be made or was inconclusive. A new check has to be entered here.
docs/verification.md explains the table to users; a test compares the two.
"""

from collections.abc import Iterable
from typing import Literal

from wizard.cloud.encryption import EncryptionKind

Verdict = Literal["verified", "not-verified", "not-certain"]

_OWN_KEY = (
    "encryption-enabled",
    "key-id-versionless",
    "key-exists",
    "key-type",
    "key-operations",
    "key-enabled",
    "key-not-before",
    "key-expiry",
    "vault-exists",
    "vault-named",
    "vault-tenant",
    "vault-reachable",
    "identity-attached",
    "identity-exists",
    "identity-role",
)

ESSENTIAL: dict[EncryptionKind, frozenset[str]] = {
    "none": frozenset({"encryption-enabled"}),
    "platform-managed": frozenset({"encryption-enabled"}),
    "customer-managed": frozenset(_OWN_KEY),
    "legacy-kms": frozenset(_OWN_KEY),
}
"""Checks without which nothing is verified: each must be made, and none can be left out."""

INSTEAD = {"identity-access-policy": "identity-role"}
"""Checks that replace an essential one: a key vault uses either access policies or Azure RBAC."""

EXPECTED = frozenset(
    {
        "expected-cluster",
        "expected-key-option",
        "expected-key",
        "expected-network-access",
        "expected-identity",
        "expected-key-kind",
        "expected-rotation",
        "expected-vault",
        "expected-purge-protection",
    }
)
"""Essential as well, if the cluster is compared with an answers file."""

OPTIONAL = frozenset(
    {
        "cluster-healthy",
        "cluster-running",
        "cluster-version",
        "cluster-unlocked",
        "infrastructure-encryption",
        "key-pickup",
        "key-rotation-policy",
        "vault-private",
        "vault-rbac",
        "vault-soft-delete",
        "vault-purge-protection",
        "vault-lock",
        "identity-not-denied",
    }
)
"""Checks that decide the verdict unless the operator leaves them out: an auditor may lack the permission to read
locks or deny assignments."""

SUPPLEMENTARY = frozenset(
    {
        "builtin-policy",
        "access-key-use",
        "access-key-destroy",
        "access-grant",
        "vault-audit-log",
        "code-signs",
        "code-complete-mode",
        "code-took-key",
        "inside-reached",
        "inside-kms-providers",
        "inside-metrics",
        "inside-canary-written",
        "inside-canary-read",
        "inside-canary-removed",
        "inside-canary-encrypted",
        "inside-plain-reads",
        "inside-one-key",
        "inside-kms-errors",
    }
)
"""Checks that count only if they fail. Those on access and on infrastructure code inform, and need reads that an auditor may
not be allowed. Those from inside the cluster add proof to what Azure reports: without them, the
verdict is the one from outside."""

_ALWAYS = frozenset[str]().union(*ESSENTIAL.values(), INSTEAD, EXPECTED)

CODES = _ALWAYS | OPTIONAL | SUPPLEMENTARY
"""Every check there is."""

TRANSIENT = frozenset({"transient", "unreachable"})
"""Kinds of problems after which the same read may succeed a little later."""


def is_essential(code: str) -> bool:
    """Whether a check may never be left out."""
    return code in _ALWAYS


def decides(code: str) -> bool:
    """Whether a check that could not be made leaves the verdict open. One of an unknown code does."""
    return code not in SUPPLEMENTARY


def missing(kind: EncryptionKind, made: Iterable[str]) -> frozenset[str]:
    """The essential checks of a cluster encrypted like this that are not among those made."""
    return ESSENTIAL[kind] - {INSTEAD.get(code, code) for code in made}

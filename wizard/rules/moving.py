"""A cluster that is encrypted already and moves: what it still needs, and what is in its way."""

from collections.abc import Iterator

from wizard.rules.finding import Finding
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target


def from_a_key(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster that leaves a customer's key still needs it for a while; how-to, "Migrate between key management options"."""
    before = snapshot.cluster_state.encryption
    if not snapshot.cluster_state.leaves_its_key(target):
        return
    yield Finding(
        "warning",
        "old-key-still-needed",
        f"{target.answers.cluster.name} uses {before.key_name} now. AKS needs that key until every secret is encrypted anew.",
        "Do not delete or disable the old key, its vault or the old identity's roles; keep them until you have verified the "
        "cluster from inside (`aks-kms verify --in-cluster`) and no backup needs them.",
    )


def from_legacy(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Leaving the legacy experience: AKS rewrites every secret (migration article)."""
    before = snapshot.cluster_state.encryption
    if before.kind != "legacy-kms" or snapshot.cluster_state.matches(target):
        return
    yield Finding(
        "warning",
        "legacy-migration",
        f"{target.answers.cluster.name} leaves the legacy KMS experience; AKS rewrites every secret while it migrates.",
        "Disable policies that block updating secrets first (admission webhooks, Kyverno, Gatekeeper). The legacy "
        "experience cannot be gone back to.",
    )


def secrets_are_rewritten(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Azure Policy's add-on (Gatekeeper) may forbid what AKS does to secrets: migration article, "Any policy to block
    updating secrets should be disabled first"."""
    if not snapshot.cluster_state.policy_add_on or converged(target, snapshot):
        return
    yield Finding(
        "warning",
        "secret-policies",
        f"{target.answers.cluster.name} runs the Azure Policy add-on; a policy of it that blocks updating secrets would keep "
        "AKS from encrypting those that exist.",
        "Look for one (kubectl get constraints), and exempt updates of secrets while AKS works.",
    )

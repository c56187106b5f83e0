"""Migration of a cluster that is already encrypted: what it still needs, and what can block it."""

from collections.abc import Iterator

from wizard.rules.finding import Finding, rule
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target


@rule
def old_key(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report that a cluster still needs the old key for a while; how-to, "Migrate between key management options"."""
    before = snapshot.cluster_state.encryption
    if not snapshot.cluster_state.leaves_its_key(target):
        return
    yield Finding(
        "warning",
        "old-key-still-needed",
        f"{target.answers.cluster.name} uses the key {before.key_label} now. AKS needs that key until all secrets are re-encrypted.",
        "Keep the old key enabled, its vault, and the old identity's role assignments until no backup needs them and the cluster "
        f"is verified from inside: aks-kms verify {target.cluster_args} --in-cluster",
    )


@rule
def legacy_kms(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a migration from the legacy experience: AKS rewrites every secret (migration article)."""
    before = snapshot.cluster_state.encryption
    if before.kind != "legacy-kms" or snapshot.cluster_state.matches(target):
        return
    yield Finding(
        "warning",
        "legacy-migration",
        f"{target.answers.cluster.name} migrates from legacy KMS. AKS rewrites every secret during the migration.",
        "First disable policies that block updates of secrets (admission webhooks, Kyverno, Gatekeeper). You cannot "
        "return to the legacy experience.",
    )


@rule
def policy_add_on(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report the Azure Policy add-on (Gatekeeper), which may block what AKS does to secrets.

    Migration article: "Any policy to block updating secrets should be disabled first".
    """
    if not snapshot.cluster_state.policy_add_on or converged(target, snapshot):
        return
    yield Finding(
        "warning",
        "secret-policies",
        f"{target.answers.cluster.name} runs the Azure Policy add-on. A policy that blocks updates of secrets prevents "
        "AKS from encrypting existing secrets.",
        "Look for such a policy (`kubectl get constraints`), and exempt updates of secrets during the run.",
    )

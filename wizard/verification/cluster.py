"""The checks on the managed cluster itself."""

from collections.abc import Iterator

from wizard.cloud.arm import dig
from wizard.cloud.bodies import kubernetes_version
from wizard.cloud.encryption import provisioning_state, settings_state
from wizard.cloud.locks import Lock
from wizard.cloud.versions import LEGACY_KMS_V2, OLDEST, version_of
from wizard.system.sanitize import shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.make_check import make_check, unknown_check
from wizard.verification.report import CENTRAL, Check, Outcome

BUILT_IN_POLICY = "dbbdc317-9734-4dd8-9074-993b29c69008"
"""Azure Policy's definition "Azure Kubernetes Clusters should enable Key Management Service (KMS)". Its rule, as of
v1.1.0, asks for `azureKeyVaultKms.enabled` alone: docs/azure.md#fleets."""


def cluster_checks(e: Evidence) -> Iterator[Check]:
    """Yield the checks on its state, version, encryption and locks."""
    yield from _state(e)
    yield from _encryption(e)
    yield _locked(e)


def _state(e: Evidence) -> Iterator[Check]:
    state, stands = provisioning_state(e.cluster), settings_state(e.cluster)
    power = str(dig(e.cluster, "properties", "powerState", "code") or "Running")
    outcome: Outcome = "passed" if state == "Succeeded" else "failed" if stands == "failed" else "warning"
    yield make_check(
        "cluster-healthy",
        "cluster",
        outcome,
        "The cluster's last operation succeeded.",
        f"The cluster's last operation failed ({state})."
        if outcome == "failed"
        else f"An operation on the cluster is in progress ({state}).",
        f"provisioningState: {state}",
        _repair(e) if outcome == "failed" else _wait(e),
    )
    yield make_check(
        "cluster-running",
        "cluster",
        True if power.casefold() == "running" else "warning",
        "The cluster is running.",
        f"The cluster is {power.lower()}: secrets stay encrypted, but it cannot be changed or checked from inside.",
        f"powerState: {power}",
        f"az aks start {e.cluster_args}",
    )
    version = kubernetes_version(e.cluster)
    numbers = version_of(version)
    enough: Outcome = "unknown" if not numbers else "passed" if numbers >= OLDEST else "warning"
    yield make_check(
        "cluster-version",
        "cluster",
        enough,
        f"Kubernetes {version} supports KMS data encryption.",
        f"Kubernetes {version} is older than 1.33, which KMS data encryption needs."
        if numbers
        else "Azure does not return the Kubernetes version of the cluster. KMS data encryption needs 1.33 or later.",
        f"currentKubernetesVersion: {version or 'not set'}",
        f"Upgrade it to 1.33 or later, one minor version at a time: az aks get-upgrades {e.cluster_args} --output table"
        if numbers
        else f"Read the version again: az aks show {e.cluster_args} --query currentKubernetesVersion",
    )


def _encryption(e: Evidence) -> Iterator[Check]:
    kind, stands = e.encryption.kind, settings_state(e.cluster)
    outcome: Outcome = "failed" if kind == "none" else "warning" if kind == "legacy-kms" else "passed"
    infrastructure = f"infrastructureEncryption: {'Enabled' if e.encryption.infrastructure else 'not set'}"
    settings = f"{infrastructure}, azureKeyVaultKms.enabled: {str(e.encryption.kms_enabled).lower()}"
    if kind != "none" and stands != "effective":
        yield make_check(
            CENTRAL,
            "cluster",
            "unknown",
            "",
            "The settings request encryption with a KMS key. It is not certain that all secrets are encrypted with it"
            + (
                ": the cluster's last operation did not complete."
                if stands == "failed"
                else " yet: an operation on the cluster is in progress, and Azure reports the requested settings before "
                "they take effect."
            ),
            f"{settings}, provisioningState: {provisioning_state(e.cluster)}",
            _repair(e) if stands == "failed" else _wait(e),
        )
        return
    yield make_check(
        CENTRAL,
        "cluster",
        outcome,
        "Secrets are encrypted with a KMS key.",
        "Secrets are not encrypted with a KMS key."
        if kind == "none"
        else "Secrets are encrypted by legacy KMS: its key is not rotated automatically, and secrets must be rewritten "
        "manually.",
        settings,
        "Select this cluster in the wizard, or run `aks-kms apply -f FILE`; `aks-kms answers example platform-managed` prints "
        "a file to start from."
        if kind == "none"
        else _migration(e),
    )
    if kind != "none":
        yield make_check(
            "infrastructure-encryption",
            "cluster",
            True if e.encryption.infrastructure else "warning",
            "Infrastructure encryption of Kubernetes objects is enabled.",
            "Infrastructure encryption of Kubernetes objects is not enabled: this is legacy KMS.",
            infrastructure,
            "Migrate to KMS data encryption with the wizard.",
        )
    if kind == "platform-managed":
        yield make_check(
            "builtin-policy",
            "cluster",
            "note",
            "If Azure Policy's built-in definition for KMS is assigned, it reports this cluster as non-compliant: a false "
            "positive, because it checks for customer-managed keys only.",
            "",
            f"policy definition {BUILT_IN_POLICY} checks azureKeyVaultKms.enabled only; "
            "exempt the cluster from it",
        )


def _migration(e: Evidence) -> str:
    """Return how to migrate from legacy KMS. KMS v1 cannot be migrated: docs/azure.md#refusals-of-the-aks-resource-provider, and the migration article."""
    version = version_of(kubernetes_version(e.cluster))
    if version and version < LEGACY_KMS_V2:
        return (
            f"KMS v1, which Kubernetes before 1.27 uses, cannot be migrated directly. Turn it off (`az aks update {e.cluster_args} "
            "--disable-azure-keyvault-kms`), rewrite all secrets (`kubectl get secrets --all-namespaces -o json | kubectl "
            "replace -f -`), upgrade to 1.33 or later, then run the wizard. Keep the key until then."
        )
    return "Migrate to KMS data encryption: select this cluster in the wizard, or write an answers file and run `aks-kms apply -f answers.yaml`."


def _locked(e: Evidence) -> Check:
    """Return the check for ReadOnly locks, which block every update of the cluster, including rotation and migration."""
    if e.locks is None:
        return unknown_check("cluster-unlocked", "cluster", "the locks", e.unreadable.get("locks"))
    id_ = str(e.cluster.get("id", ""))
    nodes = str(dig(e.cluster, "properties", "nodeResourceGroup") or "")
    node_group = f"/subscriptions/{id_.split('/')[2]}/resourceGroups/{nodes}" if nodes and "/" in id_ else ""
    held = [
        lock
        for lock in e.locks
        if lock.read_only and (lock.covers(id_) or (node_group and lock.covers(node_group)))
    ]
    return make_check(
        "cluster-unlocked",
        "cluster",
        "warning" if held else True,
        "No lock blocks updates of the cluster.",
        "A ReadOnly lock blocks every update of the cluster: it can be neither upgraded nor migrated.",
        "; ".join(f"lock {lock.name} ({lock.level}) on {lock.scope}" for lock in held),
        f"Ask an owner to remove it for an update, and to create it again afterwards: az lock delete --ids {_id_of(held[0])}"
        if held
        else "",
    )


def _id_of(lock: Lock) -> str:
    return shell_word(f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}")


def _repair(e: Evidence) -> str:
    return (
        "Apply the same plan again, which repairs a failed encryption. To see what failed: az aks show "
        f"{e.cluster_args} --query '[provisioningState,status]'"
    )


def _wait(e: Evidence) -> str:
    """Return what to do while an operation is in progress."""
    if provisioning_state(e.cluster) == "Deleting":
        return (
            f"The cluster is being deleted. To wait until it is gone: az aks wait {e.cluster_args} --deleted"
        )
    return f"Wait for the operation to end, then verify again: az aks wait {e.cluster_args} --updated"

"""The checks on the managed cluster itself."""

from collections.abc import Iterator

from wizard.cloud.arm import dig
from wizard.cloud.encryption import settings_state
from wizard.cloud.locks import Lock
from wizard.cloud.versions import LEGACY_KMS_V2, OLDEST, version_of
from wizard.system.sanitize import sanitize, shell_word
from wizard.verification.evidence import Evidence
from wizard.verification.judge import make_check, unknown_check
from wizard.verification.report import CENTRAL, Check, Outcome

BUILT_IN_POLICY = "dbbdc317-9734-4dd8-9074-993b29c69008"
"""Azure Policy's definition "Azure Kubernetes Clusters should enable Key Management Service (KMS)". Its rule, as of
v1.1.0, asks for `azureKeyVaultKms.enabled` alone: AZURE.md §8."""


def cluster_checks(e: Evidence) -> Iterator[Check]:
    """Its state, its version, its encryption, and what would stand in the way of a change."""
    yield from _state(e)
    yield from _encryption(e)
    yield _locked(e)


def _state(e: Evidence) -> Iterator[Check]:
    state, stands = _provisioning(e), settings_state(e.cluster)
    power = str(dig(e.cluster, "properties", "powerState", "code") or "Running")
    outcome: Outcome = "passed" if state == "Succeeded" else "failed" if stands == "failed" else "warning"
    yield make_check(
        "cluster-healthy",
        "cluster",
        outcome,
        "The cluster's last operation succeeded.",
        f"The cluster's last operation failed ({state})."
        if outcome == "failed"
        else f"An operation on the cluster is under way ({state}).",
        f"provisioningState: {state}",
        _REPAIR if outcome == "failed" else _wait(e),
    )
    name, group = sanitize(str(e.cluster.get("name", ""))), _group(e)
    yield make_check(
        "cluster-running",
        "cluster",
        True if power.casefold() == "running" else "warning",
        "The cluster is running.",
        f"The cluster is {power.lower()}: what is encrypted stays so, and nothing can be changed or looked at inside.",
        f"powerState: {power}",
        f"az aks start --resource-group {shell_word(group)} --name {name}",
    )
    version = str(dig(e.cluster, "properties", "currentKubernetesVersion") or "")
    enough: Outcome = "passed" if version_of(version) >= OLDEST else "warning"
    yield make_check(
        "cluster-version",
        "cluster",
        enough,
        f"Kubernetes {version} knows KMS data encryption.",
        f"Kubernetes {version} is older than 1.33, which KMS data encryption needs.",
        f"currentKubernetesVersion: {version}",
        f"az aks get-upgrades --resource-group {shell_word(group)} --name {name}, then az aks upgrade, one minor version at a time, to "
        "1.33 or later.",
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
            "The settings ask for encryption with a KMS key. Whether all secrets are encrypted with it is not certain"
            + (
                ": the operation on the cluster that would tell did not come to its end."
                if stands == "failed"
                else " yet: an operation on the cluster is under way, and Azure shows what was asked for from its "
                "beginning on, whatever the operation is about."
            ),
            f"{settings}, provisioningState: {_provisioning(e)}",
            _REPAIR if stands == "failed" else _wait(e),
        )
        return
    yield make_check(
        CENTRAL,
        "cluster",
        outcome,
        "Secrets are encrypted with a KMS key.",
        "Secrets are not encrypted with a KMS key."
        if kind == "none"
        else "Secrets are encrypted by the legacy KMS experience: its key is never rotated by itself, and secrets must be "
        "rewritten by hand.",
        settings,
        "Choose this cluster in the wizard, or write an answers file (`aks-kms answers example`) and `aks-kms apply` it."
        if kind == "none"
        else _migration(e),
    )
    if kind != "none":
        yield make_check(
            "infrastructure-encryption",
            "cluster",
            True if e.encryption.infrastructure else "warning",
            "Infrastructure encryption of Kubernetes objects is on.",
            "Infrastructure encryption of Kubernetes objects is not on: this is the legacy KMS experience.",
            infrastructure,
            "Migrate to KMS data encryption with the wizard.",
        )
    if kind == "platform-managed":
        yield make_check(
            "builtin-policy",
            "cluster",
            "note",
            "Where Azure Policy's built-in rule for KMS is assigned, it calls this cluster non-compliant: a false alarm, "
            "for it knows customer-managed keys only.",
            "",
            f"policy definition {BUILT_IN_POLICY} looks at azureKeyVaultKms.enabled and at nothing else; "
            "exempt the cluster (`az policy exemption create`)",
        )


def _migration(e: Evidence) -> str:
    """The way from legacy KMS to the new experience. KMS v1 has none: AKS:use-kms-v2, and the migration article."""
    version = version_of(str(dig(e.cluster, "properties", "currentKubernetesVersion") or ""))
    if version < LEGACY_KMS_V2:
        return (
            "KMS v1, which Kubernetes before 1.27 uses, cannot be migrated at once: turn it off (`az aks update "
            "--disable-azure-keyvault-kms`), rewrite all secrets (`kubectl get secrets --all-namespaces -o json | kubectl "
            "replace -f -`), upgrade to 1.33 or later, then run the wizard. Keep the key until that is done."
        )
    return "Migrate to KMS data encryption: choose this cluster in the wizard, or `aks-kms apply` an answers file for it."


def _locked(e: Evidence) -> Check:
    """A ReadOnly lock forbids every update of the cluster, a rotation's and a migration's included."""
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
        "No lock stands in the way of an update of the cluster.",
        "A ReadOnly lock forbids every update of the cluster: it can be neither upgraded nor migrated.",
        "; ".join(f"lock {lock.name} ({lock.level}) on {lock.scope}" for lock in held),
        f"az lock delete --ids {_id_of(held[0])}   (for the time of the update)" if held else "",
    )


def _id_of(lock: Lock) -> str:
    return shell_word(f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}")


_REPAIR = "Look at the last operation (`az aks show`); starting the same plan again repairs an encryption that failed."


def _wait(e: Evidence) -> str:
    """What to do while an operation is under way."""
    name, group = sanitize(str(e.cluster.get("name", ""))), _group(e)
    return (
        f"Wait until the operation has ended (`az aks wait --name {name} --resource-group {shell_word(group)} --updated` waits for "
        "provisioningState Succeeded), then verify again."
    )


def _provisioning(e: Evidence) -> str:
    return str(dig(e.cluster, "properties", "provisioningState") or "unknown")


def _group(e: Evidence) -> str:
    parts = str(e.cluster.get("id", "")).split("/")
    return sanitize(parts[4]) if len(parts) > 4 else ""

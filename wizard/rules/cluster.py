"""The managed cluster: existence, version, state, and the quota for a new one."""

from collections.abc import Iterator

from wizard.cloud.arm import same
from wizard.cloud.compute import ALL_VCPUS
from wizard.cloud.encryption import Encryption
from wizard.cloud.versions import LEGACY_KMS_V2, OLDEST, version_of
from wizard.rules.finding import Finding, rule
from wizard.state.comparison import converged, may_use_key
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

_FEWEST_VCPUS = 2
"""The vCPUs of the smallest node of a system pool (docs/azure.md#vm-sizes-and-quotas); AKS chooses the default size itself."""


@rule
def exists(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that a cluster to update exists, and that a new one does not (unless this plan has created it)."""
    answers = target.answers
    name = answers.cluster.name
    if answers.cluster.create is False and snapshot.cluster is None:
        yield Finding(
            "error",
            "cluster-not-found",
            f"The cluster {name} does not exist in the resource group {answers.resource_group}.",
            "Check cluster.name, resource_group and subscription (`aks-kms clusters` lists the clusters), or create a new one "
            "with cluster.create: true.",
        )
    if (
        answers.cluster.create is not False
        and snapshot.cluster is not None
        and snapshot.cluster_state.encryption.kind == "none"
    ):
        yield Finding(
            "error",
            "cluster-exists",
            f"The cluster {name} already exists in {answers.resource_group} and is not encrypted.",
            "Choose another name, or encrypt the existing cluster with cluster.create: false.",
        )


@rule
def version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check the running version. How-to, note under each "existing cluster": Kubernetes 1.33 or later.

    A cluster before 1.27 with legacy KMS uses its version 1, which blocks upgrades and cannot be migrated
    (docs/azure.md#refusals-of-the-aks-resource-provider): KMS has to be disabled, the cluster upgraded, and then encrypted.
    """
    if snapshot.cluster is None:
        return
    name = target.answers.cluster.name
    running = snapshot.cluster_state.version
    if not version_of(running):
        yield Finding(
            "warning",
            "cluster-version-unknown",
            f"Azure does not return the Kubernetes version of {name}; KMS data encryption requires 1.33 or later.",
            f"Check the version: az aks show {target.cluster_args} --query '[kubernetesVersion,currentKubernetesVersion]'",
        )
        return
    if version_of(running) >= OLDEST:
        return
    if snapshot.cluster_state.encryption.kms_enabled and version_of(running) < LEGACY_KMS_V2:
        yield Finding(
            "error",
            "legacy-kms-v1",
            f"{name} runs Kubernetes {sanitize(running)} with legacy KMS version 1, which cannot be migrated.",
            f"Disable KMS (`az aks update {target.cluster_args} --disable-azure-keyvault-kms`), rewrite all secrets "
            "(`kubectl get secrets -A -o json | kubectl replace -f -`), upgrade to 1.33 or later, one minor version at a "
            "time, then plan again. Keep the old key until then.",
        )
        return
    yield Finding(
        "error",
        "cluster-version-too-old",
        f"{name} runs Kubernetes {sanitize(running)}; KMS data encryption requires 1.33 or later.",
        f"Upgrade the cluster first, one minor version at a time{_path(running)}: az aks get-upgrades {target.cluster_args} -o table",
    )


def _path(running: str) -> str:
    """Return ` (1.31 → 1.32 → 1.33)`; an empty string if the version cannot be parsed."""
    now = version_of(running)
    if len(now) < 2 or now[0] != OLDEST[0]:
        return ""
    minors = [f"1.{minor}" for minor in range(now[1], OLDEST[1] + 1)]
    return f" ({' → '.join(minors if len(minors) < 6 else [*minors[:2], '…', *minors[-2:]])})"


@rule
def new_version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the region offers the version of a new cluster, and that it is 1.33 or later."""
    new = target.answers.cluster.create
    region = target.answers.location
    if new is False or snapshot.cluster is not None:
        return
    if snapshot.regions and region.casefold() not in snapshot.regions:
        return  # reported by another rule
    offered = {row.version: row for row in snapshot.versions}
    if new.kubernetes_version is None:
        if not any(not row.preview and not row.lts_only for row in snapshot.versions):
            yield Finding(
                "error",
                "no-version-offered",
                f"{region} offers no Kubernetes version 1.33 or later that is neither a preview nor LTS-only.",
                "Choose another region, or set a version in cluster.create.kubernetes_version.",
            )
        return
    asked = new.kubernetes_version
    minor = ".".join(asked.split(".")[:2])
    if version_of(asked) < OLDEST:
        yield Finding(
            "error",
            "cluster-version-too-old",
            f"Kubernetes {asked} is too old; KMS data encryption requires 1.33 or later.",
            f"Choose one of {', '.join(offered) or '1.33 or later'}, or omit cluster.create.kubernetes_version.",
        )
    elif minor not in offered:
        yield Finding(
            "error",
            "version-not-offered",
            f"{region} does not offer Kubernetes {asked}.",
            f"Choose one of {', '.join(offered)}, or omit cluster.create.kubernetes_version.",
        )
    elif offered[minor].lts_only:
        yield Finding(
            "error",
            "version-lts-only",
            f"Kubernetes {asked} is offered in {region} with long-term support only, which clusters created by this tool do not have.",
            f"Choose one of {', '.join(v for v, row in offered.items() if not row.lts_only)}; or create the cluster in "
            "another way (with --tier premium --k8s-support-plan AKSLongTermSupport) and encrypt it with this tool.",
        )
    elif offered[minor].preview:
        yield Finding(
            "warning",
            "version-preview",
            f"Kubernetes {asked} is a preview in {region}.",
            "Do not use it in production.",
        )


@rule
def state(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the cluster is running and that no other operation is in progress: docs/azure.md#refusals-of-the-aks-resource-provider."""
    if snapshot.cluster is None:
        return
    name = target.answers.cluster.name
    if snapshot.cluster_state.stopped:
        yield Finding(
            "error",
            "cluster-stopped",
            f"{name} is stopped; a stopped cluster can only be started or deleted.",
            f"az aks start {target.cluster_args}",
        )
    now = snapshot.cluster_state.provisioning_state
    if snapshot.cluster_state.at_rest:
        return
    if snapshot.cluster_state.deleting:
        yield Finding(
            "error",
            "cluster-deleting",
            f"{name} is being deleted.",
            f"Choose another cluster. To use the name again, wait until it is gone: az aks wait {target.cluster_args} --deleted",
        )
    elif snapshot.cluster_state.matches(target):
        yield Finding(
            "info",
            "cluster-under-way",
            f"{name} already has the requested settings, and an operation is in progress ({sanitize(now)}). The run "
            "follows it.",
        )
    else:
        yield Finding(
            "error",
            "cluster-busy",
            f"Another operation on {name} is in progress ({sanitize(now)}).",
            f"{stuck(target)} Otherwise wait until it finishes, then plan again: az aks wait {target.cluster_args} --updated",
        )


def stuck(target: Target) -> str:
    """Return what to do about an operation that does not finish, in a sentence (Azure/AKS#2341)."""
    args = target.cluster_args
    return (
        f"If it takes much longer than an hour, look at it with `az aks operation show-latest {args}` (extension aks-preview); "
        f"`az aks operation-abort {args}` stops it."
    )


@rule
def failed(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Describe a cluster whose last operation failed: its settings, and what they lack."""
    cluster = snapshot.cluster_state
    if not cluster.failed:
        return
    name = target.answers.cluster.name
    there = cluster.encryption
    match there.kind:
        case "none":
            settings = "its settings have no KMS encryption"
        case "platform-managed":
            settings = "its settings request a platform-managed key"
        case _:
            settings = f"its settings request the key {there.key_label} ({there.network_access or 'access unspecified'})"
    said = sanitize(cluster.provisioning_error)
    missing = _missing(target, snapshot, there)
    yield Finding(
        "warning",
        "cluster-failed",
        f"The last operation on {name} {'failed' if cluster.provisioning_state == 'Failed' else 'was canceled'}; {settings}."
        + (f" Missing: {', '.join(missing)}." if missing else "")
        + (f" Azure said: {said}" if said else ""),
        "This plan creates the missing resources and re-applies the cluster update, which repairs the cluster."
        if missing
        else "This plan re-applies the cluster update, which often repairs the cluster. First check what failed.",
    )


@rule
def upgrade(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report an upgrade that is pending or has failed: the update of the cluster may resume it (Azure/AKS#2055)."""
    cluster, name = snapshot.cluster_state, target.answers.cluster.name
    if not cluster.pending_upgrades or converged(target, snapshot):
        return
    what, requested, running = cluster.pending_upgrades[0]
    where = f"the node pool {sanitize(what)} of {name}" if what else name
    yield Finding(
        "warning",
        "upgrade-pending",
        f"The settings of {where} request Kubernetes {sanitize(requested)}, but it runs {sanitize(running)}. This update may "
        "resume the upgrade.",
        f"Finish the upgrade first. To see the versions: az aks show {target.cluster_args} --query "
        "'[kubernetesVersion,currentKubernetesVersion,agentPoolProfiles[].[name,orchestratorVersion,currentOrchestratorVersion]]'",
    )


def _missing(target: Target, snapshot: Snapshot, there: Encryption) -> list[str]:
    """Return what the cluster's settings lack, if they name the same vault, key and identity as the answers."""
    if target.answers.customer_managed is None or not same(there.key_id, target.key_id):
        return []
    own, lacking = target.own, []
    if snapshot.vault is None:
        return [f"the key vault {own.vault.name}"]
    if snapshot.key is None:
        lacking.append(f"the key {own.key.name}")
    if snapshot.identity is None:
        lacking.append(f"the identity {own.identity.name}")
    elif not may_use_key(target, snapshot):
        lacking.append(f"the identity {own.identity.name} may not encrypt and decrypt")
    if same(there.network_access, "Private") and not snapshot.vault_state.trusted_services_may_pass:
        lacking.append(f"the firewall of {own.vault.name} blocks trusted services")
    return lacking


@rule
def quota(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the quota allows one more cluster in the region: docs/azure.md#refusals-of-the-aks-resource-provider, ManagedClusterCountExceedsQuotaLimit."""
    if target.answers.cluster.create is False or snapshot.cluster is not None or snapshot.quota is None:
        return
    if snapshot.quota.used >= snapshot.quota.limit:
        region = target.answers.location
        yield Finding(
            "error",
            "quota-reached",
            f"The subscription has {snapshot.quota.used} clusters in {region}, and its quota is {snapshot.quota.limit}.",
            f"Request a higher quota (portal: Quotas), choose another region, or delete a cluster: az aks list --subscription {target.answers.subscription} --query \"[?location=='{region}'].id\"",
        )


@rule
def node_size(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the region offers the nodes' VM size, and that the vCPU quotas allow the nodes: docs/azure.md#vm-sizes-and-quotas."""
    new, size = target.answers.cluster.create, snapshot.node_size
    if new is False or snapshot.cluster is not None:
        return
    region = target.answers.location
    place = f"--location {region} --subscription {target.answers.subscription}"
    if size is not None and not size.available:
        such = f", such as {', '.join(size.similar)}" if size.similar else ""
        yield Finding(
            "error",
            "vm-size-not-available",
            f"The VM size {size.name} is not available to this subscription in {region}.",
            f"Choose another one{such}: az vm list-skus {place} --resource-type virtualMachines --output table",
        )
        return
    each, name = (size.vcpus, size.name) if size else (_FEWEST_VCPUS, "the default size")
    for quota_name in (ALL_VCPUS, *([size.family] if size else [])):
        there = snapshot.vcpus.get(quota_name.casefold())
        if there is not None and new.node_count * each > there.limit - there.used:
            yield Finding(
                "error",
                "vcpu-quota-reached",
                f"{new.node_count} nodes of {name} need {'' if size else 'at least '}{new.node_count * each} vCPUs, but "
                f"the quota {sanitize(quota_name)} in {region} has {max(0, there.limit - there.used)} left.",
                "Request a higher quota (portal: Quotas), choose fewer nodes or another size, or another region: "
                f"az vm list-usage {place} --output table",
            )
            return

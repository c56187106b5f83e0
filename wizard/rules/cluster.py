"""The managed cluster: there or not, new enough, at rest, and whether one more may be made."""

from collections.abc import Iterator

from wizard.cloud.arm import same
from wizard.cloud.encryption import Encryption
from wizard.cloud.versions import LEGACY_KMS_V2, OLDEST, version_of
from wizard.rules.finding import Finding
from wizard.state.comparison import may_use_key
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize, shell_word


def exists(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster that is to be changed exists; one that is to be created does not (unless it is this plan's own)."""
    answers = target.answers
    name = answers.cluster.name
    if answers.cluster.create is False and snapshot.cluster is None:
        yield Finding(
            "error",
            "cluster-not-found",
            f"There is no cluster {name} in the resource group {answers.resource_group}.",
            "Check cluster.name, resource_group and subscription (`aks-kms clusters` lists them), or ask for a new one "
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
            f"The cluster {name} was to be created, but exists in {answers.resource_group}, unencrypted.",
            "Choose another name, or encrypt the existing one with cluster.create: false.",
        )


def version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """How-to, note under each "existing cluster": Kubernetes 1.33 or later; compared on what it runs now.

    A cluster before 1.27 with legacy KMS has its version 1, which no upgrade passes and no migration leads out of
    (AKS:use-kms-v2, "Migrate"): it goes by turning KMS off, upgrading, and coming back.
    """
    if snapshot.cluster is None:
        return
    name, group = target.answers.cluster.name, target.answers.resource_group
    running = snapshot.cluster_state.version
    if version_of(running) >= OLDEST:
        return
    if snapshot.cluster_state.encryption.kms_enabled and version_of(running) < LEGACY_KMS_V2:
        yield Finding(
            "error",
            "legacy-kms-v1",
            f"{name} runs Kubernetes {sanitize(running)} with legacy KMS version 1, from which there is no migration.",
            f"Turn it off (az aks update -n {name} -g {shell_word(group)} --disable-azure-keyvault-kms), write every secret anew "
            "(kubectl get secrets -A -o json | kubectl replace -f -), upgrade to 1.33 or later one minor version at a "
            "time, then plan again. Keep the old key until then.",
        )
        return
    yield Finding(
        "error",
        "cluster-version-too-old",
        f"{name} runs Kubernetes {sanitize(running)}; KMS data encryption needs 1.33 or later.",
        f"Upgrade it first, one minor version at a time{_path(running)}: az aks get-upgrades -n {name} -g {shell_word(group)} -o table",
    )


def _path(running: str) -> str:
    """` (1.31 → 1.32 → 1.33)`; nothing where the version cannot be read."""
    now = version_of(running)
    if len(now) < 2 or now[0] != OLDEST[0]:
        return ""
    minors = [f"1.{minor}" for minor in range(now[1], OLDEST[1] + 1)]
    return f" ({' → '.join(minors if len(minors) < 6 else [*minors[:2], '…', *minors[-2:]])})"


def new_version(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A new cluster's version is one the region offers, 1.33 or later."""
    new = target.answers.cluster.create
    region = target.answers.location
    if new is False or snapshot.cluster is not None:
        return
    if snapshot.regions and region.casefold() not in snapshot.regions:
        return  # another rule says so
    offered = {row.version: row for row in snapshot.versions}
    if new.kubernetes_version is None:
        if not any(not row.preview and not row.lts_only for row in snapshot.versions):
            yield Finding(
                "error",
                "no-version-offered",
                f"{region} offers no Kubernetes version from 1.33 on that is neither preview nor LTS-only.",
                "Choose another region, or name a version in cluster.create.kubernetes_version.",
            )
        return
    asked = new.kubernetes_version
    minor = ".".join(asked.split(".")[:2])
    if version_of(asked) < OLDEST:
        yield Finding(
            "error",
            "cluster-version-too-old",
            f"Kubernetes {asked} is asked for; KMS data encryption needs 1.33 or later.",
            f"Ask for one of {', '.join(offered) or '1.33 or later'}, or leave cluster.create.kubernetes_version out.",
        )
    elif minor not in offered:
        yield Finding(
            "error",
            "version-not-offered",
            f"{region} does not offer Kubernetes {asked}.",
            f"Ask for one of {', '.join(offered)}, or leave cluster.create.kubernetes_version out.",
        )
    elif offered[minor].lts_only:
        yield Finding(
            "error",
            "version-lts-only",
            f"Kubernetes {asked} is offered in {region} under long-term support only, which a cluster made here does not have.",
            f"Ask for one of {', '.join(v for v, row in offered.items() if not row.lts_only)}; or create the cluster by "
            "other means (`az aks create --tier premium --k8s-support-plan AKSLongTermSupport`) and encrypt it here.",
        )
    elif offered[minor].preview:
        yield Finding(
            "warning",
            "version-preview",
            f"Kubernetes {asked} is a preview in {region}.",
            "Not for production.",
        )


def state(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster is changed only while it runs and nothing else is changing it: AZURE.md §1a."""
    if snapshot.cluster is None:
        return
    name, group = target.answers.cluster.name, target.answers.resource_group
    if snapshot.cluster_state.stopped:
        yield Finding(
            "error",
            "cluster-stopped",
            f"{name} is stopped; a stopped cluster can only be started or deleted.",
            f"az aks start -n {name} -g {shell_word(group)}",
        )
    now = snapshot.cluster_state.provisioning_state
    if snapshot.cluster_state.at_rest:
        return
    if snapshot.cluster_state.matches(target):
        yield Finding(
            "info",
            "cluster-under-way",
            f"The settings of {name} are as asked already, and an operation on it is under way ({sanitize(now)}); the run "
            "follows it.",
        )
    else:
        yield Finding(
            "error",
            "cluster-busy",
            f"Another operation on {name} is under way ({sanitize(now)}).",
            f"Wait until it has finished, then plan again: az aks wait -n {name} -g {shell_word(group)} --updated",
        )


def failed(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A cluster that somebody's attempt left half-way: in what state its settings are, and what of them is missing."""
    cluster = snapshot.cluster_state
    if not cluster.ended_badly:
        return
    name = target.answers.cluster.name
    there = cluster.encryption
    match there.kind:
        case "none":
            settings = "its settings ask for no KMS encryption yet"
        case "platform-managed":
            settings = "its settings ask for platform-managed keys"
        case _:
            settings = f"its settings ask for the key {there.key_name} ({there.network_access or 'access unspecified'})"
    said = sanitize(cluster.provisioning_error)
    missing = _missing(target, snapshot, there)
    yield Finding(
        "warning",
        "cluster-failed",
        f"The last operation on {name} {'failed' if cluster.provisioning_state == 'Failed' else 'was canceled'}; {settings}."
        + (f" Missing for that: {', '.join(missing)}." if missing else "")
        + (f" Azure said: {said}" if said else ""),
        "This plan brings what is missing and sends the whole cluster again, which repairs it."
        if missing
        else "This plan sends the whole cluster again, which often repairs it; look at what failed first.",
    )


def _missing(target: Target, snapshot: Snapshot, there: Encryption) -> list[str]:
    """What the cluster's own settings lack, where they name the vault, key and identity that the answers name."""
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
        lacking.append(f"the firewall of {own.vault.name} lets no trusted service pass")
    return lacking


def quota(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """One cluster more is allowed in the region: AKS:quotas-skus-regions; AZURE.md §1a, ManagedClusterCountExceedsQuotaLimit."""
    if target.answers.cluster.create is False or snapshot.cluster is not None or snapshot.quota is None:
        return
    if snapshot.quota.used >= snapshot.quota.limit:
        region = target.answers.location
        yield Finding(
            "error",
            "quota-reached",
            f"The subscription has {snapshot.quota.used} clusters in {region} and may have {snapshot.quota.limit}.",
            f"Ask for more (portal: Quotas), choose another region, or delete a cluster: az aks list --query \"[?location=='{region}'].id\"",
        )

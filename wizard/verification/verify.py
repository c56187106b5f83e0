"""Verifies one managed cluster: reads it and what it depends on, then makes the checks."""

from typing import TYPE_CHECKING

from wizard.cloud.arm import MANAGED_CLUSTER, Json, ResourceId, dig, same
from wizard.cloud.azure import Azure
from wizard.cloud.bodies import kubernetes_version
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import cluster_body
from wizard.errors import AzureError, Problem
from wizard.system.sanitize import sanitize
from wizard.verification.checks import checks
from wizard.verification.evidence import Evidence
from wizard.verification.gather import gather
from wizard.verification.provenance import Provenance
from wizard.verification.report import CENTRAL, Check, ClusterReport, Depth

if TYPE_CHECKING:
    from wizard.answers.model import Answers


async def verify(azure: Azure, cluster_id: str, *, expect: "Answers | None" = None) -> ClusterReport:
    """Return the report on a cluster's encryption as Azure returns it now, compared with `expect` if given.

    Raise AzureError if the cluster does not exist or cannot be read. Anything else that cannot be read becomes a check with
    an unknown outcome.
    """
    try:
        target = ResourceId.parse(cluster_id)
    except ValueError as error:
        raise AzureError(
            Problem("input", f"{error}.", "", "Give the ID that `az aks show --query id` prints.")
        ) from None
    if not same(target.type, MANAGED_CLUSTER):
        raise AzureError(
            Problem(
                "input",
                f"{target.name} is not a managed cluster; its id says {target.type}.",
                "",
                "Give the ID that `az aks show --query id` prints.",
            )
        )
    return await report_on(azure, await cluster_body(azure, target), expect=expect)


async def report_on(azure: Azure, cluster: Json, *, expect: "Answers | None" = None) -> ClusterReport:
    """Return the report on a cluster whose body has been read already."""
    target = ResourceId.parse(str(cluster["id"]))
    evidence = await gather(azure, target, cluster, expect)
    return _report(evidence, checks(evidence), Provenance.of(azure, evidence.now))


def at_a_glance(cluster: Json, vault_suffix: str, provenance: Provenance | None = None) -> ClusterReport:
    """Return the report on a cluster's own settings, at depth `basic`: without the checks that need other resources."""
    evidence = Evidence(cluster, Encryption.of(cluster), None, vault_suffix)
    found = tuple(c for c in checks(evidence) if c.code == CENTRAL or c.outcome != "unknown")
    return _report(evidence, found, provenance, "basic")


def _report(
    evidence: Evidence, found: tuple[Check, ...], provenance: Provenance | None, depth: Depth = "full"
) -> ClusterReport:
    cluster = evidence.cluster
    target = ResourceId.parse(str(cluster["id"]))
    return ClusterReport(
        id=sanitize(str(cluster["id"])),
        name=sanitize(str(cluster.get("name") or target.name)),
        resource_group=target.resource_group,
        subscription=target.subscription,
        kubernetes_version=sanitize(kubernetes_version(cluster)),
        encryption=evidence.encryption.kind,
        checks=found,
        security_profile=dig(cluster, "properties", "securityProfile") or {},
        keep=_keep(evidence.encryption),
        provenance=provenance,
        depth=depth,
        host_encryption=_host_encryption(cluster),
    )


def _host_encryption(cluster: Json) -> bool | None:
    pools = dig(cluster, "properties", "agentPoolProfiles")
    return all(pool.get("enableEncryptionAtHost") is True for pool in pools) if pools else None


def _keep(encryption: Encryption) -> tuple[str, ...]:
    if not encryption.kms_enabled:
        return ()
    vault = encryption.key_name.partition("/")[0]
    return (
        f"The key {encryption.key_label} with all its versions, enabled and unexpired. If you lose it, you lose the cluster's secrets.",
        f"The key vault {vault or 'of the key'} and the cluster's network access to it.",
        "The cluster's user-assigned identity and its role assignments on the key vault.",
    )

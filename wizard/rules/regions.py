"""Regions: where the resources are, and where they cannot be."""

import difflib
from collections.abc import Iterator

from wizard.cloud.arm import dig, same_region
from wizard.rules.finding import Finding, rule
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

WITHOUT_IDENTITIES = frozenset({"usdodcentral", "usdodeast", "usgoviowa"})
"""Regions that do not support creating a cluster with a user-assigned identity: docs/azure.md#cluster-identities."""


@rule
def other_region(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report existing resources in another region than configured; they are kept there."""
    wanted = target.answers.location
    where = snapshot.cluster_state.location
    if where and not same_region(where, wanted):
        yield Finding(
            "info",
            "cluster-region",
            f"{target.answers.cluster.name} is in {sanitize(where)}; new resources are created in {wanted}.",
            f"Set location: {sanitize(where)} to use one region.",
        )
    for group in target.groups:
        there = str(dig(snapshot.groups.get(group.key), "location") or "")
        if there and not same_region(there, wanted):
            yield Finding(
                "info",
                "group-region",
                f"The resource group {group.name} is in {sanitize(there)} and is kept there.",
                "",
            )


@rule
def exists(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that the region of new resources beside an existing cluster exists: docs/azure.md#cluster-identities."""
    wanted = target.answers.location
    all_there = snapshot.vault and snapshot.identity and all(snapshot.groups.values())
    if all_there or not snapshot.locations or any(same_region(wanted, there) for there in snapshot.locations):
        return
    where = sanitize(snapshot.cluster_state.location)
    yield Finding(
        "error",
        "region-unknown",
        f"The region {wanted} does not exist in this subscription.",
        f"Choose the cluster's region, {where}, or another one{_such(wanted, snapshot.locations)}: az account list-locations --output table",
    )


def _such(wanted: str, there: frozenset[str]) -> str:
    near = difflib.get_close_matches(wanted, sorted(there), n=3, cutoff=0.5)
    return f", such as {sanitize(', '.join(near))}" if near else ""


@rule
def aks_available(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that AKS offers clusters in the region of a new one."""
    answers = target.answers
    if answers.cluster.create is False or snapshot.cluster is not None or not snapshot.regions:
        return
    if answers.location.casefold() not in snapshot.regions:
        such = _such(answers.location, snapshot.regions)
        yield Finding(
            "error",
            "region-not-offered",
            f"AKS is not available in {answers.location} for this subscription.",
            f"Choose another region{such}: az provider show --namespace Microsoft.ContainerService --subscription "
            f"{answers.subscription} --query \"resourceTypes[?resourceType=='managedClusters'].locations[]\" -o table",
        )


@rule
def user_assigned_identities(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report regions without user-assigned identities for clusters, which a customer-managed key needs: docs/azure.md#cluster-identities."""
    answers = target.answers
    if answers.customer_managed is None or answers.cluster.create is False or snapshot.cluster is not None:
        return
    if answers.location in WITHOUT_IDENTITIES:
        yield Finding(
            "error",
            "region-without-identities",
            f"In {answers.location} no cluster can be created with a user-assigned identity, which a customer-managed key needs.",
            "Choose another region, or platform-managed keys.",
        )

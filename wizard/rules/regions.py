"""Where things are, and where they cannot be."""

import difflib
from collections.abc import Iterator

from wizard.cloud.arm import dig, same_region
from wizard.rules.finding import Finding
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

WITHOUT_IDENTITIES = frozenset({"usdodcentral", "usdodeast", "usgoviowa"})
"""Regions in which no cluster is created with a user-assigned identity: AKS:user-assigned-managed-identity."""


def elsewhere(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """What exists elsewhere than asked for is kept where it is, and said."""
    wanted = target.answers.location
    where = snapshot.cluster_state.location
    if where and not same_region(where, wanted):
        yield Finding(
            "info",
            "cluster-region",
            f"{target.answers.cluster.name} is in {sanitize(where)}; what is created goes to {wanted}.",
            f"Set location: {sanitize(where)} to keep them together.",
        )
    for group in target.groups:
        there = str(dig(snapshot.groups.get(group.key), "location") or "")
        if there and not same_region(there, wanted):
            yield Finding(
                "info",
                "group-region",
                f"The resource group {group.name} is in {sanitize(there)}, and is kept there.",
                "",
            )


def known(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """What is created beside an existing cluster goes to a region that there is: AZURE.md §5."""
    wanted = target.answers.location
    all_there = snapshot.vault and snapshot.identity and all(snapshot.groups.values())
    if all_there or not snapshot.locations or any(same_region(wanted, there) for there in snapshot.locations):
        return
    where = sanitize(snapshot.cluster_state.location)
    yield Finding(
        "error",
        "region-unknown",
        f"There is no region {wanted} in this subscription.",
        f"Choose that of the cluster, {where}, or another{_such(wanted, snapshot.locations)}: az account list-locations -o table",
    )


def _such(wanted: str, there: frozenset[str]) -> str:
    near = difflib.get_close_matches(wanted, sorted(there), n=3, cutoff=0.5)
    return f", such as {sanitize(', '.join(near))}" if near else ""


def offered(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A new cluster goes where AKS offers one."""
    answers = target.answers
    if answers.cluster.create is False or snapshot.cluster is not None or not snapshot.regions:
        return
    if answers.location.casefold() not in snapshot.regions:
        such = _such(answers.location, snapshot.regions)
        yield Finding(
            "error",
            "region-not-offered",
            f"AKS offers no clusters in {answers.location} to this subscription.",
            f"Choose another region{such}: az account list-locations -o table",
        )


def without_identities(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A few regions create no cluster with a user-assigned identity, which a customer-managed key needs: AZURE.md §5."""
    answers = target.answers
    if answers.customer_managed is None or answers.cluster.create is False or snapshot.cluster is not None:
        return
    if answers.location in WITHOUT_IDENTITIES:
        yield Finding(
            "error",
            "region-without-identities",
            f"In {answers.location} no cluster can be created with a user-assigned identity, which your own key needs.",
            "Choose another region, or platform-managed keys.",
        )

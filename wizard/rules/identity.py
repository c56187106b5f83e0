"""The cluster's identity: the current one, the configured one, and its access to the key."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.cloud.arm import dig, same
from wizard.cloud.bodies import identity_kind
from wizard.cloud.roles import (
    CANNOT_ENCRYPT,
    CRYPTO_USER,
    DECRYPT,
    DNS_ZONE_CONTRIBUTOR,
    ENCRYPT,
    GENERAL,
    MAY_ENCRYPT,
)
from wizard.rules.finding import Finding, rule
from wizard.state.cluster import identity_roles
from wizard.state.comparison import converged, held_since, identity_recreated, may_use_key
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.names import listed
from wizard.system.sanitize import sanitize, shell_word

_PROPAGATED = timedelta(minutes=5)
"""Key Vault says "several minutes" (docs/azure.md#role-assignments)."""


@rule
def kind(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check the kind of identity: a customer-managed key needs a user-assigned one; a service principal is not supported: docs/azure.md#cluster-identities."""
    if snapshot.cluster is None:
        return
    name = target.answers.cluster.name
    match identity_kind(snapshot.cluster):
        case "service principal":
            yield Finding(
                "error",
                "cluster-service-principal",
                f"{name} uses a service principal; KMS data encryption requires a managed identity.",
                f"az aks update {target.cluster_args} --enable-managed-identity",
            )
        case "system-assigned" if target.answers.customer_managed is not None:
            yield Finding(
                "warning",
                "identity-moves",
                f"The roles of the system-assigned identity of {name} do not move to {target.own.identity.name}.",
                "Assign the new identity the roles that the old one has outside the node resource group (own network, disks, "
                "registries). There is no downtime; parts of the control plane use the old identity for "
                "some hours.",
            )
        case "user-assigned" if target.answers.customer_managed is not None:
            present = snapshot.cluster_state.identities
            if not snapshot.cluster_state.has_identity(target):
                yield Finding(
                    "warning",
                    "identity-replaced",
                    f"{name} will change from the identity {sanitize(', '.join(i.rsplit('/', 1)[-1] for i in present))} "
                    f"to {target.own.identity.name}.",
                    "Assign the new identity the roles of the old one (own network, disks, registries), or set identity.name to the "
                    "old one.",
                )


@rule
def linked_roles(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check the roles of a new cluster identity on the zone, subnets and kubelet identity of the cluster (Azure/AKS#3470)."""
    cluster, principal = snapshot.cluster_state, snapshot.identity_principal
    if target.answers.customer_managed is None or cluster.body is None:
        return
    if cluster.has_identity(target) and not identity_recreated(target, snapshot):
        return
    own = target.own.identity.name
    for role, resource in identity_roles(cluster):
        held = snapshot.identity_grants_on_linked.get(resource.casefold(), () if not principal else None)
        if held and any(grant.gives(one, principal, resource) for grant in held for one in (role, *GENERAL)):
            continue
        name = sanitize(resource.rpartition("/")[2])
        has = f"The identity {own} has no role {role.name} on {name}, which the cluster uses."
        if held is None:
            has = f"The cluster uses {name}. It is not known whether {own} has the role {role.name} on it."
        assignee = principal or f'"$(az identity show {target.identity_args} --query principalId -o tsv)"'
        create = "" if principal else _creation(target, snapshot)
        yield Finding(
            "error" if role is DNS_ZONE_CONTRIBUTOR and held is not None else "warning",
            "identity-needs-role",
            has,
            f'Assign the role before the run: {create}az role assignment create --role "{role.name}" '
            f"--assignee-object-id {assignee} --assignee-principal-type ServicePrincipal --scope {shell_word(resource)}",
        )


def _creation(target: Target, snapshot: Snapshot) -> str:
    """Return the commands that create the identity, and its resource group if it does not exist, with `&&` at the end."""
    group, place = target.answers.identity_group, f"-l {target.answers.location}"
    exists = snapshot.groups.get(group.key) is not None
    first = f"az group create -n {shell_word(group.name)} --subscription {group.subscription} {place} && "
    return f"{'' if exists else first}az identity create {target.identity_args} {place} && "


@rule
def tenant(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Check that an existing identity is in the tenant of the vault and the cluster."""
    its = str(dig(snapshot.identity, "properties", "tenantId") or "")
    if its and not same(its, snapshot.signed_in.tenant_id):
        yield Finding(
            "error",
            "identity-other-tenant",
            f"The identity {target.own.identity.name} belongs to another tenant ({sanitize(its)}).",
            "Use an identity of the cluster's tenant.",
        )


@rule
def deleted(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a deleted identity of the cluster; one that is re-created with its name has another principal id."""
    if not snapshot.missing_identities:
        return
    names = sanitize(", ".join(identity.rsplit("/", 1)[-1] for identity in snapshot.missing_identities))
    if target.answers.customer_managed is None:
        yield Finding(
            "error",
            "identity-gone",
            f"{target.answers.cluster.name} uses the identity {names}, which no longer exists. AKS rejects every update.",
            f"Assign another one: az aks update {target.cluster_args} "
            "--enable-managed-identity --assign-identity IDENTITY_ID",
        )
    elif snapshot.cluster_state.has_identity(target):
        yield Finding(
            "warning",
            "identity-deleted",
            f"{target.answers.cluster.name} uses the identity {target.own.identity.name}, which no longer exists.",
            "It will be re-created with the same name but a different principal ID. Assign it the roles of the deleted identity "
            "(own network, disks, registries) as well.",
        )


@rule
def role(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report roles of the identity that do not grant access to the key, and deny assignments: docs/azure.md#roles, docs/azure.md#role-assignments."""
    if snapshot.identity is None or not (principal := snapshot.identity_principal):
        return
    own = target.own
    yield from _denied(target, snapshot, principal)
    if may_use_key(target, snapshot) or snapshot.vault_uses_access_policies:
        return
    here = [
        role.name
        for role in CANNOT_ENCRYPT
        if any(grant.gives(role, principal, target.vault_id) for grant in snapshot.identity_grants)
    ]
    if here:
        yield Finding(
            "info",
            "identity-wrong-role",
            f"The identity {own.identity.name} has {' and '.join(here)} on {own.vault.name}, which does not include encrypt and decrypt.",
            f"The plan assigns it {CRYPTO_USER.name}.",
        )
    elsewhere = sorted(
        {
            sanitize(grant.scope)
            for grant in snapshot.identity_elsewhere
            if any(grant.role_guid == role.guid for role in MAY_ENCRYPT)
        }
    )
    if elsewhere:
        yield Finding(
            "info",
            "identity-wrong-scope",
            f"The identity {own.identity.name} has access to keys on {listed(elsewhere)}, but not on {own.vault.name}.",
            f"The plan assigns it {CRYPTO_USER.name} on {own.vault.name}.",
        )


@rule
def role_propagation(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Report a role assignment that might not have propagated; the run waits for it: docs/azure.md#role-assignments."""
    own = target.answers.customer_managed
    if own is None or converged(target, snapshot):
        return
    held = held_since(target, snapshot, *MAY_ENCRYPT)
    if held is not None and (age := datetime.now(UTC) - held[0]) < _PROPAGATED:
        yield Finding(
            "info",
            "identity-role-fresh",
            f"The identity {own.identity.name} was assigned {held[1].name} {max(0, int(age.total_seconds()))} s ago; the assignment may not have propagated.",
            "The run waits for it before it updates the cluster.",
        )


def _denied(target: Target, snapshot: Snapshot, principal: str) -> Iterator[Finding]:
    for deny in snapshot.deny_assignments:
        concerns = deny.names(principal) and deny.holds_on(target.vault_id)
        if concerns and (deny.denies(ENCRYPT) or deny.denies(DECRYPT)):
            yield Finding(
                "error",
                "identity-denied",
                f"The deny assignment {deny.name} on {sanitize(deny.scope)} denies the identity {target.own.identity.name} the use of "
                "keys, regardless of role assignments.",
                "Ask the owner of the managed application or deployment stack to exclude the identity, or use another vault.",
            )

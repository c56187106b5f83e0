"""The cluster's identity: the one it has, the one it gets, and what that may do with the key."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.cloud.arm import dig, same
from wizard.cloud.bodies import identity_kind
from wizard.cloud.roles import CANNOT_ENCRYPT, CRYPTO_USER, DECRYPT, ENCRYPT, MAY_ENCRYPT
from wizard.rules.finding import Finding
from wizard.state.comparison import converged, held_since, may_use_key
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize, shell_word

_SETTLED = timedelta(minutes=5)
"""Key Vault says "several minutes" (KV:rbac-guide)."""


def of_the_cluster(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """Customer-managed keys want a user-assigned identity; a service principal will not do at all: AZURE.md §5."""
    if snapshot.cluster is None:
        return
    name = target.answers.cluster.name
    match identity_kind(snapshot.cluster):
        case "service principal":
            yield Finding(
                "error",
                "cluster-service-principal",
                f"{name} uses a service principal; KMS data encryption needs a managed identity.",
                f"az aks update -n {name} -g {shell_word(target.answers.resource_group)} --enable-managed-identity",
            )
        case "system-assigned" if target.answers.customer_managed is not None:
            yield Finding(
                "warning",
                "identity-moves",
                f"{name} moves from its system-assigned identity to {target.own.identity.name}, and cannot move back.",
                "Roles outside the node resource group that the old identity holds (own network, disks, registries) must be "
                "given to the new one. There is no downtime; parts of the control plane use the old identity for "
                "some hours.",
            )
        case "user-assigned" if target.answers.customer_managed is not None:
            present = snapshot.cluster_state.identities
            if not snapshot.cluster_state.has_identity(target):
                yield Finding(
                    "warning",
                    "identity-replaced",
                    f"{name} moves from the identity {sanitize(', '.join(i.rsplit('/', 1)[-1] for i in present))} "
                    f"to {target.own.identity.name}.",
                    "Give the new identity the roles that the old one holds (own network, disks, registries), or name the "
                    "old one in identity.name.",
                )


def fits(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """An existing identity is of the tenant in which the vault and the cluster are."""
    its = str(dig(snapshot.identity, "properties", "tenantId") or "")
    if its and not same(its, snapshot.signed_in.tenant_id):
        yield Finding(
            "error",
            "identity-other-tenant",
            f"The identity {target.own.identity.name} belongs to another tenant ({sanitize(its)}).",
            "Name an identity of the cluster's own tenant.",
        )


def deleted(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """The identity that the cluster uses is gone; one made anew under its name is another principal."""
    if not snapshot.missing_identities:
        return
    names = sanitize(", ".join(identity.rsplit("/", 1)[-1] for identity in snapshot.missing_identities))
    if target.answers.customer_managed is None:
        yield Finding(
            "error",
            "identity-gone",
            f"{target.answers.cluster.name} uses the identity {names}, which no longer exists: AKS refuses every update.",
            f"Give it another one: az aks update -n {target.answers.cluster.name} -g {shell_word(target.answers.resource_group)} "
            "--enable-managed-identity --assign-identity IDENTITY_ID",
        )
    elif snapshot.cluster_state.has_identity(target):
        yield Finding(
            "warning",
            "identity-deleted",
            f"{target.answers.cluster.name} uses the identity {target.own.identity.name}, which no longer exists.",
            "It is created anew under the same name, as another principal: give that the roles that the old one held "
            "(own network, disks, registries) as well.",
        )


def role(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """What the identity holds instead of the role that it needs, or what takes that role away again: AZURE.md §3c, §3d."""
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
            f"The identity {own.identity.name} holds {' and '.join(here)} on {own.vault.name}, which does not let it encrypt and decrypt.",
            f"The plan gives it {CRYPTO_USER.name}.",
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
            f"The identity {own.identity.name} may use keys on {', '.join(elsewhere)}, which is not {own.vault.name}.",
            f"The plan gives it {CRYPTO_USER.name} on {own.vault.name}.",
        )


def fresh(target: Target, snapshot: Snapshot) -> Iterator[Finding]:
    """A role given just now may not have taken effect; the run waits until it is older: AZURE.md §3d."""
    own = target.answers.customer_managed
    if own is None or converged(target, snapshot):
        return
    held = held_since(target, snapshot, *MAY_ENCRYPT)
    if held is not None and (age := datetime.now(UTC) - held[0]) < _SETTLED:
        yield Finding(
            "info",
            "identity-role-fresh",
            f"The identity {own.identity.name} got {held[1].name} {max(0, int(age.total_seconds()))} s ago; it may not have taken effect.",
            "The run waits for it before it touches the cluster.",
        )


def _denied(target: Target, snapshot: Snapshot, principal: str) -> Iterator[Finding]:
    for deny in snapshot.deny_assignments or ():
        concerns = deny.names(principal) and deny.holds_on(target.vault_id)
        if concerns and (deny.denies(ENCRYPT) or deny.denies(DECRYPT)):
            yield Finding(
                "error",
                "identity-denied",
                f"The deny assignment {deny.name} on {sanitize(deny.scope)} keeps the identity {target.own.identity.name} from using "
                "keys, whatever roles it holds.",
                "Have whoever made it (a managed application or a deployment stack) exclude the identity, or use another vault.",
            )

"""What exists, compared with the configuration: what already matches, who may use the key, when the firewall changes. Pure."""

from datetime import datetime

from wizard.cloud.arm import same
from wizard.cloud.roles import MAY_ENCRYPT, Role
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

KEY_PERMISSIONS = ("encrypt", "decrypt", "get")
"""The permissions of the identity's access policy: docs/azure.md#roles requires the first two; `get` as in Key
Vault Crypto User, so that new versions of the key can be seen (whether AKS needs it is UNCONFIRMED)."""


def converged(target: Target, snapshot: Snapshot) -> bool:
    """Whether no change remains to be requested.

    The cluster matches the answers, or an operation in progress may be bringing it there; its last operation did not
    fail; and it uses the identity that exists now.
    """
    cluster = snapshot.cluster_state
    return (
        cluster.matches(target)
        and not identity_recreated(target, snapshot)
        and cluster.settings_state != "failed"
    )


def identity_recreated(target: Target, snapshot: Snapshot) -> bool:
    """Whether the cluster uses the identity of the answers under another principal id than the present one, if any.

    The identity was deleted. One that is re-created with the same name must be assigned to the cluster again.
    """
    named = snapshot.cluster_state.principal(target)
    return bool(named) and not same(named, snapshot.identity_principal)


def may_use_key(target: Target, snapshot: Snapshot) -> bool:
    """Whether the identity may encrypt and decrypt with the vault's keys, by role assignment or access policy."""
    principal = snapshot.identity_principal
    if not principal or snapshot.vault is None:
        return False
    if snapshot.vault_uses_access_policies:
        return snapshot.vault_state.policy_allows(principal, "encrypt", "decrypt")
    return any(
        g.gives(role, principal, target.vault_id) for g in snapshot.identity_grants for role in MAY_ENCRYPT
    )


def held_since(target: Target, snapshot: Snapshot, *roles: Role) -> tuple[datetime, Role] | None:
    """Return since when the identity holds any of these roles on the vault, and which one.

    None if it holds none of them, or Azure does not return when the role was assigned. The oldest assignment counts.
    """
    principal = snapshot.identity_principal
    held = [
        (grant.created_on, role)
        for grant in snapshot.identity_grants
        for role in roles
        if grant.created_on is not None and principal and grant.gives(role, principal, target.vault_id)
    ]
    return min(held, key=lambda each: each[0], default=None)


def opens_vault(target: Target, snapshot: Snapshot) -> bool:
    """Whether the plan allows public access to the vault: only if a cluster that uses it returns from Private to Public."""
    own = target.answers.customer_managed
    if own is None or own.vault.network_access != "Public" or snapshot.vault is None:
        return False
    return (
        snapshot.vault_state.denies_public_access
        and snapshot.cluster_state.network_access(target) == "Private"
    )


def closes_last(target: Target, snapshot: Snapshot) -> bool:
    """Whether the firewall is closed only after the cluster was updated to Private.

    The cluster reaches the vault as Public now, and would lose access to its key in between.
    """
    own = target.answers.customer_managed
    if own is None or own.vault.network_access != "Private":
        return False
    return snapshot.cluster_state.network_access(target) == "Public"


def lacks_rotation(target: Target, snapshot: Snapshot) -> bool:
    """Whether the plan gives an existing key the configured rotation policy.

    Through the vault's data plane the policy is set after the key was created, and a run that was interrupted between
    the two has left it out. In a vault that denies public access it cannot be set.
    """
    own = target.own
    if not own.key.rotate_every or own.create_through != "key-vault" or snapshot.key is None:
        return False
    return not snapshot.key_state.rotates_every and not snapshot.vault_state.denies_public_access

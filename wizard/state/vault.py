"""How an existing vault and the cluster stand to each other: who may use the key, and what may be done to the firewall. Pure."""

from datetime import datetime
from typing import Literal

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.bodies import firewall_denies
from wizard.cloud.encryption import Encryption
from wizard.cloud.roles import MAY_ENCRYPT, Role
from wizard.state.snapshot import Snapshot, policy_allows
from wizard.state.target import Target

KEY_PERMISSIONS = ("encrypt", "decrypt", "get")
"""What an access policy gives the identity: AKS:use-kms-etcd-encryption asks for the first two; `get` as Key Vault
Crypto User has it, so that new versions of the key can be seen (whether AKS needs it is UNCONFIRMED)."""


def may_use_key(target: Target, snapshot: Snapshot) -> bool:
    """Whether the identity may encrypt and decrypt with the vault's keys, by whatever the vault decides by."""
    principal = snapshot.identity_principal
    if not principal or snapshot.vault is None:
        return False
    if snapshot.vault_grants_by_policy():
        return policy_allows(snapshot.vault, principal, "encrypt", "decrypt")
    return any(
        g.gives(role, principal, target.vault_id) for g in snapshot.identity_grants for role in MAY_ENCRYPT
    )


def held_since(target: Target, snapshot: Snapshot, *roles: Role) -> tuple[datetime, Role] | None:
    """Since when the identity holds any of these roles on the vault, and which it is; None where it holds none of them,
    or Azure does not say when it was given. A second one that is newer takes nothing from the first."""
    principal = snapshot.identity_principal
    held = [
        (grant.created_on, role)
        for grant in snapshot.identity_grants
        for role in roles
        if grant.created_on is not None and principal and grant.gives(role, principal, target.vault_id)
    ]
    return min(held, key=lambda each: each[0], default=None)


def trusted_may_pass(vault: Json) -> bool:
    """Whether a vault's firewall lets trusted Azure services in: KV:network-security."""
    public = str(dig(vault, "properties", "publicNetworkAccess") or "Enabled")
    return _bypass(vault) and not same(public, "SecuredByPerimeter")


def closed(vault: Json) -> bool:
    """Whether the firewall keeps the internet out and makes an exception for trusted Azure services."""
    return firewall_denies(vault) and _bypass(vault)


def _bypass(vault: Json) -> bool:
    return same(str(dig(vault, "properties", "networkAcls", "bypass") or "AzureServices"), "AzureServices")


def access_now(target: Target, cluster: Json | None) -> Literal["", "Public", "Private"]:
    """How the cluster reaches the vault of the answers now; empty where it does not use that vault."""
    there = Encryption.of(cluster)
    if not there.kms_enabled or not there.key_id.casefold().startswith(f"{target.vault_uri.casefold()}/"):
        return ""
    return "Private" if same(there.network_access, "Private") else "Public"


def opens_vault(target: Target, snapshot: Snapshot) -> bool:
    """Whether the plan opens the vault's firewall: only on the way back from Private of a cluster that uses it already."""
    own = target.answers.customer_managed
    if own is None or own.vault.network_access != "Public" or snapshot.vault is None:
        return False
    return firewall_denies(snapshot.vault) and access_now(target, snapshot.cluster) == "Private"


def closes_last(target: Target, snapshot: Snapshot) -> bool:
    """Whether the firewall is closed only after the cluster was told that the vault is private: it reaches it as Public
    now, and would be cut off from its key meanwhile."""
    own = target.answers.customer_managed
    if own is None or own.vault.network_access != "Private":
        return False
    return access_now(target, snapshot.cluster) == "Public"

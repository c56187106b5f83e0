"""Everything that was read for one cluster; the checks are made from it."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from wizard.cloud.arm import Json, ResourceId, dig
from wizard.cloud.encryption import Encryption
from wizard.cloud.key_access import KeyAccess, LogSetting
from wizard.cloud.locks import Lock
from wizard.cloud.ownership import CodeSigns, LastWrite
from wizard.cloud.reads import Unknown
from wizard.cloud.rights import Deny
from wizard.cloud.roles import Grant
from wizard.errors import Problem
from wizard.state.target import Target, cli_args
from wizard.state.vault import VaultState
from wizard.system.sanitize import sanitize, shell_word

if TYPE_CHECKING:
    from wizard.answers.model import Answers

PICKUP = timedelta(hours=6)
"""The longest time until AKS uses a new version of a key: the how-to, "Key rotation"."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Evidence:
    """Responses from Azure, unchanged. None if there is nothing to read, or if it could not be read."""

    cluster: Json
    encryption: Encryption
    expect: "Answers | None"
    vault_suffix: str
    vault: Json | None = None
    key: Json | None = None
    """The version that the cluster names, or else the newest one."""
    key_versions: tuple[Json, ...] | None = None
    """Every version of the key, newest first."""
    identity_grants: tuple[Grant, ...] | None = None
    """The role assignments of the cluster's identities on the vault: direct, inherited, or through a group."""
    grants_elsewhere: tuple[Grant, ...] = ()
    """Their role assignments in the vault's subscription; read only if none on the vault is sufficient."""
    key_roles: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """By the GUID of an assigned role: its name, and whether it allows encrypt and decrypt with a key."""
    deny_assignments: tuple[Deny, ...] | None = None
    """The deny assignments that apply to the vault."""
    identities: dict[str, Json | Problem] = field(default_factory=dict)
    """By resource id: the user-assigned identities on the cluster."""
    locks: tuple[Lock, ...] | None = None
    """Every lock in the subscriptions of the cluster and the vault."""
    key_access: KeyAccess | None = None
    """Who has which role on the vault and its key; None if it could not be read."""
    log_settings: tuple[LogSetting, ...] | Unknown | None = None
    """The diagnostic settings of the vault; None if they were not read."""
    code: CodeSigns | None = None
    """The signs of infrastructure code in the resource groups of cluster, vault and identity; None if they were not read."""
    last_write: LastWrite | Unknown | None = None
    """Who changed the cluster last; read only if it has lost the customer-managed key that was expected."""
    deleted: dict[str, Json | Problem] = field(default_factory=dict)
    """`vault` and `key` if they are soft-deleted, or why that could not be read."""
    unreadable: dict[str, Problem] = field(default_factory=dict)
    """What could not be read, and why: `vault`, `key`, `key-versions`, `roles`, `role GUID`, `deny-assignments`, `locks`."""
    pickup: timedelta = PICKUP
    """`PICKUP` in real time, which a simulated Azure shortens."""
    now: datetime = field(default_factory=_now)

    @property
    def identity_ids(self) -> tuple[str, ...]:
        """The resource ids of the user-assigned identities on the cluster."""
        return tuple(dig(self.cluster, "identity", "userAssignedIdentities") or {})

    @property
    def principals(self) -> tuple[str, ...]:
        """Their principal IDs, from the cluster's settings."""
        attached = dig(self.cluster, "identity", "userAssignedIdentities") or {}
        found = (str(dig(value, "principalId") or "") for value in attached.values())
        return tuple(principal for principal in found if principal)

    @cached_property
    def vault_state(self) -> VaultState:
        """The facts of the key vault's body."""
        return VaultState(self.vault)

    @property
    def vault_id(self) -> str:
        """The key vault's resource ID; empty if it could not be read."""
        return str((self.vault or {}).get("id", ""))

    @cached_property
    def cluster_args(self) -> str:
        """The options that name the cluster in an Azure CLI command."""
        return cli_args(str(self.cluster["id"]))

    @property
    def vault_args(self) -> str:
        """The options that name the key vault in an Azure CLI command; only its name and subscription if it was not read."""
        if self.vault_id:
            return cli_args(self.vault_id)
        return f"-n {shell_word(self.vault_name)} --subscription {self.vault_subscription}"

    @property
    def vault_name(self) -> str:
        """The key vault's name, from its resource ID or the key identifier; empty if neither is valid."""
        for id_ in (self.vault_id, self.encryption.vault_id):
            with suppress(ValueError):
                return sanitize(ResourceId.parse(id_).name)
        return self.encryption.key_name.partition("/")[0]

    @property
    def vault_subscription(self) -> str:
        """The ID of the key vault's subscription; the cluster's if it is not known."""
        for id_ in (self.vault_id, self.encryption.vault_id):
            with suppress(ValueError):
                return ResourceId.parse(id_).subscription
        return ResourceId.parse(str(self.cluster["id"])).subscription

    @property
    def reverted(self) -> bool:
        """Whether a customer-managed key was expected, and the cluster has a platform-managed one, or its user-assigned identity
        is gone: what is left after azurerm has sent `azureKeyVaultKms: {enabled: false}`."""
        if self.expect is None or self.expect.customer_managed is None:
            return False
        kind = self.encryption.kind
        return kind == "platform-managed" or (kind != "none" and not self.identity_ids)

    @property
    def target(self) -> Target | None:
        """The resources named in the expected answers."""
        return Target(self.expect, self.vault_suffix) if self.expect else None

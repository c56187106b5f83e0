"""Who can use, destroy or hand out the key of a vault: role assignments at the vault, above it and on its keys.

Members of groups, eligible roles, deny assignments and conditions are not evaluated. Every read here is advisory.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from wizard.cloud import reads
from wizard.cloud.arm import Json, covers, dig
from wizard.cloud.azure import Azure
from wizard.cloud.reads import Unknown, advisory
from wizard.cloud.rights import Permission, RoleDefinition, role_definition
from wizard.cloud.roles import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    DECRYPT,
    ENCRYPTION_USER,
    GENERAL,
    READER,
    Grant,
    Role,
)
from wizard.errors import Problem
from wizard.system.sanitize import sanitize

UNWRAP = "Microsoft.KeyVault/vaults/keys/unwrap/action"
PURGE_KEY = "Microsoft.KeyVault/vaults/keys/purge/action"
PURGE_VAULT = "Microsoft.KeyVault/locations/deletedVaults/purge/action"
GRANT = "Microsoft.Authorization/roleAssignments/write"
SET_POLICIES = ("Microsoft.KeyVault/vaults/write", "Microsoft.KeyVault/vaults/accessPolicies/write")
"""Actions that change the access policies of a vault."""

_ANY = Permission(("*",), ())
_NOT_GRANTING = Permission(("*",), ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"))
_ASSIGNS = (Permission((GRANT,), ()),)


def _data(*actions: str) -> tuple[Permission, ...]:
    return (Permission(actions, ()),)


_BUILT_IN: tuple[tuple[Role, tuple[Permission, ...], tuple[Permission, ...]], ...] = (
    (GENERAL[0], (_NOT_GRANTING,), ()),
    (GENERAL[1], (_ANY,), ()),
    (Role("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"), (), ()),
    (Role("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"), _ASSIGNS, ()),
    (Role("Role Based Access Control Administrator", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"), _ASSIGNS, ()),
    (Role("Key Vault Data Access Administrator", "8b54135c-b56d-4d72-a534-26097cfdc8d8"), _ASSIGNS, ()),
    (
        Role("Key Vault Purge Operator", "a68e7c17-0ab2-4c09-9a58-125dae29748c"),
        (Permission((PURGE_VAULT,), ()),),
        (),
    ),
    (CONTRIBUTOR, (Permission(("Microsoft.KeyVault/*",), (PURGE_VAULT,)),), ()),
    (ADMINISTRATOR, (), _data("Microsoft.KeyVault/vaults/*")),
    (CRYPTO_OFFICER, (), _data("Microsoft.KeyVault/vaults/keys/*")),
    (CRYPTO_USER, (), _data(DECRYPT, UNWRAP)),
    (ENCRYPTION_USER, (), _data(UNWRAP)),
    (READER, (), ()),
)
BUILT_IN = {role.guid: RoleDefinition(role.name, actions, data) for role, actions, data in _BUILT_IN}
"""Common built-in roles, with what matters of their permissions, so that they need not be read (docs/azure.md#roles)."""


@dataclass(frozen=True)
class KeyAccess:
    """Every role assignment that may concern the key, and what the roles allow."""

    held: tuple[Grant, ...] = ()
    """At the vault, above it and below it."""
    roles: dict[str, RoleDefinition] = field(default_factory=dict)
    """By GUID in lower case."""
    unread: dict[str, Problem] = field(default_factory=dict)
    """The roles whose definition could not be read, by GUID in lower case."""

    def role(self, grant: Grant) -> RoleDefinition | None:
        """Return the role of an assignment; None if its definition could not be read."""
        return self.roles.get(grant.role_guid.casefold())

    def data_holders(self, scope: str, *actions: str) -> tuple[Grant, ...]:
        """Return the assignments that allow one of these data actions at a scope."""
        return self._holders(scope, RoleDefinition.allows_data, actions)

    def holders(self, scope: str, *actions: str) -> tuple[Grant, ...]:
        """Return the assignments that allow one of these actions of the management plane at a scope."""
        return self._holders(scope, RoleDefinition.allows, actions)

    def _holders(
        self, scope: str, allows: Callable[[RoleDefinition, str], bool], actions: Iterable[str]
    ) -> tuple[Grant, ...]:
        return tuple(
            one
            for one in self.held
            if applies(one.scope, scope)
            and (role := self.role(one))
            and any(allows(role, each) for each in actions)
        )


def applies(scope: str, resource_id: str) -> bool:
    """Return whether a role assignment at a scope applies to a resource. Azure lists those of the management groups above."""
    return covers(scope, resource_id) or scope.casefold().startswith("/providers/microsoft.management/")


async def other_definitions(
    azure: Azure, subscription: str, guids: Iterable[str]
) -> dict[str, RoleDefinition | Problem]:
    """Return the definitions of roles by GUID, those of common built-in roles without a read; a problem for each unread one."""
    asked = sorted(set(guids) - BUILT_IN.keys())
    found = await asyncio.gather(
        *(
            advisory(reads.ROLE_DEFINITION, role_definition(azure, subscription, guid), azure.timeouts)
            for guid in asked
        )
    )
    pairs = zip(asked, found, strict=True)
    return {guid: role.problem if isinstance(role, Unknown) else role for guid, role in pairs} | {
        guid: BUILT_IN[guid] for guid in guids if guid in BUILT_IN
    }


@dataclass(frozen=True)
class LogSetting:
    """A diagnostic setting of a vault."""

    name: str
    audits: bool
    """Whether it sends AuditEvent, alone or in a group of categories, somewhere."""


async def log_settings(azure: Azure, vault_id: str) -> tuple[LogSetting, ...] | Unknown:
    """Return the diagnostic settings of a vault (Azure Monitor REST, Diagnostic Settings, List)."""

    async def read() -> tuple[LogSetting, ...]:
        address = f"{vault_id}/providers/Microsoft.Insights/diagnosticSettings"
        body = await azure.get(address, "2021-05-01-preview")
        return tuple(LogSetting(sanitize(str(one.get("name", ""))), _audits(one)) for one in body["value"])

    return await advisory(reads.LOG_SETTINGS, read(), azure.timeouts)


def _audits(setting: Json) -> bool:
    for log in dig(setting, "properties", "logs") or ():
        names = {str(log.get("category") or "").casefold(), str(log.get("categoryGroup") or "").casefold()}
        if log.get("enabled") is True and names & {"auditevent", "audit", "alllogs"}:
            return True
    return False

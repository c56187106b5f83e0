"""Who can use, destroy or hand out the key of a vault: role assignments at the vault, above it and on its keys.

Members of groups, eligible roles, deny assignments and conditions are not evaluated. Every read here is advisory.
"""

import asyncio
from dataclasses import dataclass, field

from wizard.cloud import reads
from wizard.cloud.arm import Json, ResourceId, covers, dig
from wizard.cloud.azure import Azure
from wizard.cloud.paging import items
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
    Role,
)
from wizard.errors import AzureError, Problem
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
"""Common built-in roles, with what matters of their permissions, so that they need not be read (KV:rbac-guide)."""


@dataclass(frozen=True)
class Held:
    """A role that a principal has."""

    principal_id: str
    principal_type: str
    """`User`, `Group`, `ServicePrincipal`, …"""
    role_guid: str
    scope: str
    conditional: bool = False


@dataclass(frozen=True)
class KeyAccess:
    """Every role assignment that may concern the key, and what the roles allow."""

    held: tuple[Held, ...] = ()
    roles: dict[str, RoleDefinition] = field(default_factory=dict)
    """By GUID in lower case."""
    unread: dict[str, Problem] = field(default_factory=dict)
    """The roles whose definition could not be read, by GUID in lower case."""

    def data_holders(self, *actions: str) -> tuple[Held, ...]:
        """Return the roles that allow one of these data actions."""
        return tuple(
            one
            for one in self.held
            if (role := self.roles.get(one.role_guid)) and any(role.allows_data(each) for each in actions)
        )

    def holders(self, *actions: str, scope: str = "") -> tuple[Held, ...]:
        """Return the roles that allow one of these actions of the management plane, at or above a scope if one is given."""
        return tuple(
            one
            for one in self.held
            if (role := self.roles.get(one.role_guid))
            and any(role.allows(each) for each in actions)
            and (not scope or _applies(one.scope, scope))
        )


def _applies(scope: str, resource_id: str) -> bool:
    """Return whether a role assignment at a scope applies to a resource. Azure lists those of the management groups above."""
    return covers(scope, resource_id) or scope.casefold().startswith("/providers/microsoft.management/")


async def key_access(azure: Azure, vault_id: str, key: str) -> KeyAccess | Unknown:
    """Return who has which role on a vault, above it and on this key of it, and what these roles allow."""
    summary = "The role assignments on the key vault could not be listed."
    return await advisory(reads.KEY_ACCESS, _key_access(azure, vault_id, key), azure.timeouts, summary)


async def _key_access(azure: Azure, vault_id: str, key: str) -> KeyAccess:
    subscription = ResourceId.parse(vault_id).subscription
    client = azure.authorization(subscription).role_assignments
    own = f"{vault_id}/keys/{key}"
    held = [
        Held(
            str(one.principal_id or ""),
            str(one.principal_type or "principal"),
            str(one.role_definition_id or "").rsplit("/", 1)[-1].casefold(),
            sanitize(str(one.scope or "")),
            bool(one.condition),
        )
        async for one in items(client.list_for_scope(vault_id))
        if _applies(str(one.scope or ""), own)  # the list also has those on other keys and secrets
    ]
    guids = {one.role_guid for one in held}
    asked = sorted(guids - BUILT_IN.keys())
    found = await asyncio.gather(*(_definition(azure, subscription, guid) for guid in asked))
    pairs = dict(zip(asked, found, strict=True))
    known = {guid: role for guid, role in BUILT_IN.items() if guid in guids}
    known |= {guid: role for guid, role in pairs.items() if isinstance(role, RoleDefinition)}
    return KeyAccess(
        tuple(held), known, {guid: role for guid, role in pairs.items() if isinstance(role, Problem)}
    )


async def _definition(azure: Azure, subscription: str, guid: str) -> RoleDefinition | Problem:
    try:
        return await role_definition(azure, subscription, guid)
    except AzureError as error:
        return error.problem


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

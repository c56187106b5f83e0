"""Permissions of the signed-in identity, as far as Azure reports them (docs/azure.md#permissions, pre-check 1), and deny assignments."""

import asyncio
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wizard.cloud import reads
from wizard.cloud.arm import GroupId, ResourceId, covers, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import none_if_forbidden, translate_errors
from wizard.cloud.paging import items
from wizard.cloud.reads import Unknown, advisory
from wizard.cloud.roles import grants, subscription_of
from wizard.errors import AzureError, odd_answer
from wizard.system.sanitize import sanitize

_ALL_PRINCIPALS = "00000000-0000-0000-0000-000000000000"
"""The principal of type SystemDefined that represents all principals in a deny assignment."""


@dataclass(frozen=True)
class Permission:
    """One entry of the permissions on a scope: actions with wildcards, and exceptions from them."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Return whether this entry alone allows an action of the management plane."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


@dataclass(frozen=True)
class Deny:
    """One deny assignment: the actions that it denies, and to which principals, regardless of role assignments."""

    name: str
    scope: str
    principals: tuple[tuple[str, str], ...]
    """The object ID and type of each principal that it applies to."""
    excluded: tuple[str, ...]
    """Object IDs of the principals that are excluded."""
    actions: tuple[Permission, ...] = ()
    """Denied actions of the management plane."""
    data_actions: tuple[Permission, ...] = ()
    """Denied actions of the data plane."""
    children: bool = True
    """Whether child scopes inherit it."""

    def holds_on(self, scope: str) -> bool:
        """Return whether it applies to a scope."""
        return same(self.scope, scope) or (self.children and covers(self.scope, scope))

    def names(self, principal_id: str) -> bool:
        """Return whether it applies to a principal, by ID or to all principals, and does not exclude it.

        Members of the groups that it applies to are not considered.
        """
        named = any(same(one, principal_id) or one == _ALL_PRINCIPALS for one, _ in self.principals)
        return named and not any(same(one, principal_id) for one in self.excluded)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that it applies to; their members are not known here."""
        return tuple(one for one, kind in self.principals if same(kind, "Group"))

    def forbids(self, action: str) -> bool:
        """Return whether it denies an action of the management plane."""
        return any(permission.allows(action) for permission in self.actions)

    def denies(self, data_action: str) -> bool:
        """Return whether it denies an action of the data plane."""
        return any(permission.allows(data_action) for permission in self.data_actions)


def _matches(action: str, patterns: Iterable[str]) -> bool:
    wanted = action.casefold()
    return any(_matches_one(wanted, pattern.casefold()) for pattern in patterns)


def _matches_one(action: str, pattern: str) -> bool:
    """Compare without a regular expression if there is no need for one: to compile it costs more than all the rest."""
    return pattern in {action, "*"} or ("*" in pattern and fnmatch.fnmatchcase(action, pattern))


async def in_group(azure: Azure, group: GroupId) -> tuple[Permission, ...] | None:
    """Return the caller's permissions in a resource group; None if it does not exist or the caller may not read them.

    Conditions, deny assignments and eligible roles are not included (docs/azure.md#permissions). Raise AzureError.
    """
    client = azure.authorization(group.subscription)
    return await _read(client.permissions.list_for_resource_group(group.name), str(group))


async def on_resource(azure: Azure, resource_id: str) -> tuple[Permission, ...] | None:
    """Return the same for one resource, including inherited permissions; None if it does not exist. Raise AzureError."""
    there = ResourceId.parse(resource_id)
    namespace, _, kind = there.type.partition("/")
    client = azure.authorization(there.subscription)
    listing = client.permissions.list_for_resource(there.resource_group, namespace, "", kind, there.name)
    return await _read(listing, resource_id)


async def on_linked_resource(azure: Azure, resource_id: str) -> tuple[Permission, ...] | Unknown | None:
    """Return the caller's permissions on a resource of any depth, such as a subnet; None if it is no resource id."""
    parts = resource_id.strip("/").split("/")
    if len(parts) < 8 or len(parts) % 2:
        return None
    subscription, group, namespace, *path = parts[1], parts[3], *parts[5:]
    client = azure.authorization(subscription)
    parent, kind, name = "/".join(path[:-2]), path[-2], path[-1]

    async def read() -> tuple[Permission, ...] | None:
        listing = client.permissions.list_for_resource(group, namespace, parent, kind, name)
        return await _read(listing, resource_id)

    summary = f"Your permissions on {resource_id} could not be read."
    return await advisory(reads.PERMISSIONS, read(), azure.timeouts, summary)


async def in_subscription(azure: Azure, subscription: str) -> tuple[Permission, ...] | Unknown:
    """Return the caller's permissions in a whole subscription, from its role assignments there and above. Azure reports
    permissions of resource groups and resources only (docs/azure.md#permissions, pre-check 1).

    Conditions, deny assignments and eligible roles are not included.
    """
    scope = f"/subscriptions/{subscription}"
    client = azure.authorization(subscription)

    async def read() -> tuple[Permission, ...]:
        held = await grants(azure, scope, azure.signed_in.object_id)
        guids = sorted({grant.role_guid for grant in held if grant.covers(scope)})
        roles = await asyncio.gather(*(client.role_definitions.get(scope, guid) for guid in guids))
        return tuple(one for role in roles for one in _permissions(role.permissions))

    summary = f"Your role assignments on {scope} could not be read."
    return await advisory(reads.PERMISSIONS, read(), azure.timeouts, summary)


@dataclass(frozen=True)
class RoleDefinition:
    """A role: its name, and its permissions in both planes."""

    name: str
    actions: tuple[Permission, ...]
    data_actions: tuple[Permission, ...]

    def allows(self, action: str) -> bool:
        """Return whether it allows an action of the management plane."""
        return any(permission.allows(action) for permission in self.actions)

    def allows_data(self, action: str) -> bool:
        """Return whether it allows an action of the data plane."""
        return any(permission.allows(action) for permission in self.data_actions)


async def role_definition(azure: Azure, subscription: str, guid: str) -> RoleDefinition:
    """Return a role of a subscription. Raise AzureError."""
    client = azure.authorization(subscription)
    with translate_errors(f"The role {guid} could not be read."):
        role = await client.role_definitions.get(f"/subscriptions/{subscription}", guid)
        if role.permissions is None:
            raise AzureError(
                odd_answer(f"The role {guid} could not be read.", "it has no permissions", "unreachable")
            )
        name = sanitize(str(role.role_name or guid))
        return RoleDefinition(name, _permissions(role.permissions), _data_permissions(role.permissions))


async def _read(listing: Any, where: str) -> tuple[Permission, ...] | None:
    with translate_errors(f"Your permissions on {where} could not be read."):
        found = await none_if_forbidden(listing)
        return None if found is None else _permissions(found)


async def denies(azure: Azure, scope: str) -> tuple[Deny, ...]:
    """Return the deny assignments at a scope, above it and below it. Raise AzureError."""
    client = azure.authorization(subscription_of(scope))
    with translate_errors(f"The deny assignments on {scope} could not be listed."):
        return tuple(
            [
                Deny(
                    name=sanitize(str(deny.deny_assignment_name or deny.name or "")),
                    scope=str(deny.scope or ""),
                    principals=tuple((str(p.id or ""), str(p.type or "")) for p in deny.principals or ()),
                    excluded=tuple(str(p.id or "") for p in deny.exclude_principals or ()),
                    actions=_permissions(deny.permissions),
                    data_actions=_data_permissions(deny.permissions),
                    children=not deny.do_not_apply_to_child_scopes,
                )
                async for deny in items(client.deny_assignments.list_for_scope(scope))
            ]
        )


def _permissions(found: Iterable[Any] | None) -> tuple[Permission, ...]:
    """Return an SDK's permissions in the management plane."""
    return tuple(Permission(tuple(p.actions or ()), tuple(p.not_actions or ())) for p in found or ())


def _data_permissions(found: Iterable[Any] | None) -> tuple[Permission, ...]:
    """Return an SDK's permissions in the data plane."""
    return tuple(
        Permission(tuple(p.data_actions or ()), tuple(p.not_data_actions or ())) for p in found or ()
    )

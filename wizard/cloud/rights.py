"""Permissions of the signed-in identity, as far as Azure reports them (docs/azure.md#permissions, pre-check 1), and deny assignments."""

import asyncio
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from wizard.cloud import reads
from wizard.cloud.arm import covers, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import every_item, items
from wizard.cloud.reads import Unknown, advisory
from wizard.cloud.roles import grants, subscription_of
from wizard.errors import AzureError, unexpected_response
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


async def at(azure: Azure, scope: str) -> tuple[Permission, ...] | Unknown:
    """Return the caller's permissions in a resource group, or on a resource of any depth, such as a subnet, by its ID. Inherited
    ones are included.

    Conditions, deny assignments and eligible roles are not included (docs/azure.md#permissions).
    """
    summary = f"Your permissions on {sanitize(scope)} could not be read."

    async def read() -> tuple[Permission, ...]:
        found = await every_item(_listing(azure, scope))
        if not found:  # one for every role, and what is there could be read
            raise AzureError(unexpected_response(summary, "it lists none"))
        return _permissions(found)

    return await advisory(reads.PERMISSIONS, read(), azure.timeouts, summary)


def _listing(azure: Azure, scope: str) -> Any:
    parts = scope.strip("/").split("/")
    permissions = azure.authorization(subscription_of(scope)).permissions
    if len(parts) == 4:
        return permissions.list_for_resource_group(parts[3])
    if len(parts) < 8 or len(parts) % 2:
        raise ValueError("it is no resource ID")
    group, namespace, *path = parts[3], *parts[5:]
    return permissions.list_for_resource(group, namespace, "/".join(path[:-2]), path[-2], path[-1])


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
        return tuple(one for role in roles for one in _permissions(_of_role(role, summary)))

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
    summary = f"The role {guid} could not be read."
    with translate_errors(summary):
        role = await client.role_definitions.get(f"/subscriptions/{subscription}", guid)
        permissions = _of_role(role, summary)
        name = sanitize(str(role.role_name or guid))
        return RoleDefinition(name, _permissions(permissions), _data_permissions(permissions))


def _of_role(role: Any, summary: str) -> Iterable[Any]:
    """Return the permissions of a role definition, which always has some. Raise AzureError."""
    if not role.permissions:
        raise AzureError(unexpected_response(summary, "it has no permissions"))
    return cast("Iterable[Any]", role.permissions)


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
    """Return an SDK's permissions in the management plane. Raise ValueError if one names no actions, not even an empty list:
    it says nothing, and not that nothing is allowed."""
    found = tuple(found or ())
    if any(p.actions is None and not p.data_actions for p in found):
        raise ValueError("permissions without actions")
    return tuple(Permission(tuple(p.actions or ()), tuple(p.not_actions or ())) for p in found)


def _data_permissions(found: Iterable[Any] | None) -> tuple[Permission, ...]:
    """Return an SDK's permissions in the data plane."""
    return tuple(
        Permission(tuple(p.data_actions or ()), tuple(p.not_data_actions or ())) for p in found or ()
    )

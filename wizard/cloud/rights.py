"""What may be done: by whoever is signed in, as far as Azure tells (AZURE.md §6, pre-check 1), and by who holds a role."""

import asyncio
import fnmatch
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wizard.cloud.arm import GroupId, ResourceId, covers, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import none_if_forbidden, translate_errors
from wizard.cloud.problems import AzureError
from wizard.cloud.roles import DECRYPT, ENCRYPT, grants, subscription_of
from wizard.system.sanitize import sanitize

_EVERYBODY = "00000000-0000-0000-0000-000000000000"
"""The principal of type SystemDefined that stands for all principals in a deny assignment."""


@dataclass(frozen=True)
class Permission:
    """One entry of what whoever is signed in may do on a scope: wildcards, and exceptions from them."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Whether this entry alone allows an action of the management plane."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


@dataclass(frozen=True)
class Deny:
    """One deny assignment: what it takes from whom, whatever roles they hold."""

    name: str
    scope: str
    principals: tuple[tuple[str, str], ...]
    """Object id and type of each whom it is for."""
    excluded: tuple[str, ...]
    """Object ids that it is not for."""
    actions: tuple[Permission, ...] = ()
    """Of the management plane."""
    data_actions: tuple[Permission, ...] = ()
    """Of the data plane."""
    children: bool = True
    """Whether it holds below its scope as well."""

    def holds_on(self, scope: str) -> bool:
        """Whether it holds on a scope."""
        return same(self.scope, scope) or (self.children and covers(self.scope, scope))

    def names(self, principal_id: str) -> bool:
        """Whether it is for a principal by name, or for everyone, and makes no exception for it.

        Who is in a group that it is for does not show here.
        """
        named = any(same(one, principal_id) or one == _EVERYBODY for one, _ in self.principals)
        return named and not any(same(one, principal_id) for one in self.excluded)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that it is for; who is in them cannot be seen from here."""
        return tuple(one for one, kind in self.principals if same(kind, "Group"))

    def forbids(self, action: str) -> bool:
        """Whether it is about that action of the management plane."""
        return any(permission.allows(action) for permission in self.actions)

    def denies(self, data_action: str) -> bool:
        """Whether it is about that action of the data plane."""
        return any(permission.allows(data_action) for permission in self.data_actions)


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action.casefold(), pattern.casefold()) for pattern in patterns)


async def in_group(azure: Azure, group: GroupId) -> tuple[Permission, ...] | None:
    """What whoever is signed in may do in a resource group; None where it does not exist or may not be asked.

    Conditions, deny assignments and roles that are only eligible do not show here (AZURE.md §6). Raises AzureError.
    """
    client = azure.authorization(group.subscription)
    return await _read(client.permissions.list_for_resource_group(group.name), str(group))


async def on_resource(azure: Azure, resource_id: str) -> tuple[Permission, ...] | None:
    """The same for one resource, with what comes from above; None where it does not exist. Raises AzureError."""
    there = ResourceId.parse(resource_id)
    namespace, _, kind = there.type.partition("/")
    client = azure.authorization(there.subscription)
    listing = client.permissions.list_for_resource(there.resource_group, namespace, "", kind, there.name)
    return await _read(listing, resource_id)


async def on_linked_resource(azure: Azure, resource_id: str) -> tuple[Permission, ...] | None:
    """The same for a resource of any depth, such as a subnet; None also if its permissions cannot be read."""
    parts = resource_id.strip("/").split("/")
    if len(parts) < 8 or len(parts) % 2:
        return None
    subscription, group, namespace, *path = parts[1], parts[3], *parts[5:]
    client = azure.authorization(subscription)
    parent, kind, name = "/".join(path[:-2]), path[-2], path[-1]
    with suppress(AzureError):
        listing = client.permissions.list_for_resource(group, namespace, parent, kind, name)
        return await _read(listing, resource_id)
    return None


async def in_subscription(azure: Azure, subscription: str) -> tuple[Permission, ...] | None:
    """What whoever is signed in may do in a whole subscription, from the roles held there and above; None where they
    may not be read. Azure tells permissions of groups and resources only (AZURE.md §6, pre-check 1).

    As there, conditions, deny assignments and roles that are only eligible do not show.
    """
    scope = f"/subscriptions/{subscription}"
    client = azure.authorization(subscription)
    with suppress(AzureError), translate_errors(f"Your roles on {scope} could not be read."):
        held = await grants(azure, scope, azure.signed_in.object_id)
        guids = sorted({grant.role_guid for grant in held if grant.covers(scope)})
        roles = await asyncio.gather(*(client.role_definitions.get(scope, guid) for guid in guids))
        return tuple(one for role in roles for one in _permissions(role.permissions))
    return None


async def key_role(azure: Azure, subscription: str, guid: str) -> tuple[str, bool]:
    """A role's name, and whether it lets its holder encrypt and decrypt with a key. Raises AzureError."""
    client = azure.authorization(subscription)
    with translate_errors(f"The role {guid} could not be read."):
        role = await client.role_definitions.get(f"/subscriptions/{subscription}", guid)
        allowed = _data_permissions(role.permissions)
        fits = all(any(one.allows(action) for one in allowed) for action in (ENCRYPT, DECRYPT))
        return sanitize(str(role.role_name or guid)), fits


async def _read(listing: Any, where: str) -> tuple[Permission, ...] | None:
    with translate_errors(f"Your rights on {where} could not be read."):
        found = await none_if_forbidden(listing)
        return None if found is None else _permissions(found)


async def denies(azure: Azure, scope: str) -> tuple[Deny, ...]:
    """The deny assignments on a scope, above it and below. Raises AzureError."""
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
                async for deny in client.deny_assignments.list_for_scope(scope)
            ]
        )


def _permissions(found: Iterable[Any] | None) -> tuple[Permission, ...]:
    """What an SDK's permissions say of the management plane."""
    return tuple(Permission(tuple(p.actions or ()), tuple(p.not_actions or ())) for p in found or ())


def _data_permissions(found: Iterable[Any] | None) -> tuple[Permission, ...]:
    """The same of the data plane."""
    return tuple(
        Permission(tuple(p.data_actions or ()), tuple(p.not_data_actions or ())) for p in found or ()
    )

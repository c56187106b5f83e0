"""Azure's built-in roles that the procedure grants, and who holds what on a scope.

Role ids: KV:rbac-guide; deterministic assignment names: the convention of Bicep's guid(), AZURE.md §3d.
"""

import fnmatch
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wizard.cloud.arm import ResourceId, same
from wizard.cloud.azure import Azure
from wizard.cloud.diagnose import problem_from
from wizard.cloud.problems import AzureError


@dataclass(frozen=True)
class Role:
    """A built-in role."""

    name: str
    guid: str

    def definition_id(self, subscription: str) -> str:
        """The role's id as an assignment names it."""
        return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.guid}"


CRYPTO_OFFICER = Role("Key Vault Crypto Officer", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603")
CRYPTO_USER = Role("Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424")
CONTRIBUTOR = Role("Key Vault Contributor", "f25e0fa2-a7c8-4377-a976-54943a77a395")
ADMINISTRATOR = Role("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483")

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


@dataclass(frozen=True)
class Grant:
    """One role assignment."""

    scope: str
    role_guid: str
    principal_id: str
    created_on: datetime | None

    def gives(self, role: Role, principal_id: str, scope: str) -> bool:
        """Whether it gives that role to that principal on that scope, directly or from above."""
        above = self.scope.rstrip("/").casefold()
        covers = same(scope, self.scope) or scope.casefold().startswith(above + "/")
        return covers and same(self.role_guid, role.guid) and same(self.principal_id, principal_id)


@dataclass(frozen=True)
class Permission:
    """One entry of what whoever is signed in may do on a scope: wildcards, and exceptions from them."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Whether this entry alone allows an action of the management plane."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action.casefold(), pattern.casefold()) for pattern in patterns)


def assignment_name(scope: str, principal_id: str, role: Role) -> str:
    """The name that everybody gives the assignment of a role to a principal on a scope, so that none is made twice."""
    parts = (scope.rstrip("/").lower(), principal_id.lower(), role.guid.lower())
    return str(uuid.uuid5(_NAMESPACE, "-".join(parts)))


async def grants(azure: Azure, scope: str, principal_id: str) -> tuple[Grant, ...]:
    """The role assignments of a principal on a scope, inherited ones included. Raises AzureError."""
    from azure.core.exceptions import AzureError as SdkError

    client = azure.authorization(ResourceId.parse(scope).subscription)
    try:
        found = [
            a
            async for a in client.role_assignments.list_for_scope(
                scope, filter=f"principalId eq '{principal_id}'"
            )
        ]
    except SdkError as error:
        raise AzureError(
            problem_from(error, f"The role assignments on {scope} could not be listed.")
        ) from error
    return tuple(
        Grant(
            scope=str(a.scope or ""),
            role_guid=str(a.role_definition_id or "").rsplit("/", 1)[-1],
            principal_id=str(a.principal_id or ""),
            created_on=a.created_on,
        )
        for a in found
    )


async def permissions(azure: Azure, subscription: str, group: str) -> tuple[Permission, ...] | None:
    """What whoever is signed in may do in a resource group; None where it does not exist or may not be asked.

    Conditions, deny assignments and roles that are only eligible do not show here (AZURE.md §6).
    """
    from azure.core.exceptions import AzureError as SdkError
    from azure.core.exceptions import HttpResponseError

    client = azure.authorization(subscription)
    try:
        found = [p async for p in client.permissions.list_for_resource_group(group)]
    except HttpResponseError as error:
        if error.status_code in {403, 404}:
            return None
        raise AzureError(problem_from(error, f"Your rights in {group} could not be read.")) from error
    except SdkError as error:
        raise AzureError(problem_from(error, f"Your rights in {group} could not be read.")) from error
    return tuple(Permission(tuple(p.actions or ()), tuple(p.not_actions or ())) for p in found)

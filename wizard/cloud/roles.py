"""Azure's built-in roles that the procedure grants, and who holds what on a scope.

Role ids: KV:rbac-guide; deterministic assignment names: the convention of Bicep's guid(), AZURE.md §3d.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from wizard.cloud.arm import covers, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.errors import AzureError
from wizard.system.sanitize import sanitize


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
ENCRYPTION_USER = Role("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6")
READER = Role("Key Vault Reader", "21090545-7ca7-4776-b22c-e363652d74d2")

MAY_ENCRYPT = (CRYPTO_USER, CRYPTO_OFFICER, ADMINISTRATOR)
"""Roles with which a principal encrypts and decrypts through the vault, the least of them first: KV:rbac-guide."""
CANNOT_ENCRYPT = (ENCRYPTION_USER, READER)
"""Roles that look as if they were enough and are not: wrapping and reading only (AZURE.md §3c)."""

ENCRYPT = "Microsoft.KeyVault/vaults/keys/encrypt/action"
DECRYPT = "Microsoft.KeyVault/vaults/keys/decrypt/action"
"""What AKS does with a key: data actions of the vault."""

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


@dataclass(frozen=True)
class Grant:
    """One role assignment."""

    scope: str
    role_guid: str
    principal_id: str
    """Who profits from it."""
    created_on: datetime | None
    group_id: str = ""
    """The group through which it comes; empty where it was given directly."""
    conditional: bool = False
    """Whether a condition limits it, which nobody but Azure can judge."""

    def covers(self, scope: str) -> bool:
        """Whether it holds on that scope, directly or from above."""
        return covers(self.scope, scope)

    def gives(self, role: Role, principal_id: str, scope: str) -> bool:
        """Whether it gives that role to that principal on that scope, directly or from above."""
        right_one = same(self.role_guid, role.guid) and same(self.principal_id, principal_id)
        return right_one and self.covers(scope)


@dataclass(frozen=True)
class Eligible:
    """A role that a principal may activate for a while (Privileged Identity Management), and does not hold now."""

    role: str
    scope: str


def assignment_name(scope: str, principal_id: str, role: Role) -> str:
    """The name that everybody gives the assignment of a role to a principal on a scope, so that none is made twice."""
    parts = (scope.rstrip("/").lower(), principal_id.lower(), role.guid.lower())
    return str(uuid.uuid5(_NAMESPACE, "-".join(parts)))


async def grants(azure: Azure, scope: str, principal_id: str, *, directly: bool = False) -> tuple[Grant, ...]:
    """The role assignments of a principal on a scope, inherited ones included, and those of its groups unless only what
    it holds `directly` is asked for. Raises AzureError."""
    which = f"principalId eq '{principal_id}'" if directly else f"assignedTo('{principal_id}')"
    client = azure.authorization(subscription_of(scope)).role_assignments
    with translate_errors(f"The role assignments on {scope} could not be listed."):
        return tuple(
            [
                Grant(
                    scope=str(a.scope or ""),
                    role_guid=str(a.role_definition_id or "").rsplit("/", 1)[-1],
                    principal_id=principal_id,
                    created_on=a.created_on,
                    group_id=""
                    if same(str(a.principal_id or ""), principal_id)
                    else str(a.principal_id or ""),
                    conditional=bool(a.condition),
                )
                async for a in client.list_for_scope(scope, filter=which)
            ]
        )


async def eligible(azure: Azure, scope: str) -> tuple[Eligible, ...]:
    """What whoever is signed in may activate on a scope; nothing where that cannot be learnt.

    It only makes a refusal more helpful, so not being allowed to ask (or a tenant without the licence) is no problem.
    """
    client = azure.authorization(subscription_of(scope)).role_eligibility_schedule_instances
    rows = []
    with suppress(AzureError), translate_errors("What may be activated could not be listed."):
        async for instance in client.list_for_scope(scope, filter="asTarget()"):
            details = instance.expanded_properties
            role = details.role_definition.display_name if details and details.role_definition else None
            rows.append(
                Eligible(
                    sanitize(str(role or instance.role_definition_id or "")),
                    sanitize(str(instance.scope or scope)),
                )
            )
        return tuple(rows)
    return ()


def subscription_of(scope: str) -> str:
    """The subscription of a resource, a resource group or a subscription, from its id."""
    parts = scope.strip("/").split("/")
    return parts[1] if len(parts) > 1 else ""

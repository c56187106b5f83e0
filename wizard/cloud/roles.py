"""The built-in roles that the procedure assigns, and the role assignments at a scope.

Role ids: docs/azure.md#roles; deterministic assignment names: the convention of Bicep's guid(), docs/azure.md#role-assignments.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from wizard.cloud import reads
from wizard.cloud.arm import covers, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import items
from wizard.cloud.reads import Unknown, advisory
from wizard.system.sanitize import sanitize


@dataclass(frozen=True)
class Role:
    """A built-in role."""

    name: str
    guid: str

    def definition_id(self, subscription: str) -> str:
        """Return the role definition ID for a role assignment."""
        return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.guid}"


CRYPTO_OFFICER = Role("Key Vault Crypto Officer", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603")
CRYPTO_USER = Role("Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424")
CONTRIBUTOR = Role("Key Vault Contributor", "f25e0fa2-a7c8-4377-a976-54943a77a395")
ADMINISTRATOR = Role("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483")
ENCRYPTION_USER = Role("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6")
READER = Role("Key Vault Reader", "21090545-7ca7-4776-b22c-e363652d74d2")

DNS_ZONE_CONTRIBUTOR = Role("Private DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f")
NETWORK_CONTRIBUTOR = Role("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7")
IDENTITY_OPERATOR = Role("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830")
GENERAL = (
    Role("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    Role("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
)
"""Roles that include the permissions of the three above."""

MAY_ENCRYPT = (CRYPTO_USER, CRYPTO_OFFICER, ADMINISTRATOR)
"""Roles that allow to encrypt and decrypt through the vault, the least privileged first: docs/azure.md#roles."""
CANNOT_ENCRYPT = (ENCRYPTION_USER, READER)
"""Roles that look sufficient but are not: they allow wrapping and reading only (docs/azure.md#roles)."""

ENCRYPT = "Microsoft.KeyVault/vaults/keys/encrypt/action"
DECRYPT = "Microsoft.KeyVault/vaults/keys/decrypt/action"
"""The data actions of the vault that AKS needs."""

_NO_LICENCE = "AadPremiumLicenseRequired"
"""The tenant has no licence for Privileged Identity Management, so no role can be activated."""

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


@dataclass(frozen=True)
class Grant:
    """One role assignment."""

    scope: str
    role_guid: str
    principal_id: str
    """The principal that has the role."""
    created_on: datetime | None
    group_id: str = ""
    """The group that the role is assigned to; empty if it is assigned directly."""
    conditional: bool = False
    """Whether it has a condition, which only Azure can evaluate."""
    principal_type: str = ""
    """`User`, `Group`, `ServicePrincipal`, …; empty if it does not matter."""

    def covers(self, scope: str) -> bool:
        """Return whether it applies to a scope, directly or inherited."""
        return covers(self.scope, scope)

    def gives(self, role: Role, principal_id: str, scope: str) -> bool:
        """Return whether it assigns a role to a principal at a scope, directly or inherited."""
        right_one = same(self.role_guid, role.guid) and same(self.principal_id, principal_id)
        return right_one and self.covers(scope)


@dataclass(frozen=True)
class Eligible:
    """A role that a principal can activate (Privileged Identity Management) and does not have now."""

    role: str
    scope: str


def assignment_name(scope: str, principal_id: str, role: Role) -> str:
    """Return the deterministic name of a role assignment, so that no client creates it twice."""
    parts = (scope.rstrip("/").lower(), principal_id.lower(), role.guid.lower())
    return str(uuid.uuid5(_NAMESPACE, "-".join(parts)))


async def assignments(azure: Azure, scope: str) -> tuple[Grant, ...]:
    """Return the role assignments of all principals at a scope, above it and below it. Raise AzureError."""
    return await _listed(azure, scope)


async def grants(azure: Azure, scope: str, principal_id: str) -> tuple[Grant, ...]:
    """Return the role assignments of a principal and of its groups at a scope, including inherited ones. Raise AzureError."""
    found = await _listed(azure, scope, filter=f"assignedTo('{principal_id}')")
    groups = ("" if same(each.principal_id, principal_id) else each.principal_id for each in found)
    return tuple(
        replace(each, principal_id=principal_id, group_id=group, principal_type="")
        for each, group in zip(found, groups, strict=True)
    )


async def _listed(azure: Azure, scope: str, **options: str) -> tuple[Grant, ...]:
    client = azure.authorization(subscription_of(scope)).role_assignments
    with translate_errors(f"The role assignments on {scope} could not be listed."):
        return tuple(
            [
                Grant(
                    scope=str(a.scope or ""),
                    role_guid=str(a.role_definition_id or "").rsplit("/", 1)[-1],
                    principal_id=str(a.principal_id or ""),
                    created_on=a.created_on,
                    conditional=bool(a.condition),
                    principal_type=str(a.principal_type or ""),
                )
                async for a in items(client.list_for_scope(scope, **options))
            ]
        )


async def eligible(azure: Azure, scope: str) -> tuple[Eligible, ...] | Unknown:
    """Return the roles that the signed-in identity can activate at a scope; there are none in a tenant without a licence for it."""
    client = azure.authorization(subscription_of(scope)).role_eligibility_schedule_instances

    async def read() -> tuple[Eligible, ...]:
        rows = []
        async for instance in items(client.list_for_scope(scope, filter="asTarget()")):
            details = instance.expanded_properties
            role = details.role_definition.display_name if details and details.role_definition else None
            rows.append(
                Eligible(
                    sanitize(str(role or instance.role_definition_id or "")),
                    sanitize(str(instance.scope or scope)),
                )
            )
        return tuple(rows)

    found = await advisory(reads.ELIGIBLE_ROLES, read(), azure.timeouts)
    return () if isinstance(found, Unknown) and found.problem.code == _NO_LICENCE else found


def subscription_of(scope: str) -> str:
    """Return the subscription in the ID of a resource, a resource group or a subscription."""
    parts = scope.strip("/").split("/")
    return parts[1] if len(parts) > 1 else ""

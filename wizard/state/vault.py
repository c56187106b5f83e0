"""A key vault: the facts of its body, each derived once. Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wizard.cloud.arm import Json, dig, same
from wizard.cloud.bodies import firewall_denies
from wizard.cloud.encryption import provisioning_state


@dataclass(frozen=True)
class VaultState:
    """What the body of a key vault says. Every fact is derived once, when it is first needed."""

    body: Json | None
    """As Azure returned it; None for a vault that does not exist."""

    @cached_property
    def provisioning_state(self) -> str:
        """`RegisteringDns`, `Succeeded`, …; empty for a vault that does not exist."""
        return provisioning_state(self.body)

    @cached_property
    def location(self) -> str:
        """The region."""
        return str(dig(self.body, "location") or "")

    @cached_property
    def tenant(self) -> str:
        """The id of the tenant whose tokens the vault accepts."""
        return str(self._property("tenantId") or "")

    @cached_property
    def premium(self) -> bool:
        """Whether the vault is of the SKU premium, which HSM-backed keys need."""
        return same(str(self._property("sku", "name") or "standard"), "premium")

    @cached_property
    def purge_protection(self) -> Any:
        """`enablePurgeProtection`, as Azure returned it."""
        return self._property("enablePurgeProtection")

    @cached_property
    def uses_rbac(self) -> bool:
        """Whether the vault uses Azure RBAC; otherwise it uses access policies."""
        return self._property("enableRbacAuthorization") is True

    @cached_property
    def public_network_access(self) -> Any:
        """`publicNetworkAccess`, as Azure returned it."""
        return self._property("publicNetworkAccess")

    @cached_property
    def in_perimeter(self) -> bool:
        """Whether a network security perimeter secures the vault."""
        return same(str(self.public_network_access or ""), "SecuredByPerimeter")

    @cached_property
    def denies_public_access(self) -> bool:
        """Whether the vault denies public network access."""
        return firewall_denies(self.body or {})

    @cached_property
    def trusted_services_may_pass(self) -> bool:
        """Whether the vault's firewall admits trusted Azure services: docs/azure.md#network-access-of-a-vault."""
        return self._bypass and not self.in_perimeter

    @cached_property
    def private(self) -> bool:
        """Whether the vault denies public network access, with an exception for trusted Azure services."""
        return self.denies_public_access and self._bypass

    def policy_permissions(self, principal: str) -> frozenset[str]:
        """Return the key permissions that access policies give a principal, in lower case; `all` means every one.

        A policy with an application applies only to a user who signs in through that application, as no cluster does.
        """
        held = (
            dig(policy, "permissions", "keys") or ()
            for policy in self._property("accessPolicies") or ()
            if same(str(policy.get("objectId") or ""), principal) and not policy.get("applicationId")
        )
        return frozenset(str(permission).casefold() for permissions in held for permission in permissions)

    def policy_allows(self, principal: str, *wanted: str) -> bool:
        """Whether access policies give a principal all these key permissions."""
        held = self.policy_permissions(principal)
        return "all" in held or held >= {permission.casefold() for permission in wanted}

    @property
    def _bypass(self) -> bool:
        return same(str(self._property("networkAcls", "bypass") or "AzureServices"), "AzureServices")

    def _property(self, *path: str) -> Any:
        return dig(self.body, "properties", *path)

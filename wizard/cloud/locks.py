"""Management locks, which block writes of every identity (Azure Resource Manager, "Lock your resources")."""

from dataclasses import dataclass

from wizard.cloud.arm import covers
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import items
from wizard.system.sanitize import sanitize


@dataclass(frozen=True)
class Lock:
    """One lock."""

    name: str
    scope: str
    """The subscription, resource group or resource that it is on."""
    level: str
    """`ReadOnly` or `CanNotDelete`."""

    def covers(self, resource: str) -> bool:
        """Return whether it applies to a resource, directly or inherited."""
        return covers(self.scope, resource)

    @property
    def read_only(self) -> bool:
        """Whether it blocks every write, not only deletion."""
        return self.level.casefold() == "readonly"


async def locks(azure: Azure, subscription: str) -> tuple[Lock, ...]:
    """Return all locks in a subscription, at any scope. Raise AzureError, also if the caller may not read them."""
    with translate_errors("The locks of the subscription could not be read."):
        listing = azure.locks(subscription).management_locks.list_at_subscription_level()
        marker = "/providers/microsoft.authorization/locks/"
        return tuple(
            [
                Lock(
                    sanitize(str(lock.name)),
                    str(lock.id)[: str(lock.id).casefold().rindex(marker)],
                    str(lock.level),
                )
                async for lock in items(listing)
                if marker in str(lock.id).casefold()
            ]
        )

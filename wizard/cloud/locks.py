"""Management locks: what forbids a write whoever asks for it (Azure Resource Manager, "Lock your resources")."""

from dataclasses import dataclass

from wizard.cloud.arm import covers
from wizard.cloud.azure import Azure
from wizard.cloud.clean import clean
from wizard.cloud.diagnose import problem_from
from wizard.cloud.problems import AzureError


@dataclass(frozen=True)
class Lock:
    """One lock."""

    name: str
    scope: str
    """The subscription, resource group or resource that it is on."""
    level: str
    """`ReadOnly` or `CanNotDelete`."""

    def covers(self, resource: str) -> bool:
        """Whether it holds for that resource, directly or from above."""
        return covers(self.scope, resource)

    @property
    def read_only(self) -> bool:
        """Whether it forbids every write, not deletion alone."""
        return self.level.casefold() == "readonly"


async def locks(azure: Azure, subscription: str) -> tuple[Lock, ...] | None:
    """Every lock in a subscription, whatever it is on; None where they may not be read. Raises AzureError."""
    from azure.core.exceptions import AzureError as SdkError
    from azure.core.exceptions import HttpResponseError

    try:
        found = [
            lock async for lock in azure.locks(subscription).management_locks.list_at_subscription_level()
        ]
    except HttpResponseError as error:
        if error.status_code == 403:
            return None
        raise AzureError(problem_from(error, "The locks of the subscription could not be read.")) from error
    except SdkError as error:
        raise AzureError(problem_from(error, "The locks of the subscription could not be read.")) from error
    marker = "/providers/microsoft.authorization/locks/"
    return tuple(
        Lock(clean(str(lock.name)), str(lock.id)[: str(lock.id).casefold().rindex(marker)], str(lock.level))
        for lock in found
        if marker in str(lock.id).casefold()
    )

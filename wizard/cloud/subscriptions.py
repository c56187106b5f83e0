"""The state of a subscription: Azure refuses writes in one that is disabled (docs/azure.md#subscriptions)."""

from urllib.parse import quote

from wizard.cloud import reads
from wizard.cloud.arm import SUBSCRIPTIONS_API
from wizard.cloud.azure import Azure
from wizard.cloud.reads import Unknown, advisory
from wizard.system.sanitize import sanitize


async def subscription_state(azure: Azure, subscription: str) -> str | Unknown:
    """Return `Enabled`, `Warned`, `PastDue`, `Disabled`, `Deleted`, or another state that Azure has."""

    async def read() -> str:
        found = await azure.get(f"/subscriptions/{quote(subscription, safe='')}", SUBSCRIPTIONS_API)
        state = found.get("state")
        if not state:
            raise ValueError("no state")
        return sanitize(str(state))

    return await advisory(reads.SUBSCRIPTION_STATE, read(), azure.timeouts)

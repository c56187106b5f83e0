"""The quota of clusters of a subscription in a region: Microsoft.Quota, docs/azure.md#refusals-of-the-aks-resource-provider."""

from dataclasses import dataclass

from wizard.cloud import reads
from wizard.cloud.arm import same
from wizard.cloud.azure import Azure
from wizard.cloud.paging import items
from wizard.cloud.reads import Unknown, advisory
from wizard.errors import AzureError, unexpected_response

_CLUSTERS = "managedclusters"
"""The name of the quota of clusters. UNCONFIRMED: under another name, the quota counts as unknown."""


@dataclass(frozen=True)
class Quota:
    """A limit and its usage."""

    limit: int
    used: int


async def clusters_in_region(azure: Azure, subscription: str, location: str) -> Quota | Unknown:
    """Return the quota of managed clusters; Unknown also if Azure does not list one by this name."""
    scope = f"subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}"
    client = azure.quotas(subscription)

    async def read() -> Quota:
        limit = used = None
        async for quota in items(client.quota.list(scope)):
            properties = quota.properties
            if properties and properties.name and _is_clusters(properties.name.value):
                limit = getattr(properties.limit, "value", None)
        async for usage in items(client.usages.list(scope)):
            counted = usage.properties
            if counted and counted.name and counted.usages and _is_clusters(counted.name.value):
                used = counted.usages.value
        if limit is None or used is None:
            raise AzureError(unexpected_response(reads.QUOTA.failure, "it lists none of clusters"))
        return Quota(int(limit), int(used))

    return await advisory(reads.QUOTA, read(), azure.timeouts)


def _is_clusters(name: str | None) -> bool:
    return same((name or "").replace(" ", ""), _CLUSTERS)

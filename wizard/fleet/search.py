"""Looks for one cluster by resource group and name: one GET in each subscription, at the same time."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from wizard.cloud.arm import CLUSTER_API, MANAGED_CLUSTER, Json, ResourceId, same
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.error_translation import none_if_missing
from wizard.cloud.inventory import Unreadable, cluster_address, cluster_row
from wizard.cloud.response_schema import cluster_schema_error
from wizard.errors import AzureError
from wizard.fleet import listing
from wizard.fleet.sweep import Swept, odd_cluster

_AT_ONCE = 32
"""Subscriptions asked at the same time: as many as the connections to one host."""


async def search(
    azure: Azure, subscriptions: Sequence[Subscription], group: str, name: str
) -> tuple[list[Swept], list[Unreadable]]:
    """Return the clusters of this resource group and name, and the subscriptions that could not be read, in the order of
    the subscriptions. It never raises AzureError."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def search_in(subscription: Subscription) -> list[Swept | Unreadable]:
        async with slots:
            try:
                return [each async for each in _found(azure, subscription, group, name)]
            except AzureError as error:
                return [Unreadable(subscription.id, subscription.name, error.problem)]

    found = [each for some in await asyncio.gather(*map(search_in, subscriptions)) for each in some]
    return [each for each in found if isinstance(each, Swept)], [
        each for each in found if isinstance(each, Unreadable)
    ]


async def _found(
    azure: Azure, subscription: Subscription, group: str, name: str
) -> AsyncIterator[Swept | Unreadable]:
    """Yield the cluster of this name in a subscription, and those in an unexpected format. Raise AzureError."""
    async for body in _bodies(azure, subscription, group, name):
        if why := cluster_schema_error(body):
            yield odd_cluster(body, why, subscription)
            continue
        row = cluster_row(body, subscription)
        if same(row.resource_group, group) and same(row.name, name):
            yield Swept(row, body, None)


async def _bodies(azure: Azure, subscription: Subscription, group: str, name: str) -> AsyncIterator[Json]:
    """Yield the cluster if it exists. If the caller may not read it, yield every cluster of the subscription that it may list:
    Azure also refuses to read a cluster that does not exist, so a refusal alone would make every subscription doubtful in
    which the caller has a role on other resource groups only."""
    address = cluster_address(ResourceId(subscription.id, group, MANAGED_CLUSTER, name))
    failed = f"The clusters of {subscription.name} could not be listed."
    try:
        body = await listing.paced(azure, failed, lambda: none_if_missing(azure.get(address, CLUSTER_API)))
    except AzureError as error:
        if error.problem.code != "AuthorizationFailed":
            raise
    else:
        if body is not None:
            yield body
        return
    async for page in listing.bodies(azure, subscription.id, subscription.name):
        for body in page:
            yield body

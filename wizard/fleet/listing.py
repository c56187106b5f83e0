"""The truth about the clusters of one subscription: the pages of one LIST, at the api-version that knows the property."""

import urllib.parse
from collections.abc import AsyncIterator

from wizard.cloud.arm import CLUSTER_API, MANAGED_CLUSTER, Json
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import Links
from wizard.cloud.throttling import MOST_TRIES, TOO_MANY
from wizard.errors import AzureError, Problem


async def bodies(
    azure: Azure, subscription: str, name: str, group: str | None = None
) -> AsyncIterator[list[Json]]:
    """The managed clusters of a subscription, as Azure returns them, a page at a time; those of one resource group alone
    if one is given. `name` is the subscription's, for messages. Raises AzureError.

    Through `azure.get`, and not through the SDK's `managed_clusters.list()`: the pipeline is the same (sign-in, proxies,
    retries, user agent), but `list()` builds the SDK's models of every node pool, network and
    add-on, only for us to turn them back into the JSON they came from. That took two thirds of the time of a sweep of
    ten thousand clusters; its `cls=` hook comes too late to spare it. `tests/benchmarks/fleet.py` has the figures.
    """
    scope = f"/subscriptions/{urllib.parse.quote(subscription)}"
    scope += f"/resourceGroups/{urllib.parse.quote(group)}" if group else ""
    url = f"{scope}/providers/{MANAGED_CLUSTER}?api-version={CLUSTER_API}"
    failed = f"The clusters of {name} could not be listed."
    links = Links(f"{azure.cloud.arm}{url}")
    while url:
        page = await _page(azure, url, failed)
        yield page.get("value") or []
        if url := page.get("nextLink") or "":
            with translate_errors(failed):
                links.follow(url)


async def _page(azure: Azure, url: str, failed: str) -> Json:
    from azure.core.exceptions import HttpResponseError  # imported by connect

    for _ in range(MOST_TRIES):
        await azure.hold_back(failed)
        with translate_errors(failed):
            try:
                return await azure.get(url)
            except HttpResponseError as error:
                if error.status_code != TOO_MANY:
                    raise
                # the pipeline has written down for how long; `hold_back` waits for it
    raise AzureError(
        Problem(
            "transient",
            failed,
            "Azure is throttling requests, and kept at it.",
            "Wait some minutes, then try again; --subscription asks for less.",
            code="TooManyRequests",
            retryable=True,
        )
    )

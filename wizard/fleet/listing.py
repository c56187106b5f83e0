"""The clusters of one subscription: the pages of one LIST, with an API version that has the encryption settings."""

import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from wizard.cloud.arm import CLUSTER_API, MANAGED_CLUSTER, Json
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import Links
from wizard.cloud.throttling import MOST_TRIES, TOO_MANY
from wizard.errors import AzureError, Problem

Found = TypeVar("Found")


async def bodies(
    azure: Azure, subscription: str, name: str, group: str | None = None
) -> AsyncIterator[list[Json]]:
    """Yield the managed clusters of a subscription or of one resource group, as Azure returns them, a page at a time. `name` is
    the subscription's, for messages. Raise AzureError.

    This uses `azure.get` instead of the SDK's `managed_clusters.list()`. The pipeline is the same (sign-in, proxies, retries,
    user agent), but `list()` builds models of every node pool, network and add-on, which would have to be converted back to
    JSON. That took two thirds of the time of a sweep of ten thousand clusters, and the `cls=` hook runs too late to avoid it.
    `tests/benchmarks/fleet.py` has the figures.
    """
    scope = f"/subscriptions/{urllib.parse.quote(subscription)}"
    scope += f"/resourceGroups/{urllib.parse.quote(group)}" if group else ""
    url = f"{scope}/providers/{MANAGED_CLUSTER}?api-version={CLUSTER_API}"
    failed = f"The clusters of {name} could not be listed."
    links = Links(f"{azure.cloud.arm}{url}")
    while url:
        page = await paced(azure, failed, partial(azure.get, url))
        yield page.get("value") or []
        if url := page.get("nextLink") or "":
            with translate_errors(failed):
                links.follow(url)


async def paced(azure: Azure, failed: str, ask: Callable[[], Awaitable[Found]]) -> Found:
    """Return the response to one of many requests, which waits while Azure is throttling. Raise AzureError, whose summary is
    `failed`."""
    from azure.core.exceptions import HttpResponseError  # imported by connect

    for _ in range(MOST_TRIES):
        await azure.wait_while_throttled(failed)
        with translate_errors(failed):
            try:
                return await ask()
            except HttpResponseError as error:
                if error.status_code != TOO_MANY:
                    raise
                # the pipeline has stored for how long; `wait_while_throttled` waits
    raise AzureError(
        Problem(
            "transient",
            failed,
            "Azure kept throttling the requests.",
            "Wait a few minutes, then try again. --subscription reduces the number of requests.",
            code="TooManyRequests",
            retryable=True,
        )
    )

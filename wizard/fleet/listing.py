"""The truth about the clusters of one subscription: the pages of one LIST, at the api-version that knows the property."""

import urllib.parse
from collections.abc import AsyncIterator
from typing import cast

from wizard.cloud.arm import CLUSTER_API, Json
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.throttling import MOST_TRIES, TOO_MANY
from wizard.errors import AzureError, Problem, odd_answer


async def bodies(
    azure: Azure, subscription: str, name: str, group: str | None = None
) -> AsyncIterator[list[Json]]:
    """The managed clusters of a subscription, as Azure returns them, a page at a time; those of one resource group alone
    if one is given. `name` is the subscription's, for messages. Raises AzureError.

    Through `send_request` of the SDK's own client, and not through its `managed_clusters.list()`: the pipeline is the
    same (sign-in, proxies, retries, user agent), but `list()` builds the SDK's models of every node pool, network and
    add-on, only for us to turn them back into the JSON they came from. That took two thirds of the time of a sweep of
    ten thousand clusters; its `cls=` hook comes too late to spare it. `tests/benchmarks/fleet.py` has the figures.
    """
    scope = f"/subscriptions/{urllib.parse.quote(subscription)}"
    scope += f"/resourceGroups/{urllib.parse.quote(group)}" if group else ""
    url = f"{scope}/providers/Microsoft.ContainerService/managedClusters?api-version={CLUSTER_API}"
    failed = f"The clusters of {name} could not be listed."
    followed = [url]
    while url:
        page = await _page(azure, subscription, url, failed)
        yield page.get("value") or []
        url = page.get("nextLink") or ""
        if str(url).endswith(tuple(followed)):  # the first of them has no host
            raise AzureError(odd_answer(failed, "the link to its next page leads back to one that it gave"))
        followed.append(url)


async def _page(azure: Azure, subscription: str, url: str, failed: str) -> Json:
    from azure.core import exceptions
    from azure.core.rest import HttpRequest
    from azure.mgmt.core.exceptions import ARMErrorFormat

    client = azure.containers(subscription)
    kinds = {
        401: exceptions.ClientAuthenticationError,
        404: exceptions.ResourceNotFoundError,
    }
    for _ in range(MOST_TRIES):
        await azure.hold_back(failed)
        with translate_errors(failed):
            response = await client.send_request(HttpRequest("GET", url))
            if response.status_code == TOO_MANY:
                continue  # the pipeline has written down for how long; `passed` waits for it
            if response.status_code != 200:
                exceptions.map_error(response.status_code, response, kinds)
                raise exceptions.HttpResponseError(response=response, error_format=ARMErrorFormat)
            return cast("Json", response.json())  # an object: the pipeline lets nothing else through
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

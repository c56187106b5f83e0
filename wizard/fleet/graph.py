"""Finds clusters with one query to Azure Resource Graph, which indexes all subscriptions.

Resource Graph says where clusters are and how many. It is not used for their encryption: its data can be stale, and whether
it has the property at all is UNCONFIRMED (docs/azure.md#fleets).
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import Links

if TYPE_CHECKING:
    from azure.mgmt.resourcegraph.models import QueryResponse

QUESTION = """resources
| where type =~ 'microsoft.containerservice/managedclusters'
| project id, subscriptionId
| order by subscriptionId asc, id asc"""
"""Ordered, so that a subscription is complete as soon as the next one starts. Paging needs the column `id`."""

PAGE = 1000
"""Rows on a page: the maximum of Resource Graph."""


@dataclass(frozen=True)
class Page:
    """One page of the result."""

    ids: tuple[tuple[str, str], ...]
    """Subscription and resource id of each cluster, both in lower case."""
    total: int
    """The number of clusters in Resource Graph."""
    cut_off: bool
    """Whether the result covers the first 10,000 subscriptions only (`x-ms-tenant-subscription-limit-hit`)."""


async def pages(azure: Azure, subscriptions: Sequence[str] | None = None) -> AsyncIterator[Page]:
    """Yield every cluster in Resource Graph, ordered by subscription; None: of all visible subscriptions.

    If a response says that the quota of its window is used up (`x-ms-user-quota-remaining`), wait for the end of the window
    before the next query. Raise AzureError.
    """
    await asyncio.to_thread(importlib.import_module, "azure.mgmt.resourcegraph.aio")
    from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

    client = azure.resource_graph()
    headers: dict[str, str] = {}
    token: str | None = None
    tokens = Links()
    while True:
        options = QueryRequestOptions(top=PAGE, skip_token=token, result_format="objectArray")
        query = QueryRequest(
            query=QUESTION, subscriptions=list(subscriptions) if subscriptions else None, options=options
        )
        failed = "Azure Resource Graph could not be queried for clusters."
        await azure.wait_while_throttled(failed)
        with translate_errors(failed):
            answer = await client.resources(query, cls=lambda sent, found, _: _keep(sent, found, headers))
            page, token = page_of(answer, headers), answer.skip_token
        yield page
        if not token:
            return
        with translate_errors(failed):
            tokens.follow(token)
        azure.throttling.hold(window(headers))


def _keep(sent: Any, found: Any, headers: dict[str, str]) -> Any:
    """Return the response unchanged, and store its headers."""
    headers.clear()
    headers.update({name.lower(): value for name, value in sent.http_response.headers.items()})
    return found


def page_of(answer: "QueryResponse", headers: Mapping[str, str]) -> Page:
    """Return a response of Resource Graph as a page. The names of the headers are in lower case."""
    return Page(
        tuple(
            (str(row["subscriptionId"]).lower(), str(row["id"]).lower())
            for row in cast("list[Json]", answer.data)
        ),
        int(answer.total_records),
        headers.get("x-ms-tenant-subscription-limit-hit", "").casefold() == "true",
    )


def window(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait before the next query: until the window ends if its quota is used up, else 0.

    `x-ms-user-quota-resets-after` is hh:mm:ss (learn: guidance for throttled requests).
    """
    if headers.get("x-ms-user-quota-remaining", "") != "0":
        return 0.0
    try:
        hours, minutes, seconds = (int(part) for part in headers["x-ms-user-quota-resets-after"].split(":"))
    except (KeyError, ValueError):
        return 5.0  # the length of the documented window
    return hours * 3600.0 + minutes * 60 + seconds

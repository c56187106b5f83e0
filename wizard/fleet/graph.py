"""Where there are clusters: one question to Azure Resource Graph, which keeps an index of all subscriptions.

Graph says where to look and how much there is to see. It does not say how a cluster is encrypted: it lags behind, and
whether it shows the property at all is unconfirmed (AZURE.md §8).
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
"""Ordered, so that a subscription is complete as soon as the next one begins; with `id`, without which Graph has no pages."""

PAGE = 1000
"""Rows on a page: the most that Graph gives."""


@dataclass(frozen=True)
class Page:
    """One page of Graph's answer."""

    ids: tuple[tuple[str, str], ...]
    """Subscription and resource id of each cluster, both in lower case."""
    total: int
    """How many clusters Graph knows in all."""
    cut_off: bool
    """Graph looked at the first 10,000 subscriptions only (`x-ms-tenant-subscription-limit-hit`)."""


async def pages(azure: Azure, subscriptions: Sequence[str] | None = None) -> AsyncIterator[Page]:
    """Every cluster that Graph knows in these subscriptions (None: in all that can be seen), by subscription.

    Where an answer says that no further query is left in this window (`x-ms-user-quota-remaining`), the next one waits
    until the window ends. Raises AzureError.
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
        failed = "Azure Resource Graph could not be asked where there are clusters."
        await azure.hold_back(failed)
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
    """The answer as it is; the headers of this one alone are kept beside it."""
    headers.clear()
    headers.update({name.lower(): value for name, value in sent.http_response.headers.items()})
    return found


def page_of(answer: "QueryResponse", headers: Mapping[str, str]) -> Page:
    """An answer of Graph, with its headers by their names in lower case, as a page."""
    return Page(
        tuple(
            (str(row["subscriptionId"]).lower(), str(row["id"]).lower())
            for row in cast("list[Json]", answer.data)
        ),
        int(answer.total_records),
        headers.get("x-ms-tenant-subscription-limit-hit", "").casefold() == "true",
    )


def window(headers: Mapping[str, str]) -> float:
    """Seconds to wait before the next query: until the window ends where its quota is used up, else none.

    `x-ms-user-quota-resets-after` is hh:mm:ss (learn: guidance for throttled requests).
    """
    if headers.get("x-ms-user-quota-remaining", "") != "0":
        return 0.0
    try:
        hours, minutes, seconds = (int(part) for part in headers["x-ms-user-quota-resets-after"].split(":"))
    except (KeyError, ValueError):
        return 5.0  # the length of the documented window
    return hours * 3600.0 + minutes * 60 + seconds

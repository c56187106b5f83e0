"""The verdict on many clusters: a sweep, and the checks on each cluster it finds, at the requested depth."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.errors import AzureError
from wizard.fleet.filters import Filters
from wizard.fleet.progress import Progress
from wizard.fleet.read_cache import ReadCache
from wizard.fleet.sweep import Gone, Swept, sweep
from wizard.system.coroutines import closing_arguments
from wizard.verification.provenance import Provenance
from wizard.verification.report import ClusterReport, Depth
from wizard.verification.verify import at_a_glance, report_on

_AT_ONCE = 16
"""Clusters verified concurrently at depth `full`. What they share is read once."""


@dataclass(frozen=True)
class FleetEntry:
    """One cluster with its verdict."""

    row: ClusterRow
    report: ClusterReport
    in_graph: bool | None
    """Whether Resource Graph lists it; None if it could not be queried."""


FleetResult = FleetEntry | Gone | Unreadable


async def verify_all(
    azure: Azure,
    subscriptions: Sequence[Subscription],
    *,
    depth: Depth = "basic",
    filters: Filters | None = None,
    whole: bool = True,
    progress: Progress | None = None,
) -> AsyncGenerator[FleetResult, None]:
    """Yield the verdict on every cluster that matches the filters as soon as it is known, what could not be read, and what no longer exists.

    `whole`: these subscriptions are all that are visible. `filters.failed` is applied by the caller, which counts verdicts.
    """
    filters, progress = filters or Filters(), progress or Progress()
    cache = ReadCache.through(azure)
    in_flight: set[asyncio.Task[FleetEntry | Unreadable]] = set()
    async with aclosing(sweep(azure, subscriptions, whole=whole, progress=progress)) as found:
        try:
            async for each in found:
                if not isinstance(each, Swept):
                    yield each
                    continue
                if not filters.fits(each.row):
                    progress.other_groups.add(each.row.resource_group)
                    progress.other_locations.add(each.row.location)
                    continue
                progress.fitting += 1
                if depth == "basic":
                    yield await _verdict(each, _at_a_glance(azure, each.body))
                else:
                    in_flight.add(asyncio.create_task(_verdict(each, report_on(cache, each.body))))
                    if len(in_flight) >= _AT_ONCE:
                        done, in_flight = await asyncio.wait(in_flight, return_when=asyncio.FIRST_COMPLETED)
                        for task in done:
                            yield task.result()
            for finished in asyncio.as_completed(in_flight):
                yield await finished
        finally:
            for task in in_flight:
                task.cancel()
            await asyncio.gather(*in_flight, return_exceptions=True)
            await cache.cancel()


async def _at_a_glance(azure: Azure, body: Json) -> ClusterReport:
    return at_a_glance(body, azure.cloud.vault_suffix, Provenance.of(azure))


@closing_arguments
async def _verdict(cluster: Swept, verification: Awaitable[ClusterReport]) -> FleetEntry | Unreadable:
    """Return the verdict on one cluster, or why there is none, so that an error does not stop the sweep."""
    row = cluster.row
    try:
        with translate_errors(f"The cluster {row.name} in {row.subscription_name} could not be verified."):
            return FleetEntry(row, await verification, cluster.in_graph)
    except AzureError as error:
        return Unreadable(row.subscription_id, row.subscription_name, error.problem, row.id)

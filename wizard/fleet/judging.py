"""The verdict on many clusters: a sweep, and the checks on each cluster it finds, as deep as asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.errors import AzureError
from wizard.fleet.progress import Progress
from wizard.fleet.read_cache import ReadCache
from wizard.fleet.sweep import Gone, Swept, sweep
from wizard.fleet.wanted import Wanted
from wizard.verification.provenance import Provenance
from wizard.verification.report import ClusterReport, Depth
from wizard.verification.verify import at_a_glance, report_on

_AT_ONCE = 16
"""Clusters looked at in depth side by side; what they share is waited for by all of them."""


@dataclass(frozen=True)
class Judged:
    """One cluster with its verdict."""

    row: ClusterRow
    report: ClusterReport
    in_graph: bool | None
    """Whether Resource Graph knows it already; None where it could not be asked."""


Verdict = Judged | Gone | Unreadable


async def judge(
    azure: Azure,
    subscriptions: Sequence[Subscription],
    *,
    depth: Depth = "basic",
    wanted: Wanted | None = None,
    whole: bool = True,
    progress: Progress | None = None,
) -> AsyncGenerator[Verdict, None]:
    """The verdict on every cluster that is wanted, as soon as it is known; what could not be read, and what is gone.

    `whole`: these subscriptions are all that can be seen. `wanted.failed` is left to whoever counts the verdicts.
    """
    wanted, progress = wanted or Wanted(), progress or Progress()
    once = ReadCache.through(azure)
    in_flight: set[asyncio.Task[Judged | Unreadable]] = set()
    async with aclosing(sweep(azure, subscriptions, whole=whole, progress=progress)) as found:
        try:
            async for each in found:
                if not isinstance(each, Swept):
                    yield each
                    continue
                if not wanted.fits(each.row):
                    progress.other_groups.add(each.row.resource_group)
                    progress.other_locations.add(each.row.location)
                    continue
                progress.fitting += 1
                if depth == "basic":
                    yield await _told(each, _at_a_glance(azure, each.body))
                else:
                    in_flight.add(asyncio.create_task(_told(each, report_on(once, each.body))))
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
            await once.give_up()


async def _at_a_glance(azure: Azure, body: Json) -> ClusterReport:
    return at_a_glance(body, azure.cloud.vault_suffix, Provenance.of(azure))


async def _told(cluster: Swept, judging: Awaitable[ClusterReport]) -> Judged | Unreadable:
    """The verdict on one cluster; where there can be none, that, so that the others get theirs."""
    row = cluster.row
    try:
        with translate_errors(f"The cluster {row.name} in {row.subscription_name} could not be judged."):
            return Judged(row, await judging, cluster.in_graph)
    except AzureError as error:
        return Unreadable(row.subscription_id, row.subscription_name, error.problem, row.id)

"""A sweep over all subscriptions: Resource Graph finds clusters, and one LIST call per subscription reads them.

Every visible subscription is listed, also without clusters in Resource Graph: a new cluster is listed before it is in
Resource Graph, which also omits silently what the caller cannot read, while a LIST call returns an error. At most `at_once`
subscriptions are read concurrently, and no faster than their rows are consumed, so that the memory needed is that of a few
pages for any number of clusters.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from wizard.cloud.arm import Json, ResourceId
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.inventory import ClusterRow, Unreadable, cluster_row
from wizard.cloud.response_schema import cluster_schema_error
from wizard.errors import AzureError, Problem, unexpected_response
from wizard.fleet import graph, listing
from wizard.fleet.progress import Progress
from wizard.system.sanitize import one_line

AT_ONCE = 8
"""Subscriptions read concurrently. AKS allows 500 LIST calls at once in each subscription and ARM 250 reads (docs/azure.md#refusals-of-the-aks-resource-provider),
so this stays far below both limits. More were not faster when measured."""


@dataclass(frozen=True)
class Swept:
    """One cluster from the LIST of its subscription."""

    row: ClusterRow
    body: Json
    """As Azure returned it."""
    in_graph: bool | None
    """Whether Resource Graph lists it; None if it could not be queried."""


@dataclass(frozen=True)
class Gone:
    """A cluster that Resource Graph lists but that no longer exists."""

    id: str
    """In lower case, as Resource Graph compares ids."""


Found = Swept | Gone | Unreadable


async def sweep(
    azure: Azure,
    subscriptions: Sequence[Subscription],
    *,
    whole: bool = True,
    progress: Progress | None = None,
    at_once: int = AT_ONCE,
) -> AsyncGenerator[Found, None]:
    """Yield every cluster of these subscriptions as it is found, what could not be read, and what no longer exists.

    `whole`: these are all visible subscriptions, so that Resource Graph is queried without naming them and may know more. No
    response from Azure ends a sweep: a subscription that cannot be listed is one `Unreadable`, and so is a cluster in an
    unexpected format.
    """
    progress = progress or Progress()
    progress.throttling = azure.throttling
    progress.subscriptions = len(subscriptions)
    found: asyncio.Queue[list[Found]] = asyncio.Queue(
        1
    )  # a page waits for its turn where it was read, and no further one is read
    reading = asyncio.create_task(_read(azure, subscriptions, found, progress, whole, at_once))
    taking = asyncio.create_task(found.get())
    try:
        while True:
            await asyncio.wait({reading, taking}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                for each in taking.result():
                    yield each
                taking = asyncio.create_task(found.get())
            elif found.empty():
                break
        reading.result()
    finally:
        reading.cancel()
        taking.cancel()
        await asyncio.gather(reading, taking, return_exceptions=True)
        progress.end()


@dataclass(frozen=True)
class _Place:
    """A subscription to list, and its clusters in Resource Graph; None if it could not be queried.

    Rows of Resource Graph that come out of order are added until the subscription is listed.
    """

    subscription: Subscription
    known: set[str] | None


async def _read(
    azure: Azure,
    subscriptions: Sequence[Subscription],
    found: asyncio.Queue[list[Found]],
    progress: Progress,
    whole: bool,
    at_once: int,
) -> None:
    places: asyncio.Queue[_Place | None] = asyncio.Queue(at_once)

    async def name_places() -> None:
        async for place in _places(azure, subscriptions, progress, whole):
            await places.put(place)
        for _ in range(at_once):
            await places.put(None)

    async def list_places() -> None:
        while (place := await places.get()) is not None:
            await _list(azure, place, found, progress)

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(name_places())
            for _ in range(at_once):
                tasks.create_task(list_places())
    except BaseExceptionGroup as group:  # only an error in this program gets here; the first one is enough
        raise group.exceptions[0] from None


async def _places(
    azure: Azure, subscriptions: Sequence[Subscription], progress: Progress, whole: bool
) -> AsyncIterator[_Place]:
    """Yield the subscriptions with clusters in Resource Graph, each as soon as it is complete, then the others.

    Each is yielded once, also if Resource Graph returns to it: listed twice, its clusters would be counted twice.
    """
    waiting = {subscription.id.lower(): subscription for subscription in subscriptions}
    named: dict[str, set[str]] = {}
    here, known = "", set[str]()
    try:
        async for page in graph.pages(azure, None if whole else list(waiting)):
            progress.expected, progress.cut_off = page.total, progress.cut_off or page.cut_off
            for subscription, id_ in page.ids:
                if subscription not in named:
                    if here:
                        yield _place(here, known, waiting, progress)
                    here, known = subscription, named.setdefault(subscription, set())
                named[subscription].add(id_)
    except AzureError as error:
        progress.graph_problem = error.problem
    if here and progress.graph_problem is None:
        yield _place(here, known, waiting, progress)
    for other in list(waiting.values()):
        yield _Place(other, None if progress.graph_problem else set())


def _place(id_: str, known: set[str], waiting: dict[str, Subscription], progress: Progress) -> _Place:
    subscription = waiting.pop(id_, None)
    if subscription is None:  # Resource Graph has one that is not in the list of subscriptions
        subscription = Subscription(id_, id_, "", "")
        progress.subscriptions += 1
    return _Place(subscription, known)


async def _list(azure: Azure, place: _Place, found: asyncio.Queue[list[Found]], progress: Progress) -> None:
    """List one subscription, a page at a time."""
    subscription, shown = place.subscription, set[str]()
    taken = 0
    try:
        async for page in listing.bodies(azure, subscription.id, subscription.name):
            taken += await _take(page, place, shown, found, progress)
    except AzureError as error:
        problem = error.problem
        if not taken and place.known and problem.code == "AuthorizationFailed":
            problem = await _by_groups(azure, place, found, progress, problem)
        progress.unreadable += 1
        await found.put([Unreadable(subscription.id, subscription.name, problem)])
    else:
        if gone := sorted((place.known or set()) - shown):
            await found.put([Gone(id_) for id_ in gone])
    finally:
        if place.known:
            place.known.clear()  # not needed any more; a sweep must not need more memory than a few pages
        progress.listed += 1


async def _take(
    page: list[Json],
    place: _Place,
    shown: set[str],
    found: asyncio.Queue[list[Found]],
    progress: Progress,
) -> int:
    """Pass on the clusters of a page and return their number. Their ids are added to `shown`."""
    batch: list[Found] = []
    for body in page:
        id_ = str(body.get("id") or "").lower()
        shown.add(id_)
        if why := cluster_schema_error(body):
            batch.append(odd_cluster(body, why, place.subscription))
            continue
        row = cluster_row(body, place.subscription)
        batch.append(Swept(row, body, None if place.known is None else id_ in place.known))
        progress.kinds[row.kind] += 1
        progress.clusters += 1
    await found.put(batch)
    return len(batch)


def odd_cluster(body: Json, why: str, subscription: Subscription) -> Unreadable:
    """Return a cluster in an unexpected format. The others of its list are not affected."""
    id_ = one_line(str(body.get("id") or ""))
    summary = (
        f"The cluster {id_.rpartition('/')[2] or 'without an id'} in {subscription.name} could not be read."
    )
    problem = unexpected_response(summary, why)
    return Unreadable(subscription.id, subscription.name, problem, id_)


async def _by_groups(
    azure: Azure,
    place: _Place,
    found: asyncio.Queue[list[Found]],
    progress: Progress,
    problem: Problem,
) -> Problem:
    """List the resource groups in which Resource Graph has clusters, if the caller cannot list their subscription: it has a
    role on these groups only. Return the problem, which says that the subscription is not known as a whole."""
    groups, odd = _groups(place.known or ())
    taken, name = 0, place.subscription.name
    for group in groups:
        try:
            async for page in listing.bodies(azure, place.subscription.id, name, group):
                taken += await _take(page, place, set(), found, progress)
        except AzureError:
            continue  # the problem of the subscription covers its groups
    if not taken:
        return problem
    return replace(
        problem,
        summary=f"{name} cannot be listed as a whole. {taken} clusters were read in {len(groups)} of its resource groups, in "
        "which Resource Graph lists clusters. There may be more."
        + (f" {odd} of the ids in Resource Graph could not be read." if odd else ""),
    )


def _groups(known: Iterable[str]) -> tuple[list[str], int]:
    """Return the resource groups of these cluster ids, and how many ids are not valid."""
    groups, odd = set[str](), 0
    for id_ in known:
        try:
            groups.add(ResourceId.parse(id_).resource_group)
        except ValueError:
            odd += 1
    return sorted(groups), odd

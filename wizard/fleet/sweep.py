"""A sweep over all subscriptions: Graph says where there are clusters, a LIST of each subscription says how they are.

Every subscription that can be seen is listed, also where Graph knows no cluster: a new cluster is in the list before it
is in Graph, and Graph leaves out without a word what may not be read, where a LIST says why. At most `at_once`
subscriptions are read at the same time, and no faster than their rows are taken, so that the memory needed is that of a
few pages, however many clusters there are.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from wizard.cloud.arm import Json, ResourceId
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.inventory import ClusterRow, Unreadable, cluster_row
from wizard.cloud.response_schema import cluster_schema_error
from wizard.errors import AzureError, Problem, odd_answer
from wizard.fleet import graph, listing
from wizard.fleet.progress import Progress
from wizard.system.sanitize import one_line

AT_ONCE = 8
"""Subscriptions read side by side. AKS allows 500 LISTs at once in each subscription and ARM 250 reads (AZURE.md §1a),
so that this many at once, each a page after the other, meets neither; more of them gained nothing when measured."""


@dataclass(frozen=True)
class Swept:
    """One cluster, as the LIST of its subscription shows it."""

    row: ClusterRow
    body: Json
    """As Azure returned it."""
    in_graph: bool | None
    """Whether Resource Graph knows it already; None where it could not be asked."""


@dataclass(frozen=True)
class Gone:
    """A cluster that Resource Graph still shows and that is not there any more."""

    id: str
    """In lower case, as Graph compares ids."""


Found = Swept | Gone | Unreadable


async def sweep(
    azure: Azure,
    subscriptions: Sequence[Subscription],
    *,
    whole: bool = True,
    progress: Progress | None = None,
    at_once: int = AT_ONCE,
) -> AsyncGenerator[Found, None]:
    """Every cluster of these subscriptions, as it is found; what could not be read, and what is gone.

    `whole`: these are all that can be seen, so that Graph is asked without naming them and may know of more. Nothing
    that Azure says ends a sweep: a subscription that cannot be listed is one `Unreadable`, and so is a cluster that a list
    shows in a shape that is none.
    """
    progress = progress or Progress()
    progress.throttling = azure.throttling
    progress.subscriptions = len(subscriptions)
    found: asyncio.Queue[list[Found]] = asyncio.Queue(at_once)
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
    """A subscription to list, and the clusters that Graph knows there; None where it could not be asked.

    Rows of Graph that come out of order are added to what is known, up to the end of its list.
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
    except BaseExceptionGroup as group:  # only a fault of ours gets here, and one of them says enough
        raise group.exceptions[0] from None


async def _places(
    azure: Azure, subscriptions: Sequence[Subscription], progress: Progress, whole: bool
) -> AsyncIterator[_Place]:
    """First the subscriptions in which Graph knows clusters, each as soon as Graph has named all of them; then the others.

    Each of them once, also where Graph comes back to one: listed twice, its clusters would be counted twice.
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
    if subscription is None:  # Graph sees one that the list of subscriptions does not have
        subscription = Subscription(id_, id_, "", "")
        progress.subscriptions += 1
    return _Place(subscription, known)


async def _list(azure: Azure, place: _Place, found: asyncio.Queue[list[Found]], progress: Progress) -> None:
    """All of one subscription, a page at a time."""
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
            place.known.clear()  # nobody asks any more, and a sweep is to need the memory of a few pages
        progress.listed += 1


async def _take(
    page: list[Json],
    place: _Place,
    shown: set[str],
    found: asyncio.Queue[list[Found]],
    progress: Progress,
) -> int:
    """Hand on the clusters of a page; how many there are. Their ids are added to those that a list has `shown`."""
    batch: list[Found] = []
    for body in page:
        id_ = str(body.get("id") or "").lower()
        shown.add(id_)
        if why := cluster_schema_error(body):
            batch.append(_odd(body, why, place.subscription))
            continue
        row = cluster_row(body, place.subscription)
        batch.append(Swept(row, body, None if place.known is None else id_ in place.known))
        progress.kinds[row.kind] += 1
        progress.clusters += 1
    await found.put(batch)
    return len(batch)


def _odd(body: Json, why: str, subscription: Subscription) -> Unreadable:
    """One cluster that a list shows in another shape than any; the others of the list are as good as ever."""
    id_ = one_line(str(body.get("id") or ""))
    summary = (
        f"The cluster {id_.rpartition('/')[2] or 'without an id'} in {subscription.name} could not be read."
    )
    problem = odd_answer(summary, why)
    return Unreadable(subscription.id, subscription.name, problem, id_)


async def _by_groups(
    azure: Azure,
    place: _Place,
    found: asyncio.Queue[list[Found]],
    progress: Progress,
    problem: Problem,
) -> Problem:
    """Where the subscription may not be listed, but Graph shows clusters there: whoever asks has a role on some of its
    resource groups. Their lists are read; that the subscription is not known as a whole stays to be said."""
    groups, odd = _groups(place.known or ())
    taken, name = 0, place.subscription.name
    for group in groups:
        try:
            async for page in listing.bodies(azure, place.subscription.id, name, group):
                taken += await _take(page, place, set(), found, progress)
        except AzureError:
            continue  # what is to be said of the subscription stands for its groups as well
    if not taken:
        return problem
    return replace(
        problem,
        summary=f"{name} may not be listed as a whole. Of {len(groups)} of its resource groups, in which Resource Graph "
        f"shows clusters, {taken} clusters were read; whether there are more cannot be known."
        + (f" {odd} of the ids that it shows there could not be read." if odd else ""),
    )


def _groups(known: Iterable[str]) -> tuple[list[str], int]:
    """The resource groups that these ids of clusters are in, and how many of the ids are of another shape than any."""
    groups, odd = set[str](), 0
    for id_ in known:
        try:
            groups.add(ResourceId.parse(id_).resource_group)
        except ValueError:
            odd += 1
    return sorted(groups), odd

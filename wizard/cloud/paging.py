"""The pages of every list: a list whose links lead back, or that does not end, is an error and not an endless loop.

The SDKs follow any link as long as there is one, and call themselves for each empty page until Python's stack is full.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from wizard.cloud.arm import Json
from wizard.errors import PagingError

Item = TypeVar("Item")

MOST_PAGES = 2_000
MOST_ITEMS = 200_000
"""Limits of one list. The longest in use is that of 10,000 clusters, at 50 a page (ARM's lists have up to 1,000)."""


class Links:
    """The links of one list that were followed: its next pages, or the tokens that stand for them."""

    def __init__(self, *first: str) -> None:
        """`first`: the link of the first page, if it is known."""
        self._followed = set(first)

    def follow(self, link: str) -> None:
        """Record that the page of a link is read next. Raise PagingError if it was read before, or if there are too many."""
        if link in self._followed:
            raise PagingError("the link to its next page leads back to an earlier page")
        if len(self._followed) >= MOST_PAGES:
            raise PagingError(f"the list has more than {MOST_PAGES:,} pages")
        self._followed.add(link)


async def items(listing: AsyncIterable[Item]) -> AsyncIterator[Item]:
    """Yield the entries of a list of an SDK, page by page. Raise PagingError, and what the SDK raises."""
    count = 0
    async for each in _entries(listing):
        count += 1
        if count > MOST_ITEMS:
            raise PagingError(f"the list has more than {MOST_ITEMS:,} entries")
        yield each


async def every_item(listing: AsyncIterable[Item]) -> list[Item]:
    """Return all entries of a list of an SDK. Raise as `items` does."""
    return [each async for each in items(listing)]


async def linked(
    get: Callable[[str, str], Awaitable[Json]], address: str, api_version: str = ""
) -> AsyncIterator[Json]:
    """Yield the entries of a list that is read without an SDK: `get` is `Azure.get`, `address` a path; to be read by `items`.

    Raise what `get` raises, PagingError, and KeyError if an answer is no list.
    """
    links = Links()
    while address:
        links.follow(address)
        page = await get(address, api_version)
        for each in page["value"]:
            yield each
        address, api_version = page.get("nextLink") or "", ""  # a link has its api-version


async def _entries(listing: AsyncIterable[Item]) -> AsyncIterator[Item]:
    by_page = getattr(listing, "by_page", None)
    if by_page is None:  # the read cache's own lists have their entries already
        async for each in listing:
            yield each
        return
    pages, links = by_page(), Links()
    async for page in pages:
        if pages.continuation_token:
            links.follow(pages.continuation_token)
        async for each in page:
            yield each

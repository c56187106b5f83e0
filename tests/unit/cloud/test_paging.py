"""A list ends: its links are followed once, and its pages and entries are limited."""

import ast
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.async_paging import AsyncItemPaged, AsyncList

import wizard
from wizard.cloud import paging
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import Links, items
from wizard.errors import AzureError, PagingError

PER_PAGE = 3


def listing(*links: str | None, entries: int = PER_PAGE) -> AsyncItemPaged[int]:
    """Return a list of an SDK whose pages have these links to the next one; the last link is returned forever."""
    read = 0

    async def get_next(_: str | None) -> int:
        nonlocal read
        read += 1
        return read

    async def extract(page: int) -> tuple[Any, AsyncList[int]]:
        return links[min(page, len(links)) - 1], AsyncList(range(entries))

    return AsyncItemPaged(get_next, extract)


async def all_of(found: Any) -> list[int]:
    return [each async for each in items(found)]


async def test_items_yields_the_entries_of_all_pages() -> None:
    assert len(await all_of(listing("2", "3", None))) == 3 * PER_PAGE
    assert await all_of(listing(None, entries=0)) == []


@pytest.mark.parametrize("links", [("2",), ("2", "3", "2"), ("2", "3", "3")])
@pytest.mark.parametrize("entries", [0, PER_PAGE])
async def test_link_that_leads_back_is_an_error(links: tuple[str, ...], entries: int) -> None:
    with pytest.raises(PagingError, match="leads back to an earlier page"):
        await all_of(listing(*links, entries=entries))


async def test_pages_are_limited() -> None:
    links = Links()
    for page in range(paging.MOST_PAGES):
        links.follow(str(page))
    with pytest.raises(PagingError, match="more than 2,000 pages"):
        links.follow("one more")


async def test_empty_pages_do_not_fill_the_stack() -> None:
    assert await all_of(listing(*map(str, range(1500)), None, entries=0)) == []


async def test_entries_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_ITEMS", 5)
    assert len(await all_of(listing(None, entries=5))) == 5
    with pytest.raises(PagingError, match="more than 5 entries"):
        await all_of(listing(None, entries=6))


async def test_paging_error_becomes_a_problem_that_says_why() -> None:
    with pytest.raises(AzureError) as refused, translate_errors("The locks could not be read."):
        await all_of(listing("again"))
    assert refused.value.problem.code == "UnknownShape"
    assert "leads back" in refused.value.problem.cause


async def test_cancellation_ends_a_list() -> None:
    async def slow() -> AsyncIterator[int]:
        await asyncio.sleep(3600)
        yield 1

    reading = asyncio.create_task(all_of(slow()))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def test_every_list_of_an_sdk_is_read_through_items() -> None:
    """Any other `async for` over a call `….list…(…)` would follow its links without an end."""
    found, engine = [], Path(wizard.__file__).parent
    for path in engine.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.AsyncFor | ast.comprehension) and isinstance(node.iter, ast.Call):
                called = node.iter.func
                if isinstance(called, ast.Attribute) and called.attr.startswith("list"):
                    found.append(f"{path.relative_to(engine)}:{node.iter.lineno}")
    assert found == []

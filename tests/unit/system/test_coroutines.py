"""What is cancelled before it begins leaves no coroutine behind that was never awaited."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from screens.widgets.background import reported
from wizard.cloud.error_translation import none_if_missing
from wizard.cloud.reads import LOCKS, advisory, needed, together
from wizard.cloud.timeouts import Timeouts
from wizard.system.coroutines import closing_arguments


async def work() -> None:
    """What would be awaited."""


@pytest.mark.parametrize(
    "outer",
    [
        lambda: together(work(), together(work())),
        lambda: needed(LOCKS, work()),
        lambda: advisory(LOCKS, work(), Timeouts()),
        lambda: none_if_missing(work()),
        lambda: reported(work(), "it", on_retry=print, on_problem=print),
    ],
    ids=["together", "needed", "advisory", "none_if_missing", "reported"],
)
async def test_nothing_is_left_over(outer: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for begin in (asyncio.create_task, asyncio.ensure_future):
            task = begin(outer())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        _ = outer()  # dropped, as by a worker that is cancelled before it starts
        del task, _
        gc.collect()
    assert [str(each.message) for each in told if each.category is RuntimeWarning] == []


async def test_a_coroutine_that_has_begun_is_its_own() -> None:
    ended = []

    async def inner() -> int:
        try:
            await asyncio.sleep(0)
            return 42
        finally:
            ended.append("inner")

    @closing_arguments
    async def outer(what: Awaitable[int]) -> int:
        return await what

    assert await outer(inner()) == 42
    assert await asyncio.create_task(outer(inner())) == 42
    assert ended == ["inner", "inner"]

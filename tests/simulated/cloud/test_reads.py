"""An advisory read never raises and never blocks: it is unknown, and says why. tests/survival/reads.py has each read."""

import asyncio

import pytest

from wizard.cloud import reads
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.reads import AdvisoryReads, Read, Unknown, advisory, known, needed, together
from wizard.cloud.retry_notices import RetryNotice, listener, notify
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem

TABLE = [each for each in vars(reads).values() if isinstance(each, Read)]


async def test_advisory_read_that_is_too_slow_says_how_to_wait_longer() -> None:
    found = await advisory(reads.LOCKS, asyncio.sleep(60), Timeouts(advisory_read=0.01))
    assert isinstance(found, Unknown)
    assert found.transient
    assert "--timeout advisory-read=" in found.problem.remedy
    assert known(found, "otherwise") == "otherwise"
    assert known("found", "otherwise") == "found"


async def test_advisory_read_is_cancelled_with_its_caller() -> None:
    reading = asyncio.create_task(advisory(reads.LOCKS, asyncio.sleep(60), Timeouts()))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_advisory_read_keeps_the_reason_of_an_azure_error() -> None:
    problem = Problem("azure", "The locks could not be read.", "No.", code="AuthorizationFailed")

    async def refused() -> int:
        with translate_errors("unused"):
            raise AzureError(problem)

    found = await advisory(reads.LOCKS, refused(), Timeouts())
    assert found == Unknown(reads.LOCKS, problem)
    with pytest.raises(AzureError) as raised:
        await needed(reads.CLUSTER, refused())
    assert raised.value.problem == problem


async def test_reads_beside_the_needed_ones_run_at_the_same_time_and_end_with_them() -> None:
    """Each waits until all have started: one after another, they would all be too slow."""
    started, ended = asyncio.Barrier(3), []

    async def request(name: str) -> str:
        await started.wait()
        try:
            await asyncio.sleep(3600 if name == "slow" else 0)
        finally:
            ended.append(name)
        return name

    async with AdvisoryReads(Timeouts(advisory_read=60)) as beside:
        quick = [beside.start(reads.LOCKS, request(name)) for name in ("one", "two")]
        beside.start(reads.POLICIES, request("slow"))
        assert [await each for each in quick] == ["one", "two"]
    assert ended == ["one", "two", "slow"]


async def test_a_slow_read_names_the_last_response() -> None:
    async def retried() -> None:
        notify(RetryNotice("GET locks", "HTTP 503", 3600, asked=False))
        await asyncio.sleep(3600)

    heard: list[RetryNotice] = []
    listener.set(heard.append)
    async with AdvisoryReads(Timeouts(advisory_read=0.01)) as beside:
        beside.start(reads.LOCKS, retried())
        [unknown] = await beside.ended()
    assert "within 0.01 s; its last response was HTTP 503." in unknown.problem.cause
    assert len(heard) == 1


async def test_the_first_needed_read_that_fails_cancels_the_others() -> None:
    ended = []

    async def slow() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("slow")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError

    with pytest.raises(KeyError):
        await together(slow(), fails())
    assert ended == ["slow"]


def test_table_of_reads_has_a_sentence_for_each() -> None:
    assert len({each.name for each in TABLE}) == len(TABLE)
    assert {each.needed for each in TABLE} == {True, False}
    for each in TABLE:
        assert each.failure.endswith(".")
        assert each.absence.endswith(".")

"""A response is read up to a limit after decompression, and a wrong Content-Encoding is a fault of the response."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest

from wizard.cloud.diagnose import problem_from
from wizard.cloud.endpoints import discover
from wizard.cloud.pipeline import MOST_BYTES, BoundedResponse, Transport
from wizard.cloud.proxies import Proxies
from wizard.cloud.timeouts import Timeouts

JSON = b'{"value": []}'


def bomb() -> bytes:
    """Return 256 MiB of zeros, compressed; at no time are they all in memory."""
    compressed = zlib.compressobj(1, wbits=31)
    return b"".join(compressed.compress(bytes(2**20)) for _ in range(256)) + compressed.flush()


@asynccontextmanager
async def serving(body: bytes, encoding: str) -> AsyncIterator[str]:
    """Answer each request with a body and a Content-Encoding; yields the URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read(url: str) -> bytes:
    async with aiohttp.ClientSession(response_class=BoundedResponse) as session:
        response = await Transport(session, Proxies({}), Timeouts()).send(HttpRequest("GET", url))
        return bytes(response.content)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(JSON)),
        ("deflate", zlib.compress(JSON)),
        ("identity", JSON),
        ("", JSON),
    ],
    ids=["gzip", "deflate", "identity", "none"],
)
async def test_response_is_decompressed(encoding: str, body: bytes) -> None:
    async with serving(body, encoding) as url:
        assert await read(url) == JSON


async def test_response_that_is_too_long_after_decompression_is_refused_with_little_memory() -> None:
    async with serving(bomb(), "gzip") as url:
        tracemalloc.start()
        try:
            with pytest.raises(ServiceResponseError, match="longer than 32 MiB"):
                await read(url)
            assert tracemalloc.get_traced_memory()[1] < 4 * MOST_BYTES
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_wrong_encoding_is_a_fault_of_the_response(encoding: str) -> None:
    async with serving(JSON, encoding) as url:
        with pytest.raises(ServiceResponseError) as refused:
            await read(url)
        problem = problem_from(refused.value, "It could not be read.")
        assert (problem.kind, problem.retryable) == ("unreachable", True)


async def test_metadata_document_may_be_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    document = b"""{"name": "Own", "suffixes": {"keyVaultDns": "vault.own.example"}, "authentication":
        {"loginEndpoint": "https://login.own.example", "audiences": ["https://management.own.example"]}}"""
    async with (
        serving(gzip.compress(document), "gzip") as url,
        aiohttp.ClientSession(response_class=BoundedResponse) as session,
    ):
        get = session.get
        monkeypatch.setattr(session, "get", lambda _, **options: get(url, **options))
        cloud = await discover("https://own.example", session, {}, None)
    assert (cloud.name, cloud.vault_suffix) == ("Own", ".vault.own.example")

"""A request whose connection breaks is retried by the retry policy only, never by aiohttp."""

import asyncio

import aiohttp
import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.rest import HttpRequest

from wizard.cloud.pipeline import Transport
from wizard.cloud.proxies import Proxies
from wizard.cloud.timeouts import Timeouts


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
async def test_transport_sends_a_request_once_when_the_server_disconnects(method: str) -> None:
    """aiohttp retries these methods immediately and without notice, and has no option for that: a middleware prevents it."""
    received: list[bytes] = []

    async def disconnect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n"))
        writer.close()

    server = await asyncio.start_server(disconnect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        transport = Transport(session, Proxies({}), Timeouts())
        with pytest.raises(ServiceRequestError, match=r"disconnected|reset"):
            await transport.send(HttpRequest(method, f"http://127.0.0.1:{port}/thing"))
    assert [line.split()[0].decode() for line in received] == [method]

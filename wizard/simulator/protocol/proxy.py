"""A CONNECT proxy that accepts only the host names of the simulated cloud, and connects every tunnel to its TLS port.

With it, `https://kv-demo.vault.local.test/` works without DNS, root access or a hosts file (docs/azure.md#vault-host-names).
"""

import asyncio
import contextlib

from wizard.simulator.protocol.ids import API_SERVERS

HEAD_LIMIT = 16 * 1024


class Proxy:
    """The proxy, on loopback. `port` is set by `start`."""

    def __init__(self, tls_port: int, vault_suffix: str) -> None:
        self._tls_port, self._suffix = tls_port, vault_suffix
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        """Start listening."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every tunnel."""
        if self._server is not None:
            self._server.close()
        # If the tasks were cancelled instead, asyncio's streams would log errors.
        for writer in self._clients:
            writer.transport.abort()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    def _accepts(self, host: str) -> bool:
        return host == "localhost" or host.endswith(("." + self._suffix, API_SERVERS))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tunnels.add(task)
            task.add_done_callback(self._tunnels.discard)
        self._clients.add(writer)
        try:
            await self._tunnel(reader, writer)
        finally:
            self._clients.discard(writer)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError),
        ):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n", 1)[0].split(" ")
            host = head[1].rpartition(":")[0].lower() if len(head) == 3 else ""
            if len(head) != 3 or head[0] != "CONNECT" or not self._accepts(host):
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._tls_port)
            with contextlib.closing(inner_writer):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                directions = [
                    asyncio.create_task(_pump(reader, inner_writer)),
                    asyncio.create_task(_pump(inner_reader, writer)),
                ]
                try:
                    await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for direction in directions:
                        direction.cancel()
                    await asyncio.gather(*directions, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)
        await sink.drain()

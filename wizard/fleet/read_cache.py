"""A connection to Azure for many clusters: what several of them depend on is read once.

The clusters of a fleet share vaults, keys, identities and locks. The verification of one cluster reads everything through
`Azure`. Through this class it is unchanged, but the second cluster on a vault is served from cache, including everything
that the verification may read in future.
"""

import asyncio
import inspect
import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

from wizard.cloud.azure import Azure
from wizard.cloud.paging import items
from wizard.cloud.throttling import MOST_TRIES, TOO_MANY, Throttling

Client = TypeVar("Client")
Key = tuple[Any, ...]


@dataclass
class ReadCache(Azure):
    """The same connection with a cache. For reading only: the second of two equal writes would not be sent."""

    _responses: "ResponseCache" = field(default_factory=lambda: ResponseCache(Throttling()))

    @classmethod
    def through(cls, azure: Azure) -> "ReadCache":
        """Return a connection with an empty cache that shares the connections, credential and clients of `azure`."""
        same = {each.name: getattr(azure, each.name) for each in fields(Azure)}
        return cls(**same, _responses=ResponseCache(azure.throttling, azure.timeouts.throttling))

    async def cancel(self) -> None:
        """Cancel all requests in flight."""
        await self._responses.cancel()

    def _client(self, name: str, key: str, make: Callable[[], Client]) -> Client:
        return cast("Client", CachingClient(super()._client(name, key, make), (name, key), self._responses))


class ResponseCache:
    """Requests and their responses or errors. A request in flight is awaited, not repeated."""

    def __init__(self, throttling: Throttling, longest: float = math.inf) -> None:
        """`longest`: the longest wait in seconds; if Azure asks for more, the request is sent, and refused."""
        self._futures: dict[Key, asyncio.Future[Any]] = {}
        self._throttling, self._longest = throttling, longest

    async def answer(self, key: Key, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Return the response to a request, sent now if it is new. Raise what the request raised."""
        if key not in self._futures:
            self._futures[key] = asyncio.ensure_future(self._paced(ask))
        return await asyncio.shield(self._futures[key])

    async def cancel(self) -> None:
        """Cancel all requests in flight."""
        in_flight = [answer for answer in self._futures.values() if not answer.done()]
        for answer in in_flight:
            answer.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)

    async def _paced(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        from azure.core.exceptions import HttpResponseError  # imported by connect

        for _ in range(MOST_TRIES):
            if self._throttling.left <= self._longest:
                await self._throttling.wait()
            try:
                return await ask()
            except HttpResponseError as error:
                if error.status_code != TOO_MANY:
                    raise
        return await ask()


class CachingClient:
    """An SDK client, or one of its operation groups: each method is served from the cache, lists included."""

    def __init__(self, target: Any, path: Key, cache: ResponseCache) -> None:
        self._target, self._path, self._responses = target, path, cache

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        path = (*self._path, name)
        return self._method(found, path) if callable(found) else CachingClient(found, path, self._responses)

    def _method(self, method: Callable[..., Any], path: Key) -> Callable[..., Any]:
        def call(*args: Any, **given: Any) -> Any:
            if not inspect.iscoroutinefunction(method):
                return self._listed(method, path, args, given)
            return self._responses.answer(
                (*path, args, tuple(sorted(given.items()))), lambda: method(*args, **given)
            )

        return call

    async def _listed(
        self, method: Callable[..., AsyncIterable[Any]], path: Key, args: Key, given: dict[str, Any]
    ) -> AsyncIterator[Any]:
        async def ask() -> list[Any]:
            return [each async for each in items(method(*args, **given))]

        for each in await self._responses.answer((*path, args, tuple(sorted(given.items()))), ask):
            yield each

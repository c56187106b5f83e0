"""How a write may be repeated is declared with the call that sends it, and a write without a declaration is not sent."""

import math
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import HttpRequest

from wizard.cloud.retry_notices import RetryNotice, listener
from wizard.cloud.retrying import Retrying
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Repeat, declared, is_write
from wizard.system.clock import Clock

VAULT = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-demo"


class Response:
    """The part of a response that the retry policy reads."""

    def __init__(self, request: HttpRequest, status: int) -> None:
        self.request, self.status_code = request, status
        self.headers: dict[str, str] = {}


class Transport(AsyncHttpTransport[HttpRequest, Any]):
    """Answers with one status after another, and counts."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.sent = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, request: HttpRequest, **_: Any) -> Any:
        self.sent += 1
        return Response(request, self._statuses.pop(0))


async def sent(transport: Transport, method: str, *, url: str = VAULT, headers: Any = None) -> int:
    """Send a request through the policy; the status that comes back at last."""
    policy = Retrying(Clock(math.inf), Timeouts())
    pipeline = AsyncPipeline[HttpRequest, Any](transport, [policy])
    answer = await pipeline.run(HttpRequest(method, url, headers=headers or {}))
    status: int = answer.http_response.status_code
    return status


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
async def test_a_write_without_a_declaration_is_not_sent(method: str) -> None:
    transport = Transport(200)
    with pytest.raises(TypeError, match="does not declare how it may be repeated"):
        await sent(transport, method)
    assert transport.sent == 0


async def test_a_question_by_post_needs_no_declaration_and_is_repeated() -> None:
    url = "https://management.azure.com/subscriptions/s/providers/Microsoft.KeyVault/checkNameAvailability"
    assert not is_write("POST", url)
    transport = Transport(503, 200)
    assert await sent(transport, "POST", url=url) == 200
    assert transport.sent == 2


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_a_conditional_write_cannot_be_declared_safe(header: str) -> None:
    """Repeated after a lost response it would fail with 412, although it has succeeded."""
    transport = Transport(200)
    with declared(Repeat.SAFE), pytest.raises(TypeError, match="conditional"):
        await sent(transport, "PATCH", headers={header: '"etag"'})
    assert transport.sent == 0
    with declared(Repeat.BY_CALLER):
        assert await sent(transport, "PATCH", headers={header: '"etag"'}) == 200


@pytest.mark.parametrize(
    ("repeat", "status", "times"),
    [
        (Repeat.SAFE, 503, 2),
        (Repeat.SAFE, 429, 2),
        (Repeat.IF_THROTTLED, 503, 1),
        (Repeat.IF_THROTTLED, 429, 2),
        (Repeat.BY_CALLER, 503, 1),
        (Repeat.BY_CALLER, 429, 1),
    ],
)
async def test_a_write_is_repeated_as_declared(repeat: Repeat, status: int, times: int) -> None:
    transport = Transport(status, 200)
    with declared(repeat):
        assert await sent(transport, "PUT") == (200 if times == 2 else status)
    assert transport.sent == times


async def test_a_read_is_always_repeated() -> None:
    transport = Transport(503, 429, 200)
    with declared(Repeat.BY_CALLER):
        assert await sent(transport, "GET") == 200


@pytest.mark.parametrize("closed", [True, False])
async def test_a_connection_that_was_closed_here_is_no_fault(closed: bool) -> None:
    """Another read has failed, and the command ends: a notice would blame the network."""

    class Broken(Transport):
        async def send(self, request: HttpRequest, **_: Any) -> Any:
            self.closed = closed
            if self.sent:
                return await super().send(request)
            self.sent += 1
            raise ServiceResponseError("Server disconnected")

    heard: list[RetryNotice] = []
    token, transport = listener.set(heard.append), Broken(200)
    try:
        if closed:
            with pytest.raises(ServiceResponseError):
                await sent(transport, "GET")
        else:
            assert await sent(transport, "GET") == 200
    finally:
        listener.reset(token)
    assert (transport.sent, len(heard)) == ((1, 0) if closed else (2, 1))

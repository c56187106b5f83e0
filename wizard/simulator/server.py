"""The HTTPS server of the simulated cloud: reads a request, sends it to the right plane, records it, answers."""

import asyncio
import json
import logging
import ssl
import time
import uuid
from collections.abc import Callable

from aiohttp import web

from wizard.simulator.arm import ResourceManager, Router, UnknownRoute
from wizard.simulator.faults import Faults
from wizard.simulator.graph import Graph
from wizard.simulator.providers.registry import ALL
from wizard.simulator.record import Recorded
from wizard.simulator.scenario_faults import FaultSpec
from wizard.simulator.sign_in import SignIn
from wizard.simulator.tokens import Tokens
from wizard.simulator.vault_plane import VaultPlane
from wizard.simulator.wire import Answer, Call, Json, Refusal, decode_query
from wizard.simulator.world import World

log = logging.getLogger("wizard.simulator")


class Server:
    """Everything behind the one TLS port."""

    def __init__(
        self,
        world: World,
        tokens: Tokens,
        *,
        managed_identity_header: str,
        remember: Callable[[Recorded, bool], None],
    ) -> None:
        self._world, self._tokens = world, tokens
        self._header, self._remember = managed_identity_header, remember
        self._faults = Faults(world)
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, context: ssl.SSLContext, port: int) -> None:
        """Listen on loopback; `port` 0 = any."""
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context, backlog=512)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        base_url = f"https://localhost:{self.port}"
        self._base = base_url
        self._sign_in = SignIn(self._world, self._tokens, base_url, self._header)
        self._vaults = VaultPlane(self._world, self._tokens, base_url)
        self._arm = ResourceManager(self._world, self._tokens, Router(ALL), base_url)
        self._graph = Graph(self._world, self._arm)

    async def stop(self) -> None:
        """Close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        began = time.time()
        host = (request.headers.get("Host") or "").rpartition(":")[0] or request.headers.get("Host") or ""
        path = request.path.rstrip("/") or "/"
        body = await self._read(request, host)
        answer, unknown = await self._answer(request, host.lower(), path, body)
        self._world.commit()
        raw = (
            json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
            if answer.body is not None
            else b""
        )
        self._remember(
            Recorded(
                began, request.method, host, path, request.query_string, request.query.get("api-version", ""), answer.status,
                body, request.headers.get("Content-Type", ""), raw,
            ),
            unknown,
        )  # fmt: skip
        return _response(request, answer, raw)

    async def _read(self, request: web.BaseRequest, host: str) -> bytes:
        # Key Vault answers its challenge before it looks at the body.
        if host.endswith(self._world.scenario.vault_suffix) and "Authorization" not in request.headers:
            return b""
        return await request.read()

    async def _answer(
        self, request: web.BaseRequest, host: str, path: str, body: bytes
    ) -> tuple[Answer, bool]:
        """The answer, and whether the route was unknown."""
        self._world.settle()
        try:
            fault = self._faults.strike(request.method, path)
            if fault is not None and fault.lro_fails is None:
                return await _suffer(request, fault), False
            query = decode_query(request.rel_url.raw_query_string)
            if host in {"localhost", "127.0.0.1"}:
                headers = {name.lower(): value for name, value in request.headers.items()}
                signed = await self._sign_in.answer(request.method, path, query, headers, body)
                if signed is not None:
                    return signed, False
            call = Call(request.method, host, path, query, request.headers, _json(body), self._base)
            if fault is not None and fault.lro_fails is not None:
                call.operation_fails = fault.lro_fails.model_dump()
            return await self._at_work(call), False
        except Refusal as refusal:
            return refusal.answer(), isinstance(refusal, UnknownRoute)
        except Exception:
            log.exception("The simulated Azure failed at %s %s", request.method, path)
            return Refusal(
                500,
                "InternalServerError",
                "The simulated Azure has a fault of its own here; its log says where.",
            ).answer(), False

    async def _at_work(self, call: Call) -> Answer:
        self._world.busy += 1
        try:
            return await self._plane(call)
        finally:
            self._world.busy -= 1

    async def _plane(self, call: Call) -> Answer:
        if call.host.endswith("." + self._world.scenario.vault_suffix):
            return await self._vaults.answer(call)
        if call.path.startswith("/v1.0/"):
            return await self._graph.answer(call)
        return await self._arm.answer(call)


async def _suffer(request: web.BaseRequest, fault: FaultSpec) -> Answer:
    if fault.answer is not None:
        raise Refusal(
            fault.answer.status, fault.answer.code, fault.answer.message, headers=fault.answer.headers
        )
    if fault.hang:
        await asyncio.Event().wait()
    if request.transport is not None:
        request.transport.abort()
    return Answer(503)


def _json(body: bytes) -> Json | None:
    if not body:
        return None
    try:
        parsed = json.loads(body)
    except ValueError as problem:
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{problem}'.",
        ) from problem
    if not isinstance(parsed, dict):
        raise Refusal(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'An object is expected.'.",
        )
    return parsed


def _response(request: web.BaseRequest, answer: Answer, raw: bytes) -> web.Response:
    correlation = request.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
    headers = {
        "Cache-Control": "no-cache",
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": correlation,
        **answer.headers,
    }
    if echoed := request.headers.get("x-ms-client-request-id"):
        headers["x-ms-client-request-id"] = echoed
    if raw:
        headers["Content-Type"] = "application/json; charset=utf-8"
    return web.Response(status=answer.status, body=raw or None, headers=headers)

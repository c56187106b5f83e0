"""The HTTPS server of the simulated cloud: it reads a request, passes it to the right plane, records it, and responds."""

import asyncio
import json
import logging
import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import trustme
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server as Protocol

from wizard.simulator.arm.faults import Faults
from wizard.simulator.arm.provider import ResourceProviders
from wizard.simulator.arm.resource_manager import ResourceManager, Router, UnknownRoute
from wizard.simulator.arm.tokens import Tokens
from wizard.simulator.entra.graph import Graph
from wizard.simulator.entra.sign_in import SignIn
from wizard.simulator.protocol.certificates import untrusted_cert, use_authority
from wizard.simulator.protocol.ids import API_SERVERS
from wizard.simulator.protocol.record import Recorded
from wizard.simulator.protocol.wire import Answer, Call, FlatRefusal, Json, Refusal, decode_json, decode_query
from wizard.simulator.scenario.faults import FaultAnswer, FaultSpec
from wizard.simulator.server.vault_plane import VaultPlane
from wizard.simulator.state.world import World

if TYPE_CHECKING:
    from wizard.simulator.kubernetes.plane import KubernetesPlane

log = logging.getLogger("wizard.simulator")
FAILED = "The simulated Azure failed at %s %s"
PREEMPTED: Json = {
    "code": "ResourceOperationFailure",
    "message": "The resource operation completed with terminal provisioning state 'Failed'.",
    "details": [
        {
            "code": "OriginalEtagNotExpect",
            "message": "This operation has been preempted by another operation.",
        }
    ],
}


class Server:
    """Serves all planes on one TLS port."""

    def __init__(
        self,
        world: World,
        tokens: Tokens,
        authority: trustme.CA,
        *,
        managed_identity_header: str,
        on_request: Callable[[Recorded, bool], None],
    ) -> None:
        self._world, self._tokens = world, tokens
        self._header, self._on_request = managed_identity_header, on_request
        self._authority = authority
        self._gone = self._untrusted = False
        self._faults = Faults(world)
        self._protocol: Protocol | None = None
        self._listener: asyncio.Server | None = None
        self._kubernetes: KubernetesPlane | None = None
        self.port = 0

    async def start(self, context: ssl.SSLContext, port: int) -> None:
        """Listen on loopback; `port` 0 selects a free port."""
        self._protocol = Protocol(self._serve, access_log=None)
        self._context = context
        self.port = await self._listen(self._protocol, port)
        base_url = f"https://localhost:{self.port}"
        self._base = base_url
        self._sign_in = SignIn(self._world, self._tokens, base_url, self._header)
        self._vaults = VaultPlane(self._world, self._tokens, base_url)
        router = Router(self._world.service(ResourceProviders).all)
        self._arm = ResourceManager(self._world, self._tokens, router, base_url)
        self._graph = Graph(self._world, self._arm)

    async def _listen(self, protocol: Protocol, port: int) -> int:
        """Listen, and return the port. Without a runner of aiohttp.web, whose routes and files take 40 ms to import."""
        self._listener = await asyncio.get_running_loop().create_server(
            protocol, "127.0.0.1", port, ssl=self._context, backlog=512
        )
        return int(self._listener.sockets[0].getsockname()[1])

    async def inject_faults(self, faults: Sequence[FaultSpec]) -> None:
        """Replace all faults with these, and undo the lasting effects of earlier ones."""
        self._faults.inject_faults(faults)
        if self._gone and self._protocol is not None:
            self._gone = False
            await self._listen(self._protocol, self.port)
        if self._untrusted:
            self._untrusted = False
            use_authority(self._context, self._authority, self._world.scenario.vault_suffix)

    def approve_sign_in(self, user_code: str) -> bool:
        """Approve a device code. Return whether there is one with this user code."""
        return self._sign_in.approve(user_code)

    def fault_counts(self) -> list[int]:
        """Return how often each of the current faults was applied."""
        return self._faults.counts()

    async def _break(self, fault: FaultSpec) -> None:
        """Apply a fault that affects all connections."""
        if fault.gone and not self._gone and self._listener is not None:
            self._gone = True
            self._listener.close()
        if fault.untrusted and not self._untrusted:
            self._untrusted = True
            use_authority(self._context, untrusted_cert(), self._world.scenario.vault_suffix)
        if self._protocol is not None:
            for connection in self._protocol.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    async def stop(self) -> None:
        """Close every connection."""
        if self._protocol is None:
            return
        if self._listener is not None:
            self._listener.close()
        await asyncio.sleep(0)  # requests that have come are begun
        self._protocol.pre_shutdown()
        await self._protocol.shutdown(0.2)

    async def _serve(self, request: BaseRequest) -> StreamResponse:
        began = time.time()
        host = (request.headers.get("Host") or "").rpartition(":")[0] or request.headers.get("Host") or ""
        path = request.path.rstrip("/") or "/"
        body = await self._read(request, host)
        try:
            answer, unknown, fault = await self._handle(request, host.lower(), path, body)
        except Exception:
            log.exception(FAILED, request.method, path)
            answer, unknown, fault = _internal_error(), False, None
        raw = (
            json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode(
                "utf-8",
                "backslashreplace",  # an unpaired surrogate, in the escaped form of JSON
            )
            if answer.body is not None
            else answer.content
        )
        inside = host.lower().endswith(API_SERVERS)  # its bodies contain secrets
        self._on_request(
            Recorded(
                began, request.method, host, path, request.query_string, request.query.get("api-version", ""), answer.status,
                b"" if inside else body, request.headers.get("Content-Type", ""), b"" if inside else raw,
            ),
            unknown,
        )  # fmt: skip
        if answer.reset and request.transport is not None:
            request.transport.abort()
        answer = replace(
            answer, headers={"Date": formatdate(self._world.now(), usegmt=True), **answer.headers}
        )
        return await _respond(request, answer, raw, fault)

    async def _handle(
        self, request: BaseRequest, host: str, path: str, body: bytes
    ) -> tuple[Answer, bool, FaultSpec | None]:
        """Return the answer, whether the route was unknown, and the fault that applies. Changes are stored before this returns.

        Raise the error of a scheduled handler, or of storing the changes.
        """
        self._world.run_due()
        vault = host.endswith("." + self._world.scenario.vault_suffix)
        fault = self._faults.matching(request.method, path, vault=vault, audience=_audience(path, body))
        if fault is not None and (fault.gone or fault.untrusted):
            await self._break(fault)
        if fault is None or not fault.unanswered or fault.after:
            answer, unknown = await self._answer(request, host, path, body, fault)
        else:
            answer, unknown = Answer(fault.page.status if fault.page else 503), False
        self._world.commit()
        return answer, unknown, fault

    async def _read(self, request: BaseRequest, host: str) -> bytes:
        # Key Vault sends its challenge without reading the body.
        if host.endswith(self._world.scenario.vault_suffix) and "Authorization" not in request.headers:
            return b""
        return await request.read()

    async def _answer(
        self, request: BaseRequest, host: str, path: str, body: bytes, fault: FaultSpec | None
    ) -> tuple[Answer, bool]:
        """Return the answer, and whether the route was unknown."""
        try:
            if fault is not None and fault.answer is not None and not fault.after:
                raise _refusal(fault.answer)
            if host.endswith(API_SERVERS):
                return await self._answer_of_cluster(request, host, path, body), False
            query = decode_query(request.rel_url.raw_query_string)
            if host in {"localhost", "127.0.0.1"}:
                headers = {name.lower(): value for name, value in request.headers.items()}
                refused = fault.sign_in if fault is not None else None
                signed = await self._sign_in.answer(request.method, path, query, headers, body, refused)
                if signed is not None:
                    return _faulted(signed, fault), False
            call = Call(request.method, host, path, query, request.headers, _json(body), self._base)
            if fault is not None:
                _add_faults(call, fault)
            return await self._answer_of_plane(call, fault), False
        except Refusal as refusal:
            return _faulted(refusal.answer(), fault), isinstance(refusal, UnknownRoute)
        except Exception:
            log.exception(FAILED, request.method, path)
            return _internal_error(), False

    async def _answer_of_plane(self, call: Call, fault: FaultSpec | None) -> Answer:
        self._world.active_requests += 1
        try:
            answer = await self._plane(call)
        finally:
            self._world.active_requests -= 1
        return _faulted(answer, fault)

    async def _answer_of_cluster(self, request: BaseRequest, host: str, path: str, body: bytes) -> Answer:
        """Return the answer of the API server of a cluster."""
        from wizard.simulator.kubernetes.plane import KubernetesPlane  # not needed by most runs
        from wizard.simulator.kubernetes.replies import Request

        self._kubernetes = self._kubernetes or KubernetesPlane(self._world, self._tokens)
        self._world.active_requests += 1
        try:
            call = Request(request.method, path, request.query, request.headers, body)
            return await self._kubernetes.answer(host, call)
        finally:
            self._world.active_requests -= 1

    async def _plane(self, call: Call) -> Answer:
        if call.host.endswith("." + self._world.scenario.vault_suffix):
            return await self._vaults.answer(call)
        if call.path.startswith("/v1.0/"):
            return await self._graph.answer(call)
        return await self._arm.answer(call)


def _internal_error() -> Answer:
    return Refusal(
        500, "InternalServerError", "The simulated Azure failed to process the request. See its log."
    ).answer()


def _faulted(answer: Answer, fault: FaultSpec | None) -> Answer:
    """Return the answer to a request that was executed, replaced by that of the fault if it has one."""
    return answer if fault is None or fault.answer is None else _refusal(fault.answer).answer()


def _refusal(answer: FaultAnswer) -> Refusal:
    form = Refusal if answer.subcode is None else FlatRefusal
    return form(
        answer.status,
        answer.code,
        answer.message,
        headers=answer.headers,
        details=answer.details or None,
        more=None if answer.subcode is None else {"subcode": answer.subcode},
    )


def _add_faults(call: Call, fault: FaultSpec) -> None:
    """Store in the call the effects of a fault on its operation and its token."""
    call.token_fault, call.keeps = fault.token or "", tuple(fault.keeps)
    if fault.lro_fails is not None:
        call.operation_fails = fault.lro_fails.model_dump(exclude_defaults=True)
    elif fault.lro == "preempted":
        call.operation_fails = deepcopy(PREEMPTED)
    else:
        call.operation_odd = fault.lro or ""


def _audience(path: str, body: bytes) -> str:
    """Return the scope or resource of a request for a token, or ""."""
    if "/oauth2/" not in path:
        return ""
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    return form.get("scope") or form.get("resource") or ""


def _json(body: bytes) -> Json | None:
    if not body:
        return None
    try:
        parsed = decode_json(body)
    except (ValueError, RecursionError) as problem:
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


async def _respond(
    request: BaseRequest, answer: Answer, raw: bytes, fault: FaultSpec | None
) -> StreamResponse:
    """Return the response, with the effect of a fault on its transmission."""
    if fault is None:
        return _response(request, answer, raw)
    if fault.hang:
        await asyncio.Event().wait()
    if fault.reset and request.transport is not None:
        request.transport.abort()
    if fault.page is not None:
        page = Answer(fault.page.status, headers={"Content-Type": fault.page.content_type})
        return _response(request, page, fault.page.body.encode())
    if fault.raw is not None:
        given = Answer(fault.raw.status, headers={**answer.headers, **fault.raw.headers})
        return _response(request, given, fault.raw.body)
    if fault.malformed:
        return _response(request, answer, b'{"value": [<html>')
    if fault.truncate:
        whole = _response(request, answer, raw)
        cut = StreamResponse(status=whole.status, headers=whole.headers)
        cut.content_length = len(raw)
        await cut.prepare(request)
        await cut.write(raw[: len(raw) // 2])
        if request.transport is not None:
            request.transport.close()
        return cut
    return _response(request, answer, raw)


def _response(request: BaseRequest, answer: Answer, raw: bytes) -> Response:
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
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return Response(status=answer.status, body=raw or None, headers=headers)

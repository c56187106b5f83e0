"""The pipeline of every request to Azure, the same for each client. Imports the SDKs' core: late, by `connect`."""

import asyncio
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import IncompleteReadError, ServiceResponseError, ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse, policies
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from wizard.cloud.credential import REFUSED, ClientsCredential
from wizard.cloud.proxies import Proxies
from wizard.cloud.response_schema import key_schema_error, schema_error
from wizard.cloud.response_validation import AcceptedPut, ErrorsWithoutJson, ResponseValidationPolicy
from wizard.cloud.retrying import Retrying
from wizard.cloud.skew import Skew
from wizard.cloud.throttling import TOO_MANY, Throttling, retry_after
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import announce, answered, unanswered
from wizard.system.clock import Clock

_USER_AGENT = "aks-kms-wizard"


_CONNECTING = 20.0
"""Seconds in which a connection must be established."""


MOST_BYTES = 32 * 1024 * 1024
"""The largest response that is read, after decompression. The largest ones that Azure sends are pages of a list: those of a
thousand clusters have 10 MB."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response that is read up to `MOST_BYTES`, however small it is in its compressed form."""

    _bounded: bytes | None = None

    async def read(self) -> bytes:
        """Return the whole body. Raise aiohttp.ClientPayloadError if it is too long or cannot be decompressed."""
        if self._bounded is None:
            body = bytearray()
            try:
                async for chunk in self.content.iter_any():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise aiohttp.ClientPayloadError(f"it is longer than {MOST_BYTES >> 20} MiB")
            except BaseException:
                self.close()  # as in aiohttp's own method: the connection cannot be used again
                raise
            if not body and self.method == "PUT" and self.status == HTTPStatus.ACCEPTED:
                body += b"{}"  # of a response without a body, azure-core reads the stream twice, and fails
            self._bounded = bytes(body)
        return self._bounded


class ConnectionLostError(aiohttp.ClientConnectionError):
    """A connection that broke before its answer was complete."""


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request, and translate the two errors after which aiohttp would send a PUT or DELETE again without notice. It has
    no option to turn that off."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLostError(str(error)) from error


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it lazily, without a type
    """The shared session, with the proxy of each host, and a limit to every wait."""

    def __init__(self, session: aiohttp.ClientSession, proxies: Proxies, timeouts: Timeouts) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=min(_CONNECTING, timeouts.request),
            read_timeout=timeouts.request,
        )
        self._proxies = proxies
        self._whole = _CONNECTING + timeouts.request

    @property
    def closed(self) -> bool:
        """Whether the shared session was closed."""
        return bool(self.session is None or self.session.closed)

    async def send(self, request: Any, **config: Any) -> Any:
        """Send a request, with the keywords of azure-core's transport. Raise azure-core's errors only."""
        address = urlsplit(request.url)
        config["middlewares"] = (_send_once,)
        secure = (
            address.scheme == "https"
        )  # a managed identity's endpoint is http, on this computer or beside it
        if secure and not config.get("proxies") and (proxy := self._proxies.for_host(address.hostname or "")):
            config |= {"proxy": proxy.url, "proxy_headers": proxy.headers}
        try:
            async with asyncio.timeout(self._whole):  # aiohttp has no limit for a proxy that does not answer
                return await super().send(request, **config)
        except TimeoutError as error:
            raise ServiceResponseTimeoutError(
                f"no response within {self._whole:.0f} s", error=error
            ) from error
        except IncompleteReadError as error:  # azure-core treats it as a refusal
            raise ServiceResponseError(f"the response was incomplete: {error}", error=error) from error
        except OSError as error:  # a TLS connection that breaks while reading
            raise ServiceResponseError(str(error) or type(error).__name__, error=error) from error


class AnnouncingTransport(Transport):
    """A transport that notifies the listener of every write: before it is sent, and when its response arrives.

    It is not a policy, because each attempt of a retry and the requests of all clients pass here last.
    """

    async def send(self, request: Any, **config: Any) -> Any:
        """Send a request, with the keywords of azure-core's transport."""
        address = urlsplit(request.url)
        write = announce(request.method, address.hostname or "", address.path)
        if write is None:
            return await super().send(request, **config)
        try:
            answer = await super().send(request, **config)
        except Exception as error:
            unanswered(write, type(error).__name__)
            raise
        headers = answer.headers
        id_ = headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""
        answered(write, answer.status_code, id_)
        return answer


class ThrottlingNotice(policies.SansIOHTTPPolicy[Any, Any]):
    """Records every 429, including those that the retry policy handles."""

    def __init__(self, throttling: Throttling) -> None:
        self._throttling = throttling

    def on_response(self, request: Any, response: Any) -> None:
        """Handle the response of each attempt."""
        del request
        if response.http_response.status_code == TOO_MANY:
            self._throttling.record(retry_after(response.http_response.headers))


class TimeNotice(policies.SansIOHTTPPolicy[Any, Any]):
    """Records the `Date` of each response."""

    def __init__(self, skew: Skew) -> None:
        self._skew = skew

    def on_response(self, request: Any, response: Any) -> None:
        """Handle the response of each attempt."""
        del request
        self._skew.record(str(response.http_response.headers.get("Date") or ""))


def arm_policies(
    credential: ClientsCredential,
    scope: str,
    throttling: Throttling,
    skew: Skew,
    clock: Clock,
    timeouts: Timeouts,
) -> list[Any]:
    """Return the pipeline of a client of Azure Resource Manager.

    It is azure-mgmt-core's pipeline without ARMAutoResourceProviderRegistrationPolicy, which would register a resource
    provider that is not in the plan.
    """
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy({"Accept": "application/json"}),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        ErrorsWithoutJson(),
        AcceptedPut(),
        Retrying(clock, timeouts),
        ResponseValidationPolicy(schema_error),
        ThrottlingNotice(throttling),
        TimeNotice(skew),
        Authentication(cast("Any", credential), scope),
        policies.SensitiveHeaderCleanupPolicy(),
    ]


class Authentication(AsyncARMChallengeAuthenticationPolicy):
    """Adds the token to each request. If several requests of one client were sent with a token that Azure then refuses, the first
    refusal requests a new one, and the others use that."""

    async def on_challenge(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the request has another token now."""
        sent = str(request.http_request.headers.get("Authorization") or "")
        token = REFUSED.set(sent.removeprefix("Bearer "))
        try:
            return await super().on_challenge(request, response)
        finally:
            REFUSED.reset(token)


def token_policies(clock: Clock, timeouts: Timeouts) -> list[Any]:
    """Return the pipeline of a credential for its requests to Microsoft Entra."""
    return [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        ErrorsWithoutJson(),
        Retrying(clock, timeouts, sends_writes=False),
        ResponseValidationPolicy(quote=False),
        policies.SensitiveHeaderCleanupPolicy(),
    ]


def vault_options(clock: Clock, timeouts: Timeouts) -> dict[str, Any]:
    """Return the options of a vault's client, whose own pipeline answers the vault's challenges."""
    return {
        "proxy_policy": ErrorsWithoutJson(),  # a slot outside of the retries; the transport sets the proxy
        "retry_policy": Retrying(clock, timeouts),
        "custom_hook_policy": ResponseValidationPolicy(
            key_schema_error
        ),  # the only slot that each retry passes
    }

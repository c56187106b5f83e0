"""What every request to Azure passes through, the same for each client. Imports the SDKs' core: late, by the door."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import IncompleteReadError, ServiceResponseError, ServiceResponseTimeoutError
from azure.core.pipeline import policies
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from wizard.cloud.credential import ClientsCredential
from wizard.cloud.proxies import proxy_for
from wizard.cloud.response_schema import key_schema_error, schema_error
from wizard.cloud.response_validation import ResponseValidationPolicy, Wordless
from wizard.cloud.retrying import Retrying
from wizard.cloud.skew import Skew
from wizard.cloud.throttling import TOO_MANY, Throttling, retry_after
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import announce, answered, unanswered
from wizard.system.clock import Clock

_USER_AGENT = "aks-kms-wizard"


_CONNECTING = 20.0
"""Seconds at most until a connection stands; one that takes longer never will."""


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it lazily, without a type
    """The shared session, with the proxy that the environment names for each host, and an end to every wait."""

    def __init__(
        self, session: aiohttp.ClientSession, environment: Mapping[str, str], timeouts: Timeouts
    ) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=min(_CONNECTING, timeouts.request),
            read_timeout=timeouts.request,
        )
        self._environment = environment
        self._whole = _CONNECTING + timeouts.request

    async def send(self, request: Any, **config: Any) -> Any:
        """Send one request; keywords as azure-core's own transport takes them. Raises azure-core's errors, and no others."""
        host = urlsplit(request.url).hostname or ""
        if not config.get("proxies") and (proxy := proxy_for(host, self._environment)):
            config |= {"proxy": proxy.url, "proxy_headers": proxy.headers}
        try:
            async with asyncio.timeout(self._whole):  # a proxy that never answers has no limit of aiohttp's
                return await super().send(request, **config)
        except TimeoutError as error:
            raise ServiceResponseTimeoutError(f"no answer within {self._whole:.0f} s", error=error) from error
        except IncompleteReadError as error:  # to azure-core a refusal, which it is not
            raise ServiceResponseError(f"the answer broke off: {error}", error=error) from error
        except OSError as error:  # a TLS connection that breaks while it is read
            raise ServiceResponseError(str(error) or type(error).__name__, error=error) from error


class AnnouncingTransport(Transport):
    """The same, which tells whoever listens of every write: before it is sent, and when it is answered.

    Here and not in a policy, because everything passes here last: each attempt of a retry, and each client's requests.
    """

    async def send(self, request: Any, **config: Any) -> Any:
        """Send one request; keywords as azure-core's own transport takes them."""
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
    """Writes down every 429 that comes back, also those after which the retry policy will simply try again."""

    def __init__(self, throttling: Throttling) -> None:
        self._throttling = throttling

    def on_response(self, request: Any, response: Any) -> None:
        """Called for each answer, each attempt's own."""
        del request
        if response.http_response.status_code == TOO_MANY:
            self._throttling.heard(retry_after(response.http_response.headers))


class TimeNotice(policies.SansIOHTTPPolicy[Any, Any]):
    """Looks at the clock that each answer carries."""

    def __init__(self, skew: Skew) -> None:
        self._skew = skew

    def on_response(self, request: Any, response: Any) -> None:
        """Called for each answer, each attempt's own."""
        del request
        self._skew.heard(str(response.http_response.headers.get("Date") or ""))


def arm_policies(
    credential: ClientsCredential,
    scope: str,
    throttling: Throttling,
    skew: Skew,
    clock: Clock,
    timeouts: Timeouts,
) -> list[Any]:
    """The pipeline of a client of Azure Resource Manager.

    It is azure-mgmt-core's own without ARMAutoResourceProviderRegistrationPolicy, which would register a resource
    provider that no plan has shown.
    """
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy({"Accept": "application/json"}),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        Wordless(),
        Retrying(clock, timeouts),
        ResponseValidationPolicy(schema_error),
        ThrottlingNotice(throttling),
        TimeNotice(skew),
        AsyncARMChallengeAuthenticationPolicy(cast("Any", credential), scope),
        policies.SensitiveHeaderCleanupPolicy(),
    ]


def token_policies(clock: Clock, timeouts: Timeouts) -> list[Any]:
    """The pipeline of a credential that asks Microsoft Entra."""
    return [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        Wordless(),
        Retrying(clock, timeouts, sends_writes=False),
        ResponseValidationPolicy(quote=False),
        policies.SensitiveHeaderCleanupPolicy(),
    ]


def vault_options(clock: Clock, timeouts: Timeouts) -> dict[str, Any]:
    """The same for the client of a vault, whose own pipeline answers the vault's challenges: what is put into it."""
    return {
        "proxy_policy": Wordless(),  # a slot outside of the tries; which proxy there is, the transport knows
        "retry_policy": Retrying(clock, timeouts),
        "custom_hook_policy": ResponseValidationPolicy(key_schema_error),  # the one slot that each try passes
    }

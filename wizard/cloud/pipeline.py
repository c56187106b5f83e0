"""What every request to Azure passes through, the same for each client. Imports the SDKs' core: late, by the door."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from azure.core.pipeline import policies
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from wizard.cloud.clean import clean
from wizard.cloud.correlation import heard
from wizard.cloud.credential import KeptCredential
from wizard.cloud.legible import LegiblePolicy
from wizard.cloud.proxies import proxy_for
from wizard.cloud.throttling import TOO_MANY, Throttling, retry_after

_USER_AGENT = "aks-kms-wizard"


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it lazily, without a type
    """The shared session, with the proxy that the environment names for each host."""

    def __init__(self, session: aiohttp.ClientSession, environment: Mapping[str, str]) -> None:
        super().__init__(session=session, session_owner=False)
        self._environment = environment

    async def send(self, request: Any, **config: Any) -> Any:
        """Send one request; keywords as azure-core's own transport takes them."""
        host = urlsplit(request.url).hostname or ""
        if not config.get("proxies") and (proxy := proxy_for(host, self._environment)):
            config["proxy"] = proxy
        return await super().send(request, **config)


class ThrottlingNotice(policies.SansIOHTTPPolicy[Any, Any]):
    """Writes down every 429 that comes back, also those after which the retry policy will simply try again."""

    def __init__(self, throttling: Throttling) -> None:
        self._throttling = throttling

    def on_response(self, request: Any, response: Any) -> None:
        """Called for each answer, each attempt's own."""
        del request
        if response.http_response.status_code == TOO_MANY:
            self._throttling.heard(retry_after(response.http_response.headers))


class CorrelationPolicy(policies.SansIOHTTPPolicy[Any, Any]):
    """Tells whoever listens which correlation id Azure gave to a write."""

    def on_response(self, request: Any, response: Any) -> None:
        """Called with each answer, before anybody else sees it."""
        sent, answer = request.http_request, response.http_response
        id_ = answer.headers.get("x-ms-correlation-request-id") or answer.headers.get("x-ms-request-id") or ""
        heard(sent.method, urlsplit(sent.url).path, answer.status_code, clean(id_))


def arm_policies(credential: KeptCredential, scope: str, throttling: Throttling) -> list[Any]:
    """The pipeline of a client of Azure Resource Manager.

    It is azure-mgmt-core's own without ARMAutoResourceProviderRegistrationPolicy, which would register a resource
    provider that no plan has shown.
    """
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy({"Accept": "application/json"}),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        LegiblePolicy(),
        policies.AsyncRetryPolicy(),
        ThrottlingNotice(throttling),
        AsyncARMChallengeAuthenticationPolicy(cast("Any", credential), scope),
        policies.SensitiveHeaderCleanupPolicy(),
        CorrelationPolicy(),
    ]

"""What every request to Azure passes through, the same for each client. Imports the SDKs' core: late, by the door."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from azure.core.pipeline import policies
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from wizard.cloud.credential import KeptCredential
from wizard.cloud.proxies import proxy_for

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


def arm_policies(credential: KeptCredential, scope: str) -> list[Any]:
    """The pipeline of a client of Azure Resource Manager.

    It is azure-mgmt-core's own without ARMAutoResourceProviderRegistrationPolicy, which would register a resource
    provider that no plan has shown.
    """
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy({"Accept": "application/json"}),
        policies.UserAgentPolicy(sdk_moniker=_USER_AGENT),
        policies.ContentDecodePolicy(),
        policies.AsyncRetryPolicy(),
        AsyncARMChallengeAuthenticationPolicy(cast("Any", credential), scope),
        policies.SensitiveHeaderCleanupPolicy(),
    ]

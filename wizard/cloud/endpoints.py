"""Clouds: the three built-in ones, and any other by its metadata document."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from wizard.cloud.arm import dig
from wizard.cloud.proxies import Proxy
from wizard.cloud.retry_notices import RetryNotice, notify
from wizard.errors import AzureError, Problem
from wizard.system.sanitize import without_secret

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True)
class Cloud:
    """The endpoints of one Azure cloud."""

    name: str
    """Its name in the Azure CLI, such as `AzureCloud`."""
    arm: str
    """The URL of Azure Resource Manager, without a trailing slash."""
    arm_scope: str
    """The scope of tokens for Azure Resource Manager."""
    authority: str
    """The URL of the sign-in service."""
    vault_suffix: str
    """The suffix of a vault's host name, with the leading dot."""

    @property
    def title(self) -> str:
        """The name in headings: `Azure`, `Azure Government`, `simulated Azure`."""
        return _TITLES.get(self.name, self.name)

    @cached_property
    def simulated(self) -> bool:
        """Whether it is not a real Azure, by its name or because it runs on this computer."""
        host = urlsplit(self.arm).hostname or ""
        return self.name == SIMULATED or host == "localhost" or host.startswith("127.") or host == "::1"

    @property
    def described(self) -> str:
        """The name in records: `Azure`, `simulated Azure at https://localhost:4433, not a real one`."""
        words = self.title if self.name in CLOUDS else f"{self.title} at {self.arm}"
        return f"{words}, not a real one" if self.simulated else words

    def portal_link(self, resource_id: str, tenant_id: str) -> str:
        """Return the URL of a resource in the Azure portal; empty for a cloud whose portal is not known."""
        portal = _PORTALS.get(self.name)
        return f"{portal}/#@{quote(tenant_id)}/resource{quote(resource_id)}" if portal else ""

    def to_json(self) -> dict[str, Any]:
        """Return the cloud as in plans, journals and reports."""
        return {
            "name": self.name,
            "resource_manager": self.arm,
            "simulated": self.simulated,
            "described": self.described,
        }


# Endpoints: Azure CLI 2.91 core/cloud.py; scopes: azure-mgmt-core tools.get_arm_endpoints.
CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "AzureCloud",
            "https://management.azure.com",
            "https://management.azure.com/.default",
            "https://login.microsoftonline.com",
            ".vault.azure.net",
        ),
        Cloud(
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
            "https://login.microsoftonline.us",
            ".vault.usgovcloudapi.net",
        ),
        Cloud(
            "AzureChinaCloud",
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
            "https://login.chinacloudapi.cn",
            ".vault.azure.cn",
        ),
    )
}

SIMULATED = "SimulatedAzure"
"""The name in the metadata document of a simulated Azure."""

_TITLES = {
    "AzureCloud": "Azure",
    "AzureUSGovernment": "Azure Government",
    "AzureChinaCloud": "Azure China",
    SIMULATED: "simulated Azure",
}

# Azure CLI 2.91 core/cloud.py
_PORTALS = {
    "AzureCloud": "https://portal.azure.com",
    "AzureUSGovernment": "https://portal.azure.us",
    "AzureChinaCloud": "https://portal.azure.cn",
}

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_PAUSES = (0.0, 0.5, 1.0)
"""Seconds of real time between two tries; the speed of Azure's time is not known yet."""
_METADATA_VERSION = "2022-09-01"  # the one `az cloud register` asks for


async def discover(
    arm_endpoint: str,
    session: "aiohttp.ClientSession",
    environment: Mapping[str, str],
    proxy: Proxy | None,
    *,
    within: float = 30,
) -> Cloud:
    """Return the cloud whose Azure Resource Manager is at `arm_endpoint`, from its metadata document.

    `AZURE_AUTHORITY_HOST` takes precedence over the document's login endpoint. Raise AzureError if the document cannot be
    read or is incomplete.
    """
    arm = arm_endpoint.rstrip("/")
    if urlsplit(arm).scheme != "https" or "@" in arm:
        raise AzureError(
            Problem(
                "input",
                f"{without_secret(arm_endpoint)!r} is not an https:// URL.",
                "Azure's clients send tokens over TLS only, and a URL must not contain a password.",
                "Set --arm-endpoint (or AKS_KMS_ARM_ENDPOINT) to https://HOST[:PORT].",
            )
        )
    import aiohttp  # late: not needed to start

    limit = aiohttp.ClientTimeout(total=within)
    try:
        document = await _document(
            lambda: session.get(
                f"{arm}/metadata/endpoints?api-version={_METADATA_VERSION}",
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.headers if proxy else None,
                timeout=limit,
                allow_redirects=False,
            )
        )
    except (aiohttp.ClientError, TimeoutError, ValueError, RecursionError) as error:
        raise AzureError(
            Problem(
                "unreachable",
                f"The metadata document of {arm} could not be read.",
                f"{type(error).__name__}: {without_secret(str(error))}",
                "Check --arm-endpoint, the proxy (HTTPS_PROXY) and the CA bundle (SSL_CERT_FILE), then try again.",
                retryable=True,
            )
        ) from error
    if isinstance(document, list):  # the older format of the public cloud: one entry for each cloud
        document = next((entry for entry in document if dig(entry, "resourceManager")), {})
    audiences = dig(document, "authentication", "audiences")
    audience = audiences[0] if isinstance(audiences, list) and audiences else None
    login = environment.get("AZURE_AUTHORITY_HOST") or dig(document, "authentication", "loginEndpoint")
    suffix = dig(document, "suffixes", "keyVaultDns")
    missing = [
        name
        for name, value in (
            ("authentication.audiences", audience),
            ("authentication.loginEndpoint", login),
            ("suffixes.keyVaultDns", suffix),
        )
        if not value or not isinstance(value, str)
    ]
    if missing:
        raise AzureError(
            Problem(
                "input",
                f"The metadata document of {arm} does not have {', '.join(missing)}.",
                "The endpoint may not be an Azure Resource Manager.",
                "Check --arm-endpoint (or AKS_KMS_ARM_ENDPOINT).",
            )
        )
    return Cloud(
        name=str(document.get("name") or arm),
        arm=arm,
        arm_scope=f"{audience}/.default",
        authority=over_tls(str(login)),
        vault_suffix="." + str(suffix).lstrip("."),
    )


async def _document(ask: "Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]]") -> Any:
    """Return the JSON of a response; retry if the connection breaks or Azure returns a transient error.

    Raise what aiohttp raises.
    """
    import aiohttp  # imported by now

    for pause in _PAUSES:
        try:
            async with ask() as answer:
                answer.raise_for_status()
                return json.loads(await answer.read())
        except (
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientPayloadError,
            aiohttp.ClientResponseError,
        ) as error:
            if isinstance(error, aiohttp.ClientResponseError) and error.status not in _TRANSIENT:
                raise
            notify(RetryNotice("GET metadata/endpoints", type(error).__name__, pause, asked=False))
        await asyncio.sleep(pause)
    async with ask() as answer:
        answer.raise_for_status()
        return json.loads(await answer.read())


def over_tls(authority: str) -> str:
    """Return the URL of the sign-in service, without a trailing slash. Raise AzureError if it does not use TLS."""
    whole = (authority if "://" in authority else f"https://{authority}").rstrip("/")
    if urlsplit(whole).scheme != "https" or not urlsplit(whole).hostname or "@" in whole:
        raise AzureError(
            Problem(
                "input",
                f"{without_secret(authority)!r} is not a valid URL of a sign-in service.",
                "Secrets are sent there, over TLS only.",
                "Set AZURE_AUTHORITY_HOST to https://HOST[:PORT], or unset it.",
            )
        )
    return whole

"""Which Azure: the three clouds that are built in, and any other one by its metadata document."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wizard.cloud.arm import dig
from wizard.cloud.proxies import Proxy
from wizard.cloud.retry_notices import RetryNotice, notify
from wizard.errors import AzureError, Problem
from wizard.system.sanitize import without_secret

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True)
class Cloud:
    """One Azure cloud: where its parts are."""

    name: str
    """As the Azure CLI names it: `AzureCloud`."""
    arm: str
    """Azure Resource Manager, without a trailing slash."""
    arm_scope: str
    """What a token for ARM is asked for."""
    authority: str
    """Where tokens come from."""
    vault_suffix: str
    """What follows a vault's name in its host name, with the leading dot."""

    @property
    def title(self) -> str:
        """For a header: `Azure`, `Azure Government`, `simulated Azure`."""
        return _TITLES.get(self.name, self.name)

    @property
    def simulated(self) -> bool:
        """Whether it is no real Azure: by its own name, or because it is on this machine."""
        host = urlsplit(self.arm).hostname or ""
        return self.name == SIMULATED or host == "localhost" or host.startswith("127.") or host == "::1"

    @property
    def described(self) -> str:
        """For a record that is read elsewhere: `Azure`, `simulated Azure at https://localhost:4433, not a real one`."""
        words = self.title if self.name in CLOUDS else f"{self.title} at {self.arm}"
        return f"{words}, not a real one" if self.simulated else words

    def to_json(self) -> dict[str, Any]:
        """Which cloud it was, in plans, journals and reports."""
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
"""The name that a simulated Azure gives in its metadata document."""

_TITLES = {
    "AzureCloud": "Azure",
    "AzureUSGovernment": "Azure Government",
    "AzureChinaCloud": "Azure China",
    SIMULATED: "simulated Azure",
}

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_PAUSES = (0.0, 0.5, 1.0)
"""Seconds of the wall between two tries; nobody knows yet how fast Azure's time passes."""
_METADATA_VERSION = "2022-09-01"  # the one `az cloud register` asks for


async def discover(
    arm_endpoint: str,
    session: "aiohttp.ClientSession",
    environment: Mapping[str, str],
    proxy: Proxy | None,
    *,
    within: float = 30,
) -> Cloud:
    """The cloud whose Azure Resource Manager is at `arm_endpoint`, from its metadata document.

    `AZURE_AUTHORITY_HOST` takes precedence over the document's login endpoint. Raises AzureError where the document
    cannot be had or lacks what is needed.
    """
    arm = arm_endpoint.rstrip("/")
    if urlsplit(arm).scheme != "https" or "@" in arm:
        raise AzureError(
            Problem(
                "input",
                f"{without_secret(arm_endpoint)!r} is not an https:// address.",
                "Azure's clients send tokens over TLS only, and no password in an address.",
                "Give --arm-endpoint (or AKS_KMS_ARM_ENDPOINT) as https://HOST[:PORT].",
            )
        )
    import aiohttp  # imported by now; not on the way to a first frame

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
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise AzureError(
            Problem(
                "unreachable",
                f"{arm} did not say which cloud it is.",
                f"{type(error).__name__}: {without_secret(str(error))}",
                "Check --arm-endpoint, the proxy (HTTPS_PROXY) and the CA bundle (SSL_CERT_FILE), then try again.",
                retryable=True,
            )
        ) from error
    if isinstance(document, list):  # the public cloud's older shape: one entry for each cloud
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
                f"The metadata document of {arm} lacks {', '.join(missing)}.",
                "The address may not be an Azure Resource Manager.",
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
    """The answer's JSON; asked for again where the connection breaks or Azure has a passing fault. Raises what aiohttp does."""
    import aiohttp  # imported by now

    for pause in _PAUSES:
        try:
            async with ask() as answer:
                answer.raise_for_status()
                return await answer.json()
        except (
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientPayloadError,
            aiohttp.ClientResponseError,
        ) as error:
            if isinstance(error, aiohttp.ClientResponseError) and error.status not in _PASSING:
                raise
            notify(RetryNotice("GET metadata/endpoints", type(error).__name__, pause, asked=False))
        await asyncio.sleep(pause)
    async with ask() as answer:
        answer.raise_for_status()
        return await answer.json()


def over_tls(authority: str) -> str:
    """The address that tokens come from, without a trailing slash. Raises AzureError where it is not spoken to over TLS."""
    whole = (authority if "://" in authority else f"https://{authority}").rstrip("/")
    if urlsplit(whole).scheme != "https" or not urlsplit(whole).hostname or "@" in whole:
        raise AzureError(
            Problem(
                "input",
                f"{without_secret(authority)!r} is no address to sign in at.",
                "Secrets are sent there, and over TLS only.",
                "Give AZURE_AUTHORITY_HOST as https://HOST[:PORT], or unset it.",
            )
        )
    return whole

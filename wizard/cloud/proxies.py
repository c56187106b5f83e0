"""The proxy of each request, from the standard environment variables."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

from wizard.errors import AzureError, Problem
from wizard.system.sanitize import mask


@dataclass(frozen=True)
class Proxy:
    """A proxy and its credentials, which are kept apart because error messages contain the URL."""

    url: str
    """`http://HOST:PORT`, without credentials."""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate to the proxy."""
        if not self.user:
            return {}
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {credentials}"}

    @property
    def whole(self) -> str:
        """The URL with credentials, for a library that has no other way."""
        scheme, _, place = self.url.partition("://")
        secret = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        return f"{scheme}://{secret}{place}"


class Proxies:
    """The proxies that an environment names for HTTPS requests: HTTPS_PROXY or ALL_PROXY, and NO_PROXY."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        values = {
            name.lower(): value
            for name, value in environment.items()
            if name.lower().endswith("_proxy") and value
        }
        for value in values.values():
            mask(*_passwords(value))
        self._given = values.get("https_proxy") or values.get("all_proxy")
        self._bypassed = {"no": values.get("no_proxy", "")}

    def for_host(self, host: str) -> Proxy | None:
        """Return the proxy for a request to `host`; None if there is none, or NO_PROXY names the host.

        Raise AzureError if the variable does not hold the address of a proxy.
        """
        if self._given is None or proxy_bypass_environment(host, self._bypassed):
            return None
        return self._proxy

    @cached_property
    def _proxy(self) -> Proxy:
        return _proxy(self._given or "")


def _passwords(text: str) -> tuple[str, str]:
    """Return the password in the URL of a proxy, as it is written and decoded; empty if there is none."""
    credentials = text.rpartition("@")[0].rpartition("//")[2]
    password = credentials.partition(":")[2]
    return password, unquote(password)


def _proxy(text: str) -> Proxy:
    """Return the proxy in a variable, in which `http://` is optional. Raise AzureError."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or parts.path not in {"", "/"}:
        raise AzureError(
            Problem(
                "input",
                "HTTPS_PROXY (or ALL_PROXY) is not a valid proxy URL.",
                "Its value is not shown, because it may contain a password.",
                "Set it to http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or unset it.",
            )
        )
    place = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{place}{f':{port}' if port else ''}"
    return Proxy(url, unquote(parts.username or ""), unquote(parts.password or ""))


def ca_bundle(environment: Mapping[str, str]) -> str | None:
    """Return the file of trusted certificates that the environment names, or None for those of the system."""
    return environment.get("SSL_CERT_FILE") or environment.get("REQUESTS_CA_BUNDLE") or None

"""The proxy of each request, from the standard environment variables."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from urllib.parse import quote, unquote, urlsplit

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
        self._direct = values.get("no_proxy", "").replace(",", " ").lower().split()

    def for_host(self, host: str) -> Proxy | None:
        """Return the proxy for an HTTPS request to `host`; None if there is none, or NO_PROXY names the host.

        Raise AzureError if the variable does not hold the address of a proxy.
        """
        if self._given is None or any(_names(entry, host.lower()) for entry in self._direct):
            return None
        return self._proxy

    @cached_property
    def _proxy(self) -> Proxy:
        return _proxy(self._given or "")


def _names(entry: str, host: str) -> bool:
    """Return whether an entry of NO_PROXY names a host: `*`, a host or domain (`x`, `.x` and `*.x` are the same), an
    address or a network (`10.0.0.0/8`); a port is ignored."""
    if entry == "*":
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        name = entry.partition(":")[0].removeprefix("*").removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ip_network(_without_port(entry), strict=False)
    except ValueError:
        return False


def _without_port(entry: str) -> str:
    """Return the address or network of an entry of NO_PROXY: `::1` for `[::1]:443`, `10.0.0.1` for `10.0.0.1:443`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def _passwords(text: str) -> tuple[str, ...]:
    """Return the password in the URL of a proxy, as it is written, decoded, and as it is sent; empty if there is none."""
    credentials = text.rpartition("@")[0].rpartition("//")[2]
    user, _, password = credentials.partition(":")
    sent = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode() if password else ""
    return password, unquote(password), sent


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

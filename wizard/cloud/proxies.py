"""Which proxy a request goes through, from the standard environment variables."""

from collections.abc import Mapping
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it


def proxy_for(host: str, environment: Mapping[str, str]) -> str | None:
    """The proxy for an HTTPS request to `host`: HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names the host."""
    values = {
        name.lower(): value
        for name, value in environment.items()
        if name.lower().endswith("_proxy") and value
    }
    proxy = values.get("https_proxy") or values.get("all_proxy")
    if proxy is None:
        return None
    bypassed = proxy_bypass_environment(host, {"no": values.get("no_proxy", "")})
    return None if bypassed else proxy


def ca_bundle(environment: Mapping[str, str]) -> str | None:
    """The file of trusted certificates that the environment names, or None for the system's own."""
    return environment.get("SSL_CERT_FILE") or environment.get("REQUESTS_CA_BUNDLE") or None

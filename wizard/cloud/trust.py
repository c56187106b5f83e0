"""Which certificates are trusted: those that the environment names, or those of the operating system."""

import ssl
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.cloud.proxies import ca_bundle
from wizard.errors import AzureError, Problem

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport


def tls_of(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return the trusted certificates; they are always verified. Raise AzureError.

    Python's own default is the system's on Linux only. On macOS and Windows, the system itself judges: companies distribute
    the certificates of their proxies there. A Python that was not built for its Linux distribution, as uv installs it, may not
    know where the certificates are.
    """
    bundle = ca_bundle(environment)
    known = ssl.get_default_verify_paths()
    if bundle is None and (sys.platform in {"darwin", "win32"} or not (known.cafile or known.capath)):
        import truststore  # late: seldom on Linux

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise AzureError(
            Problem(
                "input",
                f"The CA bundle {bundle!r} cannot be read.",
                str(error),
                "Point SSL_CERT_FILE (or REQUESTS_CA_BUNDLE) at a file of PEM certificates, or unset it.",
            )
        ) from None


def synchronous_transport(environment: Mapping[str, str]) -> "dict[str, HttpTransport[Any, Any]]":
    """Return the keyword `transport` for a synchronous credential; without it, the system's certificates would not count.

    If the environment names a bundle, the keyword `connection_verify` is enough, and nothing is returned.
    """
    if ca_bundle(environment):
        return {}
    import requests  # late: only needed for a device code or a browser
    from azure.core.pipeline.transport import RequestsTransport

    context = tls_of(environment)

    class SystemTrust(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options | {"ssl_context": context})

        def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
            return super().proxy_manager_for(*arguments, **options | {"ssl_context": context})

    session = requests.Session()
    session.mount("https://", SystemTrust())
    return {"transport": RequestsTransport(session=session, use_env_settings=False)}

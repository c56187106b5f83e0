"""A plain HTTPS client of the simulator, without SDK and event loop, for fast requests and invalid ones."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support import LIMIT

AKS = "2026-08-01"
VERSIONS = {
    "microsoft.containerservice": AKS, "microsoft.keyvault": "2026-05-15", "microsoft.managedidentity": "2024-11-30",
    "microsoft.authorization": "2022-04-01", "microsoft.resourcegraph": "2024-04-01", "microsoft.features": "2021-07-01",
}  # fmt: skip


class Plain:
    """A client that is signed in with the client secret of an environment. It reopens its connection if it was closed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.endpoint = environment["AKS_KMS_ARM_ENDPOINT"]
        self._context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        self._connection: http.client.HTTPSConnection | None = None
        self._environment = environment
        self.token = self._signed_in(self.endpoint)
        self._vault_token = ""

    def _signed_in(self, resource: str) -> str:
        environment = self._environment
        form = {
            "grant_type": "client_credentials", "client_id": environment["AZURE_CLIENT_ID"],
            "client_secret": environment["AZURE_CLIENT_SECRET"], "scope": f"{resource}/.default",
        }  # fmt: skip
        _, answer, _ = self._send(
            "POST",
            f"/{environment['AZURE_TENANT_ID']}/oauth2/v2.0/token",
            urlencode(form).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        return str(answer["access_token"])

    def vault(
        self, name: str, method: str, path: str, body: Any = None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Send a request to the data plane of a vault."""
        self._vault_token = self._vault_token or self._signed_in("https://vault.local.test")
        headers = {
            "Authorization": f"Bearer {self._vault_token}",
            "Content-Type": "application/json",
            "Host": f"{name}.vault.local.test",
        }
        return self._send(
            method, f"{path}?api-version=7.6", None if body is None else json.dumps(body).encode(), headers
        )

    def __call__(
        self, method: str, path: str, body: Any = None, version: str = "", **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Return status, body and headers. The default api-version depends on the path.

        Raise OSError or HTTPException if the connection fails.
        """
        path = path.removeprefix(self.endpoint)
        if "api-version=" not in path:
            namespace = path.lower().rpartition("/providers/")[2].partition("/")[0]
            path += (
                f"{'&' if '?' in path else '?'}api-version={version or VERSIONS.get(namespace, '2024-11-01')}"
            )
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self._send(method, path, None if body is None else json.dumps(body).encode(), sent)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        if self._connection is None:
            address = urlsplit(self.endpoint)
            self._connection = http.client.HTTPSConnection(
                "localhost", address.port or 443, context=self._context, timeout=LIMIT
            )
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise
        return answer.status, json.loads(raw) if raw else None, answer.headers

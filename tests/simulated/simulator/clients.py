"""The real SDK clients of a running simulator, and plain requests for calls that no SDK sends."""

import socket
import ssl
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ClientSecretCredential
from azure.keyvault.keys.aio import KeyClient
from azure.mgmt.authorization.aio import AuthorizationManagementClient
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.msi.aio import ManagedServiceIdentityClient
from azure.mgmt.policyinsights.aio import PolicyInsightsClient
from azure.mgmt.quota.aio import QuotaMgmtClient
from azure.mgmt.resource.features.aio import FeatureClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

from wizard.simulator import Simulator

PRODUCTION = "22222222-2222-2222-2222-222222222222"
DEVELOPMENT = "33333333-3333-3333-3333-333333333333"
TENANT = "11111111-1111-1111-1111-111111111111"
OPERATOR = "44444444-4444-4444-4444-4444444444aa"
CRYPTO_OFFICER = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
KEY_VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
AKS = "2026-08-01"


class Loopback(AbstractResolver):
    """Resolves every vault to the port of the simulator."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        target = self._port if host.endswith(".test") else port
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=target, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class Cloud:
    """A running simulator, used by one principal: SDK clients, and plain requests for calls that no SDK sends."""

    def __init__(self, simulator: Simulator, principal: str, stack: AsyncExitStack) -> None:
        self.simulator = simulator
        self.environment = environment = simulator.environment_of(principal)
        self.endpoint = simulator.arm_endpoint
        self._stack = stack
        context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        connector = aiohttp.TCPConnector(
            ssl=context, resolver=Loopback(int(self.endpoint.rpartition(":")[2]))
        )
        self.session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        stack.push_async_callback(self.session.close)
        secret = environment["AZURE_CLIENT_SECRET"]
        self.credential = self._open(
            ClientSecretCredential(
                TENANT, environment["AZURE_CLIENT_ID"], secret, authority=self.endpoint, **self.net()
            )
        )

    @cached_property
    def aks(self) -> Any:
        return self._arm(ContainerServiceClient, subscription_id=PRODUCTION)

    @cached_property
    def vaults(self) -> Any:
        return self._arm(KeyVaultManagementClient, subscription_id=PRODUCTION)

    @cached_property
    def identities(self) -> Any:
        return self._arm(ManagedServiceIdentityClient, subscription_id=PRODUCTION)

    @cached_property
    def authorization(self) -> Any:
        return self._arm(AuthorizationManagementClient, subscription_id=PRODUCTION)

    @cached_property
    def policies(self) -> Any:
        return self._arm(PolicyInsightsClient, subscription_id=PRODUCTION)

    @cached_property
    def quotas(self) -> Any:
        return self._arm(QuotaMgmtClient, subscription_id=PRODUCTION)

    @cached_property
    def features(self) -> Any:
        return self._arm(FeatureClient, subscription_id=PRODUCTION)

    @cached_property
    def resources(self) -> Any:
        return self._arm(ResourceManagementClient, subscription_id=PRODUCTION)

    @cached_property
    def subscriptions(self) -> Any:
        return self._arm(SubscriptionClient)

    def net(self) -> dict[str, Any]:
        return {"transport": AioHttpTransport(session=self.session, session_owner=False)}

    def _arm(self, client: Callable[..., Any], **options: str) -> Any:
        """Return a client of this kind for ARM. A test needs few of them, so each is made on first use."""
        scopes = [f"{self.endpoint}//.default"]
        return self._open(
            client(
                self.credential,
                base_url=self.endpoint,
                credential_scopes=scopes,
                **options,
                **self.net(),
            )
        )

    def _open(self, client: Any) -> Any:
        self._stack.push_async_callback(client.close)
        return client

    async def approve(self, device: dict[str, Any]) -> tuple[int, str]:
        """Approve a device code at its page, with the secret of the environment."""
        form = {
            "user_code": device["user_code"],
            "client_secret": self.simulator.environment["AZURE_CLIENT_SECRET"],
        }
        async with self.session.post(device["verification_uri"], data=form) as response:
            return response.status, await response.text()

    def keys(self, vault: str) -> Any:
        """Return the client for the data plane of a vault."""
        return self._open(KeyClient(f"https://{vault}.vault.local.test/", self.credential, **self.net()))

    async def token(self, resource: str = "") -> str:
        return str((await self.credential.get_token(f"{resource or self.endpoint + '/'}/.default")).token)

    async def raw(
        self,
        method: str,
        path: str,
        api_version: str = AKS,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> tuple[int, Any, Any]:
        """Return status, body and headers of a plain ARM request."""
        bearer = await self.token() if token is None else token
        url = (
            self.endpoint
            + path
            + (("&" if "?" in path else "?") + f"api-version={api_version}" if api_version else "")
        )
        sent = ({"Authorization": f"Bearer {bearer}"} if bearer else {}) | (headers or {})
        async with self.session.request(method, url, json=body, headers=sent) as response:
            return (
                response.status,
                (await response.json() if await response.read() else None),
                response.headers,
            )

    # -- common operations --------------------------------------------------------------------------------------------

    async def make_vault(self, name: str = "kv-demo", group: str = "rg-demo", **properties: Any) -> Any:
        body = {
            "location": "westus2",
            "properties": {
                "tenantId": TENANT,
                "sku": {"family": "A", "name": "standard"},
                "enableRbacAuthorization": True,
            }
            | properties,
        }
        return await (
            await self.vaults.vaults.begin_create_or_update(group, name, body, polling_interval=0.01)
        ).result()

    async def make_key(
        self, vault: str = "kv-demo", name: str = "aks-kms", group: str = "rg-demo", **properties: Any
    ) -> Any:
        return await self.vaults.keys.create_if_not_exist(
            group, vault, name, {"properties": {"kty": "RSA", "keyOps": ["encrypt", "decrypt"]} | properties}
        )

    async def make_identity(self, name: str = "id-aks-demo", group: str = "rg-demo") -> Any:
        return await self.identities.user_assigned_identities.create_or_update(
            group, name, {"location": "westus2"}
        )

    async def grant(
        self,
        scope: str,
        role: str,
        principal: str,
        *,
        name: str = "",
        principal_type: str | None = "ServicePrincipal",
    ) -> Any:
        properties = {
            "roleDefinitionId": f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
        }
        if principal_type:
            properties["principalType"] = principal_type
        return await self.authorization.role_assignments.create(
            scope, name or str(uuid.uuid4()), {"properties": properties}
        )

    async def register_feature(self) -> None:
        await self.features.features.register("Microsoft.ContainerService", "KMSPMKPreview")

    async def customer_key(
        self, *, access: str = "Public", grant: bool = True, **key: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Create vault, key, identity and roles. Return the security profile and the identity for the PUT of a cluster."""
        vault = await self.make_vault()
        made = await self.make_key(**key)
        identity = await self.make_identity()
        if grant:
            await self.grant(vault.id, CRYPTO_USER, identity.principal_id)
            await self.grant(vault.id, KEY_VAULT_CONTRIBUTOR, identity.principal_id)
        security = {
            "azureKeyVaultKms": {
                "enabled": True,
                "keyId": made.properties.key_uri,
                "keyVaultNetworkAccess": access,
                "keyVaultResourceId": vault.id,
            },
            "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
        }
        return security, {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}

    async def put_cluster(
        self,
        name: str = "aks-demo",
        group: str = "rg-demo",
        *,
        api_version: str = AKS,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> tuple[int, Any, Any]:
        """GET a cluster, merge `security`, `identity` and `properties` into it, and PUT it."""
        path = cluster_path(name, group)
        _, body, _ = await self.raw("GET", path, api_version)
        if "security" in changes:
            body["properties"]["securityProfile"] = changes["security"]
        if "identity" in changes:
            body["identity"] = changes["identity"]
        body["properties"] |= changes.get("properties", {})
        return await self.raw("PUT", path, api_version, body, headers)

    def cluster(self, name: str = "aks-demo", group: str = "rg-demo") -> Any:
        """Return the complete state of a cluster."""
        return self.simulator.resource(cluster_path(name, group))


def cluster_path(name: str = "aks-demo", group: str = "rg-demo", subscription: str = PRODUCTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"


def vault_path(name: str = "kv-demo", group: str = "rg-demo") -> str:
    return f"/subscriptions/{PRODUCTION}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"


Start = Callable[..., Awaitable[Cloud]]


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Repeat until the condition is true, or the time limit of the test is reached."""
    while not await condition():
        pass
    assert await condition(), what


def said(body: Any) -> Any:
    """Return the error in a response body: inside `error`, as in ARM, or at the top level, as in AKS."""
    return body.get("error", body)


def refusal(problem: HttpResponseError) -> tuple[int | None, str, str, str]:
    """Return HTTP status, code, text and inner code of an SDK exception."""
    assert problem.error is not None
    inner = getattr(problem.error, "innererror", None) or {}
    return (
        problem.status_code,
        str(problem.error.code),
        str(problem.error.message),
        str(inner.get("code", "")),
    )

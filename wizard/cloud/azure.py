"""The connection to Azure: the signed-in identity, the cloud, and one client for each service over a shared connection pool.

Importing this module is cheap; `connect` imports the SDKs, in a thread.
"""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wizard.cloud.arm import SUBSCRIPTIONS_API, Json, documented_spelling
from wizard.cloud.credential import (
    SECRET_VARIABLES,
    CachedCredential,
    CredentialKind,
    SignedIn,
    identity_of,
    libraries_of,
    make_credential,
)
from wizard.cloud.endpoints import Cloud
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import items, linked
from wizard.cloud.proxies import Proxies
from wizard.cloud.settings import clock_of, timeouts_of, which_cloud
from wizard.cloud.skew import Skew
from wizard.cloud.throttling import Throttling
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.trust import tls_of
from wizard.errors import AzureError, Problem
from wizard.system.clock import Clock
from wizard.system.sanitize import mask, sanitize

if TYPE_CHECKING:
    import aiohttp
    from azure.keyvault.keys.aio import KeyClient
    from azure.mgmt.authorization.aio import AuthorizationManagementClient
    from azure.mgmt.containerservice.aio import ContainerServiceClient
    from azure.mgmt.keyvault.aio import KeyVaultManagementClient
    from azure.mgmt.msi.aio import ManagedServiceIdentityClient
    from azure.mgmt.policyinsights.aio import PolicyInsightsClient
    from azure.mgmt.quota.aio import QuotaMgmtClient
    from azure.mgmt.resource.features.aio import FeatureClient
    from azure.mgmt.resource.locks.aio import ManagementLockClient
    from azure.mgmt.resource.resources.aio import ResourceManagementClient
    from azure.mgmt.resource.subscriptions.aio import SubscriptionClient
    from azure.mgmt.resourcegraph.aio import ResourceGraphClient

_TO_SIGN_IN = ("aiohttp", "azure.core.pipeline.policies", "wizard.cloud.pipeline")
TO_READ = (
    "azure.mgmt.keyvault.aio",
    "azure.mgmt.authorization.aio",
    "azure.mgmt.msi.aio",
    "azure.mgmt.resource.locks.aio",
    "wizard.cloud.rest",
)
"""The modules of the clients that reading a cluster with its vault, key and identity needs. Not that of AKS, the largest:
`inventory.cluster_body` reads a cluster without an SDK."""
TO_PLAN = (
    *TO_READ,
    "azure.mgmt.policyinsights.aio",
)
"""Those that a plan needs beside them."""
TO_CHANGE = (
    *TO_PLAN,
    "azure.mgmt.containerservice.aio",
    "azure.keyvault.keys.aio",
    "azure.mgmt.resource.resources.aio",
    "azure.mgmt.resource.subscriptions.aio",
    "azure.mgmt.resource.features.aio",
)
"""Those that changes need beside them, which take twice as long as all others."""

_POLL = 10.0
"""Seconds between two polls of a long-running operation if Azure does not say; the SDKs would take 30. AKS allows 200 such
requests in a subscription, and two more each second (docs/azure.md#refusals-of-the-aks-resource-provider)."""

_USABLE = {"Enabled", "Warned", "PastDue"}

Client = TypeVar("Client")


@dataclass(frozen=True)
class Subscription:
    """A subscription that the signed-in identity can see."""

    id: str
    name: str
    tenant_id: str
    state: str

    @property
    def usable(self) -> bool:
        """Whether resources in it can be changed. Azure makes disabled, expired and deleted subscriptions read-only."""
        return documented_spelling(self.state, _USABLE) in _USABLE


@dataclass
class Azure:
    """A signed-in connection to one cloud. Created by `connect`, and valid until its block ends."""

    cloud: Cloud
    signed_in: SignedIn
    clock: Clock
    _credential: CachedCredential = field(repr=False)
    _session: "aiohttp.ClientSession" = field(repr=False)
    _environment: Mapping[str, str] = field(repr=False)
    """It holds secrets."""
    _proxies: Proxies = field(repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    throttling: Throttling = field(default_factory=Throttling)
    """The throttling that Azure has reported so far."""
    skew: Skew = field(default_factory=Skew)
    """The difference between Azure's clock and this machine's."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """The limit of each wait."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment that endpoints, proxies and certificates were read from, for child processes."""
        return self._environment

    async def token(self, scope: str) -> str:
        """Return an access token of the signed-in identity, for a service without an SDK here. Raise AzureError."""
        with translate_errors(f"No token for {scope} could be obtained."):
            return (await self._credential.get_token_info(scope)).token

    async def sign_in_to_vaults(self) -> None:
        """Obtain the token for the data plane of vaults ahead of its use: later, what signs in here may have expired, such as
        the assertion of a pipeline after five minutes (docs/azure.md#sign-in). Raise AzureError."""
        scope = f"https://{self.cloud.vault_suffix.removeprefix('.')}/.default"
        with translate_errors("No token for Key Vault could be obtained."):
            await self._credential.get_token_info(scope, options={"tenant_id": self.signed_in.tenant_id})

    async def get(self, address: str, api_version: str = "") -> Json:
        """Return the JSON object at a path of Azure Resource Manager, or at a link that Azure gave, without an SDK.

        Raise what the SDKs raise: to be called inside `translate_errors`.
        """
        from wizard.cloud.rest import RestClient  # imported by connect

        client = self._client("rest", "", lambda: RestClient(**self._arm_options()))
        return await client.get(address, api_version)

    async def subscriptions(self) -> list[Subscription]:
        """Return the visible subscriptions, by name. Raise AzureError."""
        with translate_errors("The subscriptions could not be listed."):
            rows = [
                Subscription(
                    str(item["subscriptionId"]),
                    sanitize(item.get("displayName") or ""),
                    str(item.get("tenantId") or ""),
                    str(item.get("state") or ""),
                )
                async for item in items(linked(self.get, "/subscriptions", SUBSCRIPTIONS_API))
            ]
        return sorted(rows, key=lambda row: row.name.casefold())

    def containers(self, subscription: str) -> "ContainerServiceClient":
        """Return the client of AKS in a subscription."""
        from azure.mgmt.containerservice.aio import ContainerServiceClient  # imported by connect

        return self._arm_client("containers", subscription, ContainerServiceClient)

    def vaults(self, subscription: str) -> "KeyVaultManagementClient":
        """Return the client of Key Vault's management plane in a subscription."""
        from azure.mgmt.keyvault.aio import KeyVaultManagementClient  # imported by connect

        return self._arm_client("vaults", subscription, KeyVaultManagementClient)

    def identities(self, subscription: str) -> "ManagedServiceIdentityClient":
        """Return the client of user-assigned identities in a subscription."""
        from azure.mgmt.msi.aio import ManagedServiceIdentityClient  # imported by connect

        return self._arm_client("identities", subscription, ManagedServiceIdentityClient)

    def authorization(self, subscription: str) -> "AuthorizationManagementClient":
        """Return the client of role definitions, role assignments and permissions in a subscription."""
        from azure.mgmt.authorization.aio import AuthorizationManagementClient  # imported by connect

        return self._arm_client("authorization", subscription, AuthorizationManagementClient)

    def resources(self, subscription: str) -> "ResourceManagementClient":
        """Return the client of resource groups and resource providers in a subscription."""
        from azure.mgmt.resource.resources.aio import ResourceManagementClient  # imported by connect

        return self._arm_client("resources", subscription, ResourceManagementClient)

    def features(self, subscription: str) -> "FeatureClient":
        """Return the client of preview features in a subscription."""
        from azure.mgmt.resource.features.aio import FeatureClient  # imported by connect

        return self._arm_client("features", subscription, FeatureClient)

    def locks(self, subscription: str) -> "ManagementLockClient":
        """Return the client of management locks in a subscription."""
        from azure.mgmt.resource.locks.aio import ManagementLockClient  # imported by connect

        return self._arm_client("locks", subscription, ManagementLockClient)

    def policies(self, subscription: str) -> "PolicyInsightsClient":
        """Return the client of Azure Policy's restrictions in a subscription."""
        from azure.mgmt.policyinsights.aio import PolicyInsightsClient  # imported by connect

        return self._arm_client("policies", subscription, PolicyInsightsClient)

    def quotas(self, subscription: str) -> "QuotaMgmtClient":
        """Return the client of quotas and their usage in a subscription."""
        from azure.mgmt.quota.aio import QuotaMgmtClient  # late: only needed to create a cluster

        return self._arm_client("quotas", subscription, QuotaMgmtClient)

    def resource_graph(self) -> "ResourceGraphClient":
        """Return the client of Azure Resource Graph."""
        from azure.mgmt.resourcegraph.aio import ResourceGraphClient  # late: only needed for many clusters

        return self._client(
            "resource-graph",
            "",
            lambda: ResourceGraphClient(self._credential.for_a_client(), **self._arm_options()),
        )

    def subscription_client(self) -> "SubscriptionClient":
        """Return the client of subscriptions and their regions."""
        return self._client("subscriptions", "", self._subscription_client)

    def keys(self, vault_uri: str) -> "KeyClient":
        """Return the client of a vault's data plane. The vault challenges, so the token is for this vault alone."""
        from azure.keyvault.keys.aio import KeyClient  # imported by connect

        from wizard.cloud.pipeline import vault_options

        def make() -> KeyClient:
            options = vault_options(self.clock, self.timeouts)
            return KeyClient(
                vault_uri,
                cast("Any", self._credential.for_a_client()),
                transport=self._transport(),
                **options,
            )

        return self._client("keys", vault_uri, make)

    def vault_uri(self, vault_name: str) -> str:
        """Return the URL of a vault in this cloud, without a trailing slash."""
        return f"https://{vault_name.lower()}{self.cloud.vault_suffix}"

    async def wait_while_throttled(self, summary: str) -> None:
        """Wait as long as Azure is throttling. Raise AzureError if that exceeds the timeout `throttling`."""
        if self.throttling.left > self.timeouts.throttling:
            raise AzureError(
                Problem(
                    "transient",
                    summary,
                    f"Azure is throttling requests and asks to wait {self.throttling.left:.0f} s.",
                    f"Try again after that; {self.timeouts.more('throttling')}.",
                    code="TooManyRequests",
                    retryable=True,
                )
            )
        await self.throttling.wait()

    def _subscription_client(self) -> "SubscriptionClient":
        from azure.mgmt.resource.subscriptions.aio import SubscriptionClient  # imported by connect

        return SubscriptionClient(cast("Any", self._credential.for_a_client()), **self._arm_options())

    def _arm_client(self, name: str, subscription: str, make: Callable[..., Client]) -> Client:
        return self._client(
            name,
            subscription.lower(),
            lambda: make(self._credential.for_a_client(), subscription, **self._arm_options()),
        )

    def _client(self, name: str, key: str, make: Callable[[], Client]) -> Client:
        if (name, key) not in self._clients:
            self._clients[name, key] = make()
        return cast("Client", self._clients[name, key])

    def _arm_options(self) -> dict[str, Any]:
        from wizard.cloud.pipeline import arm_policies  # imported by connect

        return {
            "base_url": self.cloud.arm,
            "credential_scopes": [self.cloud.arm_scope],
            "policies": arm_policies(
                self._credential.for_a_client(),
                self.cloud.arm_scope,
                self.throttling,
                self.skew,
                self.clock,
                self.timeouts,
            ),
            "transport": self._transport(),
            "polling_interval": self.clock.scaled(_POLL),
        }

    def _transport(self) -> Any:
        from wizard.cloud.pipeline import AnnouncingTransport  # imported by connect

        return AnnouncingTransport(self._session, self._proxies, self.timeouts)


@asynccontextmanager
async def connect(
    environment: Mapping[str, str],
    *,
    cloud: str = "AzureCloud",
    arm_endpoint: str | None = None,
    credential: CredentialKind = "auto",
    clock: Clock | None = None,
    timeouts: Timeouts | None = None,
    on_instruction: Callable[[str], None] = lambda _: None,
    ahead: Sequence[str] = TO_CHANGE,
) -> AsyncIterator[Azure]:
    """Sign in, and keep the connection for the length of the block.

    Endpoints, proxies, certificates and the settings of the credential are read from `environment` (normally
    `os.environ`), and so are `clock` (AKS_KMS_SPEED) and `timeouts` (AKS_KMS_TIMEOUTS) if they are not given. `cloud` is one
    of the built-in clouds; `arm_endpoint` (or AKS_KMS_ARM_ENDPOINT) any other one. `on_instruction` receives the instructions of an
    interactive sign-in. The modules `ahead` are imported while the sign-in waits for its answers; any other is imported when
    its client is first asked for.

    Raise AzureError of kind `sign-in` if signing in failed, `unreachable` if Azure does not answer, and `input` if the
    settings are not valid.
    """
    proxies = Proxies(environment)
    mask(*(environment.get(name, "") for name in SECRET_VARIABLES))
    clock, timeouts = clock or clock_of(environment), timeouts or timeouts_of(environment)
    await asyncio.to_thread(_import, _TO_SIGN_IN + libraries_of(credential, environment))
    import aiohttp  # imported just above, in a thread

    from wizard.cloud.pipeline import BoundedResponse, Transport, token_policies

    connector = aiohttp.TCPConnector(ssl=tls_of(environment), limit_per_host=32)
    session = aiohttp.ClientSession(
        connector=connector, response_class=BoundedResponse, cookie_jar=aiohttp.DummyCookieJar()
    )
    async with session, _importing(ahead) as imported:
        where = await which_cloud(
            cloud,
            arm_endpoint or environment.get("AKS_KMS_ARM_ENDPOINT"),
            session,
            environment,
            proxies,
            timeouts,
        )
        signing_in = make_credential(
            credential,
            where,
            environment,
            proxies,
            lambda: Transport(session, proxies, timeouts),
            lambda: token_policies(clock, timeouts),
            on_instruction,
        )
        async with signing_in:
            with translate_errors(f"Signing in to {where.title} failed."):
                token = await signing_in.get_token_info(where.arm_scope)
            await imported
            yield Azure(
                where,
                identity_of(token.token),
                clock,
                signing_in,
                session,
                environment,
                proxies,
                timeouts=timeouts,
            )


@asynccontextmanager
async def _importing(modules: Sequence[str]) -> AsyncIterator[asyncio.Task[None]]:
    """Import modules in a thread, beside the block."""
    importing = asyncio.create_task(asyncio.to_thread(_import, modules))
    try:
        yield importing
    finally:
        await importing


def _import(modules: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)
    logging.getLogger("asyncio").addHandler(
        logging.NullHandler()
    )  # or Python writes its warnings over the screen
    logging.getLogger("azure").setLevel(
        logging.CRITICAL + 1
    )  # they quote Azure's words, control characters included


def import_operations() -> None:
    """Import the operations that the clients of roles and identities import when first asked for: 50 ms, to be spent in a thread."""
    from azure.mgmt.authorization.aio import AuthorizationManagementClient
    from azure.mgmt.msi.aio import ManagedServiceIdentityClient

    for client, operation in (
        (AuthorizationManagementClient, None),
        (AuthorizationManagementClient, "role_eligibility_schedule_instances"),
        (ManagedServiceIdentityClient, None),
    ):
        for versions in client.LATEST_PROFILE.get_profile_dict().values():
            package = client.__module__.partition(".aio")[0]
            importlib.import_module(f"{package}.v{versions[operation].replace('-', '_')}.aio")


def as_json(model: Any) -> Json:
    """Return the JSON that an SDK's model was created from, for both generations of SDKs."""
    if hasattr(model, "serialize"):
        return cast("Json", model.serialize(keep_readonly=True))
    return cast("Json", model.as_dict())

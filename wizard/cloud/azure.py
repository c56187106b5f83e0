"""The door to Azure: who is signed in, where, and one client for each service, all over one shared connection pool.

Importing this costs nothing; the SDKs are imported inside `connect`, in a thread.
"""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wizard.cloud.arm import Json
from wizard.cloud.credential import CredentialKind, KeptCredential, SignedIn, make_credential, who
from wizard.cloud.endpoints import Cloud
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.proxies import Proxies
from wizard.cloud.settings import clock_of, timeouts_of, tls_of, which_cloud
from wizard.cloud.skew import Skew
from wizard.cloud.throttling import Throttling
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem
from wizard.system.clock import Clock
from wizard.system.sanitize import sanitize

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

_SDKS = (
    "aiohttp",
    "azure.identity.aio",
    "azure.keyvault.keys.aio",
    "azure.mgmt.authorization.aio",
    "azure.mgmt.containerservice.aio",
    "azure.mgmt.keyvault.aio",
    "azure.mgmt.msi.aio",
    "azure.mgmt.policyinsights.aio",
    "azure.mgmt.resource.features.aio",
    "azure.mgmt.resource.locks.aio",
    "azure.mgmt.resource.resources.aio",
    "azure.mgmt.resource.subscriptions.aio",
    "wizard.cloud.pipeline",
    "wizard.cloud.rest",
)

_POLL = 10.0
"""Seconds between two looks at a long-running operation where Azure does not say; the SDKs would take 30. AKS allows
200 such requests and two more a second in a subscription (AKS:quotas-skus-regions)."""

Client = TypeVar("Client")


@dataclass(frozen=True)
class Subscription:
    """A subscription that whoever is signed in can see."""

    id: str
    name: str
    tenant_id: str
    state: str

    @property
    def usable(self) -> bool:
        """Whether resources in it can be changed. Azure makes disabled, expired and deleted subscriptions read-only."""
        return self.state in {"Enabled", "Warned", "PastDue"}


@dataclass
class Azure:
    """One cloud, signed in to. Made by `connect`; good until its block ends."""

    cloud: Cloud
    signed_in: SignedIn
    clock: Clock
    _credential: KeptCredential = field(repr=False)
    _session: "aiohttp.ClientSession" = field(repr=False)
    _environment: Mapping[str, str] = field(repr=False)
    """Secrets are in it."""
    _proxies: Proxies = field(repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    throttling: Throttling = field(default_factory=Throttling)
    """What Azure has said about too many requests so far."""
    skew: Skew = field(default_factory=Skew)
    """How far Azure's clock is from this machine's."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """How long each wait may last."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Where endpoints, proxies and certificates were read from, for tools that are run beside this."""
        return self._environment

    async def token(self, scope: str) -> str:
        """An access token of whoever is signed in, for a service that no SDK here speaks to. Raises AzureError."""
        with translate_errors(f"A token for {scope} could not be had."):
            return (await self._credential.get_token_info(scope)).token

    async def get(self, address: str, api_version: str = "") -> Json:
        """Return the JSON object at a path of Azure Resource Manager, or at a link that Azure gave, without an SDK.

        For use inside `translate_errors`: raise what the SDKs raise.
        """
        from wizard.cloud.rest import RestClient  # imported by connect

        client = self._client("rest", "", lambda: RestClient(**self._arm_options()))
        return await client.get(address, api_version)

    async def subscriptions(self) -> list[Subscription]:
        """The subscriptions that can be seen, by name. Raises AzureError."""
        with translate_errors("The subscriptions could not be listed."):
            rows = [
                Subscription(
                    str(item.subscription_id),
                    sanitize(item.display_name or ""),
                    str(item.tenant_id or ""),
                    str(getattr(item.state, "value", item.state) or ""),  # the SDK makes an enum of it
                )
                async for item in self.subscription_client().subscriptions.list()
            ]
        return sorted(rows, key=lambda row: row.name.casefold())

    def containers(self, subscription: str) -> "ContainerServiceClient":
        """AKS in that subscription."""
        from azure.mgmt.containerservice.aio import ContainerServiceClient  # imported by connect

        return self._arm_client("containers", subscription, ContainerServiceClient)

    def vaults(self, subscription: str) -> "KeyVaultManagementClient":
        """Key Vault's management plane in that subscription."""
        from azure.mgmt.keyvault.aio import KeyVaultManagementClient  # imported by connect

        return self._arm_client("vaults", subscription, KeyVaultManagementClient)

    def identities(self, subscription: str) -> "ManagedServiceIdentityClient":
        """User-assigned identities in that subscription."""
        from azure.mgmt.msi.aio import ManagedServiceIdentityClient  # imported by connect

        return self._arm_client("identities", subscription, ManagedServiceIdentityClient)

    def authorization(self, subscription: str) -> "AuthorizationManagementClient":
        """Role definitions, role assignments and permissions in that subscription."""
        from azure.mgmt.authorization.aio import AuthorizationManagementClient  # imported by connect

        return self._arm_client("authorization", subscription, AuthorizationManagementClient)

    def resources(self, subscription: str) -> "ResourceManagementClient":
        """Resource groups and resource providers in that subscription."""
        from azure.mgmt.resource.resources.aio import ResourceManagementClient  # imported by connect

        return self._arm_client("resources", subscription, ResourceManagementClient)

    def features(self, subscription: str) -> "FeatureClient":
        """Preview features in that subscription."""
        from azure.mgmt.resource.features.aio import FeatureClient  # imported by connect

        return self._arm_client("features", subscription, FeatureClient)

    def locks(self, subscription: str) -> "ManagementLockClient":
        """Management locks in that subscription."""
        from azure.mgmt.resource.locks.aio import ManagementLockClient  # imported by connect

        return self._arm_client("locks", subscription, ManagementLockClient)

    def policies(self, subscription: str) -> "PolicyInsightsClient":
        """What Azure Policy would deny in that subscription."""
        from azure.mgmt.policyinsights.aio import PolicyInsightsClient  # imported by connect

        return self._arm_client("policies", subscription, PolicyInsightsClient)

    def quotas(self, subscription: str) -> "QuotaMgmtClient":
        """Quotas and what is used of them."""
        from azure.mgmt.quota.aio import QuotaMgmtClient  # only who creates a cluster pays for it

        return self._arm_client("quotas", subscription, QuotaMgmtClient)

    def resource_graph(self) -> "ResourceGraphClient":
        """Azure Resource Graph, which answers questions about all resources at once. Its SDK is imported here: only who
        looks at many clusters needs it."""
        from azure.mgmt.resourcegraph.aio import ResourceGraphClient

        return self._client(
            "resource-graph",
            "",
            lambda: ResourceGraphClient(self._credential.for_a_client(), **self._arm_options()),
        )

    def subscription_client(self) -> "SubscriptionClient":
        """Subscriptions, and the regions of each."""
        return self._client("subscriptions", "", self._subscription_client)

    def keys(self, vault_uri: str) -> "KeyClient":
        """The data plane of one vault. The vault itself challenges, so the token is for it alone."""
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
        """A vault's address in this cloud, without a trailing slash."""
        return f"https://{vault_name.lower()}{self.cloud.vault_suffix}"

    async def hold_back(self, summary: str) -> None:
        """Return once no service asks to wait any more. Raises AzureError where that is longer than the timeouts for it."""
        if self.throttling.left > self.timeouts.throttling:
            raise AzureError(
                Problem(
                    "transient",
                    summary,
                    f"Azure is throttling requests, and asks to wait {self.throttling.left:.0f} s.",
                    f"Try again after that; or {self.timeouts.more('throttling')}.",
                    code="TooManyRequests",
                    retryable=True,
                )
            )
        await self.throttling.passed()

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
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Azure]:
    """Sign in and hold the door open for the length of the block.

    `environment` is where endpoints, proxies, certificates and the credential's own settings are read from (normally
    `os.environ`); `clock` and `timeouts` are from AKS_KMS_SPEED and AKS_KMS_TIMEOUTS if they are not given; `cloud` one of the built-in clouds, `arm_endpoint` (or `AKS_KMS_ARM_ENDPOINT`) any other one;
    `tell` takes the instruction of an interactive sign-in. Raises AzureError: kind `sign-in` where nobody is signed
    in, `unreachable` where Azure does not answer, `input` where the settings cannot be used.
    """
    proxies = Proxies(environment)
    clock, timeouts = clock or clock_of(environment), timeouts or timeouts_of(environment)
    await asyncio.to_thread(_import_sdks)
    import aiohttp  # imported just now, in a thread

    from wizard.cloud.pipeline import Transport, token_policies

    connector = aiohttp.TCPConnector(ssl=tls_of(environment), limit_per_host=32)
    session = aiohttp.ClientSession(
        connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    )
    async with session:
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
            tell,
        )
        async with signing_in:
            with translate_errors(f"Signing in to {where.title} did not succeed."):
                token = await signing_in.get_token_info(where.arm_scope)
            yield Azure(
                where, who(token.token), clock, signing_in, session, environment, proxies, timeouts=timeouts
            )


def _import_sdks() -> None:
    for name in _SDKS:
        importlib.import_module(name)
    logging.getLogger("azure").addHandler(
        logging.NullHandler()
    )  # else Python writes their warnings over the screen


def as_json(model: Any) -> Json:
    """An SDK's model as the JSON it came from, whichever of the two generations of SDKs made it."""
    if hasattr(model, "serialize"):
        return cast("Json", model.serialize(keep_readonly=True))
    return cast("Json", model.as_dict())

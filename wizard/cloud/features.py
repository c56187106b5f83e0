"""The preview feature for KMS data encryption, and the resource provider that must be registered again for it.

Source: the how-to, "Register the feature flag"; states and timings: docs/azure.md#preview-features.
"""

from collections.abc import Callable
from urllib.parse import quote

from wizard.cloud import reads
from wizard.cloud.arm import RESOURCES_API, dig, documented_spelling
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import none_if_missing, translate_errors
from wizard.cloud.reads import Unknown, advisory
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, Problem, unexpected_response

NAMESPACE = "Microsoft.ContainerService"
FEATURE = "KMSPMKPreview"
REGISTRABLE = frozenset({"NotRegistered", "Unregistered", "Unregistering", "NotSpecified"})
"""States in which the feature has to be registered."""

PROVIDER_STATES = frozenset({"NotRegistered", "Registered", "Registering", "Unregistered", "Unregistering"})
"""Every state of a resource provider that is documented."""
_STATES = REGISTRABLE | PROVIDER_STATES | {"Pending"}

NOT_NEEDED = "no longer needed"
"""Reported as the state if the feature no longer exists."""

_POLL = 10.0  # seconds between two reads, as in the Azure CLI

StateListener = Callable[[str, float], None]
"""Receives the state from Azure and the seconds so far."""


async def feature_state(azure: Azure, subscription: str) -> str | None:
    """Return the feature's registration state, or None if the name no longer exists, so that it is not needed.

    Raise AzureError.
    """
    with translate_errors(f"The state of the feature {FEATURE} could not be read."):
        path = f"{_of(subscription, 'Microsoft.Features')}/providers/{NAMESPACE}/features/{FEATURE}"
        feature = await none_if_missing(azure.get(path, "2021-07-01"))
        return None if feature is None else _stated(dig(feature, "properties", "state"))


async def provider_state(azure: Azure, subscription: str, namespace: str = NAMESPACE) -> str:
    """Return the registration state of a resource provider. Raise AzureError."""
    with translate_errors(f"The registration of {namespace} could not be read."):
        provider = await azure.get(_of(subscription, namespace), RESOURCES_API)
        return _stated(provider.get("registrationState"))


def _of(subscription: str, namespace: str) -> str:
    return f"/subscriptions/{quote(subscription, safe='')}/providers/{namespace}"


def _stated(state: str | None) -> str:
    """Return a registration state; a response without one is not read as "not registered"."""
    if not state:
        raise ValueError("no registration state")
    return documented_spelling(state, _STATES)


async def cluster_regions(azure: Azure, subscription: str) -> frozenset[str] | Unknown:
    """Return the regions in which AKS offers managed clusters, by short name."""

    async def read() -> frozenset[str]:
        provider = await azure.get(_of(subscription, NAMESPACE), RESOURCES_API)
        regions = frozenset(
            location.replace(" ", "").casefold()
            for kind in provider.get("resourceTypes") or ()
            if (kind.get("resourceType") or "").casefold() == "managedclusters"
            for location in kind.get("locations") or ()
        )
        if not regions:
            raise AzureError(unexpected_response(reads.AKS_REGIONS.failure, "it lists none"))
        return regions

    return await advisory(reads.AKS_REGIONS, read(), azure.timeouts)


async def register_feature(azure: Azure, subscription: str) -> None:
    """Request the registration of the feature, which takes minutes. Raise AzureError."""
    with translate_errors(f"The feature {FEATURE} could not be registered."), declared(Repeat.SAFE):
        await azure.features(subscription).features.register(NAMESPACE, FEATURE)


async def follow_feature(
    azure: Azure, subscription: str, report: StateListener, wait: float | None = None
) -> None:
    """Wait until the feature is registered, or no longer exists because it is not needed.

    Raise AzureError after `wait` seconds (by default the timeout `registration`; Microsoft says up to 15 minutes, users
    have seen 30 and more), and at once in a state that does not lead to registration.
    """
    wait = azure.timeouts.registration if wait is None else wait
    state: str | None = "Registering"
    async for spent in azure.clock.tries(_POLL, wait):
        state = await feature_state(azure, subscription)
        report(state or NOT_NEEDED, spent)
        if state in {None, "Registered"}:
            return
        if state not in {"Registering", "Pending"}:
            raise AzureError(
                Problem(
                    "azure",
                    f"The feature {FEATURE} is {state}, although its registration was requested.",
                    "Another user may have unregistered it.",
                    f"Run `az feature register --namespace {NAMESPACE} --name {FEATURE} --subscription {subscription}`, then try again.",
                )
            )
    raise AzureError(_still(state or "", wait, azure.timeouts.more("registration")))


def _still(state: str, wait: float, more: str) -> Problem:
    if state == "Pending":
        return Problem(
            "azure",
            f"The feature {FEATURE} is waiting for Microsoft's approval.",
            "The registration requires approval by Microsoft and does not complete automatically.",
            "Ask Microsoft support or your account team, then run again. Completed steps are kept.",
        )
    return Problem(
        "transient",
        f"Azure has not finished registering the feature {FEATURE} after {wait / 60:.0f} minutes.",
        "Registration usually takes 5 to 15 minutes; it can take hours.",
        f"Run again later, the registration continues in Azure; {more}.",
        retryable=True,
    )


async def refresh_provider(
    azure: Azure, subscription: str, report: StateListener, wait: float | None = None
) -> None:
    """Register the resource provider again, so that the feature takes effect, and wait until it is registered.

    Raise AzureError.
    """
    with translate_errors(f"{NAMESPACE} could not be registered."), declared(Repeat.SAFE):
        await azure.resources(subscription).providers.register(NAMESPACE)
    wait = azure.timeouts.registration if wait is None else wait
    state = "Registering"
    async for spent in azure.clock.tries(_POLL, wait):
        state = await provider_state(azure, subscription)
        if state == "Registered":
            return
        report(state, spent)
    raise AzureError(
        Problem(
            "transient",
            f"{NAMESPACE} is still {state} after {wait / 60:.0f} minutes.",
            "Azure has not finished registering the resource provider.",
            f"Run again later, the registration continues in Azure; {azure.timeouts.more('registration')}.",
            retryable=True,
        )
    )


class Registration:
    """The registration of the feature and the provider, in the background while the operator continues."""

    def __init__(self, azure: Azure, subscription: str) -> None:
        self._azure = azure
        self._subscription = subscription

    async def follow(self, report: StateListener) -> None:
        """Register the feature if needed, wait for it, then refresh the provider. Raise AzureError."""
        state = await feature_state(self._azure, self._subscription)
        if state in REGISTRABLE:
            await register_feature(self._azure, self._subscription)
        started = self._azure.clock.elapsed()
        if state != "Registered":
            await follow_feature(self._azure, self._subscription, report)
        if state is not None:
            await refresh_provider(self._azure, self._subscription, lambda _, __: None)
        report("Registered" if state else NOT_NEEDED, self._azure.clock.elapsed() - started)

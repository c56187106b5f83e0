"""The preview feature that KMS data encryption is behind, and the resource provider that must take notice of it.

Source: the how-to, "Register the feature flag"; states and timings: AZURE.md §4.
"""

from collections.abc import Callable
from contextlib import suppress

from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import none_if_missing, translate_errors
from wizard.cloud.problems import AzureError, Problem
from wizard.cloud.writes import Repeat, declared

NAMESPACE = "Microsoft.ContainerService"
FEATURE = "KMSPMKPreview"
ASKABLE = frozenset({"NotRegistered", "Unregistered", "Unregistering", "NotSpecified"})
"""States from which the feature has to be asked for."""

_POLL = 10.0  # seconds between two looks, as the Azure CLI does

StateListener = Callable[[str, float], None]
"""Takes the state that Azure gave and the seconds spent so far."""


async def feature_state(azure: Azure, subscription: str) -> str | None:
    """The feature's registration state, or None where the name no longer exists: then it is not needed any more.

    Raises AzureError.
    """
    with translate_errors(f"The state of the feature {FEATURE} could not be read."):
        feature = await none_if_missing(azure.features(subscription).features.get(NAMESPACE, FEATURE))
        if feature is None:
            return None
        return str((feature.properties and feature.properties.state) or "NotRegistered")


async def provider_state(azure: Azure, subscription: str, namespace: str = NAMESPACE) -> str:
    """The registration state of a resource provider. Raises AzureError."""
    with translate_errors(f"The registration of {namespace} could not be read."):
        provider = await azure.resources(subscription).providers.get(namespace)
        return str(provider.registration_state or "NotRegistered")


async def cluster_regions(azure: Azure, subscription: str) -> frozenset[str]:
    """The regions in which AKS offers managed clusters, by short name; nothing where that cannot be learnt."""
    with suppress(AzureError), translate_errors("The regions of AKS could not be read."):
        provider = await azure.resources(subscription).providers.get(NAMESPACE)
        return frozenset(
            location.replace(" ", "").casefold()
            for kind in provider.resource_types or ()
            if (kind.resource_type or "").casefold() == "managedclusters"
            for location in kind.locations or ()
        )
    return frozenset()


async def register_feature(azure: Azure, subscription: str) -> None:
    """Ask for the feature; it takes minutes until it is registered. Raises AzureError."""
    with translate_errors(f"The feature {FEATURE} could not be registered."), declared(Repeat.SAFE):
        await azure.features(subscription).features.register(NAMESPACE, FEATURE)


async def follow_feature(
    azure: Azure, subscription: str, report: StateListener, wait: float | None = None
) -> None:
    """Return once the feature is registered, or gone because it is not needed any more.

    Raises AzureError after `wait` seconds (by default what the door's timeouts says: Microsoft says up to 15 minutes,
    users have seen 30 and more), and at once in a state that does not lead there.
    """
    wait = azure.timeouts.registration if wait is None else wait
    state: str | None = "Registering"
    async for spent in azure.clock.tries(_POLL, wait):
        state = await feature_state(azure, subscription)
        report(state or "not needed any more", spent)
        if state in {None, "Registered"}:
            return
        if state not in {"Registering", "Pending"}:
            raise AzureError(
                Problem(
                    "azure",
                    f"The feature {FEATURE} is {state}, although it was asked for.",
                    "Somebody may have unregistered it.",
                    f"Run `az feature register --namespace {NAMESPACE} --name {FEATURE}` and look again.",
                )
            )
    raise AzureError(_still(state or "", wait, azure.timeouts.more("registration")))


def _still(state: str, wait: float, more: str) -> Problem:
    if state == "Pending":
        return Problem(
            "azure",
            f"The feature {FEATURE} is waiting for Microsoft's approval.",
            "Pending features are let in by Microsoft, not by time.",
            "Ask Microsoft's support or your account team, then start again; what is done stays done.",
        )
    return Problem(
        "transient",
        f"Azure has not finished registering the feature {FEATURE} after {wait / 60:.0f} minutes.",
        "It usually takes 5 to 15 minutes, and has been seen to take hours.",
        f"Start again later, the registration goes on in Azure; {more}.",
        retryable=True,
    )


async def refresh_provider(
    azure: Azure, subscription: str, report: StateListener, wait: float | None = None
) -> None:
    """Register the resource provider (again), so that it takes notice of the feature, and see it Registered.

    Raises AzureError.
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
            f"Start again later, the registration goes on in Azure; {azure.timeouts.more('registration')}.",
            retryable=True,
        )
    )


class Registration:
    """The feature and the provider, registered in the background while the operator goes on."""

    def __init__(self, azure: Azure, subscription: str) -> None:
        self._azure = azure
        self._subscription = subscription

    async def follow(self, report: StateListener) -> None:
        """Register the feature where it is not, follow it, then refresh the provider. Raises AzureError."""
        state = await feature_state(self._azure, self._subscription)
        if state in ASKABLE:
            await register_feature(self._azure, self._subscription)
        begun = self._azure.clock.elapsed()
        if state != "Registered":
            await follow_feature(self._azure, self._subscription, report)
        if state is not None:
            await refresh_provider(self._azure, self._subscription, lambda _, __: None)
        report("Registered" if state else "not needed any more", self._azure.clock.elapsed() - begun)

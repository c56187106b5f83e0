"""Settings from the environment: the cloud, the speed of its time, and the timeouts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard.cloud.endpoints import CLOUDS, Cloud, discover, over_tls
from wizard.cloud.proxies import Proxies
from wizard.cloud.timeouts import VARIABLE, Timeouts
from wizard.errors import AzureError, Problem
from wizard.system.clock import Clock

if TYPE_CHECKING:
    import aiohttp


async def which_cloud(
    name: str,
    arm_endpoint: str | None,
    session: "aiohttp.ClientSession",
    environment: Mapping[str, str],
    proxies: Proxies,
    timeouts: Timeouts,
) -> Cloud:
    """Return the cloud of that name, or the one at an endpoint. Raise AzureError."""
    if arm_endpoint:
        host = arm_endpoint.removeprefix("https://").split("/")[0].rsplit(":", 1)[0]
        proxy = proxies.for_host(host)
        return await discover(arm_endpoint, session, environment, proxy, within=timeouts.request)
    if name not in CLOUDS:
        raise AzureError(
            Problem(
                "input",
                f"{name!r} is not a known cloud.",
                "",
                f"Use --cloud {' or '.join(CLOUDS)}, or --arm-endpoint URL for any other cloud.",
            )
        )
    known = CLOUDS[name]
    authority = environment.get("AZURE_AUTHORITY_HOST")
    if not authority:
        return known
    return Cloud(known.name, known.arm, known.arm_scope, over_tls(authority), known.vault_suffix)


def clock_of(environment: Mapping[str, str]) -> Clock:
    """Return the clock that AKS_KMS_SPEED sets. Raise AzureError."""
    try:
        return Clock.from_environment(environment)
    except ValueError as error:
        raise AzureError(
            Problem("input", f"AKS_KMS_SPEED: {error}.", "", "Set it to a number or max, or unset it.")
        ) from None


def timeouts_of(environment: Mapping[str, str]) -> Timeouts:
    """Return the timeouts that AKS_KMS_TIMEOUTS sets. Raise AzureError."""
    try:
        return Timeouts.from_environment(environment)
    except ValueError as error:
        remedy = f"Set {VARIABLE} to NAME=SECONDS, separated by commas, or unset it."
        raise AzureError(Problem("input", f"{VARIABLE}: {error}.", "", remedy)) from None

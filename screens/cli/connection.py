"""Opening the door to Azure for a command: the real one, or a simulated one that lives as long as the command."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import click

from screens.cli import gc_startup
from screens.cli.options import DEFAULT_CLOUD, DEFAULT_SPEED, Settings
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure
    from wizard.cloud.credential import CredentialKind
    from wizard.cloud.endpoints import Cloud

_IDENTITY = ("AZURE_", "IDENTITY_", "MSI_")
_PROXIES = {"https_proxy", "http_proxy", "all_proxy", "no_proxy"}


def cloud_asked_for(settings: Settings) -> "Cloud | None":
    """Which Azure the command line names; None for one that only says itself which it is, once it is asked."""
    from wizard.cloud.endpoints import CLOUDS  # not for --help

    if settings.simulate is not None or settings.arm_endpoint or os.environ.get("AKS_KMS_ARM_ENDPOINT"):
        return None
    return CLOUDS.get(settings.cloud or "AzureCloud")


def tell(instruction: str) -> None:
    """How to sign in, on stderr."""
    click.echo(instruction, err=True)


@asynccontextmanager
async def opened(settings: Settings, tell: Callable[[str], None] = tell) -> AsyncIterator["Azure"]:
    """Signed in to the Azure that the command line names, for the length of the block.

    Raises AzureError, and ScenarioError for a simulated world that there is not.
    """
    from wizard.cloud.azure import connect  # not for --help
    from wizard.cloud.settings import timeouts_of

    async with (
        _environment(settings) as environment,
        connect(
            environment,
            cloud=settings.cloud or DEFAULT_CLOUD,
            arm_endpoint=settings.arm_endpoint,
            credential=cast("CredentialKind", settings.credential or "auto"),
            clock=None if settings.simulate is None else Clock(_speed(settings)),
            timeouts=replace(timeouts_of(environment), **settings.timeouts),
            tell=tell,
        ) as azure,
    ):
        gc_startup.is_over()
        yield azure


@asynccontextmanager
async def _environment(settings: Settings) -> AsyncIterator[Mapping[str, str]]:
    """The environment in which the door is to be opened."""
    if settings.simulate is None:
        yield os.environ
        return
    from wizard.simulator import Simulator  # only a simulated Azure needs it

    simulator = await asyncio.to_thread(Simulator, settings.simulate, speed=_speed(settings))
    async with simulator:
        yield {**own_environment(), **simulator.environment}


def own_environment() -> dict[str, str]:
    """This process's environment without what would mix the real Azure into a simulated one."""
    return {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith(_IDENTITY) or name == "AZURE_CONFIG_DIR") and name.lower() not in _PROXIES
    }


def speed_note(settings: Settings) -> str:
    """How much faster than Azure the simulated one is, in words; empty for a real one."""
    if settings.simulate is None:
        return ""
    speed = _speed(settings)
    return "no waiting" if math.isinf(speed) else f"{speed:g}× faster"


def _speed(settings: Settings) -> float:
    return DEFAULT_SPEED if settings.speed is None else settings.speed


def cloud_note(azure: "Azure") -> str:
    """Which Azure, and who is signed in, in a line."""
    speed = azure.clock.speed
    note = "" if speed == 1 else ", no waiting" if math.isinf(speed) else f", {speed:g}× faster"
    return f"{azure.cloud.title}{note} · signed in as {azure.signed_in.name}"

"""The connection of a command to Azure, or to a simulated Azure that lives as long as the command."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

import click

from screens.cli import gc_startup
from screens.cli.options import ARM_ENDPOINT, DEFAULT_CLOUD, DEFAULT_SPEED, Settings
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure
    from wizard.cloud.credential import CredentialKind
    from wizard.cloud.endpoints import Cloud

_IDENTITY = ("AZURE_", "IDENTITY_", "MSI_")
_PROXIES = {"https_proxy", "http_proxy", "all_proxy", "no_proxy"}


def requested_cloud(settings: Settings) -> "Cloud | None":
    """Return the cloud that the command line selects, or None if it is known only after connecting."""
    from wizard.cloud.endpoints import CLOUDS  # not for --help

    if settings.simulate is not None or settings.arm_endpoint or os.environ.get(ARM_ENDPOINT):
        return None
    return CLOUDS.get(settings.cloud or DEFAULT_CLOUD)


def print_instruction(instruction: str) -> None:
    """Print a sign-in instruction on stderr."""
    click.echo(instruction, err=True)


@asynccontextmanager
async def connect(
    settings: Settings,
    notify: Callable[[str], None] = print_instruction,
    *,
    to: Literal["read", "plan", "change"] = "plan",
) -> AsyncIterator["Azure"]:
    """Connect and sign in to the Azure that the command line selects, until the block ends.

    `notify` receives sign-in instructions. A command starts sooner without the clients of what it seldom does.
    Raise AzureError, or ScenarioError for an invalid scenario.
    """
    from wizard.cloud import azure  # not for --help
    from wizard.cloud.settings import timeouts_of

    async with (
        _environment(settings) as environment,
        azure.connect(
            environment,
            cloud=settings.cloud or DEFAULT_CLOUD,
            arm_endpoint=settings.arm_endpoint,
            credential=cast("CredentialKind", settings.credential or "auto"),
            clock=None if settings.simulate is None else Clock(_speed(settings)),
            timeouts=replace(timeouts_of(environment), **settings.timeouts),
            on_instruction=notify,
            ahead={"read": azure.TO_READ, "plan": azure.TO_PLAN, "change": azure.TO_CHANGE}[to],
        ) as connected,
    ):
        gc_startup.end()
        yield connected


@asynccontextmanager
async def _environment(settings: Settings) -> AsyncIterator[Mapping[str, str]]:
    """Yield the environment variables of the connection; with --simulate, run the simulator until the block ends."""
    if settings.simulate is None:
        yield os.environ
        return
    from wizard.simulator import Simulator  # only --simulate needs it

    simulator = await asyncio.to_thread(Simulator, settings.simulate, speed=_speed(settings))
    async with simulator:
        yield {**_own_environment(), **simulator.environment}


def _own_environment() -> dict[str, str]:
    """Return this process's environment without the variables that would point the simulator's clients to real Azure."""
    return {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith(_IDENTITY) or name == "AZURE_CONFIG_DIR") and name.lower() not in _PROXIES
    }


def speed_note(settings: Settings) -> str:
    """Return the simulator's speed in words, or an empty string for real Azure."""
    if settings.simulate is None:
        return ""
    return _speed_text(_speed(settings))


def _speed(settings: Settings) -> float:
    return DEFAULT_SPEED if settings.speed is None else settings.speed


def cloud_note(azure: "Azure") -> str:
    """Return the cloud and the signed-in identity in one line."""
    speed = azure.clock.speed
    note = "" if speed == 1 else f", {_speed_text(speed)}"
    return f"{azure.cloud.title}{note} · signed in as {azure.signed_in.name}"


def _speed_text(speed: float) -> str:
    return "no waiting" if math.isinf(speed) else f"{speed:g}× faster"

"""A shell to run commands in, with or without a simulated Azure that outlives them."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.command_line import Shell
from wizard.simulator import Simulator

StartShell = Callable[..., Shell]


@pytest.fixture
def start_shell(tmp_path: Path) -> Iterator[StartShell]:
    """Starts a simulated Azure and gives a shell in which every command talks to it."""
    with ExitStack() as stack:

        def start(scenario: str | Path = "contoso", *, speed: float = math.inf, **more: Any) -> Shell:
            simulator = Simulator(scenario, speed=speed, **more)
            simulator.start()
            stack.callback(simulator.stop)
            return Shell(tmp_path, simulator)

        yield start


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell in which nothing points to any Azure."""
    return Shell(tmp_path)

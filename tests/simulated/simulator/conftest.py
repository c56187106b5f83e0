"""A running simulated Azure."""

import math
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.simulator.clients import Cloud, Start
from wizard.simulator import Simulator


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start simulators: with the name of a built-in scenario, or YAML text that extends contoso or the scenario it names."""
    async with AsyncExitStack() as stack:

        async def begin(
            scenario: str = "contoso", *, speed: float = math.inf, principal: str = "operator", **more: Any
        ) -> Cloud:
            chosen: str | Path = scenario
            if "\n" in scenario or ":" in scenario:
                chosen = tmp_path / f"{uuid.uuid4()}.yaml"
                base = "" if scenario.startswith("extends:") else "extends: contoso\n"
                chosen.write_text(f"description: A test.\n{base}{scenario}\n", "utf-8")
            simulator = await stack.enter_async_context(Simulator(chosen, speed=speed, **more))
            return Cloud(simulator, principal, stack)

        yield begin


@pytest.fixture
async def cloud(start: Start) -> Cloud:
    """Return the default scenario without wait times, as its operator."""
    return await start()

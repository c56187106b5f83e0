"""The real Azure CLI is the judge of the simulated Azure. `.ci/azure-cli` installs it and runs these tests.

Each module has one simulator and one sign-in, because signing in costs four commands.
"""

import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure_cli.cli import AzureCli
from wizard.simulator import Simulator

HERE = Path(__file__).parent
AZ = shutil.which("az")
RECORDS = "AZURE_CLI_RECORDS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module together, and skip them all if there is no Azure CLI."""
    missing = pytest.mark.skip(
        reason="The Azure CLI (az) is not on PATH; .ci/azure-cli installs it and runs these tests."
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
            if AZ is None:
                item.add_marker(missing)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("azure-cli")


@pytest.fixture(scope="module")
def simulator(request: pytest.FixtureRequest, folder: Path) -> Iterator[Simulator]:
    """A fresh cloud for each module (of its `WORLD`), without waiting. Nothing the Azure CLI asks may be unknown to it."""
    records = Path(os.environ.get(RECORDS, folder))
    simulator = Simulator(
        getattr(request.module, "WORLD", "contoso"),
        speed=math.inf,
        record=records / f"{request.module.__name__.rpartition('.')[2]}.jsonl",
    )
    simulator.start()
    yield simulator
    simulator.stop()
    assert [f"{entry.method} {entry.path}?{entry.query}" for entry in simulator.unknown] == []


@pytest.fixture(autouse=True, scope="module")
def _stop_azure_cli() -> Iterator[None]:
    """Leave no process behind."""
    yield
    for cli in list(AzureCli.running):
        cli.stop()


@pytest.fixture(scope="module")
def az(simulator: Simulator, folder: Path) -> AzureCli:
    """The Azure CLI, signed in as the operator's service principal."""
    return AzureCli(simulator, folder / "operator").sign_in()


@pytest.fixture(scope="module")
def user(simulator: Simulator, folder: Path) -> AzureCli:
    """The Azure CLI, signed in by device code as a user."""
    return AzureCli(simulator, folder / "user").sign_in_as_user()

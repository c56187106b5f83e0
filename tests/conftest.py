"""What holds for every test: its layer, its share of a long matrix, its own places, and that it leaves nothing behind."""

import gc
import itertools
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings

from tests.azure_internals import forget_vault_challenges
from tests.key_material import recycled
from tests.leftovers import AZ, PLACES, Leftovers
from tests.own_places import OwnPlaces
from tests.support import wait_for_advisory_reads
from wizard.simulator import Simulator

TESTS = Path(__file__).parent
_numbers = itertools.count()

# Where this is set, each process that a test starts compiles the whole program, for half a second. An installed one is compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine makes an example slow, never wrong. The same examples each time: what lands is not left to chance.
settings.register_profile(
    "quick", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None, max_examples=20
)  # fmt: skip
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=100)
settings.register_profile("long", settings.get_profile("quick"), max_examples=3000, derandomize=False)
settings.load_profile("quick")

wait_for_advisory_reads()

LAYERS = {
    "unit": "unit",
    "simulated": "simulated",
    "journeys": "journey",
    "survival": "survival",
    "hostile": "hostile",
    "azure_cli": "az",
}
"""The marker of each folder's tests; pyproject.toml says what each layer is."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the other layers' folders unread if `-m` names one layer: importing them takes longer than the tests of `unit`."""
    wanted, of_folder = config.option.markexpr, LAYERS.get(collection_path.name)
    if collection_path.parent == TESTS and of_folder and wanted in LAYERS.values() and wanted != of_folder:
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with the layer of its folder, and the cases that only a full run has time for with `matrix`.

    Raises KeyError for a test in no layer's folder.
    """
    seen: Counter[str] = Counter()
    for item in items:
        item.add_marker(LAYERS[item.path.relative_to(TESTS).parts[0]])
        sampled = item.get_closest_marker("sampled")
        if sampled:
            test = item.nodeid.partition("[")[0]
            if seen[test] % sampled.args[0]:
                item.add_marker("matrix")
            seen[test] += 1


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all modules and tests again and again: a quarter of a wizard's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers more than there are processors: a third of the time the tests wait. With one more, a run takes a fifth longer."""
    return 2 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def _places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make home, configuration and temporary files the tests' own, and check at the end that nothing is left behind."""
    folder = tmp_path_factory.getbasetemp() / "own"
    places = {"HOME": "home", "AZURE_CONFIG_DIR": f"home/{AZ}", "TMPDIR": "tmp"}
    places |= {f"XDG_{name.upper()}_HOME": f"home/{name}" for name in PLACES}
    with pytest.MonkeyPatch.context() as patch:
        for variable, name in places.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            patch.setenv(variable, str(folder / name))
        patch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def _keys() -> Iterator[None]:
    """Let simulators in this process use RSA keys again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", recycled())
        yield


@pytest.fixture(scope="session", autouse=True)
def _leftovers(_places: Path) -> Iterator[Leftovers]:
    """Fail the run at its end if the tests have left a process, a thread, a port or a file behind, or written elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        leftovers = Leftovers(_places, OwnPlaces(_places.parent, patch))
        yield leftovers
        leftovers.check()


@pytest.fixture(autouse=True)
def _a_test_of_its_own(
    request: pytest.FixtureRequest, _places: Path, _leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Give each test a state directory of its own, and keep tests of the layer `unit` from starting a simulator."""
    _leftovers.begin()
    forget_vault_challenges()
    monkeypatch.setenv("XDG_STATE_HOME", str(_places / "state" / str(next(_numbers))))
    if request.node.get_closest_marker("unit"):
        monkeypatch.setattr(Simulator, "start", _not_here)
    yield
    _leftovers.note(request.node.nodeid)


def _not_here(_: Simulator) -> None:
    raise AssertionError("A test of the layer `unit` starts no simulator: move it to tests/simulated.")

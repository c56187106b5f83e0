"""What holds for every test: its layer, its state directory, its examples."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent

# A busy machine makes an example slow, never wrong. The same examples each time: what lands is not left to chance.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
settings.register_profile("long", settings.get_profile("unhurried"), max_examples=3000, derandomize=False)
settings.load_profile("unhurried")


LAYERS = {
    "unit": "unit",
    "simulated": "simulated",
    "journeys": "journey",
    "survival": "survival",
    "hostile": "hostile",
    "azure_cli": "az",
}
"""The marker of each folder's tests; pyproject.toml says what each layer is."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with the layer of its folder. Raises KeyError for a test in no layer's folder."""
    for item in items:
        item.add_marker(LAYERS[item.path.relative_to(TESTS).parts[0]])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers more than there are processors: a third of the time the tests wait, for sockets and for screens."""
    return 2 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journals and locks of a test are its own, and never the user's."""
    place = tmp_path_factory.getbasetemp() / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    return place

"""The suite itself: every test belongs to one layer."""

import pytest

from tests.conftest import LAYERS


def test_every_test_is_of_exactly_one_layer(request: pytest.FixtureRequest) -> None:
    layers = set(LAYERS.values())
    wrong = [
        item.nodeid
        for item in request.session.items
        if len({mark.name for mark in item.iter_markers()} & layers) != 1
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", LAYERS.values())
def test_every_layer_is_declared(layer: str, pytestconfig: pytest.Config) -> None:
    assert any(line.startswith(f"{layer}:") for line in pytestconfig.getini("markers"))

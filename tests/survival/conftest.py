"""What the tests of this folder share."""

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where runs are written down."""
    return tmp_path / "runs"

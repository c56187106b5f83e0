"""Golden files: reviewed outputs that must not change. WRITE_GOLDEN=1 writes them again, for review."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def holds(name: str, text: str, folder: Path = FOLDER) -> None:
    """Assert that the text equals the golden file."""
    path = folder / name
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text + "\n", "utf-8")
    assert text + "\n" == path.read_text("utf-8"), f"{name} differs; WRITE_GOLDEN=1 writes it again"

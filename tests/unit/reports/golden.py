"""Golden files: what was written once, looked at, and is written still. WRITE_GOLDEN=1 writes them anew, to be looked at."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def holds(name: str, text: str) -> None:
    """The text is that of the golden file."""
    path = FOLDER / name
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text + "\n", "utf-8")
    assert text + "\n" == path.read_text("utf-8"), f"{name} differs; WRITE_GOLDEN=1 writes it anew"

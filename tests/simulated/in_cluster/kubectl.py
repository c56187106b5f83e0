"""The real kubectl, in its own directory for a PATH."""

import os
import shutil
from pathlib import Path

import pytest

FOUND = shutil.which("kubectl")
NEEDED = pytest.mark.skipif(FOUND is None, reason="kubectl is not installed")


def real() -> str:
    """The program itself. Google's distribution puts another one before it, which asks for the server's version first
    and so meets every second API server only."""
    assert FOUND is not None
    others = [path for path in Path(FOUND).resolve().parent.glob("kubectl.1.*") if os.access(path, os.X_OK)]
    return str(max(others, key=lambda path: int(path.name.rsplit(".", 1)[-1]), default=Path(FOUND)))


def on_path(folder: Path) -> str:
    """Return a PATH with kubectl only."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "kubectl").symlink_to(real())
    return str(tools)


def stand_in(folder: Path, script: str) -> str:
    """Return a PATH on which `kubectl` is a shell script."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    program = tools / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(tools)

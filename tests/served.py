"""A simulated Azure in a process of its own, so that what is measured here is the client alone."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@contextmanager
def served(scenario: dict[str, Any], speed: float | str) -> Iterator[dict[str, str]]:
    """What the environment needs to reach a simulator with this scenario, until the end of the block.

    Raises RuntimeError where it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        world, env = Path(folder, "world.yaml"), Path(folder, "azure.env")
        world.write_text(json.dumps(scenario))
        child_environment = os.environ | {"PYTHONPATH": str(ROOT)}
        options = ("--scenario", str(world), "--speed", str(speed), "--env", str(env))
        server = subprocess.Popen(
            [sys.executable, "-m", "screens", "simulator", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment,
        )
        try:
            while not env.exists() or not env.read_text().endswith("\n"):
                if server.poll() is not None:
                    raise RuntimeError("The simulated Azure did not start.")
                time.sleep(0.05)
            shown = subprocess.run(
                ["sh", "-c", '. "$0" && env', env], check=True, capture_output=True, text=True, env={}
            ).stdout
            yield child_environment | dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        finally:
            server.terminate()
            server.wait()

"""Run the tests on a machine that is busy with something else: two loops for each processor keep it so.

`python -m tests.stress --runs 3 -n auto -m ''` runs the whole suite three times in a row beside them; what follows the
options of this command goes to pytest. The loops end with the command. Exit code 0 if every run passed, else pytest's own
of the first that did not.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOP = """
import os
while os.getppid() == {parent}:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many processors busy for the length of the block. A loop ends by itself if this process is killed."""
    command = [sys.executable, "-c", LOOP.format(parent=os.getpid())]
    running = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
        for loop in running:
            loop.wait()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="how often, one after the other")
    parser.add_argument(
        "--loops", type=int, default=2 * (os.cpu_count() or 1), help="by default two a processor"
    )
    chosen, rest = parser.parse_known_args()
    ends: list[tuple[int, float]] = []
    with busy(chosen.loops):
        for _ in range(chosen.runs):
            begun = time.monotonic()
            done = subprocess.run([sys.executable, "-m", "pytest", *rest], check=False)
            ends.append((done.returncode, time.monotonic() - begun))
    print(f"\nbeside {chosen.loops} busy loops: pytest {' '.join(rest)}")
    for number, (code, seconds) in enumerate(ends, 1):
        print(f"run {number}: {'passed' if code == 0 else f'exit code {code}'} in {seconds:.0f} s")
    return next((code for code, _ in ends if code), 0)


if __name__ == "__main__":
    sys.exit(main())

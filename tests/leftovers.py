"""What tests may not leave behind: processes, threads of simulators, listening ports, files outside their own folders."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_PYTHON = re.compile(rb"multiprocessing\.(forkserver|resource_tracker)|execnet")
"""Processes that live as long as this one, and end with it."""


class Leftovers:
    """What there was before the tests, and what is to be gone after them.

    `note` is called after each test, so that `check` can tell after which one a thing was first seen.
    """

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._before = set(self._now())
        self._first: dict[str, str] = {}

    def note(self, test: str) -> None:
        """Take note of the processes, threads and temporary files that are there now and were not before."""
        for thing in self._running():
            if thing not in self._before:
                self._first.setdefault(thing, test)

    def check(self) -> None:
        """Raise AssertionError if anything is left, with the test after which it was first seen."""
        left = [
            f"{thing}, since {self._first.get(thing, 'the last test')}"
            for thing in self._now()
            if thing not in self._before
        ]
        assert not left, "the tests left behind:\n" + "\n".join(sorted(left))

    def _now(self) -> Iterator[str]:
        yield from self._running()
        for folder in (ROOT, ROOT / "tests"):
            names = (entry.name for entry in folder.iterdir())
            yield from (
                f"{folder / name} in the checkout" for name in names if not name.startswith((".", "__"))
            )
        yield from (f"port {port}" for port in listening())

    def _running(self) -> Iterator[str]:
        names = (entry.name for entry in self._temporary.iterdir())
        yield from (f"temporary {name}" for name in names if not name.startswith("pymp-"))
        for thread in threading.enumerate():
            if thread.name == "simulated-azure":
                yield f"thread {thread.name} {thread.ident}"
        yield from (f"process {pid}: {what}" for pid, what in children())


def children() -> Iterator[tuple[int, str]]:
    """The processes that this one has started and that still run, with their command lines. None where there is no /proc."""
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            pids = path.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for pid in pids:
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
            if command and not OF_PYTHON.search(command):  # a zombie has none
                yield int(pid), command.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def listening() -> Iterator[int]:
    """The TCP ports on which this process listens. None where there is no /proc."""
    own = set()
    for descriptor in Path("/proc/self/fd").glob("*"):
        try:
            own.add(str(descriptor.readlink()))
        except OSError:  # the one with which the folder is read
            continue
    table = Path("/proc/self/net/tcp")
    for line in table.read_text().splitlines()[1:] if table.exists() else ():
        words = line.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in own:
            yield int(words[1].rpartition(":")[2], 16)

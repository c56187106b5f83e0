"""What tests may not leave behind: processes, threads of simulators, listening ports, files outside their own folders."""

import ctypes
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.own_places import ROOT, OwnPlaces

AZ = ".azure"
PLACES = ("config", "cache", "data", "state")
"""Folders in the tests' home: each is the value of the variable `XDG_…_HOME`."""

ENDING = 20.0
"""Seconds that a process which was killed may still be seen."""

PR_SET_CHILD_SUBREAPER = 36
OF_PYTHON = re.compile(rb"multiprocessing\.(forkserver|resource_tracker)|execnet")
"""Processes that live as long as this one, and end with it."""


class Leftovers:
    """What there was before the tests, and what is to be gone after them.

    `note` is called after each test, so that `check` can tell after which one a thing was first seen.
    """

    def __init__(self, folder: Path, places: OwnPlaces) -> None:
        """`folder` has the tests' `home` and `tmp`."""
        adopt_orphans()
        self._home, self._temporary, self._places = folder / "home", folder / "tmp", places
        self._before = set(self._now())
        self._first: dict[str, str] = {}
        self._outside: list[str] = []

    def begin(self) -> None:
        """Forget what was written since the last test: a plugin of pytest's may do that."""
        self._places.found()

    def note(self, test: str) -> None:
        """Take note of the processes, threads and files that are there now and were not before."""
        self._outside += [f"{what}, in {test}" for what in self._places.found()]
        for thing in self._running():
            if thing not in self._before:
                self._first.setdefault(thing, test)

    def check(self) -> None:
        """Raise AssertionError if anything is left, with the test after which it was first seen.

        A process that has been killed may need a moment on a busy machine.
        """
        end = time.monotonic() + ENDING
        left = set(self._now()) - self._before
        while any(thing.startswith("process ") for thing in left) and time.monotonic() < end:
            time.sleep(0.05)
            left = set(self._now()) - self._before
        found = [f"{thing}, since {self._first.get(thing, 'the last test')}" for thing in left]
        found += self._outside
        assert not found, "the tests left behind:\n" + "\n".join(sorted(found))

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
        yield from (f"{path} in HOME" for path in self._in_home())
        for thread in threading.enumerate():
            if thread.name == "simulated-azure":
                yield f"thread {thread.name} {thread.ident}"
        yield from (f"process {pid}: {what}" for pid, what in children())

    def _in_home(self) -> Iterator[Path]:
        """What is in HOME, except for what `az` keeps in its folder."""
        for path in self._home.iterdir():
            if path.name in PLACES:
                yield from path.iterdir()
            elif path.name != AZ:
                yield path


def adopt_orphans() -> None:
    """Let the kernel make this process the parent of a child's children if the child ends before them. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


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
    for table in (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in own:
                yield int(words[1].rpartition(":")[2], 16)

"""One run at a time against a cluster, on one machine: a lock that goes with the process that holds it.

It is the kernel's lock on a file (flock), so a process that is killed leaves none behind. Two machines are kept apart
by Azure itself: by the cluster's eTag and by its refusal of a second operation.
"""

import asyncio
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.cloud.problems import Problem
from wizard.system import private_files
from wizard.system.sanitize import one_line

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_TRIES, _PAUSE = 5, 0.1
"""Whoever looks who holds a lock has it for a moment; that is waited out."""


def default_root() -> Path:
    """Where locks are: `locks` in the user's state directory (`XDG_STATE_HOME` and its likes)."""
    return private_files.state_directory() / "locks"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    pid: int
    since: datetime
    cluster: str
    """The cluster's name."""
    run: str = ""
    """The run's id in the journal; empty where it has none (yet)."""

    def __str__(self) -> str:
        run = f", run {self.run}" if self.run else ""
        return f"process {self.pid}, since {self.since.astimezone():%Y-%m-%d %H:%M:%S}{run}"


class HeldError(Exception):
    """Something else on this machine works on the cluster; nothing was written."""

    def __init__(self, cluster: str, holder: Holder | None) -> None:
        self.holder = holder
        who = f" ({holder})" if holder else ""
        self.problem = Problem(
            "azure",
            f"Another aks-kms on this machine is at work on the cluster {cluster}{who}.",
            "Two at once would get in each other's way; nothing was changed by this one.",
            "Wait until it has ended, then start again; `aks-kms runs list` shows what it does.",
            retryable=True,
        )
        super().__init__(self.problem.summary)


class ClusterLock:
    """The lock of one cluster in one cloud."""

    def __init__(self, endpoint: str, cluster_id: str, *, root: Path | None = None) -> None:
        """`endpoint` is the address of the cloud's Azure Resource Manager."""
        name = hashlib.sha256(f"{endpoint.rstrip('/')}{cluster_id}".lower().encode()).hexdigest()
        self.path = (root or default_root()) / f"{name[:32]}.lock"
        self._holder = Holder(os.getpid(), datetime.now(UTC), one_line(cluster_id.rpartition("/")[2]))
        self._file: int | None = None

    async def acquire(self) -> None:
        """Take it, until `release` or until the process is gone.

        Raises HeldError where somebody else has it, OSError where no lock can be kept here.
        """
        private_files.make_directory(self.path.parent)
        file = _opened(self.path)
        try:
            for _ in range(_TRIES):
                if _taken(file):
                    self._file = file
                    self._note()
                    return
                await asyncio.sleep(_PAUSE)
            raise HeldError(self._holder.cluster, _read(file))
        finally:
            if self._file is None:
                os.close(file)

    def set_run_id(self, run: str) -> None:
        """Say under which id the journal has this run."""
        self._holder = replace(self._holder, run=run)
        if self._file is not None:
            with contextlib.suppress(OSError):  # who holds it is for people; the lock holds without
                self._note()

    def release(self) -> None:
        """Let go of it. Calling it twice, or without having it, is harmless."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _note(self) -> None:
        if self._file is None:
            return
        holder = self._holder
        body = {
            "pid": holder.pid,
            "since": holder.since.isoformat(),
            "cluster": holder.cluster,
            "run": holder.run,
        }
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(body).encode(), 0)


def holders(root: Path | None = None) -> list[Holder]:
    """Whoever holds a lock here now. What cannot be looked at is left out."""
    found = []
    for path in (root or default_root()).glob("*.lock"):
        with contextlib.suppress(OSError):
            file = _opened(path)
            try:
                if not _taken(file) and (holder := _read(file)):
                    found.append(holder)
            finally:
                os.close(file)
    return found


def _opened(path: Path) -> int:
    """The lock's file, made where it is missing; never through a link."""
    if fcntl is None:
        raise OSError(0, "there are no locks on this system")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, private_files.FILE)
    os.fchmod(file, private_files.FILE)
    return file


def _taken(file: int) -> bool:
    """Whether the lock could be had."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> Holder | None:
    """What the holder has written; None where that cannot be understood."""
    try:
        body = json.loads(os.pread(file, 4096, 0))
        since = datetime.fromisoformat(str(body["since"]))
        return Holder(int(body["pid"]), since, one_line(str(body["cluster"])), one_line(str(body["run"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""One run at a time per cluster on one computer: a lock that ends with the process that holds it.

It is a kernel lock on a file (flock, or LockFileEx on Windows), so a killed process leaves no lock behind. Between two
computers Azure prevents concurrent changes: with the cluster's eTag, and by rejecting a second operation.
"""

import asyncio
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.errors import GateError, Problem
from wizard.system import private_files
from wizard.system.sanitize import one_line

_TRIES, _PAUSE = 5, 0.1
"""A process that reads who holds a lock takes it for a moment; acquiring it is tried again."""
_NOTE, _LONGEST = 1, 4096
"""Where the holder's note starts, and its largest size in bytes. The first byte is the locked one, which Windows lets no
other process read."""


def default_root() -> Path:
    """Return the directory of the locks: `locks` in the user's state directory (`XDG_STATE_HOME` or the platform's own)."""
    return private_files.state_directory() / "locks"


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock."""

    pid: int
    since: datetime
    cluster: str
    """The cluster's name."""
    run: str = ""
    """The run's id in the journal; empty if it has none (yet)."""

    def __str__(self) -> str:
        run = f", run {self.run}" if self.run else ""
        return f"process {self.pid}, since {self.since.astimezone():%Y-%m-%d %H:%M:%S}{run}"


class HeldError(GateError):
    """Another process on this computer works on the cluster. Nothing was written."""

    def __init__(self, cluster: str, holder: Holder | None) -> None:
        self.holder = holder
        who = f" ({holder})" if holder else ""
        self.problem = Problem(
            "azure",
            f"Another aks-kms process on this computer is working on the cluster {cluster}{who}.",
            "Concurrent runs on one cluster are not allowed. No changes were made.",
            "Wait until it ends, then run again. `aks-kms runs list` shows its progress.",
            retryable=True,
        )
        super().__init__(self.problem.summary)


class ClusterLock:
    """The lock of one cluster in one cloud."""

    def __init__(self, endpoint: str, cluster_id: str, *, root: Path | None = None) -> None:
        """`endpoint` is the URL of the cloud's Azure Resource Manager."""
        name = hashlib.sha256(f"{endpoint.rstrip('/')}{cluster_id}".lower().encode()).hexdigest()
        self.path = (root or default_root()) / f"{name[:32]}.lock"
        self._holder = Holder(os.getpid(), datetime.now(UTC), one_line(cluster_id.rpartition("/")[2]))
        self._file: int | None = None

    async def acquire(self) -> None:
        """Take the lock, until `release` or until the process ends.

        Raise HeldError if another process holds it, OSError if no lock can be kept here.
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
        """Record the run's id in the journal."""
        self._holder = replace(self._holder, run=run)
        if self._file is not None:
            with contextlib.suppress(OSError):  # this is information for people; the lock works without it
                self._note()

    @property
    def deleted(self) -> bool:
        """Whether its file was deleted or moved away while the lock is held: another process could take it now."""
        return self._file is not None and not private_files.is_at(self._file, self.path)

    def release(self) -> None:
        """Release the lock. Calling it twice, or without holding the lock, has no effect."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                _write(self._file, b"")
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
        _write(self._file, json.dumps(body).encode())


def holders(root: Path | None = None) -> list[Holder]:
    """Return the current holders of locks. Locks that cannot be read are left out."""
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
    """Open the lock's file, and create it if it is missing; symbolic links are not followed."""
    return private_files.open_file(path, os.O_RDWR | os.O_CREAT)


def _taken(file: int) -> bool:
    """Try to take the lock; return whether that succeeded."""
    from filelock import lock_descriptor  # late: start-up time

    return lock_descriptor(file, blocking=False)


def _write(file: int, note: bytes) -> None:
    """Replace the holder's note. Before it is a line end, so that the file stays text."""
    os.ftruncate(file, _NOTE)
    os.lseek(file, 0, os.SEEK_SET)
    private_files.write_all(file, b"\n" * _NOTE + note)


def _read(file: int) -> Holder | None:
    """Return what the holder has written; None if it cannot be parsed."""
    try:
        os.lseek(file, _NOTE, os.SEEK_SET)
        body = json.loads(os.read(file, _LONGEST))
        since = datetime.fromisoformat(str(body["since"]))
        return Holder(int(body["pid"]), since, one_line(str(body["cluster"])), one_line(str(body["run"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None

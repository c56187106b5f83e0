"""A log that a run of any length cannot fill a disk with: the newest part, and the one before it."""

import os
from pathlib import Path

from wizard.system import private_files

MOST = 4 * 1024 * 1024
"""Bytes of a part."""


def older(path: Path) -> Path:
    """Where the part before the newest is: `run.log.1` for `run.log`."""
    return path.with_name(f"{path.name}.1")


class RotatingLog:
    """A new file for appending, for the user alone. Where it grows beyond `most` bytes, it becomes the older part (in
    the place of the last one), and a new one begins. Lines are never divided.
    """

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        """Raises OSError, also where the file exists already."""
        self._path, self._most = path, most
        self._file, self._size = private_files.create(path), 0

    def append(self, data: bytes, *, durable: bool) -> None:
        """Write whole lines; with `durable`, onto the disk itself. Raises OSError."""
        if self._size and self._size + len(data) > self._most:
            self._path.replace(older(self._path))
            full, self._file = (
                self._file,
                private_files.create(self._path),
            )  # on a full disk, the one at hand stays
            self._size = 0
            os.close(full)
        private_files.write_all(self._file, data)
        self._size += len(data)
        if durable:
            os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

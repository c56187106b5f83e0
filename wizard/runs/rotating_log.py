"""A log of limited size: the newest part and the part before it, so that no run can fill a disk."""

import contextlib
import os
import sys
from pathlib import Path

from wizard.system import private_files

MAX_SIZE = 4 * 1024 * 1024
"""Bytes of a part."""


def previous_part(path: Path) -> Path:
    """Return the path of the part before the newest: `run.log.1` for `run.log`."""
    return path.with_name(f"{path.name}.1")


class RotatingLog:
    """A new file for appending, accessible to the user only.

    If it grows beyond `max_size` bytes, it replaces the previous part and a new file starts. Lines are never split.
    """

    def __init__(self, path: Path, *, max_size: int = MAX_SIZE) -> None:
        """Create the file. Raise OSError, also if it already exists."""
        self._path, self._max_size = path, max_size
        self._file, self._size = private_files.create(path), 0

    def append(self, data: bytes, *, durable: bool) -> None:
        """Write whole lines; with `durable`, sync them to the disk. Raise OSError."""
        if self._size and self._size + len(data) > self._max_size:
            self._start_part()
        private_files.write_all(self._file, data)
        self._size += len(data)
        if durable:
            os.fsync(self._file)

    def _start_part(self) -> None:
        if sys.platform == "win32":  # it renames no file that is open
            os.close(self._file)
            self._file = -1
            with contextlib.suppress(PermissionError):  # another process reads it: this part grows further
                self._path.replace(previous_part(self._path))
            self._file = private_files.open_file(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            self._size = os.fstat(self._file).st_size
            return
        self._path.replace(previous_part(self._path))
        full, self._file = self._file, private_files.create(self._path)  # a full disk keeps the open file
        self._size = 0
        os.close(full)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)

"""Directories and files for the user alone: closed to everybody else whatever the umask, never reached through a link,
and on the disk before the next thing is done."""

import contextlib
import os
import stat
from pathlib import Path

from platformdirs import user_state_path

from wizard.errors import UnsafePathError

DIRECTORY, FILE = 0o700, 0o600
_MOST = 64 * 1024 * 1024
"""Bytes of one file; a run of an hour writes less than one of these."""
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def state_directory() -> Path:
    """Where this program keeps what is the user's own: journals and locks."""
    return user_state_path("aks-kms", appauthor=False)


def make_directory(path: Path) -> None:
    """The directory, with whatever is missing above it; one that exists is looked at. Raises OSError."""
    own = state_directory()
    if own in path.parents and os.path.lexists(own):
        check_directory(own)
    missing = []
    for parent in (path, *path.parents):
        if os.path.lexists(parent):
            break
        missing.append(parent)
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another start made it at the same moment
            new_directory(each)
    check_directory(path)


def new_directory(path: Path) -> None:
    """A directory that was not there. Raises FileExistsError, or another OSError."""
    path.mkdir(mode=DIRECTORY)
    path.chmod(DIRECTORY)  # the umask may have taken some of it
    sync(path.parent)


def check_directory(path: Path) -> None:
    """See that it is a directory of the user's own, that nobody else can write in; and so is the program's own above it.

    What is above that is the user's to arrange, and may be a link to another disk. Raises OSError.
    """
    if path.parent == state_directory():
        check_directory(path.parent)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UnsafePathError(
            path, "is a symbolic link, which is not followed", "Put a directory in its place."
        )
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafePathError(path, "is no directory", "Put a directory in its place.")
    if not hasattr(os, "geteuid"):  # on Windows, rights are not in the mode
        return
    if found.st_uid != os.geteuid():
        raise UnsafePathError(
            path,
            f"belongs to user {found.st_uid}, not to you",
            "Point XDG_STATE_HOME at a place of your own.",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafePathError(path, "can be written by others", f"Close it: chmod 700 {path}")


def create(path: Path) -> int:
    """A new file for appending, closed to everybody else from its first moment. Raises FileExistsError, or another OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _NOFOLLOW, FILE)
    if hasattr(os, "fchmod"):
        os.fchmod(file, FILE)
    return file


def write(path: Path, text: str) -> None:
    """A new file with this text, on the disk when this returns. Raises OSError."""
    file = create(path)
    try:
        write_all(file, text.encode("utf-8", "backslashreplace"))
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """All of it, however many calls that takes. Raises OSError."""
    while data:
        data = data[os.write(file, data) :]


def read(path: Path) -> bytes:
    """The whole of a plain file; never through a link, and never waiting for a pipe. Raises OSError, ValueError."""
    file = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError(f"{path.name} is no plain file.")
        data = opened.read(_MOST + 1)
    if len(data) > _MOST:
        raise ValueError(f"{path.name} is longer than any journal.")
    return data


def sync(directory: Path) -> None:
    """Have what was created or renamed in a directory on the disk. Raises OSError."""
    if os.name == "nt":  # where directories cannot be opened
        return
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

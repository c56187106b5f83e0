"""Directories and files that only the user can access, whatever the umask; never reached through a symbolic link, and
synced to disk before the caller continues.

Windows has no such modes: the user's profile, where these directories are, is closed to other users there. It also has
no O_NOFOLLOW: the path is checked just before it is opened.
"""

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path

from platformdirs import user_state_path

from wizard.errors import UnsafePathError

DIRECTORY, FILE = 0o700, 0o600
_MOST = 64 * 1024 * 1024
"""Bytes of one file; a run of an hour writes less than 1 MiB."""


def state_directory() -> Path:
    """Return the directory of the user's journals and locks. XDG_STATE_HOME applies on Windows too."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if sys.platform == "win32" and given:
        return Path(given, "aks-kms").absolute()
    return user_state_path("aks-kms", appauthor=False)


def make_directory(path: Path) -> None:
    """Create a directory and its missing parents, or check one that exists. Raise OSError."""
    own = state_directory()
    if own in path.parents and os.path.lexists(own):
        check_directory(own)
    missing = []
    for parent in (path, *path.parents):
        if os.path.lexists(parent):
            break
        missing.append(parent)
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process created it at the same moment
            new_directory(each)
    check_directory(path)


def new_directory(path: Path) -> None:
    """Create a directory. Raise FileExistsError, or another OSError."""
    path.mkdir(mode=DIRECTORY)
    path.chmod(DIRECTORY)  # the umask may have removed some of it
    sync(path.parent)


def check_directory(path: Path) -> None:
    """Check that a directory is the user's own and that no other user can write in it, and the program's directory above it.

    Directories above that are the user's choice, and may be a symbolic link to another disk. Raise OSError.
    """
    if path.parent == state_directory():
        check_directory(path.parent)
    check_own(path)


def is_at(file: int, path: Path) -> bool:
    """Return whether an open file is still the one at a path: neither deleted nor moved away nor replaced. Windows prevents all three."""
    if sys.platform == "win32":
        return True
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except OSError:
        return False


def check_own(path: Path) -> None:
    """Check the same of a directory below one that was checked already. Raise OSError."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UnsafePathError(
            path, "is a symbolic link, which is not followed", "Put a directory in its place."
        )
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafePathError(path, "is not a directory", "Put a directory in its place.")
    if not hasattr(os, "geteuid"):  # on Windows, permissions are not in the mode
        return
    if found.st_uid != os.geteuid():
        raise UnsafePathError(
            path,
            f"belongs to user {found.st_uid}, not to you",
            "Set XDG_STATE_HOME to a directory of your own.",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafePathError(path, "can be written by other users", f"Run: chmod 700 {path}")


def create(path: Path) -> int:
    """Create a file for appending that only the user can access, and return its descriptor. Raise FileExistsError, or OSError."""
    return open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)


def open_file(path: Path, flags: int) -> int:
    """Open a file that only the user can access, and return its descriptor; a symbolic link is not followed. Raise OSError.

    Data is written and read as it is: without O_BINARY, Windows would change the line ends.
    """
    nofollow = getattr(os, "O_NOFOLLOW", None)
    if nofollow is None and path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    file = os.open(path, flags | (nofollow or 0) | getattr(os, "O_BINARY", 0), FILE)
    if flags & os.O_CREAT and hasattr(os, "fchmod"):
        os.fchmod(file, FILE)
    return file


def write(path: Path, text: str) -> None:
    """Create a file with this text; it is synced to disk on return. Raise OSError."""
    file = create(path)
    try:
        write_all(file, text.encode("utf-8", "backslashreplace"))
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write all of the data, in as many calls as that takes. Raise OSError."""
    while data:
        data = data[os.write(file, data) :]


def read(path: Path) -> bytes:
    """Return the contents of a regular file; never through a symbolic link, and without waiting for a pipe.

    Raise OSError, or ValueError if it is not a regular file or too long.
    """
    file = open_file(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path.name} is not a regular file.")
        data = opened.read(min(found.st_size, _MOST) + 1)
    if len(data) > _MOST:
        raise ValueError(f"{path.name} is longer than any journal can be.")
    return data


def sync(directory: Path) -> None:
    """Sync a directory, so that files created or renamed in it survive a crash. Raise OSError."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no directories
        return
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

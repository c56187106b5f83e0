"""Child processes: executables are taken from trusted folders only, get a minimal environment, and are always ended."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.errors import OutputLimitError

_LEFT = 2.0
"""Seconds in which the rest of a program's pipes is read."""
_MOST = 256 * 1024
"""Bytes that are read of a program's output; the programs used here print a few hundred, or a token."""

_SUFFIXES = (".com", ".exe", ".bat", ".cmd")
"""What a program's file name ends with on Windows; `az` is a `.cmd`."""

_KEPT = (
    *("HOME", "USER", "LOGNAME", "TMPDIR"),
    *(
        "SYSTEMROOT",
        "COMSPEC",
        "PATHEXT",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "TEMP",
        "TMP",
    ),
)
"""Environment variables that every program gets: what it needs to start, and no credentials."""


@dataclass(frozen=True)
class Printed:
    """A program's exit code and output."""

    code: int
    output: bytes = field(repr=False)
    """Stdout; it may be a token."""
    errors: bytes = field(repr=False)
    """Stderr, up to the limit that is read."""


def trusted_path(environment: Mapping[str, str]) -> str:
    """Return the folders of PATH from which programs are run: absolute ones that are not writable by everyone.

    An empty entry, `.` and every other relative one depend on the current folder, which may belong to another user.
    """
    folders = environment.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(
        folder for folder in folders if Path(folder).is_absolute() and not _open_to_all(folder)
    )


def program(name: str, environment: Mapping[str, str]) -> str | None:
    """Return the absolute path of a program on PATH; None if no trusted folder has it."""
    return _first(name, trusted_path(environment))


def rejected_executable(name: str, environment: Mapping[str, str]) -> str:
    """Return the path of a program that precedes any trusted one on PATH, and is not run; empty if there is none."""
    first = _first(name, environment.get("PATH", ""))
    return "" if first is None or first == program(name, environment) else first


def _first(name: str, path: str) -> str | None:
    """Return the absolute path of the first program of that name in the folders of a PATH.

    `shutil.which` also looks in the current folder on Windows, before all others.
    """
    names = [name + suffix for suffix in _SUFFIXES] if sys.platform == "win32" else [name]
    for file in (Path(folder, each) for folder in path.split(os.pathsep) if path for each in names):
        if file.is_file() and os.access(file, os.X_OK):
            return str(file.absolute())
    return None


def child_environment(environment: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return the environment of a program: the trusted part of PATH, what it needs to start, and the variables in `more`."""
    kept = {*_KEPT, *more}
    given = {name: value for name, value in environment.items() if name.upper() in kept}
    return given | {
        "PATH": trusted_path(environment),
        "LC_ALL": "C.UTF-8",
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    }


async def run(command: list[str], environment: Mapping[str, str], *, within: float) -> Printed:
    """Run a command, whose first word is an absolute path, and return its output. All processes it started end with it.

    It is run at the root of the file system, because an older Azure CLI imports modules from the current folder. Raise
    TimeoutError after `within` seconds, OutputLimitError if it prints too much, OSError if it cannot be run.
    """
    process = await started(
        *command,
        env=dict(environment),
        cwd=Path(command[0]).anchor,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    if process.stdout is None or process.stderr is None:
        raise OSError("no pipes")  # requested just above
    errors = asyncio.ensure_future(_beginning(process.stderr))
    try:
        async with asyncio.timeout(within):
            output = await _whole(process.stdout)
            return Printed(await process.wait(), output, await errors)
    finally:
        errors.cancel()
        await asyncio.gather(errors, return_exceptions=True)
        await end_program(process)


async def started(*command: str, **options: Any) -> asyncio.subprocess.Process:
    """Start a program, with the options of `asyncio.create_subprocess_exec`. Raise OSError if it cannot be started.

    If this is cancelled, the program and all processes it started are ended first: asyncio would kill the program alone,
    and then wait for any other process that holds its pipes.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*command, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await end_program(await starting)
        raise


async def _whole(stream: asyncio.StreamReader) -> bytes:
    """Return all of a stream. Raise OutputLimitError."""
    kept = bytearray()
    while more := await stream.read(65536):
        kept += more
        if len(kept) > _MOST:
            raise OutputLimitError
    return bytes(kept)


async def _beginning(stream: asyncio.StreamReader) -> bytes:
    """Return the beginning of a stream; the rest is read and discarded, so that the program does not block on a full pipe."""
    kept = bytearray()
    while more := await stream.read(65536):
        kept += more[: _MOST - len(kept)]
    return bytes(kept)


async def end_program(process: asyncio.subprocess.Process) -> None:
    """Kill a program and all processes in its session (on Windows: that it started), and wait until it has ended.

    Its remaining output is read and discarded: asyncio waits for the ends of the pipes as well, and does not see them
    while a reader's buffer is full.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            await _end_tree(process)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    with contextlib.suppress(
        TimeoutError
    ):  # a process that has left the session may hold a pipe as long as it runs
        async with asyncio.timeout(_LEFT):
            await asyncio.gather(*(_discard(pipe) for pipe in pipes), process.wait())


async def _end_tree(process: asyncio.subprocess.Process) -> None:
    """Kill a program and all processes it started: `az` is a batch file there, which starts Python."""
    if process.returncode is None:
        taskkill = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        null = asyncio.subprocess.DEVNULL
        with contextlib.suppress(OSError):
            ending = await asyncio.create_subprocess_exec(
                *(str(taskkill), "/T", "/F", "/PID", str(process.pid)), stdin=null, stdout=null, stderr=null
            )
            await ending.wait()
        process.kill()  # if there is no taskkill


async def _discard(pipe: asyncio.StreamReader) -> None:
    while await pipe.read(65536):
        pass


def is_running(process: int) -> bool:
    """Return whether a process of any user runs. Not for Windows, where `os.kill` would end it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _open_to_all(folder: str) -> bool:
    """Return whether everyone can write in a folder; outside POSIX, the mode does not say."""
    try:
        return os.name == "posix" and bool(Path(folder).stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False

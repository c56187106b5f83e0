"""Programs beside this one: found where only whoever may be trusted can have put them, given what they need, ended for certain."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.errors import OutputLimitError

_LEFT = 2.0
"""Seconds for what a program leaves in its pipes to be read."""
_MOST = 256 * 1024
"""Bytes that are read of what a program prints; those here print a few hundred, or a token."""

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
"""What every program is given of the environment: what it needs to start, and no credential."""


@dataclass(frozen=True)
class Printed:
    """How a program ended, and what it wrote."""

    code: int
    output: bytes = field(repr=False)
    """On stdout. It may be a token."""
    errors: bytes = field(repr=False)
    """On stderr; no more than is read."""


def trusted_path(environment: Mapping[str, str]) -> str:
    """The folders of PATH from which a program is run: absolute ones, into which not everybody may write.

    An empty entry, `.` and every other relative one mean the folder one happens to be in, which may be anybody's.
    """
    folders = environment.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(
        folder for folder in folders if Path(folder).is_absolute() and not _open_to_all(folder)
    )


def program(name: str, environment: Mapping[str, str]) -> str | None:
    """The absolute path of a program on PATH; None where there is none in a folder that can be trusted."""
    found = shutil.which(name, path=trusted_path(environment) or os.devnull)
    return str(Path(found).absolute()) if found else None


def rejected_executable(name: str, environment: Mapping[str, str]) -> str:
    """Where a program of that name stands before any trusted one, and is not run; empty where there is none."""
    found = shutil.which(name, path=environment.get("PATH") or os.devnull)
    first = str(Path(found).absolute()) if found else ""
    return "" if first == (program(name, environment) or "") else first


def child_environment(environment: Mapping[str, str], *more: str) -> dict[str, str]:
    """The environment of a program: PATH as far as it can be trusted, what it needs to start, and `more` by name."""
    kept = {*_KEPT, *more}
    given = {name: value for name, value in environment.items() if name.upper() in kept}
    return given | {
        "PATH": trusted_path(environment),
        "LC_ALL": "C.UTF-8",
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    }


async def run(command: list[str], environment: Mapping[str, str], *, within: float) -> Printed:
    """Run a command, the first of it an absolute path, to its end. Whatever it started ends with it.

    It is run at the root of the file system, not in the folder one happens to be in: an older Azure CLI imports from there.
    Raises TimeoutError after `within` seconds, OutputLimitError where it does not stop printing, OSError where it cannot be run.
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
        raise OSError("no pipes")  # asked for just above
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
    """Start a program, with the options of `asyncio.create_subprocess_exec`. Raises OSError where it cannot be.

    Where this is cancelled meanwhile, the program ends first, with all that it has started: asyncio would kill the program
    alone, and then wait for whatever else holds its pipes.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*command, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await end_program(await starting)
        raise


async def _whole(stream: asyncio.StreamReader) -> bytes:
    """All that a stream brings. Raises OutputLimitError."""
    kept = bytearray()
    while more := await stream.read(65536):
        kept += more
        if len(kept) > _MOST:
            raise OutputLimitError
    return bytes(kept)


async def _beginning(stream: asyncio.StreamReader) -> bytes:
    """What a stream brings first; the rest is read and thrown away, so that nobody waits for a full pipe."""
    kept = bytearray()
    while more := await stream.read(65536):
        kept += more[: _MOST - len(kept)]
    return bytes(kept)


async def end_program(process: asyncio.subprocess.Process) -> None:
    """Kill a program and all that it has started in its session, and wait until it is gone.

    What it has still written is read and thrown away: asyncio waits for the ends of the pipes as well, and does not see
    them while a reader has more than it wants.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    with contextlib.suppress(
        TimeoutError
    ):  # something that has left its session may hold a pipe for as long as it lives
        async with asyncio.timeout(_LEFT):
            await asyncio.gather(*(_thrown_away(pipe) for pipe in pipes), process.wait())


async def _thrown_away(pipe: asyncio.StreamReader) -> None:
    while await pipe.read(65536):
        pass


def _open_to_all(folder: str) -> bool:
    """Whether everybody may put a program there; elsewhere than on POSIX, modes do not say."""
    try:
        return os.name == "posix" and bool(Path(folder).stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False

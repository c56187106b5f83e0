"""Programs beside this one: found where only whoever may be trusted can have put them, and ended for certain."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
from collections.abc import Mapping
from pathlib import Path

_LEFT = 2.0
"""Seconds for what a program leaves in its pipes to be read."""


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


def passed_over(name: str, environment: Mapping[str, str]) -> str:
    """Where a program of that name stands before any trusted one, and is not run; empty where there is none."""
    found = shutil.which(name, path=environment.get("PATH") or os.devnull)
    first = str(Path(found).absolute()) if found else ""
    return "" if first == (program(name, environment) or "") else first


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

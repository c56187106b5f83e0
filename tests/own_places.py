"""Which files tests in this process write, and which home they give to programs: their own only."""

import builtins
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
OF_TOOLS = {"__pycache__", ".pytest_cache", ".hypothesis"}
"""Folders in the checkout and in the installation that Python and pytest keep for themselves."""

_DEVICES = ("/dev/null", "/dev/tty", "/dev/pt", "/proc/self/")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
MAKING = {"mkdir": 0, "rename": 1, "replace": 1, "symlink": 1, "link": 1}
"""Functions of `os` that make an entry of a folder, and which of their arguments is its path."""


class OwnPlaces:
    """Notes each path outside of the folders of these tests that is written, and each program started with another home.

    Libraries may keep files in their installation. What a program of its own writes is not seen: it is given a home and a folder for temporary files, and these are looked at.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        kept = [folder, *(Path(each) for each in (sys.prefix, sys.pycache_prefix) if each)]
        self._own: tuple[str, ...] = (*(f"{each.resolve()}{os.sep}" for each in kept), *_DEVICES)
        if os.environ.get("WRITE_GOLDEN"):
            self._own += (f"{ROOT}{os.sep}",)
        self._found: list[str] = []
        real_open, os_open = io.open, os.open
        popen: Callable[..., None] = subprocess.Popen.__init__

        def opened(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            done = real_open(file, mode, *rest, **options)
            if mode not in {"r", "rb"} and set(mode) & set("wax+"):
                self._written(file)
            return done

        def opened_by_os(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            done = os_open(path, flags, *rest, **options)
            if flags & WRITING and options.get("dir_fd") is None:
                self._written(path)
            return done

        def started(process: Any, command: Any, *rest: Any, env: Any = None, **options: Any) -> None:
            home = (os.environ if env is None else env).get("HOME")
            if home and not self._is_own(home):
                self._found.append(f"HOME of a program is {home}: {command}")
            popen(process, command, *rest, env=env, **options)

        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        patch.setattr(os, "open", opened_by_os)
        patch.setattr(subprocess.Popen, "__init__", started)
        for name, position in MAKING.items():
            patch.setattr(os, name, self._noting(getattr(os, name), position))

    def found(self) -> list[str]:
        """What has been found since this was last asked."""
        found, self._found = self._found, []
        return found

    def _noting(self, function: Callable[..., Any], position: int) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            path = arguments[position] if len(arguments) > position else os.devnull
            relative = any(each.endswith("dir_fd") for each in options)
            own = relative or self._is_own(path)  # before it is there: a link's target may be anywhere
            done = function(*arguments, **options)
            if not own:
                self._written(path)
            return done

        return noted

    def _written(self, path: Any) -> None:
        if not isinstance(path, int) and not self._is_own(path):
            self._found.append(f"{os.path.abspath(os.fspath(path))} was written")  # noqa: PTH100 - not yet resolved

    def _is_own(self, path: Any) -> bool:
        text = os.path.realpath(os.fsdecode(path))
        return text.startswith(self._own) or not OF_TOOLS.isdisjoint(Path(text).parts)

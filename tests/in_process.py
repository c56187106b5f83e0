"""`aks-kms` by its real entry point, within this process: what a shell would see, without the start of an interpreter."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from screens.cli import gc_startup
from screens.cli.main import main

CODES = {0, 1, 2, 3, 130}
"""Every exit code that there is."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stdout holds, as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """What stdout holds, as one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(
    *arguments: str, home: Path, stdin: str | bytes = b"", environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a command to its end, with little in its environment but what is given.

    `home` is where its journal is, and the folder that it is in.
    """
    given = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TMPDIR"}}
    given |= {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")} | dict(environment or {})
    return run_in(home, given, *arguments, stdin=stdin)


def run_in(folder: Path, environment: Mapping[str, str], *arguments: str, stdin: str | bytes = b"") -> Ended:
    """Run a command to its end in this folder and with exactly this environment.

    An exception that gets out of it, as a traceback would, fails the test. The garbage collector is left alone: a command
    turns it off while it starts and freezes what is there, which in a process that lives on would keep all garbage.
    """
    data = stdin if isinstance(stdin, bytes) else stdin.encode("utf-8", "surrogatepass")
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    streams = [io.TextIOWrapper(io.BytesIO(), encoding, newline="") for _ in range(2)]
    code: Any = 0
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.multiple(gc_startup, begin=lambda: None, end=lambda: None),
        mock.patch.multiple(
            sys,
            argv=["aks-kms", *arguments],
            stdin=io.TextIOWrapper(io.BytesIO(data), "utf-8"),
            stdout=streams[0],
            stderr=streams[1],
        ),
        _inside(folder),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
        for stream in streams:
            stream.flush()
    out, err = (stream.buffer.getvalue().decode("utf-8") for stream in streams)
    assert code in CODES, (code, err)
    assert "Traceback" not in out + err, err
    return Ended(code, out, err)


def outcome(ended: Ended) -> str:
    """What a command ended in."""
    assert "itself failed" not in ended.err, ended.err
    if ended.code == 0:
        return "success"
    assert ended.out.strip() or ended.err.strip(), ended
    return "clear error"


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

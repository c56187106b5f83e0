"""`aks-kms` as a shell runs it, with what it wrote and how it ended: in this process, or in one of its own."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forked import Forked
from tests.in_process import Ended, run_in
from tests.support import LIMIT
from wizard.simulator import Simulator

COMMAND = [sys.executable, "-m", "screens"]
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "COVERAGE_PROCESS_START", "PYTHONPATH")


@dataclass(frozen=True)
class Shell:
    """A directory to be in and an environment, both of the test's own."""

    home: Path
    simulator: Simulator | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    """More of the environment."""

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """What a command is given; None removes a variable."""
        given: dict[str, str | None] = {name: os.environ[name] for name in KEPT if name in os.environ}
        given |= {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
        }
        if self.simulator:
            given |= self.simulator.environment
        given |= self.extra
        return {name: value for name, value in {**given, **(changes or {})}.items() if value is not None}

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        environment: Mapping[str, str | None] | None = None,
        command: Sequence[str] | None = None,
    ) -> Ended:
        """Run to the end, without a terminal; with a `command`, such as `COMMAND`, as a process of its own."""
        given = self.environment(environment)
        if command is None:
            return run_in(self.home, given, *arguments, stdin=stdin)
        done = subprocess.run(
            [*command, *arguments],
            check=False,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=self.home,
            env=given,
            timeout=LIMIT,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(
        self, *arguments: str, command: Sequence[str] = COMMAND, **options: Any
    ) -> "subprocess.Popen[str]":
        """Start, and leave it running."""
        given: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        given |= {"stdin": subprocess.DEVNULL}
        given |= {"env": self.environment()} | options
        return subprocess.Popen([*command, *arguments], encoding="utf-8", cwd=self.home, **given)

    @contextmanager
    def terminal(
        self,
        *arguments: str,
        environment: Mapping[str, str | None] | None = None,
        controlling: bool = True,
    ) -> Iterator["Terminal"]:
        """Run on a terminal of its own, which is gone afterwards, and the command with it.

        `controlling`: the kernel tells the command when the terminal hangs up; without, as after `setsid` or `nohup`.
        """

        if sys.platform == "win32":
            raise NotImplementedError
        ours, theirs = pty.openpty()
        given = self.environment({"TERM": "xterm-256color", **(environment or {})})
        process = Forked(arguments, theirs, given, self.home, controlling=controlling)
        os.close(theirs)
        terminal = Terminal(ours, process)
        try:
            yield terminal
        finally:
            process.kill()
            process.wait()
            terminal.close()

    def write(self, name: str, text: str) -> str:
        """A file here; its name."""
        (self.home / name).write_text(text, "utf-8")
        return name


class Terminal:
    """A command on a terminal, as an operator uses it."""

    def __init__(self, fd: int, process: Forked) -> None:
        self._fd: int | None = fd
        self.process = process
        self.shown = ""
        """All that the terminal was sent so far."""

    def waits_for(self, text: str) -> None:
        """Read until that text is shown."""
        while text not in self.shown:
            assert self.reads(f"to show {text!r}"), f"ended without {text!r}: {self.shown!r}"

    def types(self, text: str) -> None:
        """What the operator types."""
        assert self._fd is not None, "the terminal is closed"
        os.write(self._fd, text.encode())

    def close(self) -> None:
        """Close the window, or lose the line. Calling it twice is harmless."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def ends(self) -> int:
        """Read to the end; the exit code."""
        while self.reads("to end"):
            pass
        return self.process.wait(LIMIT)

    def reads(self, until: str = "to write more") -> bool:
        """Read what is there, or wait for more; False at the end. Raises AssertionError if nothing comes for so long."""
        assert self._fd is not None, "the terminal is closed"
        ready, _, _ = select.select([self._fd], [], [], LIMIT)
        assert ready, f"waited in vain for the command {until}: {self.shown!r}"
        try:
            more = os.read(self._fd, 65536)
        except OSError:  # Linux says EIO once the other side is closed
            return False
        self.shown += more.decode("utf-8", "replace")
        return bool(more)

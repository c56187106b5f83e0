"""From the start of the process to its first use: the help, and the wizard's first frame."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence

from tests.benchmarks.measure import line, median, of_process

_PYTHON = sys.executable
_BARE_TEXTUAL = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("first frame")

Bare().run()
"""


def help_and_version(times: int = 15) -> None:
    """`--help` and `--version`, which are to cost little more than click itself."""
    bare = median(lambda: of_process([_PYTHON, "-c", "pass"]), times)
    click = median(lambda: of_process([_PYTHON, "-c", "import click"]), times)
    line("python -c pass", bare)
    line("python -c 'import click'", click, ("bare python", bare))
    for option in ("--help", "--version"):
        took = median(lambda option=option: of_process([_PYTHON, "-m", "screens", option]), times)  # type: ignore[misc]
        line(f"aks-kms {option}", took, ("bare python", bare))


def first_frame(times: int = 9) -> None:
    """The wizard's first frame on a terminal of 120x40, against the smallest Textual app there is."""
    bare = median(lambda: _until_shown([_PYTHON, "-c", _BARE_TEXTUAL], b"first frame"), times)
    line("a minimal Textual app, first frame", bare)
    wizard = [_PYTHON, "-m", "screens", "--simulate"]
    line(
        "the wizard, first frame",
        median(lambda: _until_shown(wizard, b"and prove it"), times),
        ("a minimal app", bare),
        "aim ≤ 1.5×",
    )


def _until_shown(command: Sequence[str], text: bytes) -> float:
    """Seconds from starting a command on a terminal to that text being on it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    shown = b""
    try:
        while text not in shown:
            shown += os.read(ours, 65536)
        return time.perf_counter() - begun
    finally:
        process.kill()
        process.wait()
        os.close(ours)

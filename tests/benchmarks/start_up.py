"""From the start of the process to its first use: the help, and the wizard's first frame."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from functools import partial

from tests.benchmarks.measure import Report, medians, of_process

_PYTHON = sys.executable
WIZARD = [_PYTHON, "-m", "screens"]
FIRST_TEXT = b"KMS encryption for AKS secrets"
_BARE_TEXTUAL = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("first frame")

Bare().run()
"""


def help_and_version(report: Report, times: int = 15) -> None:
    """`--help` and `--version`, which are to cost little more than click itself."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "python -c 'import click'": ["-c", "import click"],
        "aks-kms --help": ["-m", "screens", "--help"],
        "aks-kms --version": ["-m", "screens", "--version"],
    }
    took = medians({name: partial(of_process, [_PYTHON, *rest]) for name, rest in commands.items()}, times)
    for name, seconds in took.items():
        ours = name.startswith("aks-kms")
        against = "import click" if ours else "bare python"
        other = took["python -c 'import click'" if ours else "python -c pass"]
        report.line(name, seconds, (against, other), 1.25 if ours else None)


def first_frame(report: Report, times: int = 11) -> None:
    """The wizard's first frame on a terminal of 120x40, against the smallest Textual app there is."""
    took = medians(
        {
            "bare": partial(until_shown, [_PYTHON, "-c", _BARE_TEXTUAL], b"first frame"),
            "wizard": partial(until_shown, [*WIZARD, "--simulate"], FIRST_TEXT),
        },
        times,
    )
    report.line("a minimal Textual app, first frame", took["bare"])
    report.line("the wizard, first frame", took["wizard"], ("a minimal app", took["bare"]), 1.15)


def until_shown(command: Sequence[str], text: bytes, environment: Mapping[str, str] | None = None) -> float:
    """Seconds from starting a command on a terminal to that text being on it. `environment`: by default that of this process."""
    if sys.platform == "win32":
        raise NotImplementedError
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**(environment or os.environ), "TERM": "xterm-256color"},
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

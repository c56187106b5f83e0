"""However the wizard ends: a sane terminal, the right exit code, and no secret on it."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support import LIMIT

SENTINEL = "s3cr3t-that-no-screen-may-show"

WIZARD = """
import os, sys
from contextlib import asynccontextmanager
from screens.app import WizardApp

@asynccontextmanager
async def never(tell):
    import asyncio
    tell("To sign in, open a browser.")
    await asyncio.Event().wait()
    yield

app = WizardApp(never, environment=os.environ)
CRASH = len(sys.argv) > 1
if CRASH:
    def fall():
        token = sys.argv[1]
        raise RuntimeError("the wizard fell over")
    app.call_later(fall)
raise SystemExit(app.run() if not CRASH else (app.run() or app.return_code))
"""


def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen[bytes], int]:
    """The wizard in a terminal of its own."""
    if sys.platform == "win32":
        raise NotImplementedError
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WIZARD, *arguments],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **environment},
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    os.close(inner)
    return process, terminal


def read_until(terminal: int, *wanted: bytes, limit: float = LIMIT) -> bytes:
    """What the terminal was sent until all of that was in it, or until its end."""
    got, deadline = b"", time.monotonic() + limit
    while time.monotonic() < deadline and not all(w in got for w in wanted if w):
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                got += os.read(terminal, 65536)
            except OSError:  # the other end has gone: that is how a terminal ends
                break
    return got


def test_a_polite_kill_leaves_a_sane_terminal_and_no_colour_is_no_colour() -> None:
    process, terminal = start(NO_COLOR="1")
    written = b"Encrypts the Kubernetes secrets"
    before = read_until(terminal, b"Signing", b"browser.", b"\x1b]2;aks-kms\x1b", written)
    assert b"\x1b[?1049h" in before
    assert b"\x1b[22;2t" in before
    process.send_signal(signal.SIGTERM)
    after = read_until(terminal, b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l")
    assert process.wait(LIMIT) == 130
    assert b"\x1b[?1049l" in after
    assert b"\x1b[?1000l" in after
    assert b"\x1b[23;2t" in after
    assert written in before
    for colour in (b"\x1b[38;2", b";38;2", b"48;2;"):
        assert colour not in before + after
    os.close(terminal)


@pytest.mark.matrix
def test_a_terminal_that_hangs_up_ends_it() -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    process, terminal = start()
    assert b"Signing" in read_until(terminal, b"Signing")
    process.send_signal(signal.SIGHUP)
    assert b"\x1b[?1049l" in read_until(terminal, b"\x1b[?1049l")
    assert process.wait(LIMIT) == 130
    os.close(terminal)


def test_a_terminal_that_is_closed_ends_the_real_command_as_interrupted(tmp_path: Path) -> None:
    """As when a window is closed or ssh loses its line: a hang-up, and every write to the terminal fails from then on."""
    if sys.platform == "win32":
        raise NotImplementedError
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "screens", "--simulate"],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "TERM": "xterm-256color", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing here has threads
    )
    os.close(inner)
    assert b"Signed" in read_until(terminal, b"Signed")
    os.close(terminal)
    assert process.wait(LIMIT) == 130


def test_a_crash_names_the_error_and_no_value_that_was_in_play() -> None:
    process, terminal = start(SENTINEL)
    shown = read_until(terminal, b"never in it")
    assert process.wait(LIMIT) == 1
    assert b"the wizard fell over" in shown
    assert SENTINEL.encode() not in shown
    os.close(terminal)

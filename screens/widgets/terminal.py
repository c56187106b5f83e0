"""The terminal below the wizard, which may go away at any moment: a closed window, a lost line, a laptop that is shut.

Textual's own driver writes in a thread that ends with the first write that fails; whatever is written then waits for it
for ever, and the wizard hangs where nobody sees it. (When a terminal closes, the kernel also continues its processes,
and Textual then sets the terminal up anew: enough writes to get there.)
"""

import contextlib
import os
import signal
from typing import Any, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Textual's driver, for which a terminal that is gone is a hang-up."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("Any", Unbroken(cast("TextIO", self._file)))

    def run_input_thread(self) -> None:
        """As Textual's, which would take it for a crash of the wizard that there is nothing to read from any more."""
        try:
            super().run_input_thread()
        except OSError:
            hang_up()


class Unbroken:
    """A file whose writes never fail; the first that would is a hang-up."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        """Write, if there is anything to write to."""
        with self._hang_up_if_gone():
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if there is anything to flush to."""
        with self._hang_up_if_gone():
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    @contextlib.contextmanager
    def _hang_up_if_gone(self) -> Any:
        try:
            yield
        except OSError:
            if not self._gone:
                self._gone = True
                hang_up()


def hang_up() -> None:
    """What the kernel says to a process when its terminal closes; said here where it did not."""
    os.kill(os.getpid(), signal.SIGHUP)

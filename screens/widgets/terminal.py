"""The terminal of the wizard can disappear at any moment: a closed window, a lost connection, a suspended laptop.

Textual's own driver writes in a thread that ends with the first failed write. Later writes then wait for that thread
permanently, and the wizard hangs without a terminal. (When a terminal closes, the kernel also continues its processes, and
Textual then sets up the terminal again, which is enough to fill the queue.)
"""

import contextlib
import os
import select
import signal
import sys
import threading
from typing import Any, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from screens.widgets.signals import KEEP_TITLE, RESTORE_TITLE

assert sys.platform != "win32"  # noqa: S101 - Textual has another driver there


class TerminalDriver(LinuxDriver):
    """Textual's driver, which treats a terminal that is gone as a hang-up."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("Any", Unbroken(cast("TextIO", self._file)))

    def start_application_mode(self) -> None:
        """Start as Textual does, and let the terminal keep the title of its window."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no annotations there
        self.write(KEEP_TITLE)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        """Treat a terminal that is gone as a hang-up also where the kernel sends no signal, as after `setsid`.

        Reading would then return nothing at once, again and again.
        """
        events = select.poll()
        events.register(self.fileno, 0)  # a hang-up is always reported
        while not self.exit_event.is_set():
            if any(event & select.POLLHUP for _, event in events.poll(500)):
                hang_up()
                return

    def stop_application_mode(self) -> None:
        """Restore the title of the window, then stop as Textual does."""
        self.write(RESTORE_TITLE)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Read as Textual does. Textual would report a terminal that is gone as a crash of the wizard."""
        try:
            super().run_input_thread()
        except OSError:
            hang_up()


class Unbroken:
    """A file whose writes never fail. The first one that would fail is a hang-up."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        """Write if the terminal is still there."""
        with self._hang_up_if_gone():
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if the terminal is still there."""
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
    """Send this process the signal that the kernel sends when a terminal closes."""
    os.kill(os.getpid(), signal.SIGHUP)

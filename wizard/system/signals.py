"""Signals that end the program, on every system."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

END_SIGNALS = [
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if name in signal.Signals.__members__
]
"""Those that this system has. SIGHUP is the closed window on POSIX, SIGBREAK is Ctrl-Break on Windows (where a closed window
ends the process)."""


def on_end_signals(call: Callable[[signal.Signals], object]) -> None:
    """Call a function in the running event loop for each of these signals, as long as the loop runs.

    Windows' event loop has no handlers for signals: there Python's own hand them to it. Outside the main thread there are
    none at all, and this has no effect.
    """
    loop = asyncio.get_running_loop()

    def hand_over(number: int, _frame: FrameType | None) -> None:
        try:
            loop.call_soon_threadsafe(call, signal.Signals(number))
        except RuntimeError:  # the loop is closed
            raise KeyboardInterrupt from None

    for number in END_SIGNALS:
        try:
            loop.add_signal_handler(number, call, number)
        except NotImplementedError:
            signal.signal(number, hand_over)
        except (RuntimeError, ValueError):
            return

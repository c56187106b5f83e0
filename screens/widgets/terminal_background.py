"""Whether the background of the terminal is light, as the terminal itself says."""

import os
import re
import sys
import time

_LIMIT = 1.0
"""Seconds to wait for the answer of a terminal. An answer that came later, over a slow connection, would be read by the wizard
as keys; a terminal that answers at all does so at once, and ends the wait."""
_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
"""Asks for the background (OSC 11), then for the kind of the terminal (DA1), which every terminal answers: its answer ends the
wait, and nothing is left for the wizard to read as typed."""
_COLOUR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_KIND = re.compile(rb"\x1b\[\?[\d;]*c")


def terminal_is_light() -> bool:
    """Ask the terminal of this process for its background. Return False if it does not say."""
    if sys.platform == "win32":  # no termios there
        return False
    import termios
    import tty

    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (OSError, ValueError, termios.error):
        return False
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        return is_light(_ask(terminal))
    except (OSError, termios.error):
        return False
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def is_light(answer: bytes) -> bool:
    """Whether the answer to OSC 11 is a light colour. False if it is none."""
    if not (found := _COLOUR.search(answer)):
        return False
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return bool(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)


def _ask(terminal: int) -> bytes:
    """Return what the terminal answers within the limit."""
    import select

    os.write(terminal, _QUESTION)
    answer, end = b"", time.monotonic() + _LIMIT
    while not _KIND.search(answer) and (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            answer += os.read(terminal, 1024)
    return answer

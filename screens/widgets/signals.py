"""What the terminal shows outside its page: the title of its window, a bell, and a notification of the desktop."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wizard.reports.wording import duration
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from screens.session.active_run import ActiveRun

BELL = "AKS_KMS_BELL"
"""Set to 0, there is neither a bell nor a notification."""
NAME = "aks-kms"
KEEP_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""The terminal keeps the title that its window has, and restores it (xterm's title stack)."""

_WITHOUT_TITLE = {"", "dumb", "linux"}
"""Values of TERM: these terminals have no window, and some would print the sequences."""
_NOTIFIES_WITH_777 = ("foot", "rxvt")
"""How the TERM of terminals starts that know OSC 777 only; the others know OSC 9, or neither."""


class TerminalSignals:
    """Writes the sequences that the terminal understands."""

    def __init__(self, write: Callable[[str], None], environment: Mapping[str, str]) -> None:
        self._write = write
        self._term = environment.get("TERM", "")
        self.rings = environment.get(BELL) != "0"
        self._title = ""

    def title(self, text: str) -> None:
        """Show a title, unless it is shown already."""
        if self._term not in _WITHOUT_TITLE and text != self._title:
            self._title = text
            self._write(f"\x1b]2;{one_line(text)}\x1b\\")

    def notify(self, text: str) -> None:
        """Show a notification, if bells are not turned off."""
        if self._term in _WITHOUT_TITLE or not self.rings:
            return
        text = one_line(text).replace(";", ",")
        is_777 = self._term.startswith(_NOTIFIES_WITH_777)
        self._write(f"\x1b]777;notify;{NAME};{text}\x1b\\" if is_777 else f"\x1b]9;{NAME}: {text}\x1b\\")


def title_of(active: "ActiveRun | None") -> str:
    """Return the title: of a run its step and its time, and then how it ended."""
    if active is None:
        return NAME
    name = active.answers.cluster.name
    if active.in_flight:
        total = len(active.steps)
        step = min(active.finished_steps + 1, total)
        return f"{NAME} {step}/{total} {name} {duration(active.elapsed)}"
    return f"{NAME} {_sign(active)} {name}"


def end_of(active: "ActiveRun") -> str:
    """Return how a run ended, for a notification."""
    ended = {"succeeded": "succeeded", "failed": "failed"}.get(active.status or "", "was interrupted")
    return (
        f"{_sign(active)} The run on {active.answers.cluster.name} {ended} after {duration(active.elapsed)}."
    )


def _sign(active: "ActiveRun") -> str:
    return {"succeeded": "✓", "failed": "✗"}.get(active.status or "", "!")

"""The log of a run on stderr: a line for each step that has ended, and what is in progress.

On a terminal, what is in progress is one line that is drawn again; in a pipe it is a line from time to time.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from screens.cli import live_line
from screens.cli.render import columns, decorate
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.reports.table import cut
from wizard.reports.wording import STEP_STATES, duration, usually
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line

_MIN_INTERVAL = 2.0
"""Seconds of real time between two progress lines of a step."""
_REPEAT_INTERVAL = 60.0
"""Seconds of Azure's time between two identical progress lines of a step."""
_REDRAW_INTERVAL = 0.5
_ROOM_FOR_WORDS = 6
"""Columns by which a line is longer if a sign and an ellipsis are written in ASCII."""


class LiveLog:
    """A listener that prints a run's events."""

    def __init__(
        self, clock: Clock, plan: Plan, print_line: Callable[[str], None], *, verbose: bool = False
    ) -> None:
        """`print_line` receives each line; `verbose` includes the events for the full log, and the start of each step."""
        self._clock = clock
        self._steps = {step.key: (number, step) for number, step in enumerate(plan.steps, 1)}
        self._print = print_line
        self._verbose = verbose
        self._redrawn = live_line.is_possible() and not verbose
        self._started = clock.elapsed()
        self._running: dict[str, tuple[float, str]] = {}
        """By step: when it started, and what it does at present."""
        self._last: dict[str, tuple[float, float, str]] = {}

    def __call__(self, event: Event) -> None:
        key = event.step or ""
        match event.type:
            case "step-started":
                self._running[key] = self._clock.elapsed(), ""
                if self._verbose:
                    self._line("◐", "started", key, event.message)
                self._draw()
            case "step-progress":
                self._progress(event, key)
            case "step-finished":
                self._running.pop(key, None)
                self._finished(event, key)
                self._draw()
            case "log" if event.audience == "operator" or self._verbose:
                if self._redrawn and key in self._running:
                    self._running[key] = self._running[key][0], event.message
                else:
                    self._line("·", "", key, event.message)
            case "run-finished":
                self._running.clear()
                if self._redrawn or event.status == "failed":
                    self._print("")  # the result follows
                if self._verbose or (event.status == "interrupted" and not self._redrawn):
                    sign, word, _ = STEP_STATES[event.status or "failed"]
                    self._line(sign, word, key, event.message)
            case _:
                pass

    @asynccontextmanager
    async def redrawn(self) -> AsyncIterator[None]:
        """Draw what is in progress until the block ends, if stderr is a terminal."""
        task = asyncio.create_task(self._redraw()) if self._redrawn else None
        try:
            yield
        finally:
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                live_line.erase()

    def _draw(self) -> None:
        if self._redrawn and (text := self.now()):
            live_line.show(decorate(_cut(text, _ROOM_FOR_WORDS), sys.stderr))

    async def _redraw(self) -> None:
        while True:
            self._draw()
            await asyncio.sleep(_REDRAW_INTERVAL)

    def now(self) -> str:
        """Return what is in progress: the step that runs longest, its time, and what Azure says; empty if no step runs."""
        if not self._running:
            return ""
        key, (since, message) = min(self._running.items(), key=lambda item: item[1][0])
        now = self._clock.elapsed()
        number, step = self._steps[key]
        parts = [
            f"  {f'{number}/{len(self._steps)}':>5}  ◐ {step.title}",
            duration(now - since) + (f", usually {usually(*step.usually)}" if step.usually[1] else ""),
            f"{duration(now - self._started)} elapsed",
            f"and {len(self._running) - 1} more" if len(self._running) > 1 else "",
            one_line(message),
        ]
        return "   ".join(filter(None, parts))

    def _progress(self, event: Event, step: str) -> None:
        of = f"{duration(event.seconds)}" if event.seconds is not None else ""
        if of and event.expected_seconds:
            of += f" of {duration(event.expected_seconds)}"
        if self._redrawn:
            if step in self._running:
                limit = f" ({of})" if event.expected_seconds else ""
                self._running[step] = self._running[step][0], event.message + limit
        elif self._is_due(event, step):
            self._line("◐", "waiting", step, event.message + (f" ({of})" if of else ""))

    def _finished(self, event: Event, step: str) -> None:
        sign, word, _ = STEP_STATES[event.status or "failed"]
        unchanged = event.status == "already"
        if self._redrawn:
            took = duration(event.seconds) if event.seconds and not unchanged else ""
            message = {"already": "unchanged", "skipped": word}.get(event.status or "", event.message)
            if step == "verify" and event.status == "succeeded":
                message = ""  # the result, which follows
            line = f"{self._head('=' if unchanged else sign, step)}  {took:>7}   {one_line(message)}"
            self._print(_cut(line.rstrip()))
            return
        took = f" ({duration(event.seconds)})" if event.seconds else ""
        self._line(sign, word, step, event.message + took)

    def _is_due(self, event: Event, step: str) -> bool:
        """Return whether a progress line is to be printed: at a readable rate, and repetitions less often."""
        wall, azure = time.monotonic(), self._clock.elapsed()
        last_wall, last_azure, last = self._last.get(step, (-_MIN_INTERVAL, -_REPEAT_INTERVAL, ""))
        if wall - last_wall < _MIN_INTERVAL or (
            event.message == last and azure - last_azure < _REPEAT_INTERVAL
        ):
            return False
        self._last[step] = wall, azure, event.message
        return True

    def _head(self, sign: str, key: str) -> str:
        """Return `  4/11  ✓ Create the key vault`, as wide as for the longest title."""
        number, step = self._steps[key]
        widest = max(len(each.title) for _, each in self._steps.values())
        return f"  {f'{number}/{len(self._steps)}':>5}  {sign} {step.title:<{widest}}"

    def _line(self, sign: str, word: str, key: str, message: str) -> None:
        elapsed = duration(self._clock.elapsed() - self._started)
        of = f"{self._steps[key][0]}/{len(self._steps)}" if key in self._steps else ""
        first, *rest = message.splitlines() or [""]
        self._print(f"{elapsed:>7}  {of:>5}  {sign} {word:<9}  {key or 'run':<16} {one_line(first)}".rstrip())
        for line in rest:
            self._print(f"{'':<46}{one_line(line)}")


def _cut(text: str, room: int = 0) -> str:
    """Return what fits on one line of the terminal, with `room` to spare."""
    return cut(text, (columns(sys.stderr) or 80) - room - 1)

"""The live log of a run, as lines: elapsed time, sign, status, step, message."""

import time
from collections.abc import Callable, Container

from screens.cli.outcome import problem_text
from wizard.procedure.events import Event
from wizard.reports.wording import STEP_STATES, duration
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line

_MIN_INTERVAL = 2.0
"""Seconds of real time between two progress lines of a step."""
_REPEAT_INTERVAL = 30.0
"""Seconds of Azure's time between two identical progress lines of a step."""


class LiveLog:
    """A listener that prints a run's events."""

    def __init__(
        self,
        clock: Clock,
        print_line: Callable[[str], None],
        *,
        unchanged: Container[str] = (),
        verbose: bool = False,
    ) -> None:
        """`print_line` receives each line; `verbose` includes the events for the full log.

        `unchanged`: keys of steps that change nothing. Only their end is printed, unless `verbose`.
        """
        self._clock = clock
        self._print = print_line
        self._unchanged = unchanged
        self._verbose = verbose
        self._started = clock.elapsed()
        self._last: dict[str, tuple[float, float, str]] = {}

    def __call__(self, event: Event) -> None:
        step = event.step or "run"
        match event.type:
            case "step-started" if self._verbose or step not in self._unchanged:
                self._line("◐", "started", step, event.message)
            case "step-progress" if self._is_due(event, step):
                of = f" ({duration(event.seconds)}" if event.seconds is not None else ""
                if of and event.expected_seconds:
                    of += f" of {duration(event.expected_seconds)}"
                self._line("◐", "waiting", step, event.message + (of + ")" if of else ""))
            case "step-finished":
                sign, word, _ = STEP_STATES[event.status or "failed"]
                took = f" ({duration(event.seconds)})" if event.seconds else ""
                self._line(sign, word, step, event.message + took)
                if event.problem:
                    self._print(problem_text(event.problem))
            case "log" if event.audience == "operator" or self._verbose:
                self._line("·", "", step, event.message)
            case "run-finished" if self._verbose or event.status == "interrupted":
                sign, word, _ = STEP_STATES[event.status or "failed"]
                self._line(sign, word, step, event.message)
            case _:
                pass

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

    def _line(self, sign: str, word: str, step: str, message: str) -> None:
        elapsed = duration(self._clock.elapsed() - self._started)
        first, *rest = message.splitlines() or [""]
        self._print(f"{elapsed:>7}  {sign} {word:<11} {step:<16} {one_line(first)}".rstrip())
        for line in rest:
            self._print(f"{'':<40}{one_line(line)}")

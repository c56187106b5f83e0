"""What happens during a run, as plain lines: elapsed time, sign, word, step, message."""

import time
from collections.abc import Callable

from screens.cli.outcome import problem_text
from wizard.procedure.events import Event
from wizard.reports.wording import STEP_STATES, duration
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line

_QUIET = 2.0
"""Seconds of real time in which a step repeats itself at most once; and _SAME, of Azure's, for the very same words."""
_SAME = 30.0


class LiveLog:
    """A listener that tells a run's events to somebody who reads along."""

    def __init__(self, clock: Clock, say: Callable[[str], None], *, verbose: bool = False) -> None:
        """`say` takes a line; `verbose` also tells what is meant for the whole log."""
        self._clock = clock
        self._say = say
        self._verbose = verbose
        self._begun = clock.elapsed()
        self._told: dict[str, tuple[float, float, str]] = {}

    def __call__(self, event: Event) -> None:
        step = event.step or "run"
        match event.type:
            case "step-started":
                self._line("◐", "begins", step, event.message)
            case "step-progress" if self._worth_telling(event, step):
                of = f" ({duration(event.seconds)}" if event.seconds is not None else ""
                if of and event.expected_seconds:
                    of += f" of {duration(event.expected_seconds)}"
                self._line("◐", "waiting", step, event.message + (of + ")" if of else ""))
            case "step-finished":
                sign, word, _ = STEP_STATES[event.status or "failed"]
                took = f" ({duration(event.seconds)})" if event.seconds else ""
                self._line(sign, word, step, event.message + took)
                if event.problem:
                    self._say(problem_text(event.problem))
            case "log" if event.audience == "operator" or self._verbose:
                self._line("·", "", step, event.message)
            case "run-finished":
                sign, word, _ = STEP_STATES[event.status or "failed"]
                self._line(sign, word, step, event.message)
            case _:
                pass

    def _worth_telling(self, event: Event, step: str) -> bool:
        """Not more often than somebody can read, and the same words not more often than they are news."""
        wall, azure = time.monotonic(), self._clock.elapsed()
        last_wall, last_azure, last = self._told.get(step, (-_QUIET, -_SAME, ""))
        if wall - last_wall < _QUIET or (event.message == last and azure - last_azure < _SAME):
            return False
        self._told[step] = wall, azure, event.message
        return True

    def _line(self, sign: str, word: str, step: str, message: str) -> None:
        elapsed = duration(self._clock.elapsed() - self._begun)
        first, *rest = message.splitlines() or [""]
        self._say(f"{elapsed:>7}  {sign} {word:<11} {step:<16} {one_line(first)}".rstrip())
        for line in rest:
            self._say(f"{'':<40}{one_line(line)}")

"""The waits within a step of a run, as the engine's events tell them: each with its own clock and usual time."""

from dataclasses import dataclass

from wizard.procedure.events import HEARTBEAT


@dataclass
class Wait:
    """One wait within a step. All times are in seconds, on Azure's clock."""

    message: str
    """What is waited for, and its last status."""
    waited: float | None
    """How long it had taken at `heard`, if that is known."""
    expected: float | None
    """How long it usually takes in all, if that is known."""
    heard: float
    """When it was last reported."""
    every: float | None = None
    """The time between its last two reports."""
    left: float | None = None
    """When the step logged something else since `heard`: if another wait begins next, this one had ended by then."""
    took: float | None = None
    """How long it took; None until another wait has begun."""

    @property
    def subject(self) -> str:
        """What is waited for, without its status: `cluster is being updated: InProgress`."""
        return self.message.partition(": ")[0].partition(" (")[0]

    def clock(self, now: float) -> float | None:
        """Return how long it took, or has taken so far, if that is known."""
        if self.took is not None or self.waited is None:
            return self.took
        return self.waited + now - self.heard


def report(waits: list[Wait], message: str, waited: float | None, expected: float | None, now: float) -> None:
    """Add what a step has reported to its waits: news of the last one, or another one, which ends the last.

    A heartbeat is not added: it repeats what was said last, and a wait may go on or have ended meanwhile.
    """
    if message.startswith(HEARTBEAT):
        return
    wait = Wait(message, waited, expected, now)
    last = waits[-1] if waits else None
    if last and last.subject == wait.subject:
        wait.every = now - last.heard
        waits[-1] = wait
        return
    if last and last.waited is not None:
        ended = min(now - (waited or 0.0), now if last.left is None else last.left)
        last.took = last.waited + max(0.0, ended - last.heard)
    waits.append(wait)

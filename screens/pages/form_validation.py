"""The rules, asked while a form is being filled in: on what Azure says now, once the answers have stood for a moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.errors import AzureError, Problem

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.worker import Worker

    from screens.widgets.frame import Frame
    from wizard.answers.model import Answers
    from wizard.cloud.arm import Json
    from wizard.rules import Finding

PAUSE = 0.4
"""Seconds for which the answers must stand before Azure is asked."""

_PLACES = {
    "vault-soft-deleted": "vault-name",
    "vault-name-taken": "vault-name",
    "vault-firewall-bars-key": "through",
    "key-hsm-needs-premium": "key-type",
    "key-not-rotated": "rotate",
    "key-deleted": "key-name",
    "old-key-still-needed": "vault",
}
_GROUPS = ("vault", "key", "identity")


def place_of(code: str) -> str:
    """The entry of the form under which a finding belongs; empty where it is about something else."""
    if code in _PLACES:
        return _PLACES[code]
    group = code.partition("-")[0]
    return group if group in _GROUPS else ""


@dataclass(frozen=True)
class Seen:
    """What the rules said of answers, and what Azure returned of the key that they name."""

    findings: "tuple[Finding, ...]"
    key: "Json | None"


class LiveRules:
    """Asks for one screen; the newest answers alone count."""

    def __init__(self, screen: "Frame", tell: Callable[[Seen | Problem], None]) -> None:
        """`tell` is given what was found, or why nothing could be learnt."""
        self._screen = screen
        self._tell = tell
        self._answers: Answers | None = None
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None

    @property
    def asking(self) -> bool:
        """Whether an answer is still to come."""
        return self._timer is not None or self._worker is not None

    def ask(self, answers: "Answers | None") -> None:
        """Ask about these answers soon, and about no others any more; None: they cannot stand yet."""
        if answers is not None and answers == self._answers:
            return
        self.forget()
        if answers is not None:
            self._answers = answers
            self._timer = self._screen.set_timer(PAUSE, self._begin)

    def forget(self) -> None:
        """Whatever was asked does not matter any more."""
        if self._timer is not None:
            self._timer.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._answers = self._timer = self._worker = None

    def _begin(self) -> None:
        self._timer = None
        if self._answers is not None:
            self._worker = self._screen.background(self._read(self._answers), "asking the rules")

    async def _read(self, answers: "Answers") -> None:
        from wizard.procedure.planning import plan_from, read_snapshot  # behind the first frame
        from wizard.state.target import Target

        azure = self._screen.session.azure
        target = Target(answers, azure.cloud.vault_suffix)
        try:
            snapshot = await read_snapshot(azure, target)
            seen: Seen | Problem = Seen(plan_from(target, snapshot).findings, snapshot.key)
        except AzureError as error:
            seen = error.problem
        if answers is self._answers:
            self._worker = None
            self._tell(seen)

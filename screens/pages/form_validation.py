"""Preflight checks while a form is being filled in, against the current state in Azure."""

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
"""Seconds without a change before the answers are checked."""

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
    """Return the entry of the form to which a finding belongs; empty if it is about something else."""
    if code in _PLACES:
        return _PLACES[code]
    group = code.partition("-")[0]
    return group if group in _GROUPS else ""


@dataclass(frozen=True)
class ValidationResult:
    """The findings about the answers, and the key that they name as Azure returned it."""

    findings: "tuple[Finding, ...]"
    key: "Json | None"


class FormValidation:
    """Checks the answers of one page. Only the result for the latest answers is reported."""

    def __init__(self, screen: "Frame", on_result: Callable[[ValidationResult | Problem], None]) -> None:
        """`on_result` is called with the result, or with the problem that prevented one."""
        self._screen = screen
        self._on_result = on_result
        self._answers: Answers | None = None
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None

    @property
    def pending(self) -> bool:
        """Whether a result is still to come."""
        return self._timer is not None or self._worker is not None

    @property
    def done(self) -> bool:
        """Whether there is a result for the latest answers."""
        return self._answers is not None and not self.pending

    def check(self, answers: "Answers | None") -> None:
        """Check these answers soon, and no others any more. None: they are not valid yet."""
        if answers is not None and answers == self._answers:
            return
        self.cancel()
        if answers is not None:
            self._answers = answers
            self._timer = self._screen.set_timer(PAUSE, self._start)

    def cancel(self) -> None:
        """Cancel the check that is pending."""
        if self._timer is not None:
            self._timer.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._answers = self._timer = self._worker = None

    def _start(self) -> None:
        self._timer = None
        if self._answers is not None:
            self._worker = self._screen.background(self._read(self._answers), "checking the answers")

    async def _read(self, answers: "Answers") -> None:
        from wizard.procedure.planning import plan_from, read_snapshot  # late, for a fast start
        from wizard.state.target import Target

        azure = self._screen.session.azure
        target = Target(answers, azure.cloud.vault_suffix)
        try:
            snapshot = await read_snapshot(azure, target)
            result: ValidationResult | Problem = ValidationResult(
                plan_from(target, snapshot).findings, snapshot.key
            )
        except AzureError as error:
            result = error.problem
        if answers is self._answers:
            self._worker = None
            self._on_result(result)

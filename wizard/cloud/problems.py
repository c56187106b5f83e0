"""What went wrong, sorted by whose it is: an error from Azure or from the way there, with its cause and its remedy."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

ProblemKind = Literal["input", "sign-in", "unreachable", "azure", "transient", "ours"]
"""Whose it is: the operator's input (edit), the sign-in, the way to Azure (unreachable), Azure's refusal (show the fix),
transient (retry), or a fault of ours (save a report)."""


@dataclass(frozen=True)
class Problem:
    """One thing that went wrong, ready to be shown."""

    kind: ProblemKind
    summary: str
    """One sentence that names the thing."""
    cause: str = ""
    """The likely cause."""
    remedy: str = ""
    """What to do."""
    code: str = ""
    """Azure's own code, as it gave it."""
    azure_said: str = ""
    """Azure's own text, cleaned of control characters."""
    correlation_id: str = ""
    """For Microsoft's support: `x-ms-correlation-request-id`."""
    retryable: bool = False
    """Whether trying again, unchanged, may succeed."""

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs and for the journal."""
        return asdict(self)


class AzureError(Exception):
    """Raised by the door and by steps: carries a Problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.summary)


def odd_answer(summary: str, why: BaseException | str) -> Problem:
    """An answer of Azure's that could not be read. `summary` says in one sentence what was being attempted.

    `why`: in words, or the error that reading it ended in, which is told as `fault_of_ours` does: with no value of it.
    """
    what = why if isinstance(why, str) else _what_and_where(why)
    return Problem(
        "azure",
        summary,
        f"Azure answered in a shape that is not known here ({what}).",
        "Try again, which is safe; if it stays, report this line with what you did.",
        code="UnknownShape",
        retryable=True,
    )


def fault_of_ours(error: BaseException, where: str = "") -> Problem:
    """An error that nobody foresaw, told without any value that was in play: what and where it is, not what it says.

    `where` says in a few words what was being done.
    """
    return Problem(
        "ours",
        f"aks-kms itself failed{f' at {where}' if where else ''}: {_what_and_where(error)}.",
        "Azure answered in a shape that is not known here, or there is a fault in this program.",
        "Try again, which is safe; if it stays, report this line with what you did.",
    )


def _what_and_where(error: BaseException) -> str:
    """The type of an error, and the last line of this program that it passed: `TypeError in wizard.cloud.roles, line 80`."""
    place, frame = "", error.__traceback__
    while frame is not None:
        module = str(frame.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(("wizard", "screens")):
            place = f" in {module}, line {frame.tb_lineno}"
        frame = frame.tb_next
    return f"{type(error).__name__}{place}"

"""Every exception that the engine raises on purpose.

EngineError
├── AzureError               Azure, the network or the sign-in; carries a Problem
│   └── OutcomeUnknownError  an operation has started in Azure but cannot be followed
├── AnswersError             an answers file is not valid; also a ValueError
├── GateError                a plan was not applied; nothing was written
│   ├── NotConfirmedError    wizard.procedure.run: the digest is not the plan's
│   ├── DriftedError         wizard.procedure.run: Azure has changed since the plan was made
│   ├── RefusedError         wizard.procedure.run: preflight checks failed
│   └── HeldError            wizard.procedure.cluster_lock: another run has the cluster's lock
├── JournalError             a journal cannot be kept, or a run cannot be found
├── KubectlError             a request to a cluster's API server failed
├── PagingError              the pages of a list lead back, or do not end; also a ValueError
├── OutputLimitError         a program printed more than is read of it
├── UnsafePathError          another user could change the file or directory; also an OSError
└── YamlAliasError           a YAML text uses an alias; also a ValueError

A class that names a module is defined there because it carries a type of that module (a plan, findings); all the others
are defined here. Four exceptions extend one of a library and do not leave the pipeline of requests: AzureCliError
(wizard.cloud.azure_cli), CredentialFileError (wizard.cloud.credential_files), InvalidResponseError
(wizard.cloud.response_validation) and ConnectionLostError (wizard.cloud.pipeline). The simulator has its own.
"""

import errno
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ProblemKind = Literal["input", "sign-in", "unreachable", "azure", "transient", "ours"]
"""Where the cause lies: the operator's input (edit it), the sign-in, the network (unreachable), Azure's refusal (show the
fix), a transient error (retry), or a fault of this program (save a report)."""


@dataclass(frozen=True)
class Problem:
    """One thing that went wrong, ready to be shown."""

    kind: ProblemKind
    summary: str
    """One sentence that says what failed."""
    cause: str = ""
    """The likely cause."""
    remedy: str = ""
    """What to do."""
    code: str = ""
    """Azure's error code, unchanged."""
    azure_said: str = ""
    """Azure's own message, sanitized."""
    correlation_id: str = ""
    """`x-ms-correlation-request-id`, for Microsoft support."""
    retryable: bool = False
    """Whether the same request may succeed later."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields, for programs and for the journal."""
        return asdict(self)


class EngineError(Exception):
    """Base class of the engine's exceptions."""


class AzureError(EngineError):
    """A request to Azure, or the sign-in, did not succeed."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.summary)


class OutcomeUnknownError(AzureError):
    """An operation has started in Azure but cannot be followed: the cluster itself will show how it ends."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in an answers file: where (`vault.name`), what it is, and how to fix it."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(
            part for part in (f"{self.where}:" if self.where else "", self.what, self.remedy) if part
        )


class AnswersError(EngineError, ValueError):
    """An answers file is not valid; carries every mistake in it."""

    def __init__(self, mistakes: list[Mistake], source: str = "answers") -> None:
        self.mistakes = mistakes
        self.source = source
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))


class GateError(EngineError):
    """A plan was not applied, and nothing was written."""


class JournalError(EngineError):
    """A journal cannot be kept, or a run cannot be found; says which, why, and what to do."""


class KubectlError(EngineError):
    """A request to a cluster's API server did not succeed.

    `reason` is Kubernetes' own (`Forbidden`, `NotFound`, …) or `Unauthorized`; `Denied` if an admission policy of the cluster
    denied the request, and `Unknown` if the API server gave none. It is `Unreachable`, `TimeLimit` or `Broken`
    if no API server answered, and `Unreadable` if the answer made no sense.
    """

    def __init__(self, reason: str, said: str) -> None:
        self.reason = reason
        self.said = said
        super().__init__(f"{reason}: {said}")


class PagingError(EngineError, ValueError):
    """The pages of a list of Azure lead back to an earlier one, or do not end; `translate_errors` makes an AzureError of it."""


class OutputLimitError(EngineError):
    """A program printed more than is read of it."""


class UnsafePathError(EngineError, OSError):
    """Another user could change a file or directory, or a link is in the place of a directory; says which, and the remedy."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        self.why, self.remedy = why, remedy
        super().__init__(f"{path} {why}")
        self.strerror = f"{path} {why}. {remedy}"


class YamlAliasError(EngineError, ValueError):
    """A YAML text uses an alias on `line` (counted from 1)."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line} uses an alias (*), which is not supported; write the value out")


def unexpected_response(summary: str, why: BaseException | str) -> Problem:
    """Return the problem of a response from Azure that could not be read, like one that did not come from Azure. `summary` says
    what did not succeed.

    `why` is a text, or the exception that reading the response raised, described as in `internal_error`: without any value.
    """
    what = why if isinstance(why, str) else _what_and_where(why)
    return Problem(
        "unreachable",
        summary,
        f"The response from Azure has an unexpected format ({what}).",
        "Try again, which is safe. If the error persists, report this line and what you did.",
        code="UnknownShape",
        retryable=True,
    )


_NO_MORE = {
    errno.EMFILE: (
        "Too many files are open",
        "Raise the limit of open files (`ulimit -n 1024`), then try again.",
    ),
    errno.ENFILE: ("Too many files are open on this computer", "End other programs, then try again."),
    errno.ENOMEM: ("This computer has no memory left", "End other programs, then try again."),
    errno.ENOSPC: ("This computer has no disk space left", "Free some space, then try again."),
}
"""What this computer lacks, by the number of the error, and what to do."""


def internal_error(error: BaseException, where: str = "") -> Problem:
    """Return the problem of an unexpected exception: its type and its place, never its text, which may hold a secret. What this
    computer lacks is no fault of the program.

    `where` says in a few words what the program was doing.
    """
    if isinstance(error, OSError) and (lack := _NO_MORE.get(error.errno or 0)):
        return Problem("input", f"{lack[0]}{f' at {where}' if where else ''}.", "", lack[1])
    return Problem(
        "ours",
        f"aks-kms itself failed{f' at {where}' if where else ''}: {_what_and_where(error)}.",
        "The response from Azure has an unexpected format, or this program has a bug.",
        "Try again, which is safe. If the error persists, report this line and what you did.",
    )


_PAGER = "wizard.cloud.paging"
"""It yields the entries of all lists: what reads them is the place that helps."""


def _what_and_where(error: BaseException) -> str:
    """Return an exception's type and the last line of this program in its traceback: `TypeError in wizard.cloud.roles, line 80`."""
    place, frame = "", error.__traceback__
    while frame is not None:
        module = str(frame.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(("wizard", "screens")) and module != _PAGER:
            place = f" in {module}, line {frame.tb_lineno}"
        frame = frame.tb_next
    return f"{type(error).__name__}{place}"

"""How a command ends: its exit code, and on stderr the words for whatever kept it from ending well."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screens.exit_codes import INTERRUPTED, NO, UNREACHABLE, USAGE
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.errors import AzureError, Problem, fault_of_ours
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.answers.model import Answers


class Ended(Exception):  # noqa: N818 - not every end is an error
    """Raised to end a command with an exit code and a message; the message may be empty."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        super().__init__(message)


class UnwrittenError(OSError):
    """Nobody reads stdout any more, or it cannot be written."""


_GONE = {errno.EPIPE, errno.EIO}
"""Whoever read our output has seen enough, or its terminal is gone."""


def carry_out(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's work to its end, and turn whatever ends it into an exit code and words on stderr.

    SIGINT, SIGTERM and SIGHUP cancel the work once, so that it can put its things in order; then the code is 130. A second
    one leaves at once: what the journal has by then is on the disk already.
    """
    from wizard.errors import AnswersError, JournalError
    from wizard.simulator import ScenarioError, StateFileError

    try:
        return asyncio.run(_listening(work))
    except AzureError as error:
        say(problem_text(error.problem))
        return code_of(error.problem)
    except (AnswersError, ScenarioError, StateFileError, JournalError) as error:
        say(f"Error: {error}")
        return USAGE
    except Ended as end:
        if str(end):
            say(str(end))
        return end.code
    except UnwrittenError as error:
        unheard(1)
        if error.errno not in _GONE:
            say(f"✗ The output cannot be written: {error.strerror}.\n  What to do: write it somewhere else.")
        return NO
    except Exception as error:  # noqa: BLE001 - whatever it is, who typed the command is told in words
        say(problem_text(fault_of_ours(error)))
        return NO


def code_of(problem: Problem) -> int:
    """The exit code of a problem that kept a command from learning anything."""
    match problem.kind:
        case "input":
            return USAGE
        case "sign-in" | "unreachable" | "transient":
            return UNREACHABLE
        case _:
            return NO


async def _listening(work: Coroutine[Any, Any, int]) -> int:
    """The work as a task of its own that signals cancel."""
    on_retry_notice.set(lambda hindrance: say(f"… {hindrance}"))  # until a run's steps tell of their own
    task = asyncio.ensure_future(work)
    heard: list[signal.Signals] = []

    def cancel(number: signal.Signals) -> None:
        heard.append(number)
        if len(heard) == 1:
            task.cancel()
        else:  # asked twice: whoever asks does not want to wait, not even for what is being put in order
            say("Left at once. What Azure has begun goes on there; `aks-kms runs list` shows what is known.")
            os._exit(INTERRUPTED)

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            try:
                loop.add_signal_handler(number, cancel, number)
            except NotImplementedError:  # Windows has no such handlers; Ctrl-C is a KeyboardInterrupt there
                break
    try:
        return await task
    except asyncio.CancelledError:
        if not heard:
            raise
        raise Ended(INTERRUPTED, "Interrupted.") from None


def say(text: str = "") -> None:
    """Words for the operator, on stderr, cleaned of whatever a terminal would obey. Where the terminal is gone nobody
    hears them, and that stops nothing."""
    try:
        click.echo(sanitize(text), err=True)
    except OSError:
        unheard(2)


@contextmanager
def whoever_reads(otherwise: str) -> Iterator[None]:
    """Tell the result of what was done: it does not change where nobody reads it any more; that is then said on stderr,
    with where it can be found `otherwise`."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        unheard(1)
        say(f"! Nobody reads the output any more; {otherwise}")


def unheard(stream: int) -> None:
    """From now on, let what is written to stdout (1) or stderr (2) go nowhere: its other end is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream)
    os.close(nowhere)


def show(text: str) -> None:
    """Data, on stdout, cleaned of whatever a terminal would obey. Raises UnwrittenError."""
    try:
        click.echo(sanitize(text))
    except OSError as error:
        raise UnwrittenError(error.errno, error.strerror) from error


async def typed() -> str:
    """A line from the terminal, waited for in a way that a signal can end; empty where there is no more to come."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), ready.set)
    except NotImplementedError:  # Windows; there Ctrl-C ends a read by itself
        return sys.stdin.readline()
    try:
        await ready.wait()
        return sys.stdin.readline()
    finally:
        loop.remove_reader(sys.stdin.fileno())


def problem_text(problem: Problem) -> str:
    """A problem in plain lines: what, what Azure said, the likely cause, and what to do."""
    lines = [f"✗ {problem.summary}"]
    if problem.code or problem.azure_said:
        first, *rest = (problem.azure_said or "(no text)").splitlines()
        lines.append(f"  Azure said:     {problem.code + ': ' if problem.code else ''}{first}")
        lines += [f"                  {line}" for line in rest]
    if problem.correlation_id:
        lines.append(f"  Correlation id: {problem.correlation_id}")
    if problem.cause:
        lines.append(f"  Likely cause:   {problem.cause}")
    if problem.remedy:
        lines.append(f"  What to do:     {problem.remedy}")
    return "\n".join(lines)


def read_answers(path: str) -> "Answers":
    """The answers in a file, or on stdin for `-`. Raises AnswersError."""
    from wizard.answers.model import load, read  # pydantic takes longer than all of --help

    if path == "-":
        return read(sys.stdin.buffer, "stdin")
    return load(Path(path))

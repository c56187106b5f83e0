"""How a command ends: its exit code, its output, and the errors on stderr."""

import asyncio
import errno
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screens.cli import live_line
from screens.cli.render import print_text
from screens.exit_codes import FAILURE, INTERRUPTED, SUCCESS, UNREACHABLE, USAGE
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.errors import AnswersError, AzureError, JournalError, Problem, internal_error
from wizard.system.sanitize import sanitize
from wizard.system.signals import END_SIGNALS, on_end_signals

if TYPE_CHECKING:
    from wizard.answers.model import Answers


class CommandExit(Exception):  # noqa: N818 - not every exit is an error
    """Raised to end a command with an exit code and a message, which may be empty."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        super().__init__(message)


class OutputError(OSError):
    """stdout cannot be written, or its reader is gone. A command that ends well nevertheless exits 1."""

    raised = False
    """Whether this command has lost output."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        OutputError.raised = True


_READER_GONE = {errno.EPIPE, errno.EIO, *([errno.EINVAL] if sys.platform == "win32" else [])}
"""The reader closed the pipe (EINVAL on Windows), or the terminal is gone."""


def run_command(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's work to its end, print errors on stderr, and return the exit code.

    The first SIGINT, SIGTERM or SIGHUP cancels the work, so that it can clean up; the exit code is then 130. A second one exits
    immediately: the journal is on the disk by then.
    """
    OutputError.raised = False
    try:
        code = asyncio.run(_with_signal_handlers(work))
    except AzureError as error:
        write_stderr(problem_text(error.problem))
        return code_of(error.problem)
    except _errors_of_input() as error:
        write_stderr(f"Error: {error}")
        return USAGE
    except CommandExit as end:
        if str(end):
            write_stderr(str(end))
        return end.code
    except OutputError as error:
        return code_of_lost_output(error)
    except Exception as error:  # noqa: BLE001 - the user gets a message for every error, never a traceback
        write_stderr(problem_text(internal_error(error)))
        return FAILURE
    return FAILURE if code == SUCCESS and OutputError.raised else code


def _errors_of_input() -> tuple[type[Exception], ...]:
    from wizard.simulator import ScenarioError, StateFileError  # called only if a command has failed

    return AnswersError, ScenarioError, StateFileError, JournalError


def code_of_lost_output(error: OSError) -> int:
    """Say that stdout cannot be written, unless its reader is gone, and return the exit code."""
    discard_stream(1)
    if error.errno not in _READER_GONE:
        write_stderr(
            f"✗ The output cannot be written: {error.strerror}.\n  What to do: write it to another file or device."
        )
    return FAILURE


def code_of(problem: Problem) -> int:
    """Return the exit code for a problem that ended a command without a result: a missing permission is no invalid input."""
    match problem.kind:
        case "input" if not problem.code.endswith("AuthorizationFailed"):
            return USAGE
        case "sign-in" | "unreachable" | "transient":
            return UNREACHABLE
        case _:
            return FAILURE


async def _with_signal_handlers(work: Coroutine[Any, Any, int]) -> int:
    """Run the work as a task that signals cancel."""
    on_retry_notice.set(lambda notice: write_stderr(f"… {notice}"))  # a run's steps replace this listener
    task = asyncio.ensure_future(work)
    received: list[signal.Signals] = []

    def cancel(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            task.cancel()
        else:  # the second signal does not wait for the clean-up
            write_stderr(
                "Stopped immediately. Operations already started in Azure continue; "
                "`aks-kms runs list` shows the state of this run."
            )
            os._exit(INTERRUPTED)

    on_end_signals(cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        raise CommandExit(INTERRUPTED, "Interrupted.") from None


def write_stderr(text: str = "") -> None:
    """Write a message to stderr. A terminal that is gone is ignored."""
    try:
        live_line.erase()
        print_text(text, sys.stderr)
    except OSError:
        discard_stream(2)


@contextmanager
def optional_output(alternative: str) -> Iterator[None]:
    """Print a result of something that is done. If stdout cannot be written, say on stderr where else the result is."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        OutputError.raised = True
        discard_stream(1)
        write_stderr(f"! The output cannot be written: {error.strerror}. {alternative}")


def discard_stream(stream: int) -> None:
    """Discard all further output to stdout (1) or stderr (2), whose other end is gone."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream)
    os.close(null)


def write_result(text: str) -> None:
    """Write a result for people to stdout. Raise OutputError."""
    try:
        live_line.erase()
        print_text(text, sys.stdout)
    except OSError as error:
        raise OutputError(error) from error


def write_stdout(text: str) -> None:
    """Write data for programs to stdout, without terminal control sequences. Raise OutputError."""
    try:
        live_line.erase()
        click.echo(sanitize(text))
    except OSError as error:
        raise OutputError(error) from error


async def read_line() -> str:
    """Read a line from the terminal so that a signal can interrupt it. Return an empty string at the end of input."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), ready.set)
    except NotImplementedError:  # Windows; the loop waits too, so Ctrl-C must interrupt the read itself
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return sys.stdin.readline()
        finally:
            signal.signal(signal.SIGINT, previous)
    try:
        await ready.wait()
        return sys.stdin.readline()
    finally:
        loop.remove_reader(sys.stdin.fileno())


def problem_text(problem: Problem) -> str:
    """Return a problem as lines: the summary, Azure's message, the likely cause and the remedy."""
    lines = [f"✗ {problem.summary}"]
    if problem.code or problem.azure_said:
        first, *rest = (problem.azure_said or "(no text)").splitlines()
        lines.append(f"  Azure said:     {problem.code + ': ' if problem.code else ''}{first}")
        lines += [f"                  {line}" for line in rest]
    if problem.correlation_id:
        lines.append(f"  Correlation ID: {problem.correlation_id}")
    if problem.cause:
        lines.append(f"  Likely cause:   {problem.cause}")
    if problem.remedy:
        lines.append(f"  What to do:     {problem.remedy}")
    return "\n".join(lines)


def read_answers(path: str) -> "Answers":
    """Return the answers in a file, or on stdin if the path is `-`. Raise AnswersError, and CommandExit on a signal."""
    from wizard.answers.model import load, read  # pydantic takes longer than all of --help

    with _signals_end_a_read():
        if path == "-":
            return read(sys.stdin.buffer, "stdin")
        return load(Path(path))


@contextmanager
def _signals_end_a_read() -> Iterator[None]:
    """Raise CommandExit when a signal arrives: no task can be cancelled while a terminal, a pipe or a FIFO is read."""
    if threading.current_thread() is not threading.main_thread():  # which gets no signals
        yield
        return

    def end(number: int, frame: object) -> None:
        del number, frame
        raise CommandExit(INTERRUPTED, "Interrupted.")

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

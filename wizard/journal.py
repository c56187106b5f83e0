"""What was run: answers, plan, events and report of each run, on disk, for reading and for carrying on.

The journal is history and never the truth: what holds is always read from Azure. Nothing secret is in it, yet it
names resources, so nobody but its owner may read it.
"""

import json
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from platformdirs import user_state_path

from wizard.answers import Answers, AnswersError, decode
from wizard.cloud.arm import Json
from wizard.cloud.clean import one_line
from wizard.journal_files import EventShape, PlanShape, ReportShape, parsed, read_bytes
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.verification.report import ClusterReport

ANSWERS, PLAN, EVENTS, LOG, REPORT = "answers.yaml", "plan.json", "events.jsonl", "run.log", "report.json"

RecordedStatus = Literal["succeeded", "failed", "interrupted", "unfinished", "unreadable"]
"""`unfinished`: it still runs, or ended without being able to say so. `unreadable`: its files cannot be understood."""


class JournalError(Exception):
    """A journal that cannot be kept, or a run that cannot be found; says which, why, and what to do."""


def default_root() -> Path:
    """Where runs are kept: `runs` in the user's state directory (`XDG_STATE_HOME` and its likes)."""
    return user_state_path("aks-kms", appauthor=False) / "runs"


class Journal:
    """One run on disk. A listener of its events; each line is there the moment the event is.

    A disk that fails during the run does not fail the run: `trouble` then says why the rest is missing.
    """

    def __init__(self, path: Path) -> None:
        """Take over an empty directory; `begin` makes one. Raises OSError."""
        self.path = path
        self.log_path = path / LOG
        self.trouble: str | None = None
        self._events = _create(path / EVENTS)
        self._log = _create(self.log_path)
        self._open = True

    @classmethod
    def begin(cls, answers: Answers, plan: Plan, *, root: Path | None = None) -> "Journal":
        """A new directory for a run that is about to start, with its answers and plan. Raises JournalError."""
        root = root or default_root()
        try:
            path = _new_directory(root, f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{answers.cluster.name}")
            _write(path / ANSWERS, answers.to_yaml())
            _write(path / PLAN, _pretty(plan.to_json()))
            return cls(path)
        except OSError as error:
            raise JournalError(
                f"The journal of this run cannot be kept in {root}: {error.strerror or error}. "
                "Make the directory writable, or point XDG_STATE_HOME at one that is."
            ) from error

    @property
    def id(self) -> str:
        """What `aks-kms runs` calls this run."""
        return self.path.name

    def __call__(self, event: Event) -> None:
        """Keep an event. Never raises: see `trouble`."""
        ended = event.type in {"step-finished", "run-finished"}
        self._append(self._events, json.dumps(event.to_json()), durable=ended)
        for line in log_lines(event):
            self._append(self._log, line, durable=ended)

    def keep_report(self, report: ClusterReport) -> None:
        """Keep the outcome of a verification; a later one replaces it. Never raises: see `trouble`."""
        fresh = self.path / f".{REPORT}"
        try:
            fresh.unlink(missing_ok=True)
            _write(fresh, _pretty(report.to_json()))
            fresh.replace(self.path / REPORT)
        except OSError as error:
            self.trouble = (
                self.trouble or f"{self.path / REPORT} cannot be written: {error.strerror or error}"
            )

    def close(self) -> None:
        """Let go of the files. Calling it twice is harmless."""
        if self._open:
            self._open = False
            os.close(self._events)
            os.close(self._log)

    def _append(self, file: int, line: str, *, durable: bool) -> None:
        if not self._open or self.trouble:
            return
        try:
            _write_all(file, (line + "\n").encode("utf-8", "backslashreplace"))
            if durable:
                os.fsync(file)
        except OSError as error:
            self.trouble = f"{self.path} cannot be written any more: {error.strerror or error}"


def log_lines(event: Event) -> list[str]:
    """An event as lines of `run.log`: local time, step, and words a reader understands a year later."""
    word = {"step-started": "begins", "step-finished": event.status, "run-finished": event.status}.get(
        event.type
    )
    took = (
        f" after {event.seconds:.1f} s" if event.seconds is not None and event.type != "step-progress" else ""
    )
    head = f"{event.time.astimezone():%Y-%m-%d %H:%M:%S%z} {event.step or 'run':<16}"
    first, *rest = event.message.splitlines() or [""]
    said = f"{word}{took}: {first}" if word else first
    lines = [f"{head} {said}", *(f"{'':<42}{line}" for line in rest)]
    if problem := event.problem:
        for name, text in (
            ("Azure said", " ".join(part for part in (problem.code, problem.azure_said) if part)),
            ("correlation id", problem.correlation_id),
            ("cause", problem.cause),
            ("remedy", problem.remedy),
        ):
            if text:
                lines.append(f"{'':<42}{name}: {one_line(text)}")
    return lines


@dataclass(frozen=True)
class RunSummary:
    """One run, as a list shows it."""

    id: str
    path: Path
    begun: datetime | None
    """Local time, from the run's id."""
    cluster: str
    title: str
    status: RecordedStatus
    seconds: float | None
    """Azure's time, from begin to end; None where it never said that it ended."""

    def to_json(self) -> Json:
        """The shape of a run in `runs list -o json`."""
        return {
            "id": self.id,
            "path": str(self.path),
            "begun": self.begun.isoformat() if self.begun else None,
            "cluster": self.cluster,
            "title": self.title,
            "status": self.status,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class RecordedRun:
    """One run, as it was written down."""

    summary: RunSummary
    answers: Answers
    plan: Json
    events: tuple[Json, ...]
    report: Json | None
    """The shape of a cluster in `verify -o json`; None where the run never came to a verification."""
    log: str = field(repr=False)

    def to_json(self) -> Json:
        """The shape of `runs show -o json`."""
        return self.summary.to_json() | {
            "answers": self.answers.model_dump(exclude_none=True, mode="json"),
            "plan": self.plan,
            "events": list(self.events),
            "report": self.report,
        }


def list_runs(root: Path | None = None) -> list[RunSummary]:
    """Every run that was written down, the newest first. Raises JournalError where the place cannot be read."""
    root = root or default_root()
    try:
        found = [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(
            f"The journal in {root} cannot be read: {error.strerror or error}. Give yourself the right to."
        ) from error
    return [_summary(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def read_run(root: Path | None, run: str) -> RecordedRun:
    """One run by its id. Raises JournalError where there is none, or its files cannot be understood."""
    root = root or default_root()
    names = [summary.id for summary in list_runs(root)]
    if run not in names:
        known = f"The newest is {names[0]}; " if names else ""
        raise JournalError(f"There is no run {run!r} in {root}. {known}`aks-kms runs list` shows them all.")
    path = root / run
    try:
        report = path / REPORT
        return RecordedRun(
            _summary(path),
            decode(read_bytes(path / ANSWERS), ANSWERS),
            parsed(_text(path / PLAN), PlanShape, PLAN),
            tuple(_events(path / EVENTS)),
            parsed(_text(report), ReportShape, REPORT) if report.exists() else None,
            read_bytes(path / LOG).decode("utf-8", "replace"),
        )
    except (OSError, ValueError) as error:
        what = error.mistakes[0].what if isinstance(error, AnswersError) else str(error)
        raise JournalError(
            f"The run {run} cannot be read: {one_line(what)} Look at its files in {path}."
        ) from error


def _summary(path: Path) -> RunSummary:
    match = re.fullmatch(r"(\d{8}-\d{6})-(.+?)(?:\.\d+)?", path.name)
    begun, cluster = None, path.name
    status: RecordedStatus = "unfinished"
    seconds: float | None = None
    title = ""
    try:
        if match:
            begun, cluster = datetime.strptime(match[1], "%Y%m%d-%H%M%S").astimezone(), match[2]
        title = str(parsed(_text(path / PLAN), PlanShape, PLAN).get("title") or "")
        last = _events(path / EVENTS)[-1:]
        if last and last[0].get("type") == "run-finished":
            status = _status(last[0].get("status"))
            seconds = last[0].get("seconds")
    except (OSError, ValueError):
        status = "unreadable"
    return RunSummary(path.name, path, begun, cluster, one_line(title), status, seconds)


def _status(text: object) -> RecordedStatus:
    if text not in {"succeeded", "failed", "interrupted"}:
        raise ValueError(f"{text!r} is not how a run ends.")
    return text


def _text(path: Path) -> str:
    return read_bytes(path).decode("utf-8")


def _events(path: Path) -> list[Json]:
    """The events of a file; a last line that was torn off by a crash is left out."""
    *lines, _torn = _text(path).split("\n")
    return [parsed(line, EventShape, path.name) for line in lines]


def _new_directory(root: Path, name: str) -> Path:
    """A directory that was not there before, open to nobody else."""
    for parent in reversed([root, *root.parents]):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    for number in range(1, 1000):
        path = root / (name if number == 1 else f"{name}.{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{root / name} and 998 more exist already")


def _create(path: Path) -> int:
    """A new file for appending, closed to everybody else from its first moment; never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o600)


def _write(path: Path, text: str) -> None:
    file = _create(path)
    try:
        _write_all(file, text.encode("utf-8", "backslashreplace"))
        os.fsync(file)
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _pretty(body: Json) -> str:
    return json.dumps(body, indent=2) + "\n"

"""What was run: answers, plan, events and report of each run, on disk, for reading and for carrying on.

The journal is history and never the truth: what holds is always read from Azure. Nothing secret is in it, yet it
names resources, so nobody but its owner may read it.
"""

import json
import math
import os
import re
import stat
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from wizard.answers.model import Answers, decode
from wizard.cloud.arm import Json
from wizard.errors import AnswersError, JournalError, UnsafePathError
from wizard.procedure.cluster_lock import holders
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.runs.rotating_log import RotatingLog, older
from wizard.runs.schema import EventShape, PlanShape, ReportShape, parsed
from wizard.system import private_files
from wizard.system.sanitize import one_line
from wizard.verification.report import ClusterReport

ANSWERS, PLAN, EVENTS, LOG, REPORT = "answers.yaml", "plan.json", "events.jsonl", "run.log", "report.json"

RecordedStatus = Literal[
    "succeeded", "failed", "interrupted", "running", "unfinished", "not-begun", "unreadable"
]
"""`running`: a process of this machine is at it. `resumable`: it ended without being able to say so. `not-begun`: it
ended before its first step, and nothing was sent. `unreadable`: its files cannot be understood."""


_SAID_AGAIN = 60.0
"""Seconds of Azure's time between two notes that a step still waits for the same."""
_EVENTS_MOST = 32 * 1024 * 1024
"""Bytes of events, half of what is read; beyond it only what begins, ends or is announced is written."""


def default_root() -> Path:
    """Where runs are kept: `runs` in the user's state directory (`XDG_STATE_HOME` and its likes)."""
    return private_files.state_directory() / "runs"


class Journal:
    """One run on disk. A listener of its events; each line is there the moment the event is, and on the disk itself
    (with all before it) where it announces something: a step, a request that asks Azure to change something, an end.

    A wait that goes on is noted once a minute, and the log is rotated, so that a run of any length fits on a disk. A disk
    that fails during the run does not fail the run: `trouble` then says why the rest is missing.
    """

    def __init__(self, path: Path) -> None:
        """Take over an empty directory; `begin` makes one. Raises OSError."""
        self.path = path
        self.log_path = path / LOG
        self.trouble: str | None = None
        self._events, self._size = private_files.create(path / EVENTS), 0
        self._log = RotatingLog(self.log_path)
        private_files.sync(path)
        self._open = True
        self._waits: dict[str | None, tuple[str, float]] = {}
        """By step: what it was said to wait for, and when (in its seconds) that was last written."""

    @classmethod
    def begin(cls, answers: Answers, plan: Plan, *, root: Path | None = None) -> "Journal":
        """A new directory for a run that is about to start, with its answers and plan. Raises JournalError."""
        root = root or default_root()
        try:
            path = _new_directory(root, f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{answers.cluster.name}")
            private_files.write(path / ANSWERS, answers.to_yaml())
            private_files.write(path / PLAN, _pretty(plan.to_json()))
            return cls(path)
        except UnsafePathError as error:
            raise JournalError(f"The journal of this run cannot be kept: {error.strerror}") from error
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
        if not self._open or self.trouble or self._was_said(event):
            return
        announces = event.write is not None and event.write.state == "announced"
        durable = announces or event.type in {"step-started", "step-finished", "run-finished"}
        try:
            self._log.append(_lines(log_lines(event)), durable=event.type == "run-finished")
            line = _lines([json.dumps(event.to_json())])
            if not durable and self._size + len(line) > _EVENTS_MOST:
                return
            private_files.write_all(self._events, line)
            self._size += len(line)
            if durable:
                os.fsync(self._events)
        except OSError as error:
            self.trouble = f"{self.path} cannot be written any more: {error.strerror or error}"

    def _was_said(self, event: Event) -> bool:
        """Whether it only says again, less than a minute later, what a step waits for."""
        if event.type != "step-progress":
            return False
        said, when = self._waits.get(event.step, ("", -math.inf))
        seconds = event.seconds or 0.0
        if said == event.message and 0 <= seconds - when < _SAID_AGAIN:
            return True
        self._waits[event.step] = event.message, seconds
        return False

    def keep_report(self, report: ClusterReport) -> None:
        """Keep the outcome of a verification; a later one replaces it. Never raises: see `trouble`."""
        try:
            keep_report(self.path, report)
        except OSError as error:
            self.trouble = (
                self.trouble or f"{self.path / REPORT} cannot be written: {error.strerror or error}"
            )

    def close(self) -> None:
        """Let go of the files. Calling it twice is harmless."""
        if self._open:
            self._open = False
            os.close(self._events)
            self._log.close()


def keep_report(run: Path, report: ClusterReport) -> None:
    """Keep the outcome of a verification with a run, by its directory; a later one replaces it. Raises OSError."""
    fresh = run / f".{REPORT}"
    fresh.unlink(missing_ok=True)
    private_files.write(fresh, _pretty(report.to_json()))
    fresh.replace(run / REPORT)
    private_files.sync(run)


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
    cloud: Json | None = None
    """Where it was, as `Cloud.to_json` has it; None where a run of an earlier version does not say."""

    @property
    def where(self) -> str:
        """Where it was, in words."""
        return one_line(str(self.cloud["described"])) if self.cloud else "not recorded"

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
            "cloud": self.cloud,
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
        if not os.path.lexists(root):
            return []
        private_files.check_directory(root)
        found = [path for path in root.iterdir() if not stat.S_ISREG(path.lstat().st_mode)]
    except UnsafePathError as error:
        raise JournalError(f"The journal cannot be read: {error.strerror}") from error
    except OSError as error:
        raise JournalError(
            f"The journal in {root} cannot be read: {error.strerror or error}. Give yourself the right to."
        ) from error
    running = {holder.run for holder in holders()}
    ordered = sorted(found, key=lambda path: path.name, reverse=True)
    return [_summary(path, running=path.name in running) for path in ordered]


def read_run(root: Path | None, run: str) -> RecordedRun:
    """One run by its id. Raises JournalError where there is none, or its files cannot be understood."""
    root = root or default_root()
    summaries = {summary.id: summary for summary in list_runs(root)}
    if run not in summaries:
        known = f"The newest is {next(iter(summaries))}; " if summaries else ""
        raise JournalError(f"There is no run {run!r} in {root}. {known}`aks-kms runs list` shows them all.")
    return whole_run(summaries[run])


def whole_run(summary: RunSummary) -> RecordedRun:
    """All that was written down of a run that was listed. Raises JournalError where its files cannot be understood."""
    path, run = summary.path, summary.id
    try:
        private_files.check_directory(path)
        report = _if_there(path / REPORT)
        begun = summary.status != "not-begun"
        return RecordedRun(
            summary,
            decode(private_files.read(path / ANSWERS), ANSWERS),
            _plan(path) if begun or _if_there(path / PLAN) else {},
            tuple(_events(path / EVENTS)) if begun else (),
            parsed(report.decode(), ReportShape, REPORT) if report else None,
            (_if_there(older(path / LOG)) + _if_there(path / LOG)).decode("utf-8", "replace"),
        )
    except (OSError, ValueError) as error:
        what = error.mistakes[0].what if isinstance(error, AnswersError) else str(error)
        if summary.status == "not-begun":
            raise JournalError(
                f"The run {run} ended before it was written down in full; nothing was sent to Azure. "
                "Start it again with its answers: aks-kms apply -f FILE, or in the wizard."
            ) from error
        raise JournalError(
            f"The run {run} cannot be read: {one_line(what)} Look at its files in {path}."
        ) from error


def _summary(path: Path, *, running: bool) -> RunSummary:
    match = re.fullmatch(r"(\d{8}-\d{6})-(.+?)(?:\.\d+)?", path.name)
    begun, cluster = None, path.name
    status: RecordedStatus = "running" if running else "unfinished"
    seconds: float | None = None
    title, cloud = "", None
    try:
        if match:
            begun, cluster = datetime.strptime(match[1], "%Y%m%d-%H%M%S").astimezone(), match[2]
        private_files.check_directory(path)
        events = _events(path / EVENTS) if os.path.lexists(path / EVENTS) else []
        if events:
            plan = _plan(path)
            title, cloud = str(plan.get("title") or ""), plan.get("cloud")
        elif not running:
            status, title = "not-begun", "ended before its first step; nothing was sent to Azure"
        if events and events[-1].get("type") == "run-finished":
            status = _status(events[-1].get("status"))
            seconds = events[-1].get("seconds")
    except UnsafePathError as error:
        status, title = "unreadable", error.why
    except (OSError, ValueError) as error:
        status, title = "unreadable", title or f"its files cannot be read: {error}"
    return RunSummary(path.name, path, begun, cluster, one_line(title), status, seconds, cloud)


def _status(text: object) -> RecordedStatus:
    if text not in {"succeeded", "failed", "interrupted"}:
        raise ValueError(f"{text!r} is not how a run ends.")
    return text


def _plan(path: Path) -> Json:
    return parsed(private_files.read(path / PLAN).decode(), PlanShape, PLAN)


def _if_there(path: Path) -> bytes:
    """What a file holds; nothing where there is none."""
    return private_files.read(path) if os.path.lexists(path) else b""


def _events(path: Path) -> list[Json]:
    """The events of a file; a last line that was torn off by a crash is left out."""
    *lines, _torn = private_files.read(path).decode().split("\n")
    return [parsed(line, EventShape, path.name) for line in lines]


def _new_directory(root: Path, name: str) -> Path:
    """A directory that was not there before, open to nobody else."""
    private_files.make_directory(root)
    for number in range(1, 1000):
        path = root / (name if number == 1 else f"{name}.{number}")
        try:
            private_files.new_directory(path)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{root / name} and 998 more exist already")


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _pretty(body: Json) -> str:
    return json.dumps(body, indent=2) + "\n"

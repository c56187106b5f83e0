"""The journal: the answers, plan, events and report of each run, kept on disk to be read and to resume a run.

The journal is history, never the source of truth: the current state is always read from Azure. It holds no secrets, but it
names resources, so only its owner can read it.
"""

import json
import math
import os
import re
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from wizard.answers.model import Answers, decode
from wizard.cloud.arm import Json
from wizard.cloud.endpoints import CLOUDS
from wizard.errors import AnswersError, JournalError, UnsafePathError
from wizard.procedure.cluster_lock import holders
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.runs.rotating_log import RotatingLog, previous_part
from wizard.runs.schema import EventShape, PlanShape, ReportShape, parse
from wizard.system import private_files
from wizard.system.sanitize import one_line
from wizard.verification.report import ClusterReport

ANSWERS, PLAN, EVENTS, LOG, REPORT = "answers.yaml", "plan.json", "events.jsonl", "run.log", "report.json"

RecordedStatus = Literal[
    "succeeded", "failed", "interrupted", "running", "unfinished", "not-begun", "unreadable"
]
"""`running`: a process on this computer executes it. `unfinished`: its process ended without recording an end. `not-begun`: it
ended before its first step, and nothing was sent. `unreadable`: its files cannot be parsed."""


_REPEAT_INTERVAL = 60.0
"""Seconds of Azure's time between two entries with which a step reports the same wait."""
_MAX_EVENTS = 32 * 1024 * 1024
"""Bytes of events, half of the largest file that is read; beyond it only starts, ends and announced requests are written."""


def default_root() -> Path:
    """Return the directory that holds the runs: `runs` in the user's state directory (`XDG_STATE_HOME`)."""
    return private_files.state_directory() / "runs"


class Journal:
    """One run on disk, as a listener of its events.

    Each event is written when it occurs. It is synced to the disk, with all events before it, if it announces a step, a
    request that changes something in Azure, or an end. A continuing wait is recorded once a minute and the log is rotated, so
    a run of any length fits on a disk. A disk error during the run does not fail the run: `write_error` then describes it.
    """

    def __init__(self, path: Path) -> None:
        """Use an empty directory, which `begin` creates. Raise OSError."""
        self.path = path
        self.log_path = path / LOG
        self.write_error: str | None = None
        self.deleted = False
        """Whether it was deleted or moved away during the run, which can then not be resumed."""
        self._events, self._size = private_files.create(path / EVENTS), 0
        self._log = RotatingLog(self.log_path)
        private_files.sync(path)
        self._open = True
        self._waits: dict[str | None, tuple[str, float]] = {}
        """By step: the wait that was last recorded, and when, in the step's seconds."""

    @staticmethod
    def obstacle(root: Path | None = None) -> str:
        """Return why no journal can be kept, and what to do; empty if one can."""
        root = root or default_root()
        probe = root / f".{os.getpid()}"
        try:
            private_files.make_directory(root)
            os.close(private_files.create(probe))
            probe.unlink()
        except OSError as error:
            return str(_not_writable(root, error))
        return ""

    @classmethod
    def begin(cls, answers: Answers, plan: Plan, *, root: Path | None = None) -> "Journal":
        """Create the directory of a run that is about to start, with its answers and plan. Raise JournalError."""
        root = root or default_root()
        try:
            path = _new_directory(root, f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{answers.cluster.name}")
            private_files.write(path / ANSWERS, answers.to_yaml())
            private_files.write(path / PLAN, _pretty(plan.to_json()))
            return cls(path)
        except OSError as error:
            raise _not_writable(root, error) from error

    @property
    def id(self) -> str:
        """The run's ID in `aks-kms runs`."""
        return self.path.name

    def __call__(self, event: Event) -> None:
        """Write an event. Never raise: see `write_error`."""
        if not self._open or self.write_error or self._is_repeat(event):
            return
        announces = event.write is not None and event.write.state == "announced"
        durable = announces or event.type in {"step-started", "step-finished", "run-finished"}
        if durable and not private_files.is_at(self._events, self.path / EVENTS):
            self.deleted = True
            self.write_error = f"{self.path} was deleted during the run. The run continues, but `aks-kms runs resume` cannot resume it."
            return
        try:
            self._log.append(_lines(log_lines(event)), durable=event.type == "run-finished")
            line = _lines([json.dumps(event.to_json())])
            if not durable and self._size + len(line) > _MAX_EVENTS:
                return
            private_files.write_all(self._events, line)
            self._size += len(line)
            if durable:
                os.fsync(self._events)
        except OSError as error:
            self.write_error = f"{self.path} can no longer be written: {error.strerror or error}"

    def _is_repeat(self, event: Event) -> bool:
        """Return whether a step reports the same wait as less than a minute ago."""
        if event.type != "step-progress":
            return False
        recorded, when = self._waits.get(event.step, ("", -math.inf))
        seconds = event.seconds or 0.0
        if recorded == event.message and 0 <= seconds - when < _REPEAT_INTERVAL:
            return True
        self._waits[event.step] = event.message, seconds
        return False

    def save_report(self, report: ClusterReport) -> None:
        """Write a verification report in place of any earlier one. Never raise: see `write_error`."""
        if self.deleted:
            return
        try:
            save_report(self.path, report)
        except OSError as error:
            self.write_error = (
                self.write_error or f"{self.path / REPORT} cannot be written: {error.strerror or error}"
            )

    def close(self) -> None:
        """Close the files. Further calls do nothing."""
        if self._open:
            self._open = False
            os.close(self._events)
            self._log.close()


def _not_writable(root: Path, error: OSError) -> JournalError:
    if isinstance(error, UnsafePathError):
        return JournalError(f"The journal of this run cannot be written: {error.strerror}")
    return JournalError(
        f"The journal of this run cannot be written in {root}: {error.strerror or error}. "
        "Make the directory writable, or set XDG_STATE_HOME to one that is."
    )


def save_report(run: Path, report: ClusterReport) -> None:
    """Write a verification report to a run's directory in place of any earlier one. Raise OSError."""
    fresh = run / f".{REPORT}"
    fresh.unlink(missing_ok=True)
    private_files.write(fresh, _pretty(report.to_json()))
    fresh.replace(run / REPORT)
    private_files.sync(run)


def log_lines(event: Event) -> list[str]:
    """Return an event as lines of `run.log`: local time, step and message, complete enough to be understood a year later."""
    word = {"step-started": "started", "step-finished": event.status, "run-finished": event.status}.get(
        event.type
    )
    took = (
        f" after {event.seconds:.1f} s" if event.seconds is not None and event.type != "step-progress" else ""
    )
    head = f"{event.time.astimezone():%Y-%m-%d %H:%M:%S%z} {event.step or 'run':<16}"
    first, *rest = event.message.splitlines() or [""]
    message = f"{word}{took}: {first}" if word else first
    lines = [f"{head} {message}", *(f"{'':<42}{line}" for line in rest)]
    if problem := event.problem:
        for name, text in (
            ("Azure said", " ".join(part for part in (problem.code, problem.azure_said) if part)),
            ("correlation ID", problem.correlation_id),
            ("cause", problem.cause),
            ("remedy", problem.remedy),
        ):
            if text:
                lines.append(f"{'':<42}{name}: {one_line(text)}")
    return lines


@dataclass(frozen=True)
class RunSummary:
    """One run in a list of runs."""

    id: str
    path: Path
    started: datetime | None
    """Local time, from the run's ID."""
    cluster: str
    title: str
    status: RecordedStatus
    seconds: float | None
    """Azure's time from start to end; None if no end was recorded."""
    cloud: Json | None = None
    """The cloud, in the form of `Cloud.to_json`; None without a plan."""
    cluster_id: str = ""
    """The ID of the cluster, from the plan; empty if there is none."""

    @property
    def cloud_text(self) -> str:
        """The cloud, in words."""
        return one_line(str(self.cloud["described"])) if self.cloud else "not recorded"

    @property
    def endpoint(self) -> str:
        """The Azure Resource Manager endpoint of the run's cloud; empty without a plan."""
        return str((self.cloud or {}).get("resource_manager") or "")

    @property
    def cloud_option(self) -> str:
        """The option that selects the run's cloud; empty without a plan."""
        if self.cloud is None:
            return ""
        name, arm = str(self.cloud["name"]), one_line(str(self.cloud["resource_manager"]))
        return f"--cloud {name}" if name in CLOUDS else f"--arm-endpoint {shlex.quote(arm)}"

    def to_json(self) -> Json:
        """Return the JSON of a run in `runs list -o json`."""
        return {
            "id": self.id,
            "path": str(self.path),
            "begun": self.started.isoformat() if self.started else None,
            "cluster": self.cluster,
            "title": self.title,
            "status": self.status,
            "seconds": self.seconds,
            "cloud": self.cloud,
        }


@dataclass(frozen=True)
class RecordedRun:
    """One run, as the journal recorded it."""

    summary: RunSummary
    answers: Answers
    plan: Json
    events: tuple[Json, ...]
    report: Json | None
    """The JSON of a cluster in `verify -o json`; None if the run ended before its verification."""
    log: str = field(repr=False)

    def to_json(self) -> Json:
        """Return the JSON of `runs show -o json`."""
        return self.summary.to_json() | {
            "answers": self.answers.model_dump(exclude_none=True, mode="json"),
            "plan": self.plan,
            "events": list(self.events),
            "report": self.report,
        }


def list_runs(root: Path | None = None) -> list[RunSummary]:
    """Return every recorded run, newest first. Raise JournalError if the directory cannot be read."""
    return list(each_run(root))


def each_run(root: Path | None = None) -> Iterator[RunSummary]:
    """Yield every recorded run, newest first, each as soon as it is read. Raise JournalError if the directory cannot be read."""
    root = root or default_root()
    try:
        if not os.path.lexists(root):
            return
        private_files.check_directory(root)
        found = [path for path in root.iterdir() if not stat.S_ISREG(path.lstat().st_mode)]
    except UnsafePathError as error:
        raise JournalError(f"The journal cannot be read: {error.strerror}") from error
    except OSError as error:
        raise JournalError(
            f"The journal in {root} cannot be read: {error.strerror or error}. Give yourself read permission."
        ) from error
    running = {holder.run for holder in holders()}
    for path in sorted(found, key=_order, reverse=True):
        yield _summary(path, running=path.name in running)


def read_run(root: Path | None, run: str) -> RecordedRun:
    """Return the run with that ID. Raise JournalError if there is none or its files cannot be parsed."""
    root = root or default_root()
    summaries = {summary.id: summary for summary in list_runs(root)}
    if run not in summaries:
        known = f"The newest is {next(iter(summaries))}; " if summaries else ""
        raise JournalError(f"There is no run {run!r} in {root}. {known}`aks-kms runs list` lists all runs.")
    return load_run(summaries[run])


def load_run(summary: RunSummary) -> RecordedRun:
    """Return all that was recorded of a listed run. Raise JournalError if its files cannot be parsed."""
    path, run = summary.path, summary.id
    try:
        private_files.check_directory(path)
        report = _read_if_exists(path / REPORT)
        started = summary.status != "not-begun"
        return RecordedRun(
            summary,
            decode(private_files.read(path / ANSWERS), ANSWERS),
            _plan(path) if started or _read_if_exists(path / PLAN) else {},
            tuple(_events(path / EVENTS)) if started else (),
            parse(report.decode(), ReportShape, REPORT) if report else None,
            (_read_if_exists(previous_part(path / LOG)) + _read_if_exists(path / LOG)).decode(
                "utf-8", "replace"
            ),
        )
    except (OSError, ValueError) as error:
        what = error.mistakes[0].what if isinstance(error, AnswersError) else str(error)
        if summary.status == "not-begun":
            raise JournalError(
                f"The run {run} ended before its journal was complete; nothing was sent to Azure. "
                "Start it again with `aks-kms apply -f FILE`, or in the wizard."
            ) from error
        raise JournalError(
            f"The run {run} cannot be read: {one_line(what)} Check its files in {path}."
        ) from error


_ID = re.compile(r"(\d{8}-\d{6})-(.+?)(?:\.\d+)?")


def _begun(path: Path, local: str) -> datetime:
    """Return when a run began, by the local time in its ID; in the hour that a change from summer time repeats, the file of its
    answers tells the first from the second. Raise ValueError."""
    first = datetime.fromisoformat(local.replace("-", "T")).astimezone()
    second = first.replace(tzinfo=None, fold=1).astimezone()
    if first == second:
        return first
    try:
        written = (path / ANSWERS).lstat().st_mtime
    except OSError:
        return first
    return min(first, second, key=lambda each: abs(each.timestamp() - written))


def _order(path: Path) -> tuple[float, str]:
    match = _ID.fullmatch(path.name)
    try:
        return (_begun(path, match[1]).timestamp() if match else 0.0), path.name
    except (OSError, OverflowError, ValueError):
        return 0.0, path.name


def _summary(path: Path, *, running: bool) -> RunSummary:
    match = _ID.fullmatch(path.name)
    cluster = path.name
    started = None
    status: RecordedStatus = "running" if running else "unfinished"
    seconds: float | None = None
    title, cloud, cluster_id = "", None, ""
    try:
        if match:
            started = _begun(path, match[1])
            cluster = match[2]
        private_files.check_own(path)
        last = _last_event(path / EVENTS)
        if last:
            title, cloud, cluster_id = _about_plan(private_files.read(path / PLAN))
        elif not running:
            status, title = "not-begun", "ended before its first step; nothing was sent to Azure"
        if last and last.get("type") == "run-finished":
            status = _status(last.get("status"))
            seconds = last.get("seconds")
    except UnsafePathError as error:
        status, title = "unreadable", error.why
    except (OSError, ValueError) as error:
        status, title = "unreadable", title or f"its files cannot be read: {error}"
    return RunSummary(path.name, path, started, cluster, one_line(title), status, seconds, cloud, cluster_id)


def _status(text: object) -> RecordedStatus:
    if text not in {"succeeded", "failed", "interrupted"}:
        raise ValueError(f"{text!r} is not the status of a finished run.")
    return text


def _plan(path: Path) -> Json:
    return parse(private_files.read(path / PLAN).decode(), PlanShape, PLAN)


def _read_if_exists(path: Path) -> bytes:
    """Return the contents of a file, or nothing if there is no such file."""
    return private_files.read(path) if os.path.lexists(path) else b""


def _events(path: Path) -> list[Json]:
    """Return the events in a file without a last line that a crash left incomplete."""
    *lines, _incomplete = private_files.read(path).decode().split("\n")
    return [parse(line, EventShape, path.name) for line in lines]


@lru_cache(64)
def _about_plan(plan: bytes) -> tuple[str, Json | None, str]:
    """Return title, cloud and the cluster's ID of a recorded plan. The runs of a pipeline have the same plan again and again."""
    body = parse(plan.decode(), PlanShape, PLAN)
    return str(body.get("title") or ""), body.get("cloud"), str(body.get("cluster_id") or "")


def _last_event(path: Path) -> Json | None:
    """Return the last event in a file, without reading the others: a list of runs has thousands of files. None if there is none."""
    try:
        data = private_files.read(path)
    except FileNotFoundError:
        return None
    end = data.rfind(b"\n")
    line = data[data.rfind(b"\n", 0, end) + 1 : end] if end > 0 else b""
    return parse(line.decode(), EventShape, path.name) if line else None


def _new_directory(root: Path, name: str) -> Path:
    """Create a directory with a new name, accessible to the user only."""
    private_files.make_directory(root)
    for number in range(1, 1000):
        path = root / (name if number == 1 else f"{name}.{number}")
        try:
            private_files.new_directory(path)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{root / name} and 998 numbered directories already exist")


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _pretty(body: Json) -> str:
    return json.dumps(body, indent=2) + "\n"

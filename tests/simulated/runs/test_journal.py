"""The journal: what a run writes to disk, who can read it, and what can be read later."""

import errno
import json
import os
import resource
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import answers, signed_in
from wizard.cloud.endpoints import CLOUDS
from wizard.errors import JournalError, Problem
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan
from wizard.procedure.planning import make_plan
from wizard.runs.journal import Journal, default_root, list_runs, read_run
from wizard.runs.rotating_log import RotatingLog, previous_part
from wizard.runs.schema import PlanShape, parse
from wizard.system import private_files
from wizard.verification.report import Check, ClusterReport

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANSWERS = answers("customer-managed-private")
PLAN = Plan(
    "/subscriptions/s",
    "none",
    "customer-managed",
    "Encrypt aks-demo",
    (),
    (),
    (),
    (),
    {},
    cloud=CLOUDS["AzureCloud"],
)
STARTED = Event(NOON, "step-started", "vault", message="Create the key vault")
PROBLEM = Problem(
    "azure",
    "The vault could not be created.",
    "it is taken",
    "choose another",
    "VaultAlreadyExists",
    "Azure's text\nin two lines",
    "c0ffee",
)
FAILED = Event(NOON, "step-finished", "vault", "failed", 2.5, message="no vault", problem=PROBLEM)
ENDED = Event(NOON, "run-finished", None, "failed", 3.25, message="failed at: vault")
REPORT = ClusterReport(
    "/id", "aks-demo", "rg-demo", "s", "1.34.2", "none", (Check("c", "key", "failed", "no"),), {}
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "state" / "aks-kms" / "runs"


@pytest.fixture
def journal(root: Path) -> Iterator[Journal]:
    kept = Journal.begin(ANSWERS, PLAN, root=root)
    yield kept
    kept.close()


def test_a_run_is_read_back_as_it_was_written(journal: Journal, root: Path):
    for event in (STARTED, FAILED, ENDED):
        journal(event)
    journal.save_report(REPORT)
    journal.close()
    run = read_run(root, journal.id)
    assert run.answers == ANSWERS
    assert run.plan == json.loads(json.dumps(PLAN.to_json()))
    assert run.events == tuple(json.loads(json.dumps(event.to_json())) for event in (STARTED, FAILED, ENDED))
    assert run.report == REPORT.to_json()
    assert (run.summary.status, run.summary.seconds, run.summary.cluster) == ("failed", 3.25, "aks-demo")
    assert run.summary.title == "Encrypt aks-demo"
    assert run.summary.started is not None
    assert json.dumps(run.to_json())


def test_every_event_is_written_immediately(journal: Journal, root: Path):
    journal(STARTED)
    assert len((journal.path / "events.jsonl").read_text().splitlines()) == 1
    assert "Create the key vault" in journal.log_path.read_text()
    assert [run.status for run in list_runs(root)] == ["unfinished"]


def test_the_log_is_readable(journal: Journal):
    for event in (STARTED, FAILED, ENDED):
        journal(event)
    log = journal.log_path.read_text()
    assert "failed after 2.5 s: no vault" in log
    assert "Azure said: VaultAlreadyExists Azure's text in two lines" in log
    assert "correlation ID: c0ffee" in log
    assert "cause: it is taken" in log
    assert "remedy: choose another" in log


def test_only_the_owner_can_read_the_journal_with_any_umask(root: Path):
    old = os.umask(0)
    try:
        journal = Journal.begin(ANSWERS, PLAN, root=root)
        journal(STARTED)
        journal.save_report(REPORT)
        journal.close()
    finally:
        os.umask(old)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_two_runs_in_the_same_second_have_different_directories(root: Path):
    journals = [Journal.begin(ANSWERS, PLAN, root=root) for _ in range(3)]
    for journal in journals:
        journal.close()
    assert len({journal.path for journal in journals}) == 3
    assert {run.cluster for run in list_runs(root)} == {"aks-demo"}


def test_runs_are_listed_newest_first(root: Path):
    for name in ("20260101-000000-b", "20270101-000000-a", "20250101-000000-c"):
        (root / name).mkdir(parents=True)
    assert [run.cluster for run in list_runs(root)] == ["a", "b", "c"]


def test_no_runs_are_listed_without_a_journal_directory(root: Path):
    assert list_runs(root) == []


def test_an_incomplete_last_line_does_not_hide_the_others(journal: Journal, root: Path):
    journal(STARTED)
    with (journal.path / "events.jsonl").open("a") as file:
        file.write('{"time": "2026-')
    assert [event["type"] for event in read_run(root, journal.id).events] == ["step-started"]


@pytest.mark.parametrize(
    "text", ["not json\n", "[]\n", '"x"\n', "{}\n", '{"type": "run-finished", "status": "great"}\n']
)
def test_a_journal_that_cannot_be_parsed_is_unreadable(journal: Journal, root: Path, text: str):
    (journal.path / "events.jsonl").write_text(text)
    assert [run.status for run in list_runs(root)] == ["unreadable"]


def test_a_run_with_damaged_answers_is_an_error_that_names_its_directory(journal: Journal, root: Path):
    journal(STARTED)
    (journal.path / "answers.yaml").write_text("version: 2")
    with pytest.raises(JournalError, match=f"cannot be read: .*{journal.path}"):
        read_run(root, journal.id)


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc", "20260101-000000-x", "."])
def test_only_a_listed_run_can_be_read(journal: Journal, root: Path, name: str):
    with pytest.raises(JournalError, match="There is no run") as error:
        read_run(root, name)
    assert f"The newest is {journal.id}" in str(error.value)
    assert "aks-kms runs list" in str(error.value)


def test_a_directory_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="Make the directory writable") as error:
        Journal.begin(ANSWERS, PLAN, root=tmp_path / "file" / "runs")
    assert str(tmp_path) in str(error.value)


def test_a_symbolic_link_is_never_followed_for_writing(root: Path, tmp_path: Path):
    path = root / "run"
    path.mkdir(parents=True)
    target = tmp_path / "target"
    (path / "events.jsonl").symlink_to(target)
    with pytest.raises(OSError, match=r"events\.jsonl"):
        Journal(path)
    assert not target.exists()


def test_a_disk_error_during_the_run_is_recorded_and_not_raised(journal: Journal):
    """A file size limit stands in for a full disk: the write fails in the same way, also for root."""
    import signal

    if sys.platform == "win32":
        raise NotImplementedError
    old_limit, old_handler = (
        resource.getrlimit(resource.RLIMIT_FSIZE),
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old_limit[1]))
    try:
        journal(STARTED)
        journal(ENDED)
        journal.save_report(REPORT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert journal.write_error is not None
    assert str(journal.path) in journal.write_error


def test_a_deleted_journal_is_reported_once_and_written_no_more(journal: Journal):
    journal(STARTED)
    shutil.rmtree(journal.path)
    journal(ENDED)
    journal.save_report(REPORT)
    assert journal.deleted
    assert journal.write_error is not None
    assert f"{journal.path} was deleted" in journal.write_error
    assert not journal.path.exists()


def test_runs_of_an_hour_that_summer_time_repeats_are_in_their_order(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    if sys.platform == "win32":
        raise NotImplementedError
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for name, hour in (("20261025-024500-first", "00:45"), ("20261025-021500-second", "01:15")):
            private_files.make_directory(root / name)
            private_files.write(root / name / "answers.yaml", "")
            written = datetime.fromisoformat(f"2026-10-25T{hour}Z").timestamp()
            os.utime(root / name / "answers.yaml", (written, written))
        assert [run.cluster for run in list_runs(root)] == ["second", "first"]
        assert [f"{run.started:%H:%M%z}" for run in list_runs(root)] == ["02:15+0100", "02:45+0200"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_later_report_replaces_the_earlier_one(journal: Journal, root: Path):
    journal.save_report(REPORT)
    journal.save_report(REPORT)
    assert journal.write_error is None
    assert read_run(root, journal.id).report == REPORT.to_json()


def test_a_closed_journal_ignores_events_and_further_closing(journal: Journal):
    journal(STARTED)
    journal.close()
    journal.close()
    journal(ENDED)
    assert len((journal.path / "events.jsonl").read_text().splitlines()) == 1


def test_the_journal_is_in_the_xdg_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "aks-kms" / "runs"


def test_a_continuing_wait_is_recorded_once_a_minute(journal: Journal, root: Path) -> None:
    for second in range(0, 3600, 5):
        journal(
            Event(NOON, "step-progress", "feature", seconds=float(second), message="Azure is registering it")
        )
    journal(Event(NOON, "step-progress", "feature", seconds=3600.0, message="it is registered"))
    written = [(event["seconds"], event["message"]) for event in read_run(root, journal.id).events]
    assert written == [
        *((float(minute * 60), "Azure is registering it") for minute in range(60)),
        (3600.0, "it is registered"),
    ]


def test_the_log_of_an_endless_run_keeps_two_parts(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    log = RotatingLog(path, max_size=100)
    for number in range(1000):
        log.append(f"line {number:04}\n".encode(), durable=False)
    log.close()
    kept = previous_part(path).read_text() + path.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.log", "run.log.1"]
    assert max(path.stat().st_size, previous_part(path).stat().st_size) <= 100
    numbers = [int(line.removeprefix("line ")) for line in kept.splitlines()]
    assert numbers == list(range(numbers[0], 1000)), "whole lines, the newest ones, without a gap"
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}


def test_a_log_without_space_for_its_next_part_is_closed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RotatingLog(tmp_path / "run.log", max_size=10)
    log.append(b"a line\n", durable=False)

    def full(_: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(private_files, "create", full)
    with pytest.raises(OSError, match="No space left"):
        log.append(b"another\n", durable=False)
    log.close()
    assert previous_part(tmp_path / "run.log").read_text() == "a line\n"


def test_a_directory_that_another_process_creates_at_the_same_time_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = private_files.new_directory

    def other_first(path: Path) -> None:
        make(path)
        make(path)

    monkeypatch.setattr(private_files, "new_directory", other_first)
    private_files.make_directory(tmp_path / "aks-kms" / "runs")
    assert stat.S_IMODE((tmp_path / "aks-kms" / "runs").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("place", "odd"),
    [(("basis",), ["x"]), (("steps", 0, "effects"), ["x"]), (("steps", 0, "effects"), 5), (("steps",), [5])],
)
async def test_a_plan_that_violates_the_schema_is_refused(place: tuple[Any, ...], odd: Any) -> None:
    async with signed_in() as (_, azure):
        plan = await make_plan(azure, answers("platform-managed"))
    body = plan.to_json()
    holder = body
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = odd
    with pytest.raises(ValueError, match=r"plan\.json is not valid at "):
        parse(json.dumps(body), PlanShape, "plan.json")

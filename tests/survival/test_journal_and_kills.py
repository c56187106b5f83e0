"""What a journal contains after its run was killed, and which files it refuses to write to or read from."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import answers, signed_in
from tests.survival.begun import ANSWERS, ASKED, BEGUN, NOON, PLAN_OF
from wizard.cloud.writes import Write, announce, listener
from wizard.errors import JournalError
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.runs.journal import EVENTS, PLAN, REPORT, Journal, list_runs, read_run
from wizard.runs.resume import resumable_runs
from wizard.verification.report import ClusterReport


@pytest.fixture
def journal(root: Path) -> Iterator[Journal]:
    kept = Journal.begin(ANSWERS, PLAN_OF, root=root)
    yield kept
    kept.close()


# -- killed at any moment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 4])
def test_a_run_killed_while_its_journal_is_created_was_not_started(
    journal: Journal, root: Path, kept: int
) -> None:
    """Its files are made in this order; a kill leaves the first so many of them."""
    for name in ["answers.yaml", PLAN, EVENTS, "run.log"][kept:]:
        (journal.path / name).unlink()
    [found] = list_runs(root)
    assert (found.status, found.cluster) == ("not-begun", "aks-demo")
    assert "nothing was sent" in found.title
    if kept == 0:
        with pytest.raises(JournalError, match="nothing was sent to Azure"):
            read_run(root, journal.id)
    else:
        assert read_run(root, journal.id).answers == ANSWERS
    assert resumable_runs(root) == []


@pytest.mark.parametrize("name", ["answers.yaml", PLAN])
def test_a_run_killed_while_it_writes_a_file_was_not_started(journal: Journal, root: Path, name: str) -> None:
    whole = (journal.path / name).read_bytes()
    (journal.path / name).write_bytes(whole[: len(whole) // 2])
    assert [run.status for run in list_runs(root)] == ["not-begun"]


def test_an_incomplete_last_line_hides_no_earlier_line(journal: Journal, root: Path) -> None:
    journal(BEGUN)
    journal(
        Event(NOON, "step-progress", "cluster", message="ends in an ümlaut and a new line\u2028 of its own")
    )
    whole = (journal.path / EVENTS).read_bytes()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole)):
        (journal.path / EVENTS).write_bytes(whole[:cut])
        assert [event["type"] for event in read_run(root, journal.id).events] == ["step-started"], cut
        assert [run.status for run in list_runs(root)] == ["unfinished"]
    (journal.path / EVENTS).write_bytes(whole)
    assert len(read_run(root, journal.id).events) == 2


def test_an_incomplete_report_is_not_shown(journal: Journal, root: Path) -> None:
    journal(BEGUN)
    (journal.path / f".{REPORT}").write_text('{"half')
    assert read_run(root, journal.id).report is None


def test_an_unreadable_run_hides_no_other_run(journal: Journal, root: Path) -> None:
    journal(BEGUN)
    (root / "20260101-000000-empty").mkdir()
    (root / "notes.txt").write_text("somebody's")
    (root / "20260102-000000-odd").symlink_to(journal.path)
    assert {run.id: run.status for run in list_runs(root)} == {
        journal.id: "unfinished",
        "20260101-000000-empty": "not-begun",
        "20260102-000000-odd": "unreadable",
    }
    assert [found.id for found in resumable_runs(root)] == [journal.id]


@pytest.mark.parametrize(
    "wrong", [{"number": "x"}, {"number": 1.5}, {"status": [200]}, {"status": 1e400}, {"method": 7}, []]
)
def test_an_event_with_an_invalid_write_is_unreadable(journal: Journal, root: Path, wrong: object) -> None:
    journal(BEGUN)
    journal(ASKED)
    first, second, _ = (journal.path / EVENTS).read_text().split("\n")
    body = json.loads(second)
    body["write"] = {**body["write"], **wrong} if isinstance(wrong, dict) else wrong
    (journal.path / EVENTS).write_text(f"{first}\n{json.dumps(body)}\n")
    assert [run.status for run in list_runs(root)] == ["unreadable"]
    assert resumable_runs(root) == []
    with pytest.raises(JournalError, match=r"events\.jsonl is not valid at write"):
        read_run(root, journal.id)


# -- on the disk before it is sent ------------------------------------------------------------------------------------


def test_an_announcement_is_on_the_disk_when_the_journal_returns(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    events = (journal.path / EVENTS).stat().st_ino
    for event, durable in (
        (BEGUN, True),
        (Event(NOON, "step-progress", "cluster", message="waiting"), False),
        (ASKED, True),
        (Event(NOON, "step-finished", "cluster", "succeeded", 1.0), True),
        (Event(NOON, "run-finished", None, "succeeded", 1.0), True),
    ):
        synced.clear()
        journal(event)
        assert (events in synced) is durable, event.type


def test_a_new_directory_entry_is_on_the_disk_when_the_journal_returns(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, set[str]]] = []
    real = os.fsync

    def fsync(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            synced.append((os.fstat(file).st_ino, set(os.listdir(file))))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal.begin(ANSWERS, PLAN_OF, root=root)
    assert (root.parent.stat().st_ino, {path.name for path in root.parent.iterdir()}) in synced
    assert (root.stat().st_ino, {journal.id}) in synced
    assert (journal.path.stat().st_ino, {"answers.yaml", PLAN, EVENTS, "run.log"}) in synced
    journal.save_report(ClusterReport("/id", "aks-demo", "rg", "s", "1.34", "none", (), {}))
    assert synced[-1][1] >= {REPORT}
    journal.close()


async def test_every_write_of_a_run_is_announced_before_it_is_sent() -> None:
    """Also those on the vault's own plane; each is reported again with its response."""
    async with signed_in() as (simulator, azure):
        seen: list[tuple[Write, int]] = []

        def heard(event: Event) -> None:
            if event.write:
                seen.append((event.write, len(simulator.writes())))

        chosen = answers("customer-managed-public", key={"rotate_every": "P1Y"})
        plan = await make_plan(azure, chosen)
        assert await Run(azure, chosen, plan, listeners=[heard]).execute(plan.digest) == "succeeded"
        writes = simulator.writes()
        told = [write for write, _ in seen if write.state == "announced"]
        assert len(told) == len(writes)
        assert {write.state for write, _ in seen} == {"announced", "answered"}
        assert {write.number for write in told} == {w.number for w, _ in seen if w.state == "answered"}
        assert {"POST kv-demo/aks-kms create", "PUT aks-demo"} <= {write.what for write in told}
        for number, (write, sent) in enumerate(seen):
            announced = sum(w.state == "announced" for w, _ in seen[: number + 1])
            if write.state == "announced":
                assert sent < announced, f"{write.what} was sent before it was told"


@pytest.mark.parametrize(
    ("method", "host", "path", "what"),
    [
        ("PUT", "localhost", "/subscriptions/s/resourcegroups/rg", "PUT rg"),
        (
            "PUT",
            "localhost",
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv/keys/k",
            "PUT kv/k",
        ),
        (
            "PUT",
            "localhost",
            "/x/providers/Microsoft.KeyVault/vaults/kv/providers/Microsoft.Authorization/roleAssignments/g",
            "PUT roleAssignments g",
        ),
        ("POST", "localhost", "/subscriptions/s/providers/Microsoft.ContainerService/register", "POST Microsoft.ContainerService register"),
        (
            "POST",
            "localhost",
            "/subscriptions/s/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/F/register",
            "POST F register",
        ),
        ("POST", "kv.vault.azure.net", "/keys/k/rotate", "POST kv/k rotate"),
        ("PUT", "kv.vault.azure.net", "/keys/k/rotationpolicy", "PUT kv/k rotationpolicy"),
    ],
)  # fmt: skip
def test_a_write_is_named_by_what_it_changes(method: str, host: str, path: str, what: str) -> None:
    found = announce(method, host, path)
    assert found is not None
    assert found.what == what


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/subscriptions/s"),
        ("POST", "/subscriptions/s/providers/Microsoft.KeyVault/checkNameAvailability"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources"),
    ],
)
def test_a_request_that_changes_nothing_is_not_announced(method: str, path: str) -> None:
    heard: list[Write] = []
    token = listener.set(heard.append)
    assert announce(method, "localhost", path) is None
    listener.reset(token)
    assert heard == []


# -- where it is kept -------------------------------------------------------------------------------------------------


def test_a_journal_directory_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="is a symbolic link, which is not followed"):
        Journal.begin(ANSWERS, PLAN_OF, root=root)
    with pytest.raises(JournalError, match="is a symbolic link"):
        list_runs(root)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_journal_directory_that_others_may_write_to_is_refused(root: Path, mode: int) -> None:
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(JournalError, match="can be written by other users") as refused:
        Journal.begin(ANSWERS, PLAN_OF, root=root)
    assert f"chmod 700 {root}" in str(refused.value)


def test_a_journal_directory_of_another_user_is_refused(root: Path) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    if os.geteuid() != 0:
        pytest.skip("only root may give a directory away")
    root.mkdir(mode=0o700)
    os.chown(root, 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345, not to you"):
        Journal.begin(ANSWERS, PLAN_OF, root=root)


@pytest.mark.parametrize("name", ["answers.yaml", PLAN, EVENTS, REPORT])
def test_a_file_that_is_a_link_is_not_read(journal: Journal, root: Path, tmp_path: Path, name: str) -> None:
    journal(BEGUN)
    journal.save_report(ClusterReport("/id", "aks-demo", "rg", "s", "1.34", "none", (), {}))
    (journal.path / name).rename(tmp_path / "moved")
    (journal.path / name).symlink_to(tmp_path / "moved")
    with pytest.raises(JournalError, match="cannot be read"):
        read_run(root, journal.id)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o377, 0o777])
def test_file_modes_do_not_depend_on_the_umask(root: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        journal = Journal.begin(ANSWERS, PLAN_OF, root=root / "deeper")
        journal(BEGUN)
        journal.close()
    finally:
        os.umask(old)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

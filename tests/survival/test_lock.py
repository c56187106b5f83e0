"""One run at a time on a cluster of one machine: the second is refused, writes nothing, and no lock outlives its process."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import StartShell, start_shell
from tests.support import LIMIT, answers, cluster_id, run_plan, signed_in, wait_until
from wizard.errors import AzureError, UnsafePathError
from wizard.procedure.cluster_lock import ClusterLock, HeldError, holders
from wizard.procedure.cluster_lock import default_root as lock_directory
from wizard.procedure.key_rotation import Rotation, rotate
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.runs import journal
from wizard.system import private_files

__all__ = ["start_shell"]

ENDPOINT = "https://management.azure.com"
HOLD = """
import asyncio, sys, time
from pathlib import Path
from wizard.procedure.cluster_lock import ClusterLock
lock = ClusterLock(sys.argv[1], sys.argv[2], root=Path(sys.argv[3]))
asyncio.run(lock.acquire())
print("held", flush=True)
time.sleep(600)
"""


def lock(root: Path, cluster: str = "aks-demo") -> ClusterLock:
    return ClusterLock(ENDPOINT, cluster_id(cluster), root=root)


async def test_the_second_run_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    first = lock(tmp_path / "locks")
    await first.acquire()
    first.set_run_id("20260101-000000-aks-demo")
    with pytest.raises(HeldError) as refused:
        await lock(tmp_path / "locks").acquire()
    holder = refused.value.holder
    assert holder is not None
    assert (holder.run, holder.cluster) == ("20260101-000000-aks-demo", "aks-demo")
    assert f"process {holder.pid}, since {holder.since.astimezone():%Y-%m-%d}" in str(refused.value)
    assert "runs list" in refused.value.problem.remedy
    first.release()
    assert holders(tmp_path / "locks") == []
    await lock(tmp_path / "locks").acquire()


async def test_a_lock_that_is_deleted_or_replaced_while_it_is_held_is_noticed(tmp_path: Path) -> None:
    held = lock(tmp_path)
    await held.acquire()
    assert not held.deleted
    held.path.unlink()
    assert held.deleted
    await lock(tmp_path).acquire()
    assert held.deleted
    held.release()
    assert not held.deleted


async def test_other_clusters_and_other_clouds_are_not_locked(tmp_path: Path) -> None:
    await lock(tmp_path).acquire()
    await lock(tmp_path, "orders-prod").acquire()
    await ClusterLock("https://management.usgovcloudapi.net", cluster_id(), root=tmp_path).acquire()
    assert {holder.cluster for holder in holders(tmp_path)} == {"aks-demo", "orders-prod"}


async def test_the_lock_ignores_letter_case(tmp_path: Path) -> None:
    await lock(tmp_path).acquire()
    with pytest.raises(HeldError):
        await ClusterLock(f"{ENDPOINT}/", cluster_id().upper(), root=tmp_path).acquire()


def test_the_lock_is_released_if_its_process_is_killed(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLD, ENDPOINT, cluster_id(), str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(HeldError, match=f"process {process.pid},"):
            asyncio.run(lock(tmp_path).acquire())
        process.kill()
    asyncio.run(lock(tmp_path).acquire())


async def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    mine = lock(tmp_path)
    (tmp_path / "elsewhere").write_text("")
    mine.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"\.lock"):
        await mine.acquire()
    assert (tmp_path / "elsewhere").read_text() == ""


@pytest.mark.parametrize(
    ("link", "refused"),
    [("aks-kms", {"runs", "locks"}), ("aks-kms/runs", {"runs"}), ("aks-kms/locks", {"locks"})],
)
def test_no_directory_of_the_programs_own_may_be_a_link(
    link: str, refused: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    elsewhere.mkdir(0o700)
    (state / link).parent.mkdir(0o700, parents=True)
    (state / link).symlink_to(elsewhere)
    for place in (journal.default_root(), lock_directory()):
        if place.name in refused:
            with pytest.raises(UnsafePathError, match="is a symbolic link"):
                private_files.make_directory(place)
        else:
            private_files.make_directory(place)
    assert list(elsewhere.iterdir()) == []


async def test_an_unreadable_lock_hides_no_other_lock(tmp_path: Path) -> None:
    await lock(tmp_path).acquire()
    for number in range(40):  # a directory is read in no order
        (tmp_path / f"{number}.lock").symlink_to(tmp_path / "elsewhere")
    assert [holder.cluster for holder in holders(tmp_path)] == ["aks-demo"]


async def test_every_run_acquires_and_releases_the_lock() -> None:
    chosen = answers("platform-managed")
    async with signed_in(speed=600) as (_, azure):
        plan = await make_plan(azure, chosen)
        begun: list[object] = []
        running = asyncio.create_task(Run(azure, chosen, plan, listeners=[begun.append]).execute(plan.digest))
        await wait_until(lambda: begun)
        with pytest.raises(HeldError, match="working on the cluster aks-demo"):
            await Run(azure, chosen, plan).execute(plan.digest)
        with pytest.raises(AzureError, match="working on the cluster aks-demo"):
            await rotate(azure, Rotation("aks-demo", "customer-managed", cluster_id=plan.cluster_id))
        assert await running == "succeeded"
        assert (await run_plan(azure, chosen))[2] == "succeeded"


async def test_a_file_system_without_locks_does_not_stop_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    async with signed_in() as (_, azure):
        _, events, status = await run_plan(azure, answers("platform-managed"))
    assert status == "succeeded"
    assert "the cluster cannot be locked on this computer" in events[0].message


def test_a_second_command_is_refused_and_names_the_first(start_shell: StartShell) -> None:
    shell = start_shell("feature-pending", speed=60)
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    first = shell.start("apply", "-f", file, "--yes", "-o", "jsonl")
    assert first.stdout is not None
    for line in first.stdout:
        if json.loads(line)["type"] == "step-progress":
            break
    [listed] = shell.run("runs", "list", "-o", "json").json["runs"]
    assert listed["status"] == "running"
    assert shell.simulator is not None
    count = len(shell.simulator.writes())
    second = shell.run("apply", "-f", file, "--yes")
    assert second.code == 1, second.err
    assert f"process {first.pid}, since" in second.err
    assert f"run {listed['id']}" in second.err
    assert len(shell.simulator.writes()) == count
    again = shell.run("runs", "resume", listed["id"], "--yes")
    assert (again.code, "is still running" in again.err) == (1, True)
    first.kill()
    first.communicate(timeout=LIMIT)
    [listed] = shell.run("runs", "list", "-o", "json").json["runs"]
    assert listed["status"] == "unfinished"

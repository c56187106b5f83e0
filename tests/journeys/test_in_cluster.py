"""`aks-kms verify --in-cluster` as a shell runs it, with the real kubectl: to its end, broken off, and killed."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.simulated.in_cluster.kubectl import NEEDED, on_path
from tests.support import LIMIT, child_environment, cluster_id, scenario_file
from wizard.cloud.azure import connect

pytestmark = NEEDED
WEB = cluster_id("web-stage", "rg-web")
LOOK = ("verify", "-g", "rg-web", "-n", "web-stage", "--in-cluster")
HANGS_ONCE = {
    "match": {"method": "GET", "path": "/api/v1/namespaces/default/secrets/aks-kms-canary-*", "nth": 1},
    "hang": True,
}


def equipped(shell: Shell) -> Shell:
    """A shell on whose PATH is kubectl, and whose temporary files are its own."""
    (shell.home / "tmp").mkdir()
    path = f"{on_path(shell.home)}:{os.environ['PATH']}"
    return replace(shell, extra={"PATH": path, "TMPDIR": str(shell.home / "tmp")})


def canaries(shell: Shell) -> list[str]:
    simulator = shell.simulator
    assert simulator is not None
    return [key for key in simulator.etcd(WEB) if "aks-kms-canary" in key]


def hanging(shell: Shell) -> bool:
    """Whether the request was made that is never answered: until then it would be the next run's."""
    simulator = shell.simulator
    assert simulator is not None
    return any(r.method == "GET" and "/secrets/aks-kms-canary-" in r.path for r in simulator.requests)


def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def all_files(folder: Path) -> str:
    return "\n".join(
        path.read_text("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def test_secrets_are_seen_being_encrypted_in_two_clusters_side_by_side_and_no_credential_shows(
    tmp_path: Path, start_shell: StartShell
) -> None:
    there = equipped(start_shell())
    ledger = cluster_id("bank-ledger", "rg-bank")
    done = there.run("verify", "--id", WEB, "--id", ledger, "--in-cluster", "-v", "-o", "json")
    told = there.run(*LOOK, "-vv")
    sentinel = credentials(there)
    assert canaries(there) == []
    assert (done.code, told.code) == (0, 0), done.err
    assert len(done.json["clusters"]) == 2
    for cluster in done.json["clusters"]:
        inside = {check["code"]: check for check in cluster["checks"] if check["group"] == "inside"}
        assert inside["inside-canary-encrypted"]["outcome"] == "passed"
        assert inside["inside-canary-encrypted"]["proves"]
    assert "proves" in told.out
    assert "That secrets written now are encrypted by a KMS key" in told.out
    written = "\n".join((done.out, done.err, told.out, told.err, all_files(tmp_path)))
    for secret in sentinel:
        assert secret not in written
    assert list((tmp_path / "tmp").iterdir()) == []


def credentials(shell: Shell) -> list[str]:
    """Every secret in the kubeconfig that ARM hands out."""
    simulator = shell.simulator
    assert simulator is not None

    async def fetch() -> str:
        async with connect(child_environment(simulator)) as azure:
            clusters = azure.containers(WEB.split("/")[2]).managed_clusters
            answer = await clusters.list_cluster_user_credentials("rg-web", "web-stage")
            return "".join(bytes(one.value or b"").decode() for one in answer.kubeconfigs or [])

    found = re.findall(r"(?:token|client-key-data): (\S+)", asyncio.run(fetch()))
    assert found
    return found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_removes_its_canary(
    tmp_path: Path, start_shell: StartShell, number: signal.Signals
) -> None:
    there = equipped(start_shell(scenario_file(tmp_path, faults=[HANGS_ONCE])))
    process = there.start(*LOOK)
    until(lambda: hanging(there), "the canary being read back")
    process.send_signal(number)
    assert process.wait(LIMIT) == 130
    assert canaries(there) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_killed_it_leaves_a_canary_which_the_next_run_removes(
    tmp_path: Path, start_shell: StartShell
) -> None:
    there = equipped(start_shell(scenario_file(tmp_path, faults=[HANGS_ONCE])))
    process = there.start(*LOOK)
    until(lambda: hanging(there), "the canary being read back")
    process.kill()
    process.wait(LIMIT)
    left = canaries(there)
    assert len(left) == 1
    assert list((tmp_path / "tmp").iterdir()) == [], "the credentials were nowhere on disk"
    again = there.run(*LOOK, "-v")
    assert canaries(there) == []
    assert again.code == 0
    assert "1 left by an interrupted run was removed too." in again.out


def test_without_kubectl_the_verdict_from_outside_remains(tmp_path: Path, start_shell: StartShell) -> None:
    there = start_shell()
    done = there.run(*LOOK, environment={"PATH": str(tmp_path)})
    assert done.code == 0, done.err
    assert "? inside-reached " in done.out
    assert "az aks install-cli" in done.out


@pytest.mark.matrix
def test_googles_kubectl_works_although_it_sends_more_requests(
    tmp_path: Path, start_shell: StartShell
) -> None:
    there = start_shell()
    done = there.run(*LOOK, "-v")
    assert canaries(there) == []
    assert done.code == 0, done.out
    assert "✓ inside-canary-encrypted " in done.out

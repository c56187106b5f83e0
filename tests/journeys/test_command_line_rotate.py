"""`aks-kms rotate`, as a shell sees it."""

from pathlib import Path

from tests.journeys.conftest import StartShell
from tests.test_rotation import encrypted

DEMO = ("-g", "rg-demo", "-n", "aks-demo")


def test_a_key_is_rotated_once(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(encrypted(tmp_path), speed=60)
    done = shell.run("rotate", *DEMO, "--yes", "-o", "json")
    assert (done.code, done.json["vault"], done.json["key"]) == (0, "kv-demo", "aks-kms")
    assert done.json["new_version"]
    pending = shell.run("rotate", *DEMO, "--yes")
    assert (pending.code, pending.out) == (1, "")
    assert "rotation-pending" in pending.err
    assert "--again" in pending.err


def test_nothing_is_done_unasked(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(encrypted(tmp_path))
    asked = shell.run("rotate", *DEMO)
    assert (asked.code, asked.out) == (2, "")
    assert "--yes" in asked.err
    assert shell.simulator is not None
    assert shell.simulator.writes() == []


def test_the_policy_is_set_instead(start_shell: StartShell, tmp_path: Path) -> None:
    done = start_shell(encrypted(tmp_path)).run("rotate", *DEMO, "--every", "P90D", "--yes")
    assert done.code == 0
    assert "every 90 days" in done.out


def test_a_rotation_that_azure_does_not_get_through_has_failed(
    start_shell: StartShell, tmp_path: Path
) -> None:
    """Exit code 3 would say that nothing is known; of what only looks, a passing fault says no more than that."""
    shell = start_shell(encrypted(tmp_path))
    assert shell.simulator is not None
    busy = {"status": 503, "code": "ServerBusy", "message": "Come back later."}
    shell.simulator.strike_with({"match": {"method": "POST", "path": "*/rotate"}, "answer": busy})
    assert shell.run("rotate", *DEMO, "--yes").code == 1
    shell.simulator.strike_with({"match": {"method": "GET", "path": "/subscriptions*"}, "answer": busy})
    assert shell.run("rotate", *DEMO, "--yes").code == 3

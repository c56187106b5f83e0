"""Whatever ends a command from outside: the journal is complete, the exit code right, and it says what Azure goes on with."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell, start_shell
from tests.support import MovedClock, answers, cluster_id, world
from wizard.cloud.arm import dig

__all__ = ["start_shell"]

PLATFORM = answers("platform-managed").to_yaml()
LONG: dict[str, Any] = {"durations": {"cluster_update": 7200, "feature": 0, "provider": 0}}
"""Two hours for the update, a minute at the speed of these tests: time enough to interrupt it."""


def journal_of(shell: Shell) -> list[Any]:
    """The events of the only run."""
    [path] = (shell.home / "state" / "aks-kms" / "runs").iterdir()
    return [json.loads(line) for line in (path / "events.jsonl").read_text("utf-8").splitlines()]


def updating(process: "subprocess.Popen[str]", said: str = "cluster is being updated") -> None:
    """Read until AKS is at it."""
    assert process.stdout is not None
    for line in process.stdout:
        if said in line:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_during_the_update_says_what_azure_goes_on_with_and_resume_follows_it(
    number: signal.Signals, start_shell: StartShell, tmp_path: Path
) -> None:
    clock = MovedClock()
    shell = start_shell(world(tmp_path, **LONG), speed=120, clock=clock)
    assert shell.simulator is not None
    process = shell.start("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "jsonl")
    updating(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Still running in Azure: the cluster aks-demo is being updated." in err
    assert "aks-kms runs resume" in err
    events = journal_of(shell)
    assert (events[-1]["type"], events[-1]["status"]) == ("run-finished", "interrupted")
    assert dig(shell.simulator.resource(cluster_id()), "properties", "provisioningState") == "Updating"

    resuming = shell.start("runs", "resume", "--yes", "-o", "jsonl")
    updating(resuming, "cluster is Updating")
    clock.ahead += 7200 / 120
    _, err = resuming.communicate(timeout=60)
    assert resuming.returncode == 0, err
    assert "was interrupted" in err
    assert "Under way: Encrypt the managed cluster" in err
    assert "Done by now: Register the feature; " in err
    assert "Encrypt the managed cluster.\n" in err
    assert "What is left: nothing to write." in err
    assert [r.method for r in shell.simulator.writes() if r.path.lower().endswith("/aks-demo")] == ["PUT"]


@pytest.mark.parametrize("kind", ["device-code", "browser"])
def test_a_sign_in_that_nobody_finishes_is_left_at_the_first_signal(
    kind: str, start_shell: StartShell, tmp_path: Path
) -> None:
    """A code is asked about for a quarter of an hour, a browser is waited for five minutes, in a thread that cannot be
    told to stop."""
    pending = {"status": 400, "text": json.dumps({"error": "authorization_pending"})}
    faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": pending}]
    shell = start_shell(world(tmp_path, faults=faults))
    browser = Path(shell.write("browser", "#!/bin/sh\necho enter the code there >&2\n"))
    (shell.home / browser).chmod(0o755)
    environment = shell.environment({"BROWSER": str(shell.home / browser)})
    process = shell.start("--credential", kind, "clusters", env=environment)
    assert process.stderr is not None
    assert any("enter the code" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_asked_twice_it_leaves_at_once(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(world(tmp_path, **LONG), speed=120)
    process = shell.start("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "jsonl")
    updating(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert {"answered"} <= {event["write"]["state"] for event in journal_of(shell) if "write" in event}


def test_a_terminal_that_is_gone_does_not_stop_a_run(start_shell: StartShell) -> None:
    shell = start_shell(speed=600)
    with shell.terminal("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes") as terminal:
        terminal.waits_for("begins")
        ours = os.dup(terminal._fd)  # so that the block has something to close
        os.close(terminal._fd)
        os.close(ours)
        assert terminal.process.wait(60) == 0
        terminal._fd = os.open(os.devnull, os.O_RDONLY)
    assert journal_of(shell)[-1]["status"] == "succeeded"


def test_a_terminal_that_is_closed_ends_a_run_in_order(start_shell: StartShell) -> None:
    shell = start_shell("feature-pending", speed=60)
    with shell.terminal("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes") as terminal:
        terminal.waits_for("waiting")
        os.close(terminal._fd)
        terminal.process.send_signal(signal.SIGHUP)  # what the kernel sends to whoever sits there
        assert terminal.process.wait(60) == 130
        terminal._fd = os.open(os.devnull, os.O_RDONLY)
    assert (journal_of(shell)[-1]["type"], journal_of(shell)[-1]["status"]) == ("run-finished", "interrupted")


@pytest.mark.parametrize("output", ["jsonl", "json", "text"])
def test_a_reader_that_has_seen_enough_does_not_stop_a_run(output: str, start_shell: StartShell) -> None:
    shell = start_shell()
    reading, writing = os.pipe()
    process = shell.start(
        "apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", output, stdout=writing
    )
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Nobody reads the output any more" in err or "hears no more" in err
    assert journal_of(shell)[-1]["status"] == "succeeded"


@pytest.mark.parametrize("arguments", [("clusters",), ("verify", "--all", "-o", "jsonl"), ("runs", "list")])
def test_a_reader_that_has_seen_enough_is_no_traceback(
    arguments: tuple[str, ...], start_shell: StartShell
) -> None:
    shell = start_shell()
    reading, writing = os.pipe()
    process = shell.start(*arguments, stdout=writing)
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "Exception ignored" not in err

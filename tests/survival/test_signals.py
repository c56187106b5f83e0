"""A command that is ended from outside leaves a complete journal and the right exit code, and names the operations that continue."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell, shell, start_shell
from tests.support import LIMIT, MovedClock, answers, cluster_id, scenario_file
from wizard.cloud.arm import dig
from wizard.system.signals import END_SIGNALS

__all__ = ["shell", "start_shell"]

PLATFORM = answers("platform-managed").to_yaml()
LONG: dict[str, Any] = {"durations": {"cluster_update": 7200, "feature": 0, "provider": 0}}
"""Two hours for the update, a minute at the speed of these tests: time enough to interrupt it."""


def journals_of(shell: Shell) -> list[list[Any]]:
    """The events of each run, the oldest first."""
    return [
        [json.loads(line) for line in (path / "events.jsonl").read_text("utf-8").splitlines()]
        for path in sorted((shell.home / "state" / "aks-kms" / "runs").iterdir())
    ]


def waits(shell: Shell, *, run: int) -> bool:
    """Whether that run, counted from 1, has logged that it waits."""
    told = sorted((shell.home / "state" / "aks-kms" / "runs").glob("*/events.jsonl"))
    return len(told) == run and '"step-progress"' in told[-1].read_text("utf-8")


def journal_of(shell: Shell) -> list[Any]:
    """The events of the only run."""
    [events] = journals_of(shell)
    return events


def updating(process: "subprocess.Popen[str]", said: str = "cluster is being updated") -> None:
    """Read until AKS is at it."""
    assert process.stdout is not None
    for line in process.stdout:
        if said in line:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "ended")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("number", END_SIGNALS, ids=lambda n: n.name)
def test_a_signal_during_the_update_names_the_operation_that_continues_and_resume_follows_it(
    number: signal.Signals, start_shell: StartShell, tmp_path: Path
) -> None:
    clock = MovedClock()
    shell = start_shell(scenario_file(tmp_path, **LONG), speed=120, clock=clock)
    assert shell.simulator is not None
    process = shell.start("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "jsonl")
    updating(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert "Still running in Azure: the cluster aks-demo is being updated." in err
    assert "aks-kms runs resume" in err
    events = journal_of(shell)
    assert (events[-1]["type"], events[-1]["status"]) == ("run-finished", "interrupted")
    assert dig(shell.simulator.resource(cluster_id()), "properties", "provisioningState") == "Updating"

    resuming = shell.start("runs", "resume", "--yes", "-o", "jsonl")
    updating(resuming, "cluster is Updating")
    clock.ahead += 7200 / 120
    _, err = resuming.communicate(timeout=LIMIT)
    assert resuming.returncode == 0, err
    assert "was interrupted" in err
    assert "In progress: Encrypt the managed cluster" in err
    assert "Completed since: Register the feature; " in err
    assert "Encrypt the managed cluster.\n" in err
    assert "Remaining steps: none that change anything." in err
    assert [r.method for r in shell.simulator.writes() if r.path.lower().endswith("/aks-demo")] == ["PUT"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_the_reading_of_answers(number: signal.Signals, shell: Shell) -> None:
    answers_file = shell.home / "answers.yaml"
    os.mkfifo(answers_file)
    process = shell.start("plan", "-f", str(answers_file))
    with answers_file.open("w"):  # the other end is open as well, and waits
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (130, "Interrupted.\n")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", ["browser", "device-code"])
def test_an_unfinished_sign_in_ends_at_the_first_signal(
    kind: str, start_shell: StartShell, tmp_path: Path
) -> None:
    """A code is asked about for a quarter of an hour, a browser is waited for five minutes, in a thread that cannot be
    told to stop."""
    pending = {"status": 400, "text": json.dumps({"error": "authorization_pending"})}
    faults = [{"match": {"method": "POST", "path": "*/token"}, "raw": pending}]
    shell = start_shell(scenario_file(tmp_path, faults=faults))
    browser = Path(shell.write("browser", "#!/bin/sh\necho enter the code there >&2\n"))
    (shell.home / browser).chmod(0o755)
    environment = shell.environment({"BROWSER": str(shell.home / browser)})
    process = shell.start("--credential", kind, "clusters", env=environment)
    assert process.stderr is not None
    assert any("enter the code" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 130


STUCK = """
import asyncio, sys
from screens.cli.main import main
from wizard.procedure.steps.cluster import Cluster

apply = Cluster.apply

async def stuck(self, work):
    try:
        await apply(self, work)
    except asyncio.CancelledError:
        print("being put in order", file=sys.stderr, flush=True)
        await asyncio.Event().wait()

Cluster.apply = stuck
main()
"""
"""The command, in which the cluster's step never comes to its end once it is to break off."""


def test_a_second_signal_ends_at_once(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(scenario_file(tmp_path, **LONG), speed=120)
    file = shell.write("answers.yaml", PLATFORM)
    process = shell.start("apply", "-f", file, "--yes", "-o", "jsonl", command=[sys.executable, "-c", STUCK])
    updating(process)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while "being put in order" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert "Stopped immediately." in err
    events = journal_of(shell)
    assert {"answered"} <= {event["write"]["state"] for event in events if "write" in event}
    assert "run-finished" not in {event["type"] for event in events}


def test_a_terminal_that_is_gone_does_not_stop_a_run(start_shell: StartShell) -> None:
    shell = start_shell(speed=600)
    file = shell.write("answers.yaml", PLATFORM)
    with shell.terminal("apply", "-f", file, "--yes", controlling=False) as terminal:
        terminal.waits_for("◐")
        terminal.close()
        assert terminal.process.wait(LIMIT) == 1, "its result could not be written"
    assert journal_of(shell)[-1]["status"] == "succeeded"


def test_a_closed_terminal_ends_a_run_in_order(start_shell: StartShell) -> None:
    shell = start_shell("feature-pending", speed=60)
    with shell.terminal("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes") as terminal:
        terminal.waits_for("◐")
        terminal.close()
        assert terminal.process.wait(LIMIT) == 130
    assert (journal_of(shell)[-1]["type"], journal_of(shell)[-1]["status"]) == ("run-finished", "interrupted")


@pytest.mark.matrix
def test_a_closed_terminal_ends_the_wizards_run_in_order_and_it_can_be_resumed(
    start_shell: StartShell, tmp_path: Path
) -> None:
    clock = MovedClock()
    durations = {"feature": 7200, "provider": 0, "cluster_update": 0}
    shell = start_shell(scenario_file(tmp_path, durations=durations), speed=120, clock=clock)
    first = shell.start("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "jsonl")
    updating(first, "registering the feature")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=LIMIT)

    with shell.terminal(environment={"COLUMNS": "120", "LINES": "40"}) as terminal:
        terminal.waits_for("Plan again from the current")
        terminal.types("r")
        terminal.waits_for("when it ended")
        while "That is not aks-demo" not in terminal.shown:  # the field has the focus once it hears
            terminal.types("\r")
            assert terminal.reads()
        terminal.types("aks-demo\r")
        while not waits(shell, run=2):
            assert terminal.reads()
        terminal.close()
        assert terminal.process.wait(LIMIT) == 130
    for events in journals_of(shell):
        assert (events[-1]["type"], events[-1]["status"]) == ("run-finished", "interrupted")
    assert len(journals_of(shell)) == 2

    clock.ahead += 7200 / 120
    resumed = shell.run("runs", "resume", "--yes")
    assert resumed.code == 0, resumed.err


@pytest.mark.sampled(3)
@pytest.mark.parametrize("output", ["jsonl", "json", "text"])
def test_a_closed_pipe_does_not_stop_a_run(output: str, start_shell: StartShell) -> None:
    shell = start_shell()
    reading, writing = os.pipe()
    process = shell.start(
        "apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", output, stdout=writing
    )
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert "The output cannot be written: Broken pipe. The journal" in err or "is removed" in err
    assert journal_of(shell)[-1]["status"] == "succeeded"


@pytest.mark.sampled(3)
@pytest.mark.parametrize("arguments", [("clusters",), ("verify", "--all", "-o", "jsonl"), ("runs", "list")])
def test_a_closed_pipe_prints_no_traceback(arguments: tuple[str, ...], start_shell: StartShell) -> None:
    shell = start_shell()
    reading, writing = os.pipe()
    process = shell.start(*arguments, stdout=writing)
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "Exception ignored" not in err

"""Verdicts on the command line: exit codes and outputs if something cannot be read."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.simulated.verification.test_scenarios import encrypted_in
from tests.simulated.verification.test_verdicts import FAULTS, READS

DEMO = ("verify", "-g", "rg-demo", "-n", "aks-demo")
LOCKS = ("--allow-unknown", "cluster-unlocked", "--allow-unknown", "vault-lock")


def disturbed(start: StartShell, folder: Path, fault: str, *reads: str) -> Shell:
    """Start a simulated Azure in which these reads fail."""
    spec, _ = FAULTS[fault]
    faults = [{"match": {"method": "GET", "path": READS[read][0]}, **spec} for read in reads or READS]
    return start(encrypted_in(folder, faults=faults))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("fault", FAULTS)
def test_verify_is_not_certain_if_only_the_cluster_can_be_read(
    fault: str, start_shell: StartShell, tmp_path: Path
) -> None:
    shell = disturbed(start_shell, tmp_path, fault)
    done = shell.run(*DEMO)
    assert done.code == (3 if FAULTS[fault][1] else 1)
    assert done.out.startswith(
        "? aks-demo: its settings report that secrets are encrypted with the customer-managed key"
    )
    assert "this is not certain: the locks, the key" in done.out
    assert "✓ aks-demo" not in done.out


def test_every_format_of_a_fleet_counts_what_is_not_certain(start_shell: StartShell, tmp_path: Path) -> None:
    shell = disturbed(start_shell, tmp_path, "403")
    asked = ("verify", "--all", "--depth", "full", "-g", "rg-demo")
    done = shell.run(*asked, "-o", "json")
    assert done.code == 1
    assert done.json["summary"].items() >= {"total": 1, "passed": 0, "failed": 1, "uncertain": 1}.items()
    assert [(row["verdict"], row["passed"]) for row in done.json["clusters"]] == [("not-certain", False)]
    assert "0 of 1 verified; 1 not certain" in done.err
    root = ET.fromstring(shell.run(*asked, "-o", "junit").out)
    assert int(root.attrib["errors"]) > 0
    assert "? not certain" in shell.run(*asked, "--evidence", "-o", "markdown").out
    assert "Azure Policy, built-in definition" in shell.run(*asked, "--evidence").out
    [row] = shell.run(*asked, "-o", "jsonl").lines
    assert row["verdict"] == "not-certain"
    assert {each["id"]: each["says"] for each in row["evidence"]}["azure-policy-dbbdc317"] == "compliant"


@pytest.mark.parametrize(("fault", "code"), [("403", 1), ("500", 3)])
def test_checks_can_be_left_out_by_name(
    fault: str, code: int, start_shell: StartShell, tmp_path: Path
) -> None:
    shell = disturbed(start_shell, tmp_path, fault, "locks")
    assert shell.run(*DEMO).code == code
    assert shell.run(*DEMO, *LOCKS[:2]).code == code, "vault-lock is unknown as well"
    done = shell.run(*DEMO, *LOCKS)
    assert done.code == 0
    assert "(left out: cluster-unlocked, vault-lock)." in done.out
    everything = ("verify", "--all", "--depth", "full", "-g", "rg-demo")
    assert shell.run(*everything).code == code
    assert shell.run(*everything, *LOCKS).code == 0


def test_a_check_that_fails_is_not_left_out(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(encrypted_in(tmp_path, vault={"purge_protection": False}, faults=[]))
    assert shell.run(*DEMO, "--allow-unknown", "vault-purge-protection", "-o", "json").json["clusters"][0]["outcome"] == "warning"  # fmt: skip


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("vault-locks", "There is no check 'vault-locks'. Did you mean vault-lock?"),
        ("key-exists", "key-exists is essential"),
        ("identity-access-policy", "identity-access-policy is essential"),
        ("expected-key", "expected-key is essential"),
    ],
)
def test_an_essential_or_unknown_check_cannot_be_left_out(code: str, said: str, shell: Shell) -> None:
    done = shell.run(*DEMO, "--allow-unknown", code)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(("fault", "code"), [("403", 1), ("500", 3)])
def test_apply_does_not_succeed_if_its_verification_is_not_certain(
    fault: str, code: int, start_shell: StartShell, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.yaml"
    shell = start_shell("feature-gone")
    answers.write_text(shell.run("answers", "example", "platform-managed").out)
    plan = shell.run("plan", "-f", str(answers), "-o", "json").json
    assert shell.simulator is not None
    shell.simulator.inject_faults({"match": {"method": "GET", "path": READS["locks"][0], "skip": 3}, **FAULTS[fault][0]})  # fmt: skip
    done = shell.run("apply", "-f", str(answers), "--confirm", plan["digest"], "-o", "json")
    assert (done.code, done.json["status"]) == (code, "failed")
    steps: dict[str, Any] = {step["key"]: step for step in done.json["steps"]}
    assert [key for key, step in steps.items() if step["status"] == "failed"] == ["verify"]
    assert done.json["verification"]["verdict"] == "not-certain"
    shell.simulator.inject_faults()
    again = shell.run("apply", "-f", str(answers), "--yes", "-o", "json")
    assert (again.code, again.json["status"]) == (0, "succeeded")
    assert json.loads(again.out)["verification"]["verdict"] == "verified"

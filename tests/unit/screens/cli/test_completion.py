"""Shell completion: what each shell is offered, as the generated scripts ask for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from screens.cli.main import COMMANDS
from screens.cli.options import Settings
from screens.cli.seen_clusters import SeenCluster, save
from tests.in_process import run
from wizard.cloud.timeouts import budgets
from wizard.simulator import scenarios
from wizard.verification.verdict import OPTIONAL

ASKS = """
eval "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { echo "compopt $*"; }
_aks_kms_completion ask
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(shell: str, *words: str, home: Path) -> list[str]:
    """Return the values that zsh or fish is offered for the last word."""
    asked = {"_AKS_KMS_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(("aks-kms", *words))}
    asked["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words))
    out = run(home=home, environment=asked).out.splitlines()
    return out[1::3] if out else []


def run_in_bash(script: str, words: list[str], home: Path) -> list[str]:
    """Return what bash has in COMPREPLY after the generated function has run, with `words` as bash splits them."""
    (home / "ask").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m screens "$@"\n')
    (home / "ask").chmod(0o700)
    done = subprocess.run(
        ["bash", "--norc", "-c", ASKS, "bash", script, "aks-kms", *words],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[4],
        env={"PATH": f"{home}:/usr/bin:/bin", "HOME": str(home), "XDG_STATE_HOME": str(home / "state")},
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ru"], ["runs"]),
        (["--simulate", "=", "fl"], ["flaky-network", "fleet"]),
        (["--simulate=fl"], ["--simulate=flaky-network", "--simulate=fleet"]),
        (["--simulate", "=", "fleet", "ver"], ["verify"]),
        (["--simulate", "ver"], ["verify"]),
        (["--timeout", "=", "role-as"], ["role-assignment=1800"]),
        (["--timeout", "role-assignment", "=", "18"], []),
        (["plan", "-f", "an"], ["compopt", "-o", "default"]),
    ],
    ids=" ".join,
)
def test_bash_completes_a_value_after_the_equals_sign(words: list[str], expected: list[str], tmp_path: Path):
    script = run("completion", "bash", home=tmp_path).out
    assert run_in_bash(script, words, tmp_path) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str, tmp_path: Path):
    done = run("completion", shell, home=tmp_path)
    assert done.code == 0
    assert f"_AKS_KMS_COMPLETE={shell}_complete" in done.out


def test_another_shell_is_refused_with_those_that_there_are(tmp_path: Path):
    done = run("completion", "tcsh", home=tmp_path)
    assert done.code == 2
    assert "'bash', 'zsh', 'fish'" in done.err


def test_commands_and_options_are_completed(tmp_path: Path):
    assert offered("zsh", "", home=tmp_path) == list(COMMANDS)
    assert offered("zsh", "verify", "--enc", home=tmp_path) == ["--encryption"]
    assert offered("zsh", "--cloud", "azurec", home=tmp_path) == ["AzureCloud", "AzureChinaCloud"]


def test_all_built_in_scenarios_are_completed(tmp_path: Path):
    found = offered("zsh", "--simulate=", home=tmp_path)
    assert found == [f"--simulate={name}" for name in sorted(scenarios())]
    assert offered("zsh", "simulator", "--scenario", "cont", home=tmp_path) == ["contoso"]
    assert offered("zsh", "--simulate=./an", home=tmp_path) == ["--simulate=./an"], (
        "the shell completes files"
    )


def test_all_timeouts_are_completed_with_their_defaults(tmp_path: Path):
    expected = [f"{name}={seconds:.0f}" for name, (seconds, _) in budgets().items()]
    assert offered("zsh", "plan", "--timeout", "", home=tmp_path) == expected


def test_ids_of_runs_are_completed_newest_first(tmp_path: Path):
    assert offered("zsh", "runs", "show", "", home=tmp_path) == []
    for name in ("20261129-015500-aks-demo", "20261130-015500-aks-demo", "$(reboot)", "notes"):
        (tmp_path / "state/aks-kms/runs" / name).mkdir(parents=True)
    for command in ("show", "report", "resume"):
        assert offered("zsh", "runs", command, "2026", home=tmp_path) == [
            "20261130-015500-aks-demo",
            "20261129-015500-aks-demo",
        ]


def test_clusters_of_the_last_list_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rows = (("a1", "rg-a", "One"), ("a2", "rg-b", "Two words"), ("$(reboot)", "rg-b", "One"))
    found = [SeenCluster(f"/ids/{name}", name, group, name, title) for name, group, title in rows]
    save(Settings().cluster_list, found)
    assert offered("zsh", "verify", "-n", "", home=tmp_path) == ["a1", "a2"]
    assert offered("zsh", "rotate", "-g", "RG-B", "-n", "", home=tmp_path) == ["a2"]
    assert offered("zsh", "clusters", "-g", "rg-", home=tmp_path) == ["rg-a", "rg-b"]
    assert offered("zsh", "verify", "--subscription", "", home=tmp_path) == ["One", "a2"]
    assert offered("zsh", "export", "--id", "/ids/a1", home=tmp_path) == ["/ids/a1"]
    assert offered("zsh", "--simulate", "verify", "-n", "", home=tmp_path) == [], "another cloud"


def test_only_checks_that_can_be_left_out_are_completed(tmp_path: Path):
    assert offered("zsh", "verify", "--allow-unknown", "", home=tmp_path) == sorted(OPTIONAL)

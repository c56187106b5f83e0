"""The files of docs/pipelines.md: each aks-kms command in them runs with the smallest role, and scripts end as they should."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from tests.in_process import Ended
from tests.journeys.conftest import StartShell, start_shell
from tests.support import DEVELOPMENT, PRODUCTION, answers, scenario_file

__all__ = ["start_shell"]

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs" / "pipelines"
SMALLEST = {"Clusters": {"actions": ["Microsoft.ContainerService/managedClusters/read"]}}


def read(name: str) -> Any:
    return list(YAML(typ="safe", pure=True).load_all((FILES / name).read_text("utf-8")))


def github() -> dict[str, str]:
    """The scripts of the workflow that run aks-kms, by job."""
    [workflow] = read("github-actions.yml")
    return {
        name: step["run"]
        for name, job in workflow["jobs"].items()
        for step in job["steps"]
        if "aks-kms verify" in step.get("run", "")
    }


def azure_devops() -> str:
    [pipeline] = read("azure-pipelines.yml")
    [script] = [
        step["inputs"]["inlineScript"] for step in pipeline["steps"] if step.get("task") == "AzureCLI@2"
    ]
    return str(script)


SCRIPTS = {**github(), "Azure DevOps": azure_devops()}


def cronjob() -> dict[str, Any]:
    return dict(read("cronjob.yaml")[-1]["spec"]["jobTemplate"]["spec"])


def command_of(script: str) -> list[str]:
    """The arguments of the first aks-kms command in a script."""
    [line, *_] = [line for line in script.splitlines() if line.strip().startswith("aks-kms ")]
    return shlex.split(line.partition(">")[0])[1:]


def commands() -> list[list[str]]:
    """Every aks-kms command in the files."""
    [container] = cronjob()["template"]["spec"]["containers"]
    [line] = [line for line in (FILES / "aks-kms.cron").read_text("utf-8").splitlines() if line[0].isdigit()]
    return [*map(command_of, SCRIPTS.values()), container["args"], shlex.split(line)[7:]]


def well_formed(done: Ended, output: str) -> None:
    match output:
        case "sarif":
            assert done.json["version"] == "2.1.0"
        case "junit":
            assert len(list(ET.fromstring(done.out).iter("testsuite"))) == 13
        case "jsonl":
            assert len(done.lines) >= 13
        case "markdown":
            assert done.out.startswith("#")
        case _:
            assert "of 13 verified" in done.out


def test_every_command_runs_with_the_smallest_role(start_shell: StartShell, tmp_path: Path) -> None:
    scopes = {f"/subscriptions/{one}": ["Clusters"] for one in (PRODUCTION, DEVELOPMENT)}
    principals = {"operator": {"roles": scopes}, "build-host": {"roles": scopes}}
    shell = start_shell(scenario_file(tmp_path, principals=principals, custom_roles=SMALLEST))
    assert shell.simulator is not None
    shell.write("answers.yaml", answers("platform-managed").to_yaml())
    (tmp_path / "token").write_text(shell.simulator.environment["AZURE_CLIENT_SECRET"])
    identities = {
        "workload-identity": {
            "AZURE_CLIENT_SECRET": None,
            "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
        },
        "managed-identity": {"AZURE_CLIENT_ID": None, **shell.simulator.managed_identity_environment},
    }
    given = commands()
    assert len(given) == 5
    for arguments in given:
        kind = arguments[arguments.index("--credential") + 1] if "--credential" in arguments else ""
        done = shell.run(*arguments, environment=identities.get(kind))
        assert done.code == 1, (arguments, done.err)  # contoso has clusters that are not encrypted
        well_formed(done, arguments[arguments.index("-o") + 1] if "-o" in arguments else "table")
    assert not shell.simulator.writes()


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("codes", ["0", "1", "2", "30", "33"])
def test_a_script_tries_once_more_if_azure_could_not_be_reached(
    name: str, codes: str, tmp_path: Path
) -> None:
    """`codes` are the exit codes of aks-kms, one for each time that it is run."""
    for program, body in {
        "aks-kms": "n=$(cat runs 2>/dev/null || echo 0); echo $((n+1)) > runs; echo report\n"
        f"exit $(echo {codes} | cut -c $((n+1)))",
        "sleep": 'echo "$1" > slept',
        "gh": 'echo "$@" > commented',
    }.items():
        (tmp_path / program).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / program).chmod(0o755)
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PULL_REQUEST": "7"}
    done = subprocess.run(["bash", "-e", "-c", SCRIPTS[name]], cwd=tmp_path, env=given, check=False)
    if name == "compare":  # what is not yet as the file says is for the reviewer
        assert done.returncode == {"1": 0}.get(codes[0], int(codes[0]))
        assert (
            tmp_path / "commented"
        ).read_text() == "pr comment 7 --edit-last --create-if-none --body-file report.md\n"
        return
    assert done.returncode == int(codes[-1])
    assert (tmp_path / "runs").read_text() == f"{len(codes)}\n"
    assert (tmp_path / "slept").exists() is (len(codes) > 1)


def test_the_cron_job_retries_only_what_may_succeed_later_and_runs_without_privileges() -> None:
    job = cronjob()
    [rule] = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1, 2])
    pod = job["template"]["spec"]
    [container] = pod["containers"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert job["template"]["metadata"]["labels"] == {"azure.workload.identity/use": "true"}


def test_the_image_is_built_from_what_is_copied_and_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert len(lines) <= 10
    assert [line.split()[1] for line in lines if line.startswith("USER")] == ["65532:65532"]
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    needed = {"LICENSE", "README.md", "pyproject.toml", "requirements.lock", "screens", "wizard"}
    assert kept == needed
    assert all((ROOT / name).exists() for name in needed)

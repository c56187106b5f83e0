"""Commands beside the Azure CLI's, on one simulated Azure that is a process of its own: what a check costs, start included.

Both sides are signed in as the same service principal. Without `az` on PATH its side is left out, and said so.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Report, medians, of_process, peak_memory
from tests.served import served
from wizard.answers.examples import example

_AKS_KMS = [sys.executable, "-m", "screens"]
_PRODUCTION = "22222222-2222-2222-2222-222222222222"
_CLUSTER = f"-g rg-bank -n bank-ledger --subscription {_PRODUCTION}"
_SIMULATED = {"description": "The built-in scenario.", "extends": "contoso"}


def beside_the_azure_cli(report: Report, times: int = 9) -> None:
    """`verify` and `plan` of one cluster against `az aks show`, `clusters` against `az aks list`, time and memory."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(_SIMULATED, "max") as environment,
    ):
        room = Path(folder)
        answers = room / "answers.yaml"
        answers.write_text(example("platform-managed"), "utf-8")
        environment |= {"XDG_STATE_HOME": str(room / "state"), "AZURE_CONFIG_DIR": str(room / "azure")}
        ours = {
            "aks-kms verify, one cluster": [*_AKS_KMS, "verify", *shlex.split(_CLUSTER)],
            "aks-kms clusters": [*_AKS_KMS, "clusters"],
            "aks-kms plan": [*_AKS_KMS, "plan", "-f", str(answers)],
        }
        theirs = _signed_in(environment)
        commands = ours | theirs
        took = medians(
            {name: partial(of_process, words, environment) for name, words in commands.items()}, times
        )
        for name in theirs:
            report.line(name, took[name])
        for name, other, aim in (
            ("aks-kms verify, one cluster", "az aks show", 0.8),
            ("aks-kms clusters", "az aks list", 0.8),
            ("aks-kms plan", "az aks show", 1.2),
        ):
            report.line(name, took[name], (other, took[other]) if other in took else None, aim)
        memory = {name: peak_memory(words, environment) for name, words in commands.items()}
        for name, most in memory.items():
            other = "az aks show"
            against = (other, memory[other]) if name in ours and other in memory else None
            report.line(f"{name}, most memory", most, against, 1.0 if against else None)


def simulated_start(report: Report, times: int = 9) -> None:
    """`--simulate clusters`, which starts its own simulated Azure, against the same where one is served."""
    with served(_SIMULATED, "max") as environment:
        commands = {
            "aks-kms clusters": ([*_AKS_KMS, "clusters"], environment),
            "aks-kms --simulate clusters": (
                [*_AKS_KMS, "--simulate", "--speed", "max", "clusters"],
                dict(os.environ),
            ),
        }
        took = medians({name: partial(of_process, *given) for name, given in commands.items()}, times)
    for name, seconds in took.items():
        report.line(name, seconds, ("a served one", took["aks-kms clusters"]), 1.5)


def _signed_in(environment: dict[str, str]) -> dict[str, list[str]]:
    """The Azure CLI's commands, after signing it in; none if there is no `az` on PATH."""
    az = shutil.which("az")
    if az is None:
        print("  left out: az aks show, az aks list (no `az` on PATH)")
        return {}
    for words in (
        f"cloud register --name Simulated --endpoint-resource-manager {environment['AKS_KMS_ARM_ENDPOINT']}",
        "cloud set --name Simulated",
        "login --service-principal --username {AZURE_CLIENT_ID} --password {AZURE_CLIENT_SECRET}"
        " --tenant {AZURE_TENANT_ID}".format_map(environment),
        f"account set --subscription {_PRODUCTION}",
    ):
        subprocess.run([az, *shlex.split(words)], check=True, capture_output=True, env=environment)
    return {
        "az aks show": [az, "aks", "show", *shlex.split(_CLUSTER)],
        "az aks list": [az, "aks", "list"],
    }

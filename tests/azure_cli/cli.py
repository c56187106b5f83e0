"""The Azure CLI as an operator has it: a process a command, a configuration of its own, and the simulator's environment."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from wizard.simulator import Simulator

PRODUCTION = "22222222-2222-2222-2222-222222222222"
TENANT = "11111111-1111-1111-1111-111111111111"
OPERATOR = "44444444-4444-4444-4444-4444444444aa"
USER = "55555555-5555-5555-5555-555555555555"
CLOUD = "SimulatedAzure"
SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
PATIENCE = 300.0
HERE = Path(__file__).parent


def real_python() -> str:
    """The Python that the Azure CLI on PATH runs in."""
    return str(Path(str(shutil.which("az"))).resolve().with_name("python3"))


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    command: str
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"az {self.command}\nexit code {self.code}\n{self.out}\n{self.err}"


class AzureCli:
    """One configuration directory of the Azure CLI, and the shell environment that its commands run in.

    The commands are carried out by a process that has made the imports of the Azure CLI already (`warm.py`); `stop` ends it.
    """

    running: ClassVar[list["AzureCli"]] = []
    """Those whose process was not stopped yet."""

    def __init__(self, simulator: Simulator, folder: Path, **more: str) -> None:
        self.simulator = simulator
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_NO_COLOR": "true",
            **simulator.environment,
            **more,
        }
        self._room = Path(tempfile.mkdtemp(prefix="az-"))  # the path of a socket has to be short
        place = self._room / "socket"
        self._warm = subprocess.Popen(
            [real_python(), str(HERE / "warm.py"), str(place)],
            env={**self.environment, "AZ_INSTALLER": "PIP"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.running.append(self)
        assert self._warm.stdout is not None
        assert self._warm.stdout.readline() == b"ready\n"
        executable = self._room / "az"
        words = [sys.executable, "-IS", str(HERE / "ask_warm.py"), str(place)]
        executable.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        executable.chmod(0o755)
        self.executable = str(executable)

    def stop(self) -> None:
        """End the process and the processes that it has started."""
        self.running.remove(self)
        assert self._warm.stdout is not None
        if sys.platform == "win32":
            raise NotImplementedError
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._warm.pid, signal.SIGKILL)
        self._warm.wait()
        self._warm.stdout.close()
        shutil.rmtree(self._room)

    def run(self, command: str, *more: str) -> Ran:
        """Run `az COMMAND`, split as a shell would; `more` are further arguments as they are."""
        done = subprocess.run(
            [self.executable, *shlex.split(command), *more],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(" ".join([command, *more]), done.returncode, done.stdout, done.stderr)

    def text(self, command: str, *more: str) -> str:
        """What a command that has to succeed prints, without the line end."""
        ran = self.run(command, *more)
        assert ran.code == 0, ran
        return ran.out.rstrip("\n")

    def __call__(self, command: str, *more: str) -> Any:
        """What a command that has to succeed prints, as JSON; None where it prints nothing."""
        text = self.text(command, *more)
        return json.loads(text) if text else None

    def refused(self, command: str, *more: str, code: int = 1) -> str:
        """The messages of a command that has to end with this exit code."""
        ran = self.run(command, *more)
        assert ran.code == code, ran
        return ran.err

    # -- the steps that most scripts begin with -----------------------------------------------------------------------

    def join(self) -> "AzureCli":
        """Register the simulated cloud in the CLI."""
        self.text(
            f"cloud register --name {CLOUD} --endpoint-resource-manager {self.environment['AKS_KMS_ARM_ENDPOINT']}"
        )
        self.text(f"cloud set --name {CLOUD}")
        return self

    def sign_in(self) -> "AzureCli":
        """Join, and sign in as the operator's service principal."""
        self.join()
        return self.login("--service-principal --username {AZURE_CLIENT_ID} --password {AZURE_CLIENT_SECRET}")

    def sign_in_as_user(self) -> "AzureCli":
        """Join, and sign in by device code as the user who approves it."""
        self.join()
        ran = self.login_by_device_code()
        assert ran.code == 0, ran
        self.text(f"account set --subscription {PRODUCTION}")
        return self

    def login_by_device_code(self) -> Ran:
        """Run `az login --use-device-code`, and approve the code that it prints."""
        command = f"login --use-device-code --tenant {TENANT}"
        with subprocess.Popen(
            [self.executable, *command.split()],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            said = ""
            for line in process.stderr:
                said += line
                if code := re.search(r"SIMULATED-\w+", line):
                    assert self.simulator.approve_sign_in(code[0])
                    break
            out, rest = process.communicate(timeout=PATIENCE)
        return Ran(command, process.returncode, out, said + rest)

    def login(self, how: str) -> "AzureCli":
        """Sign in, and choose the production subscription."""
        self.text(f"login {how} --tenant {TENANT}".format_map(self.environment))
        self.text(f"account set --subscription {PRODUCTION}")
        return self


def cluster_id(group: str, name: str) -> str:
    """The id of a managed cluster."""
    return (
        f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
    )


def vault_id(group: str, name: str) -> str:
    """The id of a key vault."""
    return f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"

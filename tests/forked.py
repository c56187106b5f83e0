"""Processes that cost next to nothing to start: forked from one that has imported everything that `aks-kms` needs."""

import fcntl
import multiprocessing
import os
import signal
import sys
import termios
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

HEAVY = ("screens.cli.main", "screens.cli.apply", "screens.cli.check", "screens.cli.clusters", "screens.cli.plan",
         "screens.cli.runs", "screens.cli.rotate", "screens.cli.verify",
         "screens.cli.live_log", "screens.cli.plan_text", "wizard.reports.text",
         "wizard.procedure.planning", "wizard.procedure.run", "wizard.verification.verify", "wizard.runs.resume",
         "wizard.procedure.key_rotation", "wizard.simulator.server.registry", "wizard.simulator.state.scenario_loading",
         "aiohttp", "azure.identity.aio", "azure.keyvault.keys.aio",
         "azure.mgmt.authorization.aio", "azure.mgmt.authorization.v2022_04_01.models", "azure.mgmt.containerservice.aio",
         "azure.mgmt.containerservice.models", "azure.mgmt.keyvault.aio", "azure.mgmt.keyvault.models",
         "azure.mgmt.msi.aio", "azure.mgmt.msi.models", "azure.mgmt.policyinsights.aio", "azure.mgmt.quota.aio",
         "azure.mgmt.resource.features.aio", "azure.mgmt.resource.locks.aio", "azure.mgmt.resource.resources.aio",
         "azure.mgmt.resource.subscriptions.aio", "wizard.cloud.pipeline", "tests.forked")  # fmt: skip

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(list(HEAVY))


class Forked:
    """`aks-kms` in a process of its own, with the part of `subprocess.Popen` that tests of a terminal use."""

    def __init__(
        self,
        arguments: Sequence[str],
        terminal: int,
        environment: Mapping[str, str],
        folder: Path,
        *,
        controlling: bool,
    ) -> None:
        given = (list(arguments), DupFd(terminal), dict(environment), str(folder), controlling)
        self._process = context.Process(target=_command, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.is_alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, negative for a signal. Raise TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired("aks-kms", timeout or 0)
        return self._process.exitcode


def _command(
    arguments: list[str], terminal: Any, environment: dict[str, str], folder: str, controlling: bool
) -> None:
    """Be `aks-kms`, on that terminal."""
    if sys.platform == "win32":
        raise NotImplementedError
    own = terminal.detach()
    os.setsid()
    for descriptor in (0, 1, 2):
        os.dup2(own, descriptor)
    if controlling:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.close(own)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["aks-kms", *arguments]
    reading = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as the process
    streams = {"stdin": reading, "stdout": _writing(1, "strict"), "stderr": _writing(2, "backslashreplace")}
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    from screens.cli.main import main
    from tests.support import wait_for_advisory_reads

    wait_for_advisory_reads()
    main()


def _writing(descriptor: int, errors: str) -> Any:
    """Return what Python opens for a terminal."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors=errors, closefd=False)

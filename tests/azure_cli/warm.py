"""The Azure CLI with its imports made once: `python warm.py SOCKET`, run by the Azure CLI's own Python.

Half a second of every `az` is the import of its modules. This process makes the imports that most commands share, and for each
request on the socket forks a child that becomes `az`: it takes over the arguments, environment, folder and the three standard
streams of the command that asked, and runs the entry point of the Azure CLI as `python -m azure.cli` does. The answer is the
exit code. Environment variables that the Azure CLI reads while it is imported are those of this process.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import socket
import sys
from typing import Any

assert sys.platform != "win32"

GROUPS = ("acs", "identity", "keyvault", "profile", "resource", "role", "serviceconnector")
PARTS = ("", "._help", "._params", ".commands", ".custom")
LIBRARIES = (
    "azure.keyvault.keys",
    "azure.mgmt.authorization.operations",
    "azure.mgmt.containerservice.operations",
    "azure.mgmt.keyvault.operations",
    "azure.mgmt.msi.operations",
    "azure.mgmt.resource.features.v2021_07_01.operations",
    "azure.mgmt.resource.locks.v2016_09_01.operations",
    "azure.mgmt.resource.resources.v2025_04_01.operations",
    "azure.mgmt.resource.subscriptions.v2022_12_01.operations",
    "azure.cli.core._help",
    "azure.cli.core._output",
    "azure.cli.core.auth.binary_cache",
    "azure.cli.core.auth.identity",
    "azure.cli.core.auth.persistence",
    "azure.cli.core.azlogging",
    "azure.cli.core.commands.arm",
    "azure.cli.core.commands.command_operation",
    "azure.cli.core.extension.operations",
    "azure.cli.core.sdk.policies",
    "azure.cli.core.auth.msal_credentials",
    "azure.cli.core.intercept_survey",
    "azure.cli.core.command_recommender",
    "azure.core.pipeline.transport._bigger_block_size_http_adapters",
    "azure.core.pipeline.transport._requests_basic",
    "azure.core.rest._requests_basic",
    "msrest.paging",
)
LONGEST_REQUEST = 1 << 20  # bytes; arguments and environment of one command


def main(place: str) -> None:
    for name in (
        *(f"azure.cli.command_modules.{group}{part}" for group in GROUPS for part in PARTS),
        *LIBRARIES,
    ):
        with contextlib.suppress(
            ImportError
        ):  # another version of the Azure CLI; it is imported when it is needed
            importlib.import_module(name)
    gc.freeze()
    gc.disable()  # a command ends before there is much to collect
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(place)
        server.listen()
        print("ready", flush=True)
        while True:
            asked, _ = server.accept()
            if os.fork() == 0:
                server.close()
                answer(asked)
                os._exit(0)
            asked.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def answer(asked: socket.socket) -> None:
    """Run the command that is asked for, and answer its exit code."""
    text, streams, _, _ = socket.recv_fds(asked, LONGEST_REQUEST, 3)
    command = os.fork()
    if command == 0:
        asked.close()
        become(json.loads(text), streams)
    for stream in streams:
        os.close(stream)
    asked.send(str(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])).encode())


def become(request: dict[str, Any], streams: list[int]) -> None:
    """Be `az` from here on; ends the process."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["az", *request["arguments"]]
    runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1])

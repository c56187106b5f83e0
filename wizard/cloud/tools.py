"""The tools that may be installed: the Azure CLI, its aks-preview extension, and kubectl.

The wizard itself needs none of them: it talks to Azure directly.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wizard.cloud.arm import dig
from wizard.errors import OutputLimitError
from wizard.system.processes import child_environment, program, rejected_executable, run
from wizard.system.sanitize import one_line

State = Literal["found", "missing", "too old", "unknown"]

# The how-to, "Prerequisites".
AZURE_CLI = "2.73.0"
AKS_PREVIEW = "19.0.0b13"

TIME_LIMIT = 30.0
"""Seconds. A cold Azure CLI on a slow disk takes about ten."""
_KEPT = ("AZURE_CONFIG_DIR", "AZURE_EXTENSION_DIR", "KUBECONFIG")
"""Environment variables that the tools get besides those of every program."""


@dataclass(frozen=True)
class Prerequisite:
    """One tool, and whether it is installed."""

    name: str
    needed_by: str
    """What requires it: `the exported script only`."""
    required: str
    """`2.73.0 or later`, `any version`."""
    found: str | None
    """Its installed version."""
    state: State
    remedy: str
    """The command that fixes it; empty if there is nothing to fix."""
    path: str | None
    note: str = ""
    """Why its state is unknown; otherwise empty."""

    def to_json(self) -> dict[str, str | None]:
        """Return the tool as in `check -o json`."""
        return {
            "name": self.name,
            "needed_by": self.needed_by,
            "required": self.required,
            "found": self.found,
            "state": self.state,
            "remedy": self.remedy,
            "path": self.path,
            "note": self.note,
        }


async def check(environment: Mapping[str, str], *, time_limit: float = TIME_LIMIT) -> list[Prerequisite]:
    """Return the state of each tool. Takes at most `time_limit` seconds, and never raises."""
    (az, extension), kubectl = await asyncio.gather(
        _azure_cli(environment, time_limit), _kubectl(environment, time_limit)
    )
    return [az, extension, kubectl]


_INSTALL_AZURE_CLI = {
    "darwin": "brew update && brew install azure-cli",
    "win32": "winget install --exact --id Microsoft.AzureCLI",
}
"""Microsoft's way to install it on each system; with pip on all others."""


async def _azure_cli(environment: Mapping[str, str], limit: float) -> tuple[Prerequisite, Prerequisite]:
    """Return the Azure CLI and its extension: `az version` reports both."""
    answer = await _ask("az", ["version", "--output", "json"], environment, limit)
    cli = dig(answer.body, "azure-cli")
    extension = dig(answer.body, "extensions", "aks-preview")
    az = _judge(
        "Azure CLI",
        answer,
        cli,
        AZURE_CLI,
        missing=_INSTALL_AZURE_CLI.get(sys.platform, "python3 -m pip install azure-cli"),
        too_old="az upgrade",
        unknown="az version",
    )
    if az.state in {"missing", "unknown"}:
        note = "the Azure CLI is missing" if az.state == "missing" else az.note
        preview = _judge(
            "aks-preview extension",
            _Answer(answer.path, None, note),
            None,
            AKS_PREVIEW,
            missing="az extension add --name aks-preview",
            too_old=az.remedy,
            unknown=az.remedy,
        )
    elif extension is None:
        preview = Prerequisite(
            "aks-preview extension",
            _SCRIPT,
            f"{AKS_PREVIEW} or later",
            None,
            "missing",
            "az extension add --name aks-preview",
            None,
        )
    else:
        preview = _judge(
            "aks-preview extension",
            answer,
            extension,
            AKS_PREVIEW,
            missing="az extension add --name aks-preview",
            too_old="az extension update --name aks-preview",
            unknown="az extension show --name aks-preview",
        )
    return az, preview


async def _kubectl(environment: Mapping[str, str], limit: float) -> Prerequisite:
    answer = await _ask("kubectl", ["version", "--client", "--output", "json"], environment, limit)
    return _judge(
        "kubectl",
        answer,
        dig(answer.body, "clientVersion", "gitVersion"),
        None,
        missing="az aks install-cli",
        too_old="az aks install-cli",
        unknown="kubectl version --client",
        needed_by="checks inside the cluster only",
    )


_SCRIPT = "the exported script only"


@dataclass(frozen=True)
class _Answer:
    """A tool's JSON output, or why there is none."""

    path: str | None
    body: dict[str, Any] | None
    trouble: str = ""


def _judge(
    name: str,
    answer: _Answer,
    version: object,
    oldest: str | None,
    missing: str,
    too_old: str,
    unknown: str,
    needed_by: str = _SCRIPT,
) -> Prerequisite:
    required = f"{oldest} or later" if oldest else "any version"

    def prerequisite(state: State, remedy: str, found: str | None = None, note: str = "") -> Prerequisite:
        return Prerequisite(name, needed_by, required, found, state, remedy, answer.path, note)

    if answer.path is None:
        return prerequisite("missing", missing, note=answer.trouble)
    if answer.body is None:
        return prerequisite("unknown", unknown, note=answer.trouble)
    if not isinstance(version, str) or not version.strip():
        return prerequisite("unknown", unknown, note=f"{answer.path} did not report its version")
    found = one_line(version)[:40].removeprefix("v")
    if oldest is None:
        return prerequisite("found", "", found)
    older = _older(found, oldest)
    if older is None:
        return prerequisite("unknown", unknown, found, f"{found!r} is not a valid version")
    return prerequisite("too old", too_old, found) if older else prerequisite("found", "", found)


def _older(found: str, oldest: str) -> bool | None:
    """Return whether a version is older (PEP 440: 19.0.0b9 < 19.0.0b13 < 19.0.0); None if it is not a version."""
    from packaging.version import InvalidVersion, Version  # late: only needed here

    try:
        return Version(found) < Version(oldest)
    except InvalidVersion:
        return None


async def _ask(tool: str, arguments: list[str], environment: Mapping[str, str], limit: float) -> _Answer:
    """Run a tool by its absolute path, without credentials, and return its JSON output."""
    path = program(tool, environment)
    if path is None:
        other = rejected_executable(tool, environment)
        why = (
            f"{one_line(other)} is not run: its folder is writable by everyone, or is not an absolute path on PATH"
            if other
            else ""
        )
        return _Answer(None, None, why)
    given = child_environment(environment, *_KEPT) | {"KUBECACHEDIR": os.devnull}
    try:
        printed = await run([path, *arguments], given, within=limit)
    except TimeoutError:
        return _Answer(path, None, f"{path} did not answer within {limit:g} s")
    except OutputLimitError:
        return _Answer(path, None, f"{path} {arguments[0]} printed too much")
    except OSError as error:
        return _Answer(path, None, f"{path} cannot be run: {error.strerror or error}")
    if printed.code:
        return _Answer(path, None, f"{path} {arguments[0]} failed (exit code {printed.code})")
    try:
        body = json.loads(printed.output)
    except (ValueError, RecursionError):
        return _Answer(path, None, f"{path} {arguments[0]} did not print JSON")
    return _Answer(path, body if isinstance(body, dict) else {})

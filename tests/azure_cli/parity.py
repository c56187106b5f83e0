"""A printed script run with the real Azure CLI, and `apply` of the same answers in another fresh cloud: what each leaves."""

import json
import math
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.azure_cli.cli import AzureCli, real_python
from tests.azure_cli.preview_shim import ONLY_PREVIEW
from tests.support import DEVELOPMENT, LIMIT, PRODUCTION, TENANT, child_environment, run_plan, scenario_file
from wizard.answers.model import Answers
from wizard.cloud.arm import Json, dig
from wizard.cloud.azure import connect
from wizard.procedure.planning import read_snapshot
from wizard.procedure.script import script
from wizard.simulator import Simulator
from wizard.state.target import Target

HERE = Path(__file__).parent
LONGEST = 360.0  # seconds for a whole script
DIFFERENT_EVERYWHERE = {"eTag", "systemData", "fqdn", "azurePortalFQDN", "resourceUID"}
SIGNED_IN = {"operator", "ops"}
"""The application and the user who carry things out, each in a cloud of its own."""
SAME_EVERYWHERE = {PRODUCTION, DEVELOPMENT, TENANT}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)")

Left = dict[str, Any]
"""All that a cloud holds: what each thing is like, by a name that is the same in every cloud."""


def make_world(folder: Path, group: Json) -> Path:
    """`contoso`, with this laid over the group `rg-demo`."""
    return scenario_file(folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}})


async def left_by_apply(place: str | Path, chosen: Answers, folder: Path) -> Left:
    """What `apply` leaves."""
    state = folder / "apply.state"
    async with (
        Simulator(place, speed=math.inf, state=state) as simulator,
        connect(child_environment(simulator)) as azure,
    ):
        plan, _, how = await run_plan(azure, chosen)
        assert (how, plan.errors) == ("succeeded", ())
    return everything(state, chosen)


async def left_by_script(
    place: str | Path, chosen: Answers, folder: Path, *, live: bool
) -> tuple[Left, list[list[str]]]:
    """What the printed script leaves, and the `az aks` commands in it that only the extension carries out.

    The how-to's own script is run by a user, as its `az ad signed-in-user` asks; the one that is fitted to what exists,
    by the application for which it was printed.
    """
    state = folder / "script.state"
    async with Simulator(place, speed=math.inf, state=state) as simulator:
        text = await printed(simulator, chosen, live=live)
        az = AzureCli(simulator, folder / "az")
        az = az.sign_in() if live else az.sign_in_as_user()
        calls = run(text, az, folder)
        assert [f"{entry.method} {entry.path}?{entry.query}" for entry in simulator.unknown] == []
    return everything(state, chosen), calls


async def printed(simulator: Simulator, chosen: Answers, *, live: bool) -> str:
    async with connect(child_environment(simulator)) as azure:
        suffix = azure.cloud.vault_suffix
        snapshot = await read_snapshot(azure, Target(chosen, suffix)) if live else None
    return script(chosen, suffix, snapshot)


def run(text: str, az: AzureCli, folder: Path) -> list[list[str]]:
    """Run a script in the CLI's environment, with the shim for `az` and without any waiting."""
    tools = folder / "tools"
    tools.mkdir()
    for name, body in {
        "az": f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS {shlex.quote(str(HERE / "preview_shim.py"))} "$@"\n',
        "sleep": "#!/bin/sh\n",
    }.items():
        (tools / name).write_text(body)
        (tools / name).chmod(0o755)
    calls = folder / "aks-calls"
    calls.touch()
    environment = {
        **az.environment,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "REAL_AZ": az.executable,
        "AKS_CALLS": str(calls),
    }
    file = folder / "script.sh"
    file.write_text(text)
    done = subprocess.run(
        ["bash", str(file)],
        check=False,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LONGEST,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [json.loads(line) for line in calls.read_text().splitlines()]


def judged(calls: list[list[str]]) -> None:
    """Have the Azure CLI's own parser take the commands, but for the one flag that only the extension knows."""
    flag = "--kms-infrastructure-encryption"
    assert flag in ONLY_PREVIEW
    lines = []
    for call in calls:
        at = call.index(flag)
        assert call[at + 1] == "Enabled"
        lines.append(json.dumps([*call[:at], *call[at + 2 :]]))
    parsed(lines)


def parsed(lines: list[str]) -> None:
    """Have the Azure CLI's own parser take commands, each a JSON array of its arguments."""
    asked = subprocess.run(
        [real_python(), str(HERE / "az_parser.py")],
        check=False,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.split() == ["taken"] * len(lines)


_ACTIVITY = "/providers/microsoft.insights/lastwrites/"
"""Who wrote what last, which the simulator keeps for the Activity Log."""


def everything(state: Path, chosen: Answers) -> Left:
    """What a cloud's state file holds, with what differs from cloud to cloud by its nature taken out."""
    entries = list(rows(state))
    who: dict[str, str] = {}
    for place, _, entry in entries:
        if place == "principals":
            name = "who is signed in" if entry["name"] in SIGNED_IN else entry["name"]
            name = entry["resource_id"].lower() or name
            who |= {entry["object_id"]: name, entry["app_id"]: f"{name} (client)"}
    left: Left = {}
    for place, key, entry in entries:
        if place == "resources" and _ACTIVITY not in key.lower():
            left[f"resource {key}"] = alike(shown(entry["body"], chosen), who)
        elif place == "keys":
            versions = [
                {name: one[name] for name in ("kty", "size", "ops", "enabled", "expires", "tags")}
                for one in entry["versions"]
            ]
            rotation = {n: v for n, v in entry["rotation_policy"].items() if n not in {"id", "attributes"}}
            expiry = dig(entry["rotation_policy"], "attributes", "expiryTime")
            left[f"key {key}"] = {"versions": versions, "rotation": rotation, "expiry": expiry}
        elif place == "assignments":
            holder = who[entry["principal_id"]]
            kind = "" if holder == "who is signed in" else entry["principal_type"]
            left[f"role {entry['role_guid']} of {holder} on {entry['scope'].lower()}"] = kind
        elif place in {"features", "registrations"}:
            left[f"{place} {key}"] = entry
        elif place in {"deleted_vaults", "deleted_keys"}:
            left[f"{place} {key}"] = "deleted"
    return left


def differences(one: Left, other: Left) -> list[str]:
    """Where two clouds differ, leaf by leaf."""
    return sorted(_differ(one, other, ""))


def _differ(one: Any, other: Any, place: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _differ(one.get(name), other.get(name), f"{place} > {name}" if place else name)
    elif one != other:
        yield f"{place}: {one!r} by the script, {other!r} by apply"


def rows(state: Path) -> Iterator[tuple[str, str, Any]]:
    database = sqlite3.connect(state)
    try:
        for place, key, value in database.execute("SELECT place, key, value FROM entries"):
            if value is not None:
                yield place, key, json.loads(value)
    finally:
        database.close()


def shown(body: Json, chosen: Answers) -> Json:
    """A resource as it is compared; of a new cluster what was asked for, as the rest is the defaults of two clients."""
    new = chosen.cluster.create is not False and body["name"] == chosen.cluster.name
    if not new or dig(body, "properties", "agentPoolProfiles") is None:
        return body
    properties = body["properties"]
    [pool] = properties["agentPoolProfiles"]
    return {
        **{name: body.get(name) for name in ("name", "location", "tags", "identity")},
        "security": properties["securityProfile"],
        "version": properties["kubernetesVersion"],
        "dns": properties["dnsPrefix"],
        "pool": [pool[name] for name in ("name", "count", "vmSize", "mode")],
        "state": properties["provisioningState"],
    }


def alike(value: Any, who: dict[str, str]) -> Any:
    """A body without what is different in every cloud: ids, times, eTags."""
    if isinstance(value, dict):
        return {
            name.lower() if name.startswith("/") else name: alike(inner, who)
            for name, inner in value.items()
            if name not in DIFFERENT_EVERYWHERE
        }
    if isinstance(value, list):
        alike_each = [alike(inner, who) for inner in value]
        words = all(isinstance(inner, str) for inner in value)  # permissions, operations: a set to Azure
        return sorted(alike_each) if words else alike_each
    if not isinstance(value, str):
        return value
    named = _UUID.sub(lambda found: uuid(found.group(), who), _TIME.sub("a time", value))
    return named.lower() if named.startswith("/") else named


def uuid(found: str, who: dict[str, str]) -> str:
    return found if found in SAME_EVERYWHERE else who.get(found, "an id")

"""The programs beside this one: run only from folders that no other user can write to, with the variables that they need, and leaving no process."""

import ast
import os
import re
import stat
from pathlib import Path

import pytest

from tests.in_process import run
from tests.simulated.in_cluster.kubectl import NEEDED, on_path
from tests.support import cluster_id, signed_in
from wizard.cloud.arm import ResourceId
from wizard.cloud.credential import make_credential
from wizard.cloud.endpoints import CLOUDS
from wizard.cloud.proxies import Proxies
from wizard.cloud.tools import check
from wizard.errors import AzureError
from wizard.in_cluster.kubeconfig import kubeconfig
from wizard.in_cluster.kubectl import opened
from wizard.system.processes import program, rejected_executable, trusted_path

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with programs that say that they were run."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in ("kubectl", "az"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\necho '{{}}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("entry", [".", "", "trap", "./trap", "../{here}/trap", "OPEN"])
async def test_a_program_that_anybody_may_have_put_there_is_not_run(
    entry: str, trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trap if entry in {".", ""} else tmp_path)
    trap.chmod(0o777 if entry == "OPEN" else 0o755)  # noqa: ASYNC240 - nothing else runs here
    folder = str(trap) if entry == "OPEN" else entry.format(here=tmp_path.name)
    environment = {"PATH": f"{folder}:/nowhere"}
    assert rejected_executable("kubectl", environment) == str(
        (trap / "kubectl") if entry == "OPEN" else Path(rejected_executable("kubectl", environment))
    )
    assert program("kubectl", environment) is None
    az, _, kubectl = await check(environment)
    assert (az.state, kubectl.state) == ("missing", "missing")
    assert (
        "is not run: its folder is writable by everyone, or is not an absolute path on PATH" in kubectl.note
    )
    with pytest.raises(AzureError) as refused:
        make_credential(
            "azure-cli",
            CLOUDS["AzureCloud"],
            environment,
            Proxies(environment),
            lambda: None,  # type: ignore[arg-type, return-value]
            list,
            print,
        )
    assert "is not run" in refused.value.problem.cause
    assert not (tmp_path / "sprung").exists()


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def listening() -> str:
    """The sockets of this machine, as Linux lists them."""
    return "".join(Path(f"/proc/self/net/{kind}").read_text("ascii") for kind in ("tcp", "tcp6"))


def test_only_the_folders_that_can_be_trusted_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    (tmp_path / "own").mkdir()
    path = os.pathsep.join(("", ".", "x", f"{tmp_path}/open", f"{tmp_path}/sticky", f"{tmp_path}/own"))
    assert trusted_path({"PATH": path}) == f"{tmp_path}/own"


@NEEDED
async def test_kubectl_leaves_no_cache_in_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's kubectl asks every server for its version first, and keeps the answer."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    everything = {"PATH": os.environ["PATH"]}
    for path in (everything["PATH"], on_path(tmp_path)):
        async with signed_in() as (_, azure):
            config = await kubeconfig(azure, ResourceId.parse(cluster_id("web-stage", "rg-web")))
            found = program("kubectl", {"PATH": path})
            assert found is not None
            with opened(found, config, azure.environment) as kubectl:
                assert "ok" in await kubectl.get("/readyz")
    assert [one.state for one in await check(everything) if one.name == "kubectl"] == ["found"]
    assert list(here.iterdir()) == []


def sources() -> list[Path]:
    return sorted([*(ROOT / "wizard").rglob("*.py"), *(ROOT / "screens").rglob("*.py")])


RUNS = re.compile(
    r"^(subprocess|_posixsubprocess|pty|multiprocessing|concurrent\.futures)\.(?!Executor)|\bcreate_subprocess_|"
    r"^os\.(system|popen|spawn|exec|posix_spawn|fork|startfile)|\.subprocess_(exec|shell)$|ProcessPoolExecutor"
)
"""What starts a program or another process, under any name by which it is imported."""


@pytest.mark.parametrize(
    "name",
    [
        "subprocess.run", "os.system", "os.posix_spawnp", "os.execvp", "os.forkpty", "pty.spawn", "loop.subprocess_exec",
        "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_exec", "self._loop.subprocess_shell",
    ],
)  # fmt: skip
def test_what_runs_a_program_is_known_for_it(name: str) -> None:
    assert RUNS.search(name)


def test_no_shell_is_started_and_every_certificate_is_validated() -> None:
    """What runs programs, and how, in all of the source: a list of arguments, two places, never a shell."""
    runners = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                taken = {f"{node.module}.{alias.name}" for alias in node.names}
                assert not [name for name in taken if RUNS.search(name)], (
                    f"{path}: call it by its module's name"
                )
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if RUNS.search(name):
                    runners.add(f"{path.relative_to(ROOT)}: {name}")
                for keyword in node.keywords:
                    off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                    assert keyword.arg != "shell", path
                    assert not (
                        keyword.arg in {"verify", "connection_verify", "ssl", "check_hostname"} and off
                    ), path
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"CERT_NONE", "_create_unverified_context"}, path
    assert runners == {"wizard/system/processes.py: asyncio.create_subprocess_exec"}
    assert not [path for path in sources() if "aio.AzureCliCredential" in path.read_text("utf-8")], (
        "azure-identity's own finds and runs `az` by itself"
    )


async def test_the_simulated_azure_listens_to_this_machine_alone(tmp_path: Path) -> None:
    from wizard.simulator import Simulator

    assert "--host" not in run("simulator", "--help", home=tmp_path).out
    assert "--bind" not in run("simulator", "--help", home=tmp_path).out
    async with Simulator() as simulator:
        port = int(simulator.arm_endpoint.rpartition(":")[2])
        addresses = {
            line.split()[1].split(":")[0]
            for line in listening().splitlines()
            if f":{port:04X} " in line and line.split()[3] == "0A"
        }
        assert addresses == {"0100007F"}, "127.0.0.1, and nothing else"


async def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The files of a persistent simulator: its environment, state and record hold secrets of the simulated Azure."""
    from wizard.simulator import Simulator

    before = os.umask(0)
    try:
        async with Simulator(state=tmp_path / "state", record=tmp_path / "record"):
            pass
    finally:
        os.umask(before)
    written = modes(tmp_path)
    assert not [name for name, mode in written.items() if mode & 0o077], written

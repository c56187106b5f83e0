"""The tools beside this one, as real executables of every kind that a machine may have on its PATH."""

import json
import sys
from pathlib import Path

import pytest

from tests.support import gone
from wizard.cloud.tools import Prerequisite, check


class Toolbox:
    """A directory of small executables, and an environment in which no other program is found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": str(folder), "HOME": str(folder)}

    def add(self, name: str, body: str, *, mode: int = 0o755) -> Path:
        path = self.folder / name
        path.write_text(f"#!{sys.executable} -S\nimport json, os, sys\n{body}\n")
        path.chmod(mode)
        return path

    def az(self, version: str = "2.91.0", extensions: dict[str, str] | None = None) -> Path:
        said = {"azure-cli": version, "azure-cli-core": version, "extensions": extensions or {}}
        return self.add("az", f"print({json.dumps(said)!r})")

    def kubectl(self, version: str = "v1.34.2") -> Path:
        return self.add("kubectl", f"print({json.dumps({'clientVersion': {'gitVersion': version}})!r})")

    async def found(self, limit: float = 30) -> dict[str, Prerequisite]:
        return {tool.name: tool for tool in await check(self.environment, time_limit=limit)}


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    return Toolbox(tmp_path)


async def test_tools_that_are_installed_need_no_remedy(toolbox: Toolbox):
    az, kubectl = (
        toolbox.az("2.73.0", {"aks-preview": "19.0.0b13", "ssh": "2.0.6"}),
        toolbox.kubectl("v1.34.2"),
    )
    tools = await toolbox.found()
    assert [(t.state, t.found, t.remedy) for t in tools.values()] == [
        ("found", "2.73.0", ""),
        ("found", "19.0.0b13", ""),
        ("found", "1.34.2", ""),
    ]
    assert tools["Azure CLI"].path == str(az)
    assert tools["kubectl"].path == str(kubectl)


async def test_missing_tools_come_with_the_command_that_installs_them(toolbox: Toolbox):
    tools = await toolbox.found()
    assert {tool.state for tool in tools.values()} == {"missing"}
    assert "install" in tools["Azure CLI"].remedy
    assert tools["aks-preview extension"].remedy == "az extension add --name aks-preview"
    assert tools["kubectl"].remedy == "az aks install-cli"
    assert all(tool.path is None and tool.found is None for tool in tools.values())


async def test_each_tool_says_what_needs_it(toolbox: Toolbox):
    needed_by = [tool.needed_by for tool in (await toolbox.found()).values()]
    assert needed_by == ["the exported script only"] * 2 + ["checks inside the cluster only"]


async def test_extension_is_missing_if_only_the_azure_cli_is_installed(toolbox: Toolbox):
    toolbox.az(extensions={"account": "0.2.5"})
    tools = await toolbox.found()
    assert tools["Azure CLI"].state == "found"
    assert tools["aks-preview extension"].state == "missing"
    assert tools["aks-preview extension"].remedy == "az extension add --name aks-preview"


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("2.72.9", "too old"),
        ("2.9.0", "too old"),
        ("2.73.0", "found"),
        ("2.100.0", "found"),
        ("3.0.0", "found"),
    ],
)
async def test_azure_cli_version_is_compared_as_a_version(toolbox: Toolbox, version: str, state: str):
    toolbox.az(version, {"aks-preview": "19.0.0b13"})
    tool = (await toolbox.found())["Azure CLI"]
    assert (tool.state, tool.found) == (state, version)
    assert tool.remedy == ("az upgrade" if state == "too old" else "")


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("18.0.0b40", "too old"),
        ("19.0.0b9", "too old"),
        ("19.0.0b12", "too old"),
        ("19.0.0b13", "found"),
        ("19.0.0rc1", "found"),
        ("19.0.0", "found"),
        ("21.0.0b3", "found"),
    ],
)
async def test_extension_betas_are_ordered_by_pep_440(toolbox: Toolbox, version: str, state: str):
    toolbox.az(extensions={"aks-preview": version})
    tool = (await toolbox.found())["aks-preview extension"]
    assert (tool.state, tool.found) == (state, version)
    assert tool.remedy == ("az extension update --name aks-preview" if state == "too old" else "")


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("sys.exit(3)", "exit code 3"),
        ("print('ERROR: broken')", "did not print JSON"),
        ("print('[' * 100000)", "did not print JSON"),
        ("print('[1, 2]')", "did not report its version"),
        ("print('{}')", "did not report its version"),
        ("""print('{"azure-cli": 7}')""", "did not report its version"),
        ("""print('{"azure-cli": "newest"}')""", "is not a valid version"),
        ("sys.stdout.buffer.write(bytes(range(256)))", "did not print JSON"),
    ],
)
async def test_tool_with_unexpected_output_is_unknown_with_the_reason(toolbox: Toolbox, body: str, note: str):
    toolbox.add("az", body)
    tool = (await toolbox.found())["Azure CLI"]
    assert tool.state == "unknown"
    assert note in tool.note
    assert tool.remedy == "az version"


async def test_tool_that_is_not_a_program_is_unknown(toolbox: Toolbox):
    path = toolbox.folder / "kubectl"
    path.write_text("this is no program")
    path.chmod(0o755)
    tool = (await toolbox.found())["kubectl"]
    assert tool.state == "unknown"
    assert "cannot be run" in tool.note


async def test_file_that_is_not_executable_is_missing(toolbox: Toolbox):
    toolbox.add("kubectl", "print('{}')", mode=0o644)
    assert (await toolbox.found())["kubectl"].state == "missing"


async def test_tool_that_hangs_is_ended_with_all_its_processes(toolbox: Toolbox):
    mark = toolbox.folder / "pids"
    toolbox.add(
        "az",
        f"import subprocess\nchild = subprocess.Popen(['/bin/cat'], stdin=subprocess.PIPE)\n"
        f"open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\nchild.wait()",
    )
    toolbox.kubectl()
    tools = await toolbox.found(limit=2)
    assert tools["Azure CLI"].state == "unknown"
    assert "did not answer within 2 s" in tools["Azure CLI"].note
    assert tools["kubectl"].state == "found"
    for pid in mark.read_text().split():
        await gone(int(pid))


async def test_endless_output_is_stopped(toolbox: Toolbox):
    toolbox.add("az", "while True: sys.stdout.write('x' * 65536)")
    found = (await toolbox.found())["Azure CLI"]
    assert found.state == "unknown"
    assert found.note.endswith("printed too much"), "not the message of the time limit"


async def test_tools_get_no_credentials(toolbox: Toolbox):
    seen = toolbox.folder / "seen"
    toolbox.add("az", f"open({str(seen)!r}, 'w').write(json.dumps(dict(os.environ)))\nprint('{{}}')")
    secret = {
        "AZURE_CLIENT_SECRET": "do-not-tell",
        "AZURE_CLIENT_ID": "4444",
        "IDENTITY_HEADER": "do-not-tell",
    }
    await check({**toolbox.environment, **secret, "AZURE_CONFIG_DIR": "/elsewhere"})
    given = json.loads(seen.read_text())
    assert "do-not-tell" not in given.values()
    assert not set(secret) & set(given)
    assert given["AZURE_CONFIG_DIR"] == "/elsewhere"


async def test_tool_output_is_sanitized(toolbox: Toolbox):
    toolbox.kubectl("v1.34\x1b]0;owned\x07.2\x1b[31m")
    assert (await toolbox.found())["kubectl"].found == "1.34.2"


async def test_tool_in_a_relative_folder_is_not_run(toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch):
    """The path depends on the current folder; see tests/hostile/test_programs.py."""
    path = toolbox.kubectl()
    monkeypatch.chdir(toolbox.folder.parent)
    tools = await check({"PATH": toolbox.folder.name})
    assert (tools[2].state, tools[2].path) == ("missing", None)
    assert tools[2].note.startswith(f"{path} is not run")


async def test_no_tools_are_found_without_path():
    assert [tool.state for tool in await check({})] == ["missing"] * 3

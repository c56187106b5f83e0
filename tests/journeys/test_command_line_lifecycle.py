"""The behaviour of commands: start-up, confirmation, interruption, resuming, and sanitized output."""

import asyncio
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import signed_in_az
from tests.journeys.command_line import COMMAND, Shell
from tests.journeys.conftest import StartShell
from tests.simulated.procedure.test_key_rotation import encrypted
from tests.support import LIMIT, answers, cluster_id
from wizard.procedure.cluster_lock import ClusterLock
from wizard.system.signals import END_SIGNALS

PLATFORM = answers("platform-managed").to_yaml()

LOADED = """
import sys
sys.argv = ["aks-kms", *sys.argv[1:]]
from screens.cli.main import main
try:
    main()
finally:
    heavy = {"pydantic", "textual", "rich", "azure", "azure.mgmt.containerservice", "aiohttp", "ruamel", "cryptography", "msal", "requests"}
    if sys.argv[1:] in (["--help"], ["--version"]):  # here a few milliseconds count
        heavy |= {"shutil", "shlex", "unicodedata", "importlib.resources", "wizard.cloud", "wizard.system"}
    print("LOADED", *sorted(heavy & {part for name in sys.modules for part in (name, name.partition(".")[0])}), file=sys.stderr)
"""


# -- start-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["apply", "--help"],
        ["verify", "-h"],
        ["nonsense"],
        ["completion", "bash"],
        [],
    ],
    ids=" ".join,
)
def test_light_commands_import_no_heavy_packages(arguments: list[str], shell: Shell):
    done = shell.run(*arguments, command=[sys.executable, "-c", LOADED])
    assert done.err.splitlines()[-1].split() == ["LOADED"], done.err


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["verify", "-g", "rg-bank", "-n", "bank-ledger"], ["aiohttp", "azure"]),
        (["clusters"], ["aiohttp", "azure"]),
        (["export", "-g", "rg-bank", "-n", "bank-ledger"], ["aiohttp", "azure"]),
        (
            ["apply", "-f", "-", "--yes"],
            ["aiohttp", "azure", "azure.mgmt.containerservice", "pydantic", "ruamel"],
        ),
        (["plan", "-f", "-"], ["aiohttp", "azure", "pydantic", "ruamel"]),
    ],
    ids=lambda value: value[0],
)
def test_commands_import_only_what_they_need(
    arguments: list[str], needed: list[str], start_shell: StartShell
):
    """Signed in by the Azure CLI, which needs neither azure-identity nor msal and requests; of the SDK of AKS, only to change a
    cluster."""
    shell = start_shell()
    assert shell.simulator is not None
    done = shell.run(
        *arguments,
        stdin=PLATFORM,
        command=[sys.executable, "-c", LOADED],
        environment=signed_in_az.environment(shell.simulator, shell.home / "programs"),
    )
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1].split() == ["LOADED", *needed], done.err


def test_a_sign_in_with_a_secret_needs_no_library_of_its_own(start_shell: StartShell):
    shell = start_shell()
    done = shell.run("clusters", command=[sys.executable, "-c", LOADED])
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1].split() == ["LOADED", "aiohttp", "azure"], done.err


@pytest.mark.parametrize(
    "words",
    ["", "verify -", "--simulate=", "--timeout=", "runs show ", "simulator --scenario "],
)
def test_completion_imports_no_heavy_packages(words: str, shell: Shell):
    asked = {"_AKS_KMS_COMPLETE": "bash_complete", "COMP_WORDS": f"aks-kms {words}"}
    asked["COMP_CWORD"] = str(len(f"{words}.".split()))
    done = shell.run(command=[sys.executable, "-c", LOADED], environment=asked)
    assert done.err.splitlines()[-1].split() == ["LOADED"], done.err


def test_the_first_frame_imports_nothing_of_azure_and_no_answers():
    code = "import sys, screens.app, screens.cli.wizard; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = {
        "aiohttp",
        "azure",
        "pydantic",
        "wizard.cloud.arm",
        "wizard.cloud.encryption",
        "screens.session.draft",
    }
    assert not late & set(done.stdout.split())


def test_the_help_names_every_command_and_the_exit_codes(shell: Shell):
    for group in ("answers", "runs"):
        assert "..." not in shell.run(group, "--help").out.partition("Commands:")[2], "cut at 80 columns"
    done = shell.run("--help")
    assert done.code == 0
    for command in ("check", "clusters", "plan", "apply", "verify", "script", "answers", "runs", "simulator"):
        assert f"\n  {command} " in done.out
        assert shell.run(command, "--help").code == 0
    assert "130 interrupted (resumable)" in " ".join(done.out.split())


def test_the_version_is_that_of_the_package(shell: Shell):
    from wizard import __version__

    assert shell.run("--version").out == f"aks-kms, version {__version__}\n"


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--simulate", "check"], 0),
        (["--simulate", "clusters"], 0),
        (["--simulate", "plan", "-f", "answers.yaml"], 0),
        (["--simulate", "--speed=max", "apply", "-f", "answers.yaml", "--yes"], 0),
        (["--simulate", "verify", "-g", "rg-demo", "-n", "aks-demo"], 1),
        (["--simulate", "rotate", "-g", "rg-web", "-n", "web-stage", "--yes"], 0),
        (["script", "-f", "answers.yaml"], 0),
        (["answers", "schema"], 0),
        (["runs", "list"], 0),
        (["simulator", "--list"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_command_runs_as_a_process(arguments: list[str], code: int, shell: Shell):
    shell.write("answers.yaml", PLATFORM)
    done = shell.run(*arguments, command=COMMAND)
    assert done.code == code, done.err
    assert done.out or done.err
    assert "Traceback" not in done.err


# -- reading ----------------------------------------------------------------------------------------------------------


def test_missing_tools_do_not_fail_the_check(start_shell: StartShell):
    shell = start_shell()
    done = shell.run("check", environment={"PATH": str(shell.home)})
    assert done.code == 0, done.err
    assert "aks-kms itself needs none of these tools" in done.out
    assert "signed in as application 44444444-4444-4444-4444-444444444444" in done.out
    body = shell.run("check", "-o", "json", environment={"PATH": str(shell.home)}).json
    assert {tool["state"] for tool in body["prerequisites"]} == {"missing"}
    assert {row["name"] for row in body["sign_in"]["subscriptions"]} == {
        "Contoso Production",
        "Contoso Development",
    }


def test_the_clusters_are_listed_with_their_encryption(start_shell: StartShell):
    shell = start_shell()
    rows = {row["name"]: row for row in shell.run("clusters", "-o", "json").json["clusters"]}
    assert len(rows) >= 12
    assert {row["encryption"] for row in rows.values()} == {
        "none",
        "platform-managed",
        "customer-managed",
        "legacy-kms",
    }
    assert rows["legacy-erp"]["why_not"] == "needs 1.33"
    text = shell.run("clusters", "--subscription", "contoso production", "-o", "wide")
    assert text.code == 0
    assert "legacy KMS, versioned key" in text.out
    assert "Contoso Development" not in text.out


def test_azure_options_are_accepted_before_and_after_the_command(shell: Shell):
    before = shell.run("--simulate", "--speed", "max", "clusters", "-o", "json")
    after = shell.run("clusters", "-o", "json", "--speed", "max", "--simulate")
    empty = shell.run("clusters", "--simulate=empty", "-o", "json")
    assert (before.code, after.code, empty.code) == (0, 0, 0)
    assert before.json == after.json
    assert empty.json["clusters"] == []


def test_the_simulator_ignores_the_settings_of_real_azure(shell: Shell):
    elsewhere: dict[str, str | None] = {
        "AZURE_TENANT_ID": "99999999-9999-9999-9999-999999999999",
        "AZURE_FEDERATED_TOKEN_FILE": "/nowhere",
        "https_proxy": "http://127.0.0.1:1",
        "AKS_KMS_ARM_ENDPOINT": "https://localhost:1",
    }
    assert shell.run("--simulate", "clusters", environment=elsewhere).code == 0


@pytest.mark.parametrize(
    ("name", "group", "encryption", "code"),
    [
        ("bank-cards", "rg-bank", "customer-managed", 0),
        ("web-stage", "rg-web", "platform-managed", 0),
        ("aks-demo", "rg-demo", "none", 1),
    ],
)
def test_a_cluster_is_verified_by_its_name(
    name: str, group: str, encryption: str, code: int, start_shell: StartShell
):
    shell = start_shell()
    done = shell.run("verify", "-g", group, "-n", name, "-o", "json")
    assert done.code == code, done.err
    assert done.json["summary"].items() >= {"total": 1, "passed": 1 - code, "failed": code}.items()
    [cluster] = done.json["clusters"]
    assert (cluster["name"], cluster["encryption"]) == (name, encryption)
    assert all({"code", "passed", "message", "remedy"} <= set(check) for check in cluster["checks"])
    truth = shell.simulator.resource(cluster_id(name, group)) if shell.simulator else None
    assert truth is not None
    assert cluster["security_profile"] == truth["properties"].get("securityProfile", {})


def test_several_clusters_are_verified_and_unreadable_ones_are_reported(
    start_shell: StartShell,
):
    shell = start_shell()
    ids = [
        cluster_id("bank-cards", "rg-bank"),
        cluster_id("nowhere", "rg-bank"),
        cluster_id("web-stage", "rg-web"),
    ]
    asked = [word for id_ in ids for word in ("--id", id_)]
    done = shell.run("verify", *asked, "-o", "json")
    assert done.code == 1
    assert done.json["summary"].items() >= {"total": 3, "passed": 2, "failed": 1}.items()
    assert [row["id"] for row in done.json["unreadable"]] == [ids[1]]
    assert "nowhere could not be read" in done.err
    lines = shell.run("verify", *asked, "-o", "jsonl").lines
    assert sorted(line["passed"] for line in lines) == [False, True, True]
    markdown = shell.run("verify", *asked, "-o", "markdown").out
    assert "## bank\\-cards" in markdown or "## bank-cards" in markdown
    assert "| --- | --- | --- | --- |" in markdown


def test_expect_compares_the_cluster_with_an_answers_file(start_shell: StartShell):
    shell = start_shell()
    chosen = answers("customer-managed-private", cluster={"name": "bank-cards"}, resource_group="rg-bank")
    done = shell.run("verify", "--expect", shell.write("answers.yaml", chosen.to_yaml()), "-o", "json")
    assert done.code == 1
    failed = {check["code"] for check in done.json["clusters"][0]["checks"] if not check["passed"]}
    assert failed == {"expected-key", "expected-network-access", "expected-identity", "expected-vault"}


def test_control_sequences_from_azure_are_removed_from_output(start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    evil = "1.34.2\x1b]0;owned\x07\x1b[2J\u202e"
    shell.simulator.change(
        cluster_id("bank-cards", "rg-bank"), {"properties": {"currentKubernetesVersion": evil}}
    )
    for command in (
        ["clusters"],
        ["verify", "--id", cluster_id("bank-cards", "rg-bank")],
        ["verify", "--id", cluster_id("bank-cards", "rg-bank"), "-o", "markdown"],
    ):
        done = shell.run(*command)
        assert "1.34.2" in done.out
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


# -- documents --------------------------------------------------------------------------------------------------------


def test_a_script_is_generated_without_contacting_azure(shell: Shell):
    done = shell.run(
        "script", "-f", shell.write("answers.yaml", answers("customer-managed-public").to_yaml())
    )
    assert done.code == 0, done.err
    assert done.out.startswith("#!/usr/bin/env bash\n")
    assert "--azure-keyvault-kms-key-vault-network-access Public" in done.out


def test_answers_are_read_from_stdin(shell: Shell):
    assert shell.run("script", "-f", "-", stdin=PLATFORM).code == 0
    done = shell.run("script", "-f", "-", stdin="version: 2")
    assert done.code == 2
    assert "stdin: version: 2 is not valid here. Write 1." in done.err
    done = shell.run("plan", "-f", "-", stdin="#" * (1 << 20))
    assert (done.code, done.out) == (2, "")
    assert "stdin: this is too large: an answers file has at most 256 KiB." in done.err


def test_the_schema_of_answers_files_is_printed(shell: Shell):
    done = shell.run("answers", "schema")
    assert done.code == 0
    assert done.json["properties"]["key_option"]["enum"] == ["platform-managed", "customer-managed"]


# -- confirmation, interruption, resuming -----------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("typed", "code"), [("aks-demo\n", 0), ("yes\n", 1), ("\n", 1)])
def test_on_a_terminal_the_cluster_name_confirms_the_plan(typed: str, code: int, start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    file = shell.write("answers.yaml", PLATFORM)
    with shell.terminal("apply", "-f", file) as terminal:
        terminal.waits_for("Type the cluster name (aks-demo) to confirm:")
        assert "AKS cannot disable this encryption later." in terminal.shown
        assert shell.simulator.writes() == []
        terminal.types(typed)
        assert terminal.ends() == code
    assert bool(shell.simulator.writes()) is (code == 0)
    assert ("secrets are encrypted" in terminal.shown) is (code == 0)
    assert ("No changes were made" in terminal.shown) is (code == 1)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("answer", ["", "\x04", "no\n"], ids=["Ctrl-C", "Ctrl-D", "no"])
def test_a_key_is_not_rotated_without_confirmation(answer: str, start_shell: StartShell, tmp_path: Path):
    shell = start_shell(encrypted(tmp_path))
    with shell.terminal("rotate", "-g", "rg-demo", "-n", "aks-demo") as terminal:
        terminal.waits_for("to confirm:")
        if answer:
            terminal.types(answer)
        else:  # this is not the command's controlling terminal, so Ctrl-C would not reach it
            terminal.process.send_signal(signal.SIGINT)
        assert terminal.ends() == (1 if answer else 130)
    assert ("No changes were made" if answer else "Interrupted.") in terminal.shown
    assert shell.simulator is not None
    assert shell.simulator.writes() == []


def test_a_key_is_rotated_after_confirmation(start_shell: StartShell, tmp_path: Path):
    shell = start_shell(encrypted(tmp_path))
    with shell.terminal("rotate", "-g", "rg-demo", "-n", "aks-demo") as terminal:
        terminal.waits_for("Type the cluster name (aks-demo) to confirm:")
        assert "a new version of kv-demo/aks-kms, which has 1 version now" in terminal.shown
        assert "The old versions must stay enabled" in terminal.shown
        terminal.types("aks-demo\n")
        assert terminal.ends() == 0, terminal.shown
    assert "has a new version" in terminal.shown


# -- refused at the gate ----------------------------------------------------------------------------------------------


def refusal(out: str, output: str) -> dict[str, Any]:
    """Return the JSON body, or the last event, of a refused plan."""
    if output == "json":
        body: dict[str, Any] = json.loads(out[out.index("{\n") : out.rindex("}") + 1])
        assert body["status"] == "refused"
        return body
    *_, line = (
        line for line in out.splitlines() if line.startswith('{"time"')
    )  # a terminal shows stderr too
    last: dict[str, Any] = json.loads(line)
    assert (last["type"], last["status"]) == ("run-finished", "failed")
    return last


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_a_plan_refused_by_the_gate_is_reported_on_stdout(output: str, start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    asked = ("apply", "-f", shell.write("answers.yaml", PLATFORM), "-o", output)
    unconfirmed = shell.run(*asked, "--confirm", "abcdef012345")
    assert unconfirmed.code == 1
    assert "is not the digest of the current plan" in refusal(unconfirmed.out, output)["message"]
    assert "No changes were made. Run `aks-kms plan`" in unconfirmed.err

    lock = ClusterLock(
        shell.simulator.arm_endpoint, cluster_id(), root=shell.home / "state" / "aks-kms" / "locks"
    )
    asyncio.run(lock.acquire())
    held = shell.run(*asked, "--yes")
    lock.release()
    assert held.code == 1
    assert "is working on the cluster aks-demo" in refusal(held.out, output)["message"]
    assert "What to do: Wait until it ends" in held.err
    assert shell.simulator.writes() == []
    assert shell.run("runs", "list", "-o", "json").json == {"runs": []}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("output", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("aks-demo\n", "Azure has changed"),
        ("aks-demo\n", "aks-demo could not be read"),
        ("no\n", "the confirmation does not match aks-demo"),
    ],
)
def test_a_plan_refused_after_the_confirmation_is_reported_on_stdout(
    output: str, typed: str, said: str, start_shell: StartShell
):
    shell = start_shell()
    assert shell.simulator is not None
    with shell.terminal("apply", "-f", shell.write("answers.yaml", PLATFORM), "-o", output) as terminal:
        terminal.waits_for("to confirm:")
        shell.simulator.change(cluster_id(), {"properties": {"currentKubernetesVersion": "1.29.9"}})
        if "read" in said:  # the gate cannot read the cluster
            refused = {"status": 403, "code": "AuthorizationFailed", "message": "No more."}
            match = {"method": "GET", "path": "*/managedclusters/aks-demo"}
            shell.simulator.inject_faults({"match": match, "answer": refused})
        terminal.types(typed)
        assert terminal.ends() == 1
    stdout = terminal.shown.replace("\r\n", "\n").partition("to confirm:")[2].partition("✗")[0]
    assert said in refusal(stdout, output)["message"]
    assert shell.simulator.writes() == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize("number", END_SIGNALS, ids=lambda number: number.name)
def test_an_interrupted_run_is_reported_and_can_be_resumed(number: signal.Signals, start_shell: StartShell):
    shell = start_shell("feature-pending", speed=60)
    process = shell.start("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "jsonl")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "step-progress":
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    last = json.loads(out.splitlines()[-1])
    assert (last["type"], last["status"]) == ("run-finished", "interrupted")
    assert "Interrupted." in err
    run = err.split("aks-kms runs resume ")[1].split()[0]
    [listed] = shell.run("runs", "list", "-o", "json").json["runs"]
    assert (listed["id"], listed["status"]) == (run, "interrupted")
    report = shell.run("runs", "report", run)
    assert report.code == 1
    assert "its status is interrupted" in report.err

    if number is END_SIGNALS[0]:  # resuming does not depend on the signal
        better = start_shell()
        done = better.run("runs", "resume", run, "--yes", "-o", "json")
        assert done.code == 0, done.err
        assert done.json["status"] == "succeeded"


def test_a_failed_step_is_reported_with_azures_message_and_how_to_resume(start_shell: StartShell):
    shell = start_shell("update-fails")
    done = shell.run("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "json")
    assert done.code == 1
    assert done.json["status"] == "failed"
    failed = [step for step in done.json["steps"] if step["status"] == "failed"]
    assert [step["key"] for step in failed] == ["cluster"]
    assert failed[0]["problem"]["code"] in done.err
    assert "Azure said:" in done.err
    assert "What to do:" in done.err
    assert "aks-kms runs resume" in done.err
    assert [step["status"] for step in done.json["steps"] if step["key"] == "verify"] == ["skipped"]


def test_an_irreversible_run_without_a_journal_has_to_be_asked_for(start_shell: StartShell):
    shell = start_shell()
    (shell.home / "state").write_text("a file where a directory should be")
    arguments = ("apply", "-f", shell.write("answers.yaml", PLATFORM), "--yes", "-o", "json")
    refused = shell.run(*arguments)
    assert (refused.code, refused.json["status"]) == (1, "refused")
    assert "add --no-journal" in refused.err
    assert shell.simulator is not None
    assert shell.simulator.writes() == []
    done = shell.run(*arguments, "--no-journal")
    assert done.code == 0
    assert "The journal of this run cannot be written" in done.err
    assert "Continuing without a journal." in done.err
    assert done.json["journal"] is None


def test_the_journal_contains_no_secret_and_is_private(start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    secret = shell.simulator.environment["AZURE_CLIENT_SECRET"]
    file = shell.write("answers.yaml", answers("customer-managed-public").to_yaml())
    done = shell.run("apply", "-f", file, "--yes", "-v")
    assert done.code == 0, done.err
    assert secret not in done.out + done.err
    root = shell.home / "state" / "aks-kms"
    kept = [path for path in root.rglob("*") if path.is_file()]
    assert {path.name for path in kept if path.suffix != ".lock"} == {
        "answers.yaml",
        "plan.json",
        "events.jsonl",
        "run.log",
        "report.json",
    }
    for path in kept:
        assert secret not in path.read_text("utf-8")
        assert "eyJ" not in path.read_text("utf-8"), "a token"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(
        stat.S_IMODE(path.stat().st_mode) == 0o700 for path in [root, *root.rglob("*")] if path.is_dir()
    )


# -- the simulator ----------------------------------------------------------------------------------------------------


def test_a_separate_simulator_serves_other_commands_and_persists_its_state(shell: Shell):
    env, state, record = shell.home / "env", shell.home / "state.db", shell.home / "record"
    options = ["--speed", "max", "--env", str(env), "--state", str(state), "--record", str(record)]
    file = shell.write("answers.yaml", PLATFORM)

    first = shell.start("simulator", *options)
    _serving(first)
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert shell.run("apply", "-f", file, "--yes", environment=_sourced(env)).code == 0
    _ended(first)
    recorded = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert {"time", "method", "path", "api_version", "status", "request", "response"} <= set(recorded[0])

    second = shell.start("simulator", *options)
    _serving(second)
    done = shell.run("verify", "--expect", file, "-o", "json", environment=_sourced(env))
    assert done.code == 0, done.err
    _ended(second)


def test_a_port_in_use_is_an_error(start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    port = shell.simulator.arm_endpoint.rsplit(":", 1)[1]
    done = shell.run("simulator", "--port", port)
    assert done.code == 2
    assert "choose another --port" in done.err


def test_the_built_in_scenarios_are_listed(shell: Shell):
    done = shell.run("simulator", "--list")
    assert done.code == 0
    assert "contoso" in done.out
    assert "no-rights" in done.out


def test_a_closed_pipe_causes_no_traceback(shell: Shell):
    done = shell.run(
        command=["sh", "-c", f"{sys.executable} -m screens answers schema | head -c 10"],
    )
    assert "Traceback" not in done.err


_FULL = ("> /dev/full", "✗ The output cannot be written: No space left on device.")
_CLOSED = (">&-", "✗ The output cannot be written: Bad file descriptor.")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("into", "said", "options"),
    [
        ("| true", "", "--simulate --speed max clusters -o jsonl"),
        (*_FULL, "--simulate --speed max clusters -o jsonl"),
        *((*how, options) for how in (_FULL, _CLOSED) for options in ("--help", "simulator --list")),
        (*_CLOSED, "answers schema"),
        (*_FULL, "answers example platform-managed"),
    ],
)
def test_unwritable_output_is_no_internal_error(into: str, said: str, options: str, shell: Shell):
    """The pipe's reader is gone before the first cluster is read."""
    done = shell.run(
        command=["sh", "-c", f"{{ {sys.executable} -m screens {options}; echo code $? >&2; }} {into}"]
    )
    assert done.err.splitlines()[-1] == "code 1"
    assert done.err.startswith(said)
    assert "itself failed" not in done.err
    assert "Traceback" not in done.err


def _sourced(file: Path) -> dict[str, str]:
    """Return what a shell has exported after it has read this file."""
    done = subprocess.run(
        ["sh", "-c", f". {file} && env -0"], env={}, check=True, capture_output=True, encoding="utf-8"
    )
    return dict(
        line.split("=", 1) for line in done.stdout.split("\0") if line and not line.startswith("PWD=")
    )


def _serving(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "listens on https://localhost:" in line, line + process.stderr.read()


def _ended(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 130


def test_the_simulator_prints_the_schema_of_scenario_files(shell: Shell) -> None:
    done = shell.run("simulator", "--schema")
    assert done.code == 0
    assert {"extends", "subscriptions", "faults"} <= json.loads(done.out)["properties"].keys()

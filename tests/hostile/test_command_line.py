"""The command line in one table: the arguments, the exit code, and the messages."""

import ast
import asyncio
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from screens.cli.options import Settings
from tests.in_process import run
from tests.journeys.command_line import Shell
from tests.simulated.procedure.test_key_rotation import encrypted
from tests.support import DEVELOPMENT, KEY_OPTIONS, LIMIT, PRODUCTION, answers, cluster_id
from wizard.procedure.cluster_lock import ClusterLock

RUN = "20260101-000000-aks-demo"
# fmt: off
ROWS = [
    ("", 2, "✗ The wizard needs a terminal: stdin is not a terminal."),
    ("--version", 0, "aks-kms, version "),
    ("--help", 0, "Usage: aks-kms [OPTIONS] [COMMAND] [ARGS]..."),
    ("nonsense", 2, "Error: There is no command 'nonsense'. The commands are: check, clusters, plan, apply, verify, rotate, script, export, answers, runs, simulator, completion."),
    ("verfy", 2, "Error: There is no command 'verfy'. Did you mean verify?"),
    ("--nope", 2, "Error: No such option '--nope'. Did you mean '--speed'?"),
    ("--simulate contoso", 2, "Error: There is no command 'contoso'. Use an equals sign to select a scenario: --simulate=contoso"),
    ("help verify", 2, "Error: There is no command 'help'. Use aks-kms verify --help"),
    ("--patience role-wait=60 clusters", 2, "Error: Invalid value for '--patience': This option is now --timeout NAME=SECONDS."),
    ("--timeout rolewait=3600 clusters", 2, "Error: Invalid value for '--timeout': … Did you mean role-assignment? The timeouts are: role-propagation-private, "),
    ("--simulate check", 0, "✓ Azure"),
    ("--simulate clusters", 0, "CLUSTER RESOURCE"),
    ("--simulate=nowhere clusters", 2, "Error: There is no scenario 'nowhere': it is neither a file nor a built-in scenario. `aks-kms simulator --list` shows the built-in ones."),
    ("--simulate=contso clusters", 2, "Error: There is no scenario 'contso': it is neither a file nor a built-in scenario. Did you mean contoso?"),
    ("--simulate=principles.yaml clusters", 2, "Error: The scenario 'principles.yaml' is invalid at principles: Extra inputs are not permitted (1 problem(s) in all). Did you mean principals?"),
    ("--speed=3 clusters", 2, "Error: --speed requires --simulate. Add --simulate or remove --speed."),
    ("--simulate --speed=0 clusters", 2, "Error: Invalid value for '--speed': '0' is not a speed: give a number above 0, or max."),
    ("--simulate --cloud=AzureCloud clusters", 2, "Error: --cloud cannot be used with --simulate: the simulator is a cloud of its own. Remove one of them."),
    ("--cloud=Nowhere clusters", 2, "Error: Invalid value for '--cloud': 'Nowhere' is not one of 'AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'."),
    ("AKS_KMS_ARM_ENDPOINT=https://localhost:1 --cloud=AzureUSGovernment clusters", 2, "Error: --cloud AzureUSGovernment and AKS_KMS_ARM_ENDPOINT=https://localhost:1 both select the cloud. Remove --cloud, or unset the variable and the credentials that belong to it."),
    ("AKS_KMS_ARM_ENDPOINT=https://localhost:1 --arm-endpoint=https://localhost:2 clusters", 3, "✗ The metadata document of https://localhost:2 could not be read."),
    ("--cloud=AzureCloud --arm-endpoint=https://x clusters", 2, "Error: --cloud and --arm-endpoint both select the cloud. Remove one of them."),
    ("script -f customer-managed-public.yaml --arm-endpoint=https://x", 2, "Error: --arm-endpoint requires --live. Add --live or remove --arm-endpoint."),
    ("--simulate=unwell.yaml --speed=max check", 3, "✗ The subscriptions could not be listed."),
    ("--simulate=unwell.yaml --speed=max clusters", 3, "✗ The subscriptions could not be listed."),
    ("--simulate=unwell-in-one.yaml --speed=max plan -f platform-managed.yaml", 3, "✗ The resource group rg-demo could not be read."),
    ("--simulate=unwell.yaml --speed=max verify --expect platform-managed.yaml", 3, "✗ The cluster aks-demo could not be read."),
    ("AKS_KMS_TIMEOUTS=throttling=60 --simulate=unwell-in-lists.yaml --speed=max verify -g x -n y", 3, "✗ The clusters of Contoso Development could not be listed. … is not complete. Subscriptions that could not be read: Contoso Development, Contoso Production."),
    ("AKS_KMS_TIMEOUTS=throttling=60,update-retry=60 --simulate=unwell-in-writing.yaml --speed=max apply -f platform-managed.yaml --yes", 1, "✗ aks-demo: step 4 of 5 failed (cluster). The cluster aks-demo could not be updated."),
    ("--credential=magic clusters", 2, "Error: Invalid value for '--credential': 'magic' is not one of 'auto', 'environment', 'workload-identity', 'managed-identity', 'azure-cli', 'device-code', 'browser'."),
    ("clusters", 3, "✗ You are not signed in to Azure."),
    ("--arm-endpoint=https://127.0.0.1:1 clusters", 3, "✗ The metadata document of https://127.0.0.1:1 could not be read."),
    ("--arm-endpoint=nonsense clusters", 2, "✗ 'nonsense' is not an https:// URL."),
    ("clusters -o yaml", 2, "Error: Invalid value for '-o' / '--output': 'yaml' is not one of 'table', 'wide', 'json', 'jsonl'."),
    ("--simulate clusters --subscription=x", 2, "✗ application 44444444-4444-4444-4444-444444444444 has no access to a subscription 'x'."),
    ("--simulate clusters --location=nowhere", 1, "✗ No cluster matches the filters."),
    ("plan", 2, "Error: Missing option '-f' / '--file'. `aks-kms answers example customer-managed-private > answers.yaml` creates an answers file; "),
    ("verify aks-demo", 2, "Error: Got unexpected extra argument (aks-demo). A cluster is given with its options: -g RESOURCE-GROUP -n NAME, or --id ID."),
    ("--simulate plan -f none.yaml", 2, "Error: none.yaml: the file cannot be read: No such file or directory. Give the path of an answers file."),
    ("--simulate plan -f odd.yaml", 2, "Error: odd.yaml: lokation: unknown key. Did you mean location?"),
    ("--simulate plan -f platform-managed.yaml", 0, "Encrypt aks-demo with a platform-managed key"),
    ("--simulate plan --fil platform-managed.yaml", 2, "Error: No such option '--fil'. Did you mean '--file'?"),
    ("--simulate=too-old plan -f platform-managed.yaml", 1, "Encrypt aks-demo with a platform-managed key"),
    ("--simulate=no-rights plan -f customer-managed-private.yaml", 1, "Encrypt aks-demo with a customer-managed key in a private vault"),
    ("apply --help", 0, "Usage: aks-kms apply [OPTIONS] … Azure cloud; `aks-kms --help` lists them. … With -o jsonl, stdout receives the events, one JSON object per line."),
    ("apply -f platform-managed.yaml", 2, "Error: This encryption cannot be disabled later, and stdin is not a terminal, so confirmation is not possible. Review `aks-kms plan` and add --confirm DIGEST with the digest that it prints, or add --yes to skip the review."),
    ("--simulate --speed=max apply -f platform-managed.yaml --yes", 0, "✓ aks-demo: secrets are encrypted with a platform-managed key."),
    ("--simulate --speed=max apply -f platform-managed.yaml --confirm=123", 2, "Error: Invalid value for '--confirm': it is too short: give at least 12 hex digits."),
    ("apply -f platform-managed.yaml --confirm=0123456789xy", 2, "Error: Invalid value for '--confirm': it has characters other than hex digits (0-9, a-f)."),
    ("apply -f platform-managed.yaml --confirm=00000000000000000000000000000000000000000000000000000000000000000", 2, "Error: Invalid value for '--confirm': it is too long: a digest has 64 hex digits."),
    ("--simulate=update-fails --speed=max apply -f platform-managed.yaml --yes", 1, "✗ aks-demo: step 4 of 5 failed (cluster). The cluster aks-demo could not be updated."),
    ("--simulate=no-rights --speed=max apply -f customer-managed-private.yaml --yes", 1, "✗ No changes were made. Fix the errors marked ✗ and try again."),
    ("--simulate --speed=max apply -f platform-managed.yaml --yes --settle=-1", 2, "Error: Invalid value for '--settle': -1.0 is not in the range x>=0."),
    ("verify", 2, "Error: No cluster given. Use -g and -n, --id, --all, or --expect FILE for the cluster in that file. `aks-kms clusters` lists them."),
    ("verify -g x", 2, "Error: -g requires -n. Use both, or --id, or --all for all clusters."),
    ("verify -n x", 2, "Error: -n requires -g. Use both, or --id, or --all for all clusters."),
    ("--simulate=twins.yaml verify -g rg-demo -n aks-demo", 2, "✗ A cluster aks-demo in rg-demo exists in several subscriptions: Contoso Development, Contoso Production."),
    ("verify --all --id x", 2, "Error: --all selects every cluster and cannot be used with --id. Remove one of them."),
    ("verify --failed -g a -n b", 2, "Error: --location, --encryption, --failed and --depth require --all. Add --all or remove them."),
    ("--simulate verify --all --subscription=x", 2, "✗ application 44444444-4444-4444-4444-444444444444 has no access to a subscription 'x'."),
    ("clusters --encryption=some", 2, "Error: Invalid value for '--encryption': 'some' is not one of 'none', 'platform-managed', 'customer-managed', 'legacy-kms'."),
    ("verify --all -n x", 2, "Error: --all selects every cluster and cannot be used with -n. Remove one of them."),
    ("verify --all --evidence -o junit", 2, "Error: --evidence cannot be used with -o junit. Use -o table; -o json, jsonl and markdown always include it."),
    ("verify --all --in-cluster", 2, "Error: --in-cluster cannot be used with --all. Select the clusters with -g and -n, or with --id."),
    ("verify --expect platform-managed.yaml --subscription=x", 2, "Error: --subscription requires -g and -n, or --all: --id and --expect contain the subscription. Remove it."),
    ("verify --id /subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", 2, "Error: --id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v' is the ID of a Microsoft.KeyVault/vaults, not of a Microsoft.ContainerService/managedClusters. Use the ID of a cluster."),
    ("rotate --id /subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", 2, "Error: --id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v' is the ID of a Microsoft.KeyVault/vaults, not of a Microsoft.ContainerService/managedClusters. Use the ID of a cluster."),
    ("verify -g a -g b -n x", 2, "Error: -g can be repeated only with --all. Use it once, or add --all."),
    ("verify --depth=full -g a -n b", 2, "Error: --location, --encryption, --failed and --depth require --all. Add --all or remove them."),
    ("verify --all --allow-unknown=vault-locks", 2, "Error: Invalid value for '--allow-unknown': There is no check 'vault-locks'. Did you mean vault-lock?"),
    ("verify --all --allow-unknown=key-exists", 2, "Error: Invalid value for '--allow-unknown': key-exists is essential: without it, the encryption cannot be verified. Checks that can be left out: "),
    ("--simulate verify --id nonsense", 2, "Error: --id: 'nonsense' is not a resource ID, for example /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…."),
    ("--simulate verify -g rg-demo -n aks-demo", 1, "✗ aks-demo: secrets are not encrypted with a KMS key."),
    ("--simulate verify -g rg-web -n web-stage", 0, "✓ web-stage: secrets are encrypted with a platform-managed key."),
    ("--simulate verify -g rg-demo -n nothing", 1, "✗ There is no cluster nothing in a resource group rg-demo. Subscriptions searched: Contoso Development, Contoso Production."),
    ("--simulate verify --expect platform-managed.yaml", 1, "✗ aks-demo: secrets are not encrypted with a KMS key."),
    ("--simulate verify --all", 1, "CLUSTER"),
    ("--simulate verify --all --location=nowhere", 1, "✗ There is no cluster to verify."),
    ("--simulate rotate -g rg-web -n web-stage --yes", 0, "· web-stage uses a platform-managed key, which AKS rotates automatically. [nothing-to-rotate]"),
    ("rotate --id nonsense", 2, "Error: --id: 'nonsense' is not a resource ID, for example /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…."),
    ("rotate -g x -n y --every=P1D", 2, "Error: Invalid value for '--every': 'P1D'"),
    ("rotate -g x", 2, "Error: No cluster given. Use -g and -n, or --id. `aks-kms clusters` lists them."),
    ("--simulate rotate -g rg-demo -n aks-demo --yes", 1, "✗ The secrets of aks-demo are not encrypted with a KMS key. [not-encrypted]"),
    ("--simulate rotate -g rg-bank -n bank-ledger", 2, "Error: Cannot rotate kv-bank-ledger/ledger-kms without confirmation: stdin is not a terminal. Add --yes."),
    ("--simulate --speed=max rotate -g rg-bank -n bank-ledger --yes", 1, "✗ The key kv-bank-ledger/ledger-kms could not be rotated."),
    ("--simulate rotate -g rg-bank -n bank-ledger --yes --every=1", 2, "Error: Invalid value for '--every': '1' is not a duration: use a value such as P90D, P6M or P1Y."),
    ("script -f platform-managed.yaml", 0, "#!/usr/bin/env bash"),
    ("script -f none.yaml", 2, "Error: none.yaml: the file cannot be read: No such file or directory. Give the path of an answers file."),
    ("export -g x -n y --format=bicep --manage", 2, "Error: --manage requires Terraform: a Bicep or ARM template always owns its properties. Remove --manage."),
    ("export -g x -n y --force", 2, "Error: --force requires --out. Add --out DIR or remove --force."),
    ("--simulate export -g rg-bank -n bank-ledger --out exported", 2, "✗ Files already exist in exported: aks-kms.tf. Nothing was written."),
    ("--simulate export -g rg-bank -n bank-ledger --out odd.yaml/x", 2, "✗ The files could not be written: "),
    ("answers example nothing", 2, "Error: Invalid value for 'KIND': 'nothing' is not one of 'platform-managed', 'customer-managed-private', 'customer-managed-public'."),
    ("answers example platform-managed", 0, "# Answers for aks-kms: a platform-managed key."),
    ("answers schema", 0, "{"),
    ("answers nonsense", 2, "Error: No such command 'nonsense'."),
    ("runs", 2, "Usage: aks-kms runs [OPTIONS] COMMAND [ARGS]..."),
    ("XDG_STATE_HOME=succeeded runs list", 0, "ID CLUSTER"),
    ("runs show", 2, "Error: Missing argument 'ID'. `aks-kms runs list` shows the IDs, newest first."),
    ("runs show nothing", 2, "Error: There is no run 'nothing'"),
    ("runs report nothing", 2, "Error: There is no run 'nothing'"),
    ("runs resume", 2, "Error: Confirmation is not possible: stdin is not a terminal. Add --yes, or --confirm DIGEST."),
    ("XDG_STATE_HOME=failed runs resume --yes", 2, f"✗ There is no run to resume in Azure: {RUN} belongs to another cloud, simulated Azure"),
    ("XDG_STATE_HOME=none runs resume --yes", 2, "✗ There is no run to resume."),
    ("XDG_STATE_HOME=succeeded runs resume --yes", 2, f"✗ There is no run to resume; the newest is {RUN} (succeeded)."),
    (f"XDG_STATE_HOME=running runs resume {RUN} --yes", 1, f"✗ {RUN} is still running. No changes were made."),
    (f"XDG_STATE_HOME=failed runs report {RUN}", 1, f"✗ The run {RUN} has no verification report; its status is failed."),
    ("runs resume nothing --yes", 2, "Error: There is no run 'nothing'"),
    ("simulator --list", 0, "SCENARIO DESCRIPTION"),
    ("simulator --schema", 0, "{"),
    ("simulator --port=99999", 2, "Error: Invalid value for '--port': 99999 is not in the range 0<=x<=65535."),
    ("simulator --scenario=nowhere", 2, "Error: There is no scenario 'nowhere': it is neither a file nor a built-in scenario. `aks-kms simulator --list` shows the built-in ones."),
    ("simulator --speed=fast", 2, "Error: Invalid value for '--speed': 'fast' is not a speed: give a number above 0, or max."),
    ("simulator --state=/nowhere/x", 2, "✗ The simulator cannot start: /nowhere/x: No such file or directory."),
    ("simulator --state=odd.yaml", 2, "Error: odd.yaml is not a valid state file of the simulator (file is not a database). Use another file, or delete this one to start with a new state."),
    ("simulator --host=0.0.0.0", 2, "Error: No such option '--host'. (Did you mean one of: '--list', '--port', '--state'?)"),
    ("--simulate plan -f misspelt.yaml", 2, "Error: misspelt.yaml: vault.netwerk_access: unknown key. Did you mean network_access?"),
    ("answers exampel", 2, "Error: No such command 'exampel'. Did you mean 'example'?"),
    ("runs lst", 2, "Error: No such command 'lst'. Did you mean 'list'?"),
    ("--simulate=no-rights --speed=max apply -o jsonl -f customer-managed-private.yaml --yes", 1, "✗ No changes were made. Fix the errors marked ✗ and try again."),
]
# fmt: on
"""The arguments, after variables as in a shell (without a simulated Azure: on a computer without a sign-in); the exit code; the
beginning of the line that explains it (the first error on stderr, else the first line of stdout, columns apart) and, after
each " … ", another text of the output."""

CTRL_C, CTRL_D = "\x03", "\x04"
# fmt: off
ON_A_TERMINAL = [
    ("--simulate=nowhere", "", "", 2, "Error: There is no scenario 'nowhere': it is neither a file nor a built-in scenario. "),
    ("--simulate --speed=max apply -f platform-managed.yaml", "(aks-demo) to confirm:", "no\n", 1, "✗ No changes were made: the confirmation does not match aks-demo."),
    ("--simulate --speed=max apply -f platform-managed.yaml", "to confirm:", CTRL_D, 1, "✗ No changes were made: "),
    ("--simulate --speed=max apply -f platform-managed.yaml", "to confirm:", CTRL_C, 130, "Interrupted."),
    ("--simulate=world.yaml --speed=max rotate -g rg-demo -n aks-demo", "Type the cluster name (aks-demo) to confirm:", "y\n", 1, "✗ No changes were made: the confirmation does not match aks-demo."),
]
# fmt: on
"""The same on a terminal: the arguments, the expected prompt, the answer to it, the exit code, the message."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with answers files, some with a misspelt key, scenarios, and journals by the status of their run."""
    folder = tmp_path_factory.mktemp("home")
    for key_option in KEY_OPTIONS:
        (folder / f"{key_option}.yaml").write_text(answers(key_option).to_yaml())
    good = answers("platform-managed").to_yaml()
    (folder / "odd.yaml").write_text(good.replace("location:", "lokation:"))
    own = answers("customer-managed-private").to_yaml()
    (folder / "misspelt.yaml").write_text(own.replace("network_access", "netwerk_access"))
    (folder / "principles.yaml").write_text("description: x\nextends: contoso\nprinciples: {}\n")
    faults = (
        ("unwell", "*", "*"),
        ("unwell-in-writing", "PUT", "*"),
        ("unwell-in-one", "GET", "*/rg-demo"),
        ("unwell-in-lists", "GET", "*/managedClusters*"),
    )
    for name, method, path in faults:
        (folder / f"{name}.yaml").write_text(
            "description: A transient error that persists.\nextends: contoso\nfaults:\n"
            f"- match: {{method: '{method}', path: '/subscriptions{path}'}}\n"
            "  answer: {status: 503, code: ServerBusy, message: Come back later.}\n"
        )
    twin = f"{{{PRODUCTION}: {{}}, {DEVELOPMENT}: {{groups: {{rg-demo: {{location: westus2, clusters: {{aks-demo: {{}}}}}}}}}}}}"
    (folder / "twins.yaml").write_text(f"description: x\nextends: contoso\nsubscriptions: {twin}\n")
    (folder / "exported").mkdir()
    (folder / "exported" / "aks-kms.tf").write_text("")
    encrypted(folder)
    for state, world in (("succeeded", "contoso"), ("failed", "update-fails")):
        applied = (f"--simulate={world}", "--speed=max", "apply", "-f", "platform-managed.yaml", "--yes")
        ended = run(*applied, home=folder, environment={"XDG_STATE_HOME": str(folder / state)})
        assert ended.code == (0 if state == "succeeded" else 1), ended
        [kept] = (folder / state / "aks-kms" / "runs").iterdir()
        kept.rename(kept.with_name(RUN))
    shutil.copytree(folder / "failed", folder / "running")
    events = folder / "running" / "aks-kms" / "runs" / RUN / "events.jsonl"
    *before, _the_end = events.read_text().splitlines(keepends=True)
    events.write_text("".join(before))
    lock = ClusterLock("https://localhost", cluster_id(), root=folder / "running" / "aks-kms" / "locks")
    lock.set_run_id(RUN)
    asyncio.run(lock.acquire())
    yield folder
    lock.release()


@pytest.mark.parametrize(("typed", "code", "said"), ROWS, ids=[typed or "nothing" for typed, _, _ in ROWS])
def test_exit_code_and_message(typed: str, code: int, said: str, home: Path) -> None:
    environment = {"AZURE_CONFIG_DIR": "/nowhere", "PATH": "/nowhere"}
    words = typed.split()
    while words and (given := re.fullmatch(r"([A-Z_]+)=(.*)", words[0])):
        environment[given[1]] = str(home / given[2]) if given[1] == "XDG_STATE_HOME" else given[2]
        del words[0]
    ended = run(*words, home=home, environment=environment)
    errors = [line for line in ended.err.splitlines() if line.startswith(("Error", "✗"))]
    told = (errors or ended.out.splitlines() or ended.err.splitlines())[0]
    first, *others = said.split(" … ")
    assert (ended.code, " ".join(told.split())[: len(first)]) == (code, first), ended
    whole = " ".join((ended.out + ended.err).split())
    assert [text for text in others if text not in whole] == [], ended
    assert code != 2 or ended.out == ""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("typed", "asked", "answer", "code", "said"),
    ON_A_TERMINAL,
    ids=[f"{typed} {answer!r}" for typed, _, answer, _, _ in ON_A_TERMINAL],
)
def test_exit_code_and_message_on_a_terminal(
    typed: str, asked: str, answer: str, code: int, said: str, home: Path
) -> None:
    with Shell(home).terminal(*typed.split(), environment={"NO_COLOR": "1"}) as terminal:
        terminal.waits_for(asked)
        if answer == CTRL_C:  # this terminal is not the one that controls the command
            terminal.process.send_signal(signal.SIGINT)
        elif answer:
            terminal.types(answer)
        assert terminal.ends() == code, terminal.shown
    assert said in " ".join(terminal.shown.split())


STUBBORN = """
import asyncio
from screens.cli.outcome import run_command
async def work():
    try:
        print("ready", flush=True)
        await asyncio.Event().wait()
    finally:
        print("cleaning up", flush=True)
        await asyncio.Event().wait()
raise SystemExit(run_command(work()))
"""


def test_a_second_signal_does_not_wait_for_the_clean_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STUBBORN]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=Shell(tmp_path).environment(),
    )
    assert process.stdout is not None
    for expected in ("ready", "cleaning up"):
        assert process.stdout.readline().strip() == expected
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err.split(".")[0]) == (130, "Stopped immediately")


def fragments() -> Iterator[tuple[str, str]]:
    """Yield each place that ends a command with a literal message, and the longest constant part of its first line."""
    for path in sorted((ROOT / "screens").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ENDS:
                for argument in node.args:
                    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
                    whole = "\0".join(part.value if is_text(part) else "" for part in parts)  # type: ignore[attr-defined]
                    longest = " ".join(max(whole.partition("\n")[0].split("\0"), key=len).split())
                    if len(longest) > 2:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", longest


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


ROOT = Path(__file__).parents[2]
ENDS = {"UsageError", "BadParameter", "CommandExit"}


def test_every_message_that_ends_a_command_is_in_a_table() -> None:
    said = [row[2] for row in ROWS] + [row[4] for row in ON_A_TERMINAL]
    found = dict(fragments())
    assert len(found) > 25
    assert {place: text for place, text in found.items() if not any(text in row for row in said)} == {}


@pytest.mark.parametrize(
    ("cloud", "vaults"),
    [("AzureUSGovernment", "vault.usgovcloudapi.net"), ("azurechinacloud", "vault.azure.cn")],
)
def test_a_script_is_for_the_selected_cloud(cloud: str, vaults: str, home: Path) -> None:
    tagged = answers("customer-managed-public", tags={"a=b": "c"}).to_yaml()
    done = run("--cloud", cloud, "script", "-f", "-", home=home, stdin=tagged)
    assert done.code == 0
    assert f"https://{vaults}" in done.out
    assert "vault.azure.net" not in done.out


def test_the_command_that_a_plan_prints_can_be_pasted(home: Path) -> None:
    """It has the same cloud, sign-in and timeouts, and quotes a file name with a space."""
    (home / "a b.yaml").write_text(answers("platform-managed").to_yaml())
    options = (
        "--simulate=empty.yaml",
        "--speed=max",
        "--timeout=role-assignment=99",
        "--credential=environment",
    )
    (home / "empty.yaml").write_text("description: The same.\nextends: contoso\n")
    planned = run("plan", "-f", "a b.yaml", *options, home=home)
    program, *arguments = shlex.split(planned.out.partition("To apply exactly this plan:")[2])
    assert program == "aks-kms"
    given = " ".join(arguments).replace("=", " ")
    assert all(option.replace("=", " ") in given for option in options)
    assert run(*arguments, home=home).code == 0
    abroad = Settings(cloud="AzureChinaCloud", arm_endpoint="https://a b")
    assert abroad.command("runs") == "aks-kms --cloud AzureChinaCloud --arm-endpoint 'https://a b' runs"


def test_every_exit_code_is_in_the_table() -> None:
    """130 needs a signal: see tests/journeys/test_command_line_lifecycle.py."""
    assert {code for _, code, _ in ROWS} == {0, 1, 2, 3}

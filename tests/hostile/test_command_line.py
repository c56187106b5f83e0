"""The command line in one table: what is typed, how it ends, and the first words that tell why."""

from pathlib import Path

import pytest

from tests.hostile.in_process import run
from tests.support import ROADS, answers

ROWS = [
    ("", 2, "✗ The wizard needs a terminal: stdin is none."),
    ("--version", 0, "aks-kms, version "),
    ("--help", 0, "Usage: aks-kms [OPTIONS] [COMMAND] [ARGS]..."),
    (
        "nonsense",
        2,
        "Error: There is no command 'nonsense'. There are: check, clusters, plan, apply, verify, rotate, script, answers, runs, simulator.",
    ),
    ("verfy", 2, "Error: There is no command 'verfy'. Did you mean verify?"),
    ("--nope", 2, "Error: No such option '--nope'. Did you mean '--speed'?"),
    (
        "--simulate contoso",
        2,
        "Error: There is no command 'contoso'. There are: check, clusters, plan, apply, verify, rotate, script, answers, runs, simulator. (A scenario is given with an equals sign: --simulate=contoso)",
    ),
    ("--simulate check", 0, "TOOL"),
    ("--simulate clusters", 0, "NAME RESOURCE"),
    (
        "--simulate=nowhere clusters",
        2,
        "Error: There is no scenario 'nowhere': neither a file nor a built-in world. Built in:",
    ),
    (
        "--simulate=contso clusters",
        2,
        "Error: There is no scenario 'contso': neither a file nor a built-in world. Did you mean contoso?",
    ),
    (
        "--simulate=principles.yaml clusters",
        2,
        "Error: The scenario 'principles.yaml' is invalid at principles: Extra inputs are not permitted (1 problem(s) in all). Did you mean principals?",
    ),
    (
        "--speed=3 clusters",
        2,
        "Error: --speed says how fast a simulated Azure is; the real one takes its time. Add --simulate, or leave --speed out.",
    ),
    (
        "--simulate --speed=0 clusters",
        2,
        "Error: Invalid value for '--speed': '0' is not a speed: give a number above 0, or max.",
    ),
    (
        "--simulate --cloud=AzureCloud clusters",
        2,
        "Error: --cloud and --simulate both say which Azure: the simulated one is a cloud of its own. Leave one out.",
    ),
    (
        "--cloud=Nowhere clusters",
        2,
        "Error: Invalid value for '--cloud': 'Nowhere' is not one of 'azurecloud', 'azureusgovernment', 'azurechinacloud'.",
    ),
    (
        "--cloud=AzureCloud --arm-endpoint=https://x clusters",
        2,
        "Error: --cloud and --arm-endpoint both say which Azure. Leave one out.",
    ),
    (
        "--credential=magic clusters",
        2,
        "Error: Invalid value for '--credential': 'magic' is not one of 'auto', 'environment', 'workload-identity', 'managed-identity', 'azure-cli', 'device-code', 'browser'.",
    ),
    ("clusters", 3, "✗ Nobody is signed in to Azure."),
    (
        "--arm-endpoint=https://127.0.0.1:1 clusters",
        3,
        "✗ https://127.0.0.1:1 did not say which cloud it is.",
    ),
    ("--arm-endpoint=nonsense clusters", 2, "✗ 'nonsense' is not an https:// address."),
    (
        "clusters -o yaml",
        2,
        "Error: Invalid value for '-o' / '--output': 'yaml' is not one of 'table', 'json', 'jsonl'.",
    ),
    (
        "--simulate clusters --subscription=x",
        2,
        "✗ application 44444444-4444-4444-4444-444444444444 sees no subscription 'x'.",
    ),
    ("--simulate clusters --location=nowhere", 1, "✗ No cluster fits the filters."),
    ("plan", 2, "Error: Missing option '-f' / '--file'."),
    (
        "--simulate plan -f none.yaml",
        2,
        "Error: none.yaml: the file cannot be read: No such file or directory. Give the path of an answers file.",
    ),
    (
        "--simulate plan -f odd.yaml",
        2,
        "Error: odd.yaml: location: this key is missing. Add it; `aks-kms answers example customer-managed-private` shows where.",
    ),
    ("--simulate plan -f platform-managed.yaml", 0, "Encrypt aks-demo with a key that AKS manages"),
    (
        "--simulate plan --fil platform-managed.yaml",
        2,
        "Error: No such option '--fil'. Did you mean '--file'?",
    ),
    ("--simulate=too-old plan -f platform-managed.yaml", 1, "Encrypt aks-demo with a key that AKS manages"),
    (
        "--simulate=no-rights plan -f customer-managed-private.yaml",
        1,
        "Encrypt aks-demo with your own key in a private vault",
    ),
    (
        "apply -f platform-managed.yaml",
        2,
        "Error: Enabling this encryption cannot be undone, and there is no terminal to ask on. Look at `aks-kms plan`, then give --confirm DIGEST (the digest it prints), or --yes to go without looking.",
    ),
    (
        "--simulate --speed=max apply -f platform-managed.yaml --yes",
        0,
        "✓ aks-demo: secrets are encrypted with a key that AKS manages.",
    ),
    ("--simulate --speed=max apply -f platform-managed.yaml --confirm=123", 1, "✗ This plan's digest is "),
    (
        "--simulate=update-fails --speed=max apply -f platform-managed.yaml --yes",
        1,
        "✗ The cluster aks-demo could not be updated.",
    ),
    (
        "--simulate=no-rights --speed=max apply -f customer-managed-private.yaml --yes",
        1,
        "✗ Nothing was changed: mend what is marked ✗, then try again.",
    ),
    (
        "--simulate --speed=max apply -f platform-managed.yaml --yes --settle=-1",
        2,
        "Error: Invalid value for '--settle': -1.0 is not in the range x>=0.",
    ),
    (
        "verify",
        2,
        "Error: Which cluster? Give -g and -n, or --id (repeatable), or --all, or --expect FILE for the cluster it names; `aks-kms clusters` lists them.",
    ),
    (
        "verify -g x",
        2,
        "Error: -g names half a cluster; -n is missing. Give both, or --id, or --all for all of them.",
    ),
    (
        "verify -n x",
        2,
        "Error: -n names half a cluster; -g is missing. Give both, or --id, or --all for all of them.",
    ),
    ("verify --all -n x", 2, "Error: --all looks at every cluster, and -n names one. Leave one of them out."),
    ("verify -g a -g b -n x", 2, "Error: A cluster is in one resource group. Give -g once, or --all."),
    (
        "verify --depth=full -g a -n b",
        2,
        "Error: --location, --encryption, --failed and --depth choose among many clusters. Add --all, or leave them out.",
    ),
    (
        "--simulate verify --id nonsense",
        2,
        "Error: --id: 'nonsense' is not a resource id; one looks like /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/….",
    ),
    ("--simulate verify -g rg-demo -n aks-demo", 1, "✗ aks-demo: secrets are not encrypted with a KMS key."),
    (
        "--simulate verify -g rg-web -n web-stage",
        0,
        "✓ web-stage: secrets are encrypted with a key that AKS manages.",
    ),
    (
        "--simulate verify -g rg-demo -n nothing",
        1,
        "✗ There is no cluster nothing in a resource group rg-demo in any of Contoso Development, Contoso Production.",
    ),
    (
        "--simulate verify --expect platform-managed.yaml",
        1,
        "✗ aks-demo: secrets are not encrypted with a KMS key.",
    ),
    ("--simulate verify --all", 1, "CLUSTER"),
    ("--simulate verify --all --location=nowhere", 1, "✗ There is no cluster to verify."),
    ("rotate -g x", 2, "Error: Which cluster? Give -g and -n, or --id; `aks-kms clusters` lists them."),
    (
        "--simulate rotate -g rg-demo -n aks-demo --yes",
        1,
        "✗ The secrets of aks-demo are not encrypted with a KMS key. [not-encrypted]",
    ),
    (
        "--simulate rotate -g rg-bank -n bank-ledger",
        2,
        "Error: to rotate kv-bank-ledger/ledger-kms, give --yes; there is no terminal to ask on.",
    ),
    (
        "--simulate --speed=max rotate -g rg-bank -n bank-ledger --yes",
        1,
        "✗ The key kv-bank-ledger/ledger-kms could not be rotated.",
    ),
    (
        "--simulate rotate -g rg-bank -n bank-ledger --yes --every=1",
        2,
        "Error: Invalid value for '--every': '1' is not a duration: write it like P90D, P6M or P1Y.",
    ),
    ("script -f platform-managed.yaml", 0, "#!/usr/bin/env bash"),
    (
        "script -f none.yaml",
        2,
        "Error: none.yaml: the file cannot be read: No such file or directory. Give the path of an answers file.",
    ),
    (
        "answers example nothing",
        2,
        "Error: Invalid value for '{platform-managed|customer-managed-private|customer-managed-public}': 'nothing' is not one of 'platform-managed', 'customer-managed-private', 'customer-managed-public'.",
    ),
    ("answers example platform-managed", 0, "# Answers for aks-kms: a key that AKS manages."),
    ("answers schema", 0, "{"),
    ("answers nonsense", 2, "Error: No such command 'nonsense'."),
    ("runs", 2, "Usage: aks-kms runs [OPTIONS] COMMAND [ARGS]..."),
    ("runs list", 0, "ID CLUSTER"),
    ("runs show", 2, "Error: Missing argument 'ID'."),
    ("runs show nothing", 2, "Error: There is no run 'nothing'"),
    ("runs report nothing", 2, "Error: There is no run 'nothing'"),
    ("runs resume", 2, "Error: There is no terminal to ask on. Give --yes, or --confirm DIGEST."),
    ("runs resume --yes", 2, "✗ There is no run to carry on in Azure: "),
    ("runs resume nothing --yes", 2, "Error: There is no run 'nothing'"),
    ("simulator --list", 0, "WORLD WHAT"),
    ("simulator --schema", 0, "{"),
    (
        "simulator --port=99999",
        2,
        "Error: Invalid value for '--port': 99999 is not in the range 0<=x<=65535.",
    ),
    (
        "simulator --scenario=nowhere",
        2,
        "Error: There is no scenario 'nowhere': neither a file nor a built-in world. Built in:",
    ),
    (
        "simulator --speed=fast",
        2,
        "Error: Invalid value for '--speed': 'fast' is not a speed: give a number above 0, or max.",
    ),
    (
        "simulator --state=/nowhere/x",
        2,
        "✗ The simulated Azure cannot be served: /nowhere/x: No such file or directory.",
    ),
    (
        "simulator --host=0.0.0.0",
        2,
        "Error: No such option '--host'. (Did you mean one of: '--list', '--port', '--state'?)",
    ),
    (
        "--simulate plan -f misspelt.yaml",
        2,
        "Error: misspelt.yaml: vault.network_access: this key is missing. Add it; `aks-kms answers example customer-managed-private` shows where.",
    ),
    ("answers exampel", 2, "Error: No such command 'exampel'. Did you mean 'example'?"),
    ("runs lst", 2, "Error: No such command 'lst'. Did you mean 'list'?"),
    (
        "--simulate=no-rights --speed=max apply -o jsonl -f customer-managed-private.yaml --yes",
        1,
        "✗ Nothing was changed: mend what is marked ✗, then try again.",
    ),
]
"""What is typed (`clusters` without a simulated Azure: on a machine where nobody is signed in), the exit code, and how the
line begins that says it: on stderr an error's, else the first of stdout, columns apart."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with answers: good ones, some with a misspelt key, and a world with one; and a journal with a run."""
    folder = tmp_path_factory.mktemp("home")
    for road in ROADS:
        (folder / f"{road}.yaml").write_text(answers(road).to_yaml())
    good = answers("platform-managed").to_yaml()
    (folder / "odd.yaml").write_text(good.replace("location:", "lokation:"))
    own = answers("customer-managed-private").to_yaml()
    (folder / "misspelt.yaml").write_text(own.replace("network_access", "netwerk_access"))
    (folder / "principles.yaml").write_text("description: x\nextends: contoso\nprinciples: {}\n")
    assert (
        run("--simulate", "--speed=max", "apply", "-f", "platform-managed.yaml", "--yes", home=folder).code
        == 0
    )
    return folder


@pytest.mark.parametrize(("typed", "code", "said"), ROWS, ids=[typed or "nothing" for typed, _, _ in ROWS])
def test_how_it_ends_and_what_it_says(typed: str, code: int, said: str, home: Path) -> None:
    nobody = {"AZURE_CONFIG_DIR": "/nowhere", "PATH": "/nowhere"}
    ended = run(*typed.split(), home=home, environment=nobody)
    errors = [line for line in ended.err.splitlines() if line.startswith(("Error", "✗"))]
    told = (errors or ended.out.splitlines() or ended.err.splitlines())[0]
    assert (ended.code, " ".join(told.split())[: len(said)]) == (code, said), ended


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        (
            "--simulate plan -f odd.yaml",
            "lokation: an answers file has no such key here. Did you mean location?",
        ),
        (
            "--simulate plan -f misspelt.yaml",
            "vault.netwerk_access: an answers file has no such key here. Did you mean network_access?",
        ),
        ("--simulate=principles.yaml clusters", "Did you mean principals?"),
        ("--simulate=contso clusters", "Did you mean contoso?"),
        ("verfy", "Did you mean verify?"),
        ("plan --fil x", "Did you mean '--file'?"),
    ],
)
def test_what_is_misspelt_is_answered_with_the_nearest_name(typed: str, nearest: str, home: Path) -> None:
    ended = run(*typed.split(), home=home)
    assert ended.code == 2
    assert nearest in ended.err


def test_every_exit_code_is_in_the_table() -> None:
    """130 needs a signal: tests/journeys/test_command_line_life.py sends them."""
    assert {code for _, code, _ in ROWS} == {0, 1, 2, 3}

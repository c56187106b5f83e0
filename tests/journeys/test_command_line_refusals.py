"""Errors name the problem, the cause and the remedy, and no write request is sent.

Errors of the command line itself are in the table of tests/hostile/test_command_line.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.support import answers
from wizard.answers.model import Answers
from wizard.simulator import Simulator

PRIVATE = answers("customer-managed-private")


@pytest.fixture(scope="module")
def contoso() -> Iterator[Simulator]:
    """Return one simulated Azure for all tests that only read; the fixture `shell` asserts that nothing is written."""
    simulator = Simulator("contoso", speed=float("inf"))
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def shell(contoso: Simulator, tmp_path: Path) -> Iterator[Shell]:
    yield Shell(tmp_path, contoso)
    assert contoso.writes() == []
    assert list(contoso.unknown) == []


GOOD = PRIVATE.to_yaml()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty. Start from `aks-kms answers example"),
        ("version: 1\n  location: [", "this is not YAML"),
        (GOOD.replace("vault:", "vautl:"), "vautl: unknown key. Did you mean vault?"),
        (GOOD.replace("kv-demo", "kv--demo"), "vault.name: 'kv--demo' is not a valid key vault name: use letters"),
        (GOOD.replace("name: aks-demo", "name: -aks"), "cluster.name: '-aks' is not a valid managed cluster name: use"),
        (GOOD.replace("id-aks-demo", "id"), "identity.name: A user-assigned identity name has 3 to 128 characters"),
        (GOOD.replace("rg-demo", "rg-demo."), "resource_group: 'rg-demo.' is not a valid resource group name: use letters"),
        (GOOD.replace("Private", "private"), "vault.network_access: 'private' is not valid here. Write 'Private'"),
        (GOOD.replace("key_option: customer", "key_option: platform"), "vault is not allowed with key_option"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_invalid_answers_file_is_refused_before_any_request(
    command: str, text: str, words: str, shell: Shell, contoso: Simulator
):
    before = len(contoso.requests)
    consent = ["--yes"] if command == "apply" else []
    done = shell.run(command, "-f", shell.write("answers.yaml", text), *consent)
    assert done.code == 2
    assert words in done.err
    assert "answers.yaml" in done.err
    assert done.out == ""
    assert len(contoso.requests) == before


@pytest.mark.parametrize(
    ("chosen", "code", "words"),
    [
        (
            answers("platform-managed", cluster={"name": "aks-demoo"}),
            "cluster-not-found",
            "The cluster aks-demoo does not exist in the resource group rg-demo",
        ),
        (
            answers("platform-managed", cluster={"name": "legacy-erp"}, resource_group="rg-erp"),
            "cluster-version-too-old",
            "legacy-erp runs Kubernetes 1.29.9; KMS data encryption requires 1.33 or later",
        ),
        (
            answers("platform-managed", cluster={"name": "web-night"}, resource_group="rg-web"),
            "cluster-stopped",
            "az aks start -n web-night -g rg-web",
        ),
        (
            answers("platform-managed", new=True, cluster={"create": {"kubernetes_version": "1.32"}}),
            "cluster-version-too-old",
            "Kubernetes 1.32 is too old",
        ),
        (
            answers("platform-managed", new=True, cluster={"create": {"kubernetes_version": "1.99"}}),
            "version-not-offered",
            "westus2 does not offer Kubernetes 1.99",
        ),
        (answers("platform-managed", new=True, cluster={"name": "aks-demo"}), "cluster-exists", "aks-demo"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_failed_preflight_check_is_reported_and_nothing_is_written(
    command: str, chosen: Answers, code: str, words: str, shell: Shell
):
    consent = ["--yes"] if command == "apply" else []
    done = shell.run(command, "-f", shell.write("answers.yaml", chosen.to_yaml()), *consent, "-o", "json")
    assert done.code == 1
    found = {finding["code"]: finding for finding in done.json["findings"]}
    assert found[code]["level"] == "error"
    assert words in found[code]["message"] + found[code]["remedy"]
    assert found[code]["remedy"]
    if command == "apply":
        assert words in done.err
        assert "No changes were made" in done.err


def test_missing_permissions_are_named(start_shell: StartShell):
    shell = start_shell("no-rights")
    done = shell.run("apply", "-f", shell.write("answers.yaml", GOOD), "--yes")
    assert done.code == 1
    assert "has no permission for Microsoft." in done.err
    assert "Microsoft.ContainerService/managedClusters/write" in done.err
    assert (
        "Ask an owner for the role Contributor there: az role assignment create --role Contributor"
        in done.err
    )
    assert shell.simulator is not None
    assert shell.simulator.writes() == []


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"AZURE_TENANT_ID": "99999999-9999-9999-9999-999999999999"}, 3, "AADSTS90002"),
        ({"AZURE_CLIENT_SECRET": "not-the-secret"}, 3, "AADSTS7000215"),
        (
            {"AKS_KMS_ARM_ENDPOINT": "https://localhost:1"},
            3,
            "The metadata document of https://localhost:1 could not be read",
        ),
        ({"AKS_KMS_ARM_ENDPOINT": "http://localhost:1"}, 2, "is not an https:// URL"),
        ({"SSL_CERT_FILE": None, "REQUESTS_CA_BUNDLE": None}, 3, "CERTIFICATE_VERIFY_FAILED"),
        ({"SSL_CERT_FILE": "/dev/null"}, 2, "The CA bundle '/dev/null' cannot be read."),
        ({"AKS_KMS_SPEED": "fast"}, 2, "AKS_KMS_SPEED: 'fast' is not a speed"),
    ],
)
def test_a_failed_connection_names_cause_and_remedy(
    environment: dict[str, Any], code: int, words: str, shell: Shell
):
    done = shell.run("plan", "-f", shell.write("answers.yaml", GOOD), environment=environment)
    assert done.code == code, done.err
    assert words in done.err
    assert "What to do:" in done.err
    assert "not-the-secret" not in done.err
    assert done.out == ""


def test_the_wizard_refuses_a_dumb_terminal(shell: Shell):
    with shell.terminal(environment={"TERM": "dumb"}) as terminal:
        assert terminal.ends() == 2
    assert "TERM is 'dumb', which cannot display full-screen programs" in terminal.shown
    assert "aks-kms apply -f answers.yaml" in terminal.shown

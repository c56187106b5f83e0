"""The how-to's six procedures from a shell: plan, apply that plan by its digest, and apply again."""

from typing import Any

import pytest

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.support import KEY_OPTIONS, KeyOption, answers, cluster_id, vault_id
from wizard.answers.examples import KINDS, example
from wizard.simulator import Simulator

_PLATFORM: dict[str, Any] = {
    "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
}


def printed_by_the_how_to(key_option: KeyOption) -> dict[str, Any]:
    """Return what `az aks show --query securityProfile` prints, from the how-to, "Verify KMS configuration"."""
    if key_option == "platform-managed":
        return _PLATFORM
    access = "Private" if key_option == "customer-managed-private" else "Public"
    kms = {
        "enabled": True,
        "keyId": "https://kv-demo.vault.local.test/keys/aks-kms",
        "keyVaultNetworkAccess": access,
        "keyVaultResourceId": vault_id(),
    }
    return {"azureKeyVaultKms": kms, **_PLATFORM}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("new", [False, True], ids=["existing", "new"])
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
def test_apply_encrypts_the_cluster_and_a_second_apply_writes_nothing(
    key_option: KeyOption, new: bool, start_shell: StartShell
):
    shell = start_shell()
    simulator = _of(shell)
    file = shell.write("answers.yaml", answers(key_option, new=new).to_yaml())
    cluster = cluster_id("aks-new" if new else "aks-demo")

    planned = shell.run("plan", "-f", file, "-o", "json")
    assert planned.code == 0, planned.err
    assert planned.json["key_option"] == {
        "now": "none",
        "then": "platform-managed" if key_option == "platform-managed" else "customer-managed",
    }
    assert simulator.writes() == []

    first = shell.run("apply", "-f", file, "--confirm", planned.json["digest"], "-o", "json")
    assert first.code == 0, first.err
    assert first.json["status"] == "succeeded"
    assert first.json["cluster_id"] == planned.json["cluster_id"]
    assert first.json["verification"]["passed"] is True
    assert first.json["verification"]["security_profile"] == printed_by_the_how_to(key_option)
    assert [step["key"] for step in first.json["steps"]] == [step["key"] for step in planned.json["steps"]]
    truth = simulator.resource(cluster)
    assert truth is not None
    assert truth["properties"]["securityProfile"] == printed_by_the_how_to(key_option)
    assert simulator.writes()

    before = len(simulator.writes())
    second = shell.run("apply", "-f", file, "--yes", "-o", "json")
    assert second.code == 0, second.err
    assert second.json["status"] == "succeeded"
    assert second.json["verification"]["security_profile"] == printed_by_the_how_to(key_option)
    assert {step["status"] for step in second.json["steps"] if step["key"] != "verify"} == {"already"}
    assert simulator.writes()[before:] == []
    assert simulator.resource(cluster) == truth
    assert list(simulator.unknown) == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", KINDS)
def test_an_example_runs_unchanged_on_the_built_in_simulator(kind: KeyOption, shell: Shell):
    file = shell.write("answers.yaml", example(kind))
    done = shell.run("--simulate", "--speed", "max", "apply", "-f", file, "--yes", "-o", "json")
    assert done.code == 0, done.err
    assert done.json["verification"]["security_profile"] == printed_by_the_how_to(kind)


def test_a_cluster_keeps_properties_that_the_sdk_does_not_know(start_shell: StartShell):
    shell = start_shell()
    simulator = _of(shell)
    id_ = cluster_id("orders-prod", "rg-orders")
    before = simulator.resource(id_)
    chosen = answers(
        "customer-managed-private",
        cluster={"name": "orders-prod"},
        resource_group="rg-orders",
        location="westeurope",
    )
    done = shell.run("apply", "-f", shell.write("answers.yaml", chosen.to_yaml()), "--yes", "-o", "json")
    assert done.code == 0, done.err
    after = simulator.resource(id_)
    assert before is not None
    assert after is not None
    profile = after["properties"].pop("securityProfile")
    kept = before["properties"].pop("securityProfile")
    assert {name: profile[name] for name in kept} == kept
    assert set(profile) - set(kept) == {"azureKeyVaultKms", "kubernetesResourceObjectEncryptionProfile"}
    assert after.pop("identity")["type"] == "UserAssigned"
    before.pop("identity")
    assert _without_etag(after) == _without_etag(before)


def test_jsonl_prints_events_on_stdout_and_the_log_on_stderr(start_shell: StartShell):
    shell = start_shell()
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    done = shell.run("apply", "-f", file, "--yes", "-o", "jsonl")
    assert done.code == 0, done.err
    events = done.lines
    assert events[-1]["type"] == "run-finished"
    assert events[-1]["status"] == "succeeded"
    assert {"time", "type", "message"} <= set.intersection(*(set(event) for event in events))
    finished = [event for event in events if event["type"] == "step-finished"]
    assert all(event["status"] in {"succeeded", "already"} and event["seconds"] >= 0 for event in finished)
    assert "✓ done" in done.err
    assert "\x1b" not in done.out + done.err


def test_a_plan_as_text_names_all_resources_and_irreversible_changes(start_shell: StartShell):
    shell = start_shell()
    file = shell.write("answers.yaml", answers("customer-managed-private").to_yaml())
    planned = shell.run("plan", "-f", file)
    assert planned.code == 0, planned.err
    for words in (
        "Encrypt aks-demo with a customer-managed key in a private vault",
        "  not encrypted  →  kv-demo/aks-kms (Private), identity id-aks-demo\n",
        "simulated Azure, no waiting",
        "kv-demo",
        "aks-kms",
        "id-aks-demo",
        "Key Vault Crypto User",
        "AKS cannot disable this encryption later.",
        "It is in preview:",
        "If you lose kv-demo/aks-kms, you lose the cluster's secrets",
    ):
        assert words in planned.out
    digest = shell.run("plan", "-f", file, "-o", "json").json["digest"]
    assert planned.out.endswith(f" --confirm {digest[:12]}\n")
    assert f"Plan digest: {digest}\n" in shell.run("plan", "-f", file, "-v").out


def test_a_run_and_its_report_are_in_the_journal(start_shell: StartShell):
    shell = start_shell()
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    done = shell.run("apply", "-f", file, "--yes", "-o", "json")
    run = done.json["journal"].rsplit("/", 1)[1]
    listed = shell.run("runs", "list", "-o", "json").json["runs"]
    assert [(row["id"], row["status"], row["cluster"]) for row in listed] == [(run, "succeeded", "aks-demo")]
    assert "KMSPMKPreview is registered" in shell.run("runs", "show", run).out
    report = shell.run("runs", "report", run)
    assert report.code == 0
    assert report.json["clusters"][0] == done.json["verification"]


def _of(shell: Shell) -> Simulator:
    assert shell.simulator is not None
    return shell.simulator


def _without_etag(body: dict[str, Any]) -> dict[str, Any]:
    """Return a cluster without its ETag, which every update changes."""
    return {name: value for name, value in body.items() if name.lower() != "etag"}

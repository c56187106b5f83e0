"""What a run leaves to its operator can be read again from the journal."""

import pytest

from tests.journeys.command_line import COMMAND
from tests.journeys.conftest import StartShell
from tests.support import answers, cluster_id


def test_a_migration_is_reported_with_what_moved_and_what_stays_needed(start_shell: StartShell) -> None:
    shell = start_shell("legacy-kms")
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    done = shell.run("apply", "-f", file, "--yes", "-o", "json")
    assert done.code == 0, done.err
    run = done.json["journal"].rsplit("/", 1)[1]
    shown = shell.run("runs", "show", run).out
    for words in (
        "✓ Migrate aks-demo to a platform-managed key: succeeded after ",
        "  legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo  →  a platform-managed key",
        " by application 44444444-4444-4444-4444-444444444444",
        "  in simulated Azure at https://localhost:",
        "  Verification: aks-demo: secrets are encrypted with a platform-managed key.",
        "  3/5  = Create the resource group ",
        "Still needed",
        "You can delete later",
        f"Report:          aks-kms runs report {run} -o markdown",
    ):
        assert words in shown, shown
    assert "Answers\n" not in shown
    assert "Log\n" in shell.run("runs", "show", run, "-v").out
    [listed] = shell.run("runs", "list", "-o", "json").json["runs"]
    assert listed["cloud"].items() >= {"name": "SimulatedAzure", "simulated": True}.items()
    assert shell.run("runs", "list").out.endswith("  Migrate to platform · sim\n")
    report = shell.run("runs", "report", run, "-o", "markdown")
    assert report.code == 0, report.err
    for words in (
        "# Migrate aks-demo to a platform-managed key",
        "- from: legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo",
        "- outcome: succeeded",
        "- ✓ `cluster` ",
        "- cloud: simulated Azure at https://localhost:",
        ", not a real one",
        "- by: application 44444444-4444-4444-4444-444444444444",
        "- started: 20",
        "  - PUT aks-demo: HTTP 200, correlation ID ",
        "## Verification",
        "- ✓ passed: Secrets are encrypted with a KMS key.",
        "## Still needed\n\n- The old key kv-demo/aks-kms with all its versions",
        "## You can delete later",
    ):
        assert words in report.out, report.out


def test_a_simulated_run_is_never_resumed_in_the_real_azure(start_shell: StartShell) -> None:
    shell = start_shell("update-fails")
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    assert shell.run("apply", "-f", file, "--yes").code == 1
    run = shell.run("runs", "list", "-o", "json").json["runs"][0]["id"]
    real: dict[str, str | None] = {"AKS_KMS_ARM_ENDPOINT": None, "HTTPS_PROXY": "http://127.0.0.1:1"}
    named = shell.run("runs", "resume", run, "--yes", environment=real)
    assert named.code == 1
    assert f"✗ The run {run} belongs to another cloud: simulated Azure at https://localhost:" in named.err
    assert "This is Azure." in named.err
    assert "--arm-endpoint https://localhost:" in named.err
    newest = shell.run("runs", "resume", "--yes", environment=real)
    assert newest.code == 2
    assert f"There is no run to resume in Azure: {run} belongs to another cloud" in newest.err
    assert "127.0.0.1:1" not in named.err + newest.err, "nobody tried to sign in"


def test_an_encryption_by_another_user_in_the_meantime_is_not_reverted_without_asking(
    start_shell: StartShell,
) -> None:
    shell = start_shell("update-fails")
    assert shell.simulator is not None
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    assert shell.run("apply", "-f", file, "--yes").code == 1
    theirs = {
        "enabled": True,
        "keyId": "https://kv-theirs.vault.local.test/keys/theirs",
        "keyVaultNetworkAccess": "Public",
    }
    encrypted = {"infrastructureEncryption": "Enabled"}
    profile = {"kubernetesResourceObjectEncryptionProfile": encrypted, "azureKeyVaultKms": theirs}
    body = {"provisioningState": "Succeeded", "securityProfile": profile}
    shell.simulator.change(cluster_id(), {"properties": body})
    before = len(shell.simulator.writes())
    resumed = shell.run("runs", "resume", "--yes", "-o", "json")
    assert resumed.code == 1
    assert "Another user changed the encryption after that run started" in resumed.err
    assert "the cluster's encryption changed: not encrypted → kv-theirs/theirs (Public)" in resumed.err
    assert f"--confirm {resumed.json['plan'][:12]}" in resumed.err
    assert resumed.json["status"] == "refused"
    assert len(shell.simulator.writes()) == before


@pytest.mark.sampled(3)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_stream_that_is_closed_does_not_stop_a_run(closed: str, start_shell: StartShell) -> None:
    shell = start_shell()
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    through = ("sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND)
    done = shell.run("apply", "-f", file, "--yes", command=through)
    assert done.code == (1 if closed == ">&-" else 0), "the result is lost"
    assert "Traceback" not in done.out + done.err
    assert ("secrets are encrypted with" in done.out) == (closed != ">&-")
    assert bool(done.err) == (closed != "2>&-")

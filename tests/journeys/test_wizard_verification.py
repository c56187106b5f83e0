"""The verification page: watch, checks inside the cluster, and changing the encryption."""

import json
from pathlib import Path

import pytest
from textual.widgets import DataTable, Input

from screens.pages.verification import VerificationScreen
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.simulated.in_cluster.kubectl import NEEDED, on_path
from tests.support import cluster_id, vault_id
from wizard.simulator import Simulator

LEDGER_VAULT = vault_id("kv-bank-ledger", "rg-bank")
SECRETS = "/api/v1/namespaces/default/secrets"
WEB = cluster_id("web-stage", "rg-web")


async def verify_only(operator: Operator, cluster: str) -> None:
    """To the verification of one cluster, and to nothing else."""
    await operator.to_clusters(register=False)
    await operator.press("slash")
    await operator.paste(cluster)
    await operator.press("enter")
    await operator.press("v")
    await operator.sees(f"Verification of {cluster}")


def looked_inside(operator: Operator) -> bool:
    """Whether a look inside has come to its end."""
    screen = operator.app.screen
    report = screen._report if isinstance(screen, VerificationScreen) and not screen._busy else None
    return report is not None and any(check.group == "inside" for check in report.checks)


async def test_watch_ends_when_the_verdict_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        closed = {"properties": {"networkAcls": {"bypass": "None"}}}
        simulator.change(LEDGER_VAULT, closed)
        await verify_only(operator, "bank-ledger")
        await operator.sees("but they are at risk: a check failed.")
        told: list[str] = []
        monkeypatch.setattr(operator.app.signals, "notify", told.append)
        await operator.press("w")
        await operator.sees("watching since", " · next in")
        simulator.change(LEDGER_VAULT, {"properties": {"networkAcls": {"bypass": "AzureServices"}}})
        await operator.sees("The verdict changed to verified at")
        assert [text.partition(".")[0] for text in told] == ["The verdict changed to verified"]
        await operator.press("w")
        await operator.sees("watching since")
        simulator.change(LEDGER_VAULT, closed)
        await operator.sees("The verdict changed to not verified at")
        await operator.press("w")
        await operator.sees("watching since")
        await operator.press("escape")
        await operator.sees("no longer watching", "NOT VERIFIED", "If infrastructure code owns")
        await operator.press("x")
        await operator.sees("Terraform for bank-ledger", "DO NOT APPLY a plan")
        await operator.press("escape")
        looks = len(simulator.requests)
        await operator.press("escape")
        assert len(simulator.requests) - looks <= 15, "a look that had begun may still end"
        assert not isinstance(operator.app.screen, VerificationScreen)


@pytest.mark.sampled(2)
@NEEDED
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_checks_inside_the_cluster_appear_in_the_same_list(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with (
        Simulator() as simulator,
        wizard(simulator, tmp_path, size, PATH=on_path(tmp_path)) as operator,
    ):
        await verify_only(operator, "web-stage")
        await operator.sees("checks passed")
        await operator.press("i")
        await operator.sees("Check inside web-stage with kubectl?", "aks-kms-canary")
        await operator.press("escape")
        assert not any(entry.host.endswith("azmk8s.io") for entry in simulator.requests), "esc is a no"
        await operator.press("i")
        await operator.sees("Check inside web-stage with kubectl?")
        await operator.press("tab", "enter")
        await operator.until(lambda: looked_inside(operator), "the end")
        await operator.press("end")
        await operator.sees("No call to the KMS provider failed.")
        await operator.press("enter")
        await operator.sees("c copy all", "Proves")
        await operator.press("escape")
        assert not [key for key in simulator.etcd(WEB) if "canary" in key]
        await operator.press("w")
        await operator.until(
            lambda: any(
                "Verification" in line and "· next in " in line for line in operator.frame().splitlines()
            ),
            "the watch in one line",
        )
        await operator.sees("since ", "No call to the KMS provider failed.")
        await operator.press("w")
        if size == LARGE:
            await operator.sees("▾ ✓ Inside the cluster ", " checks, at ")
        await operator.press("s")
        await operator.sees("Save the report")
        for _ in range(20):
            await operator.press("backspace")
        await operator.paste(str(tmp_path / "proof"))
        await operator.press("tab", "enter")
        await operator.until((tmp_path / "proof.md").exists, "the file")
    assert "`inside-canary-encrypted`" in (tmp_path / "proof.md").read_text()
    assert "inside-canary-encrypted" in (tmp_path / "proof.json").read_text()
    assert "seen from inside at 20" in (tmp_path / "proof.json").read_text(), (
        "a later look keeps it, with its time"
    )


@pytest.mark.sampled(2)
@NEEDED
@pytest.mark.parametrize("key", ["escape", "ctrl+q"])
async def test_leaving_during_checks_inside_the_cluster_deletes_the_canary(tmp_path: Path, key: str) -> None:
    from tests.support import scenario_file

    hangs = [{"match": {"method": "GET", "path": f"{SECRETS}/aks-kms-canary-*", "nth": 1}, "hang": True}]
    async with (
        Simulator(scenario_file(tmp_path, faults=hangs)) as simulator,
        wizard(simulator, tmp_path, PATH=on_path(tmp_path)) as operator,
    ):
        await verify_only(operator, "web-stage")
        await operator.press("i")
        await operator.sees("Check inside web-stage with kubectl?")
        await operator.press("tab", "enter")

        def canary() -> bool:
            return any("canary" in key for key in simulator.etcd(WEB))

        await operator.until(canary, "the canary")
        await operator.press(key)
        await operator.until(lambda: not canary(), "the canary's removal")


async def test_missing_kubectl_is_reported_and_keeps_the_verdict(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path, PATH=str(tmp_path)) as operator:
        await verify_only(operator, "web-stage")
        await operator.press("i")
        await operator.sees("Check inside web-stage with kubectl?", "enter choose  tab next")
        await operator.press("tab", "enter")
        await operator.sees("kubectl is not found", "secrets are encrypted with a platform-managed key.")


async def test_change_opens_the_key_option_for_the_cluster(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await verify_only(operator, "batch-eu")
        await operator.sees("by legacy KMS")
        await operator.press("m")
        await operator.sees("Who manages the encryption key of batch-eu")
        assert operator.app.session.draft.completed >= {"prerequisites", "feature", "cluster"}
        assert operator.app.session.draft.cluster_name == "batch-eu"
        await operator.press("escape")
        await operator.sees("Which cluster")


async def test_cluster_that_cannot_be_changed_shows_why(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await verify_only(operator, "legacy-erp")
        await operator.sees("not encrypted with a KMS key")
        await operator.press("m")
        await operator.sees("legacy-erp cannot be changed now", "Upgrade it first.")
        assert isinstance(operator.app.screen, VerificationScreen)


async def test_second_cluster_is_verified_without_the_first_run(tmp_path: Path) -> None:
    """A cluster that needs no run is verified, not the one of the run before; nor is that in the run's journal."""
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("platform-managed")
        await operator.start("orders-prod")
        await operator.sees("Done in")
        await operator.press("i")
        await operator.sees("Check inside orders-prod with kubectl?")
        await operator.press("escape")
        await operator.sees("orders-prod: secrets are encrypted with", "read from Azure by the run at ")
        await operator.press("e")
        await operator.sees("Which cluster?", "found in 2 subscriptions")
        assert operator.app.screen.query_one("#filter", Input).value == ""
        table = operator.app.screen.query_one(DataTable)
        await operator.until(lambda: table.row_count == 13, "all clusters, read again")
        now = {str(row[0]): str(row[-1]) for row in map(table.get_row_at, range(table.row_count))}
        assert now["orders-prod"] == "platform-managed key"
        await operator.choose("web-stage")
        await operator.take_key("platform-managed")
        await operator.sees("No changes. The cluster already matches your configuration.")
        assert "verify" not in operator.app.session.draft.completed
        await operator.press("enter")
        await operator.sees("Verification of web-stage", "web-stage: secrets are encrypted with")
        assert "verify" in operator.app.session.draft.completed
    [journal] = (tmp_path / "runs").iterdir()
    assert json.loads((journal / "report.json").read_text("utf-8"))["name"] == "orders-prod"


async def test_failed_refresh_is_shown_and_the_old_report_is_not_saved(
    tmp_path: Path,
) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await verify_only(operator, "bank-ledger")
        await operator.sees("bank-ledger: secrets are encrypted with")
        verdict = operator.app.screen.query_one("#verdict")
        assert verdict.has_class("good")
        gone = {"status": 403, "code": "AuthorizationFailed", "message": "No more."}
        simulator.inject_faults(
            {"match": {"method": "GET", "path": "*/managedclusters/bank-ledger"}, "answer": gone}
        )
        await operator.press("r")
        await operator.sees("Azure said", "No more.", "Refresh failed; showing results from")
        assert verdict.has_class("bad")
        assert not verdict.has_class("good")
        await operator.press("s")
        await operator.sees("Refresh failed; the report is from")
        assert isinstance(operator.app.screen, VerificationScreen)


@pytest.mark.matrix
async def test_other_cluster_after_verify_only_keeps_the_answers(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.take_key("Private")
        await operator.sees("Vault, key and identity for orders-prod")
        await operator.press("escape", "escape", "v")
        await operator.sees("Verification of orders-prod", "checks passed")
        draft = operator.app.session.draft
        await operator.press("e")
        await operator.sees("Which cluster?")
        assert operator.app.session.draft == draft
        assert operator.app.session.draft.option == "Private"

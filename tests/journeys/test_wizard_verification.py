"""The verification screen: watched, from inside, and on to a change."""

from pathlib import Path

import pytest

from screens.verification import VerificationScreen
from tests.inside.kubectl import NEEDED, on_path
from tests.screens.operator import LARGE, SMALL, Operator, wizard
from tests.support import cluster_id, vault_id
from wizard.simulator import Simulator

LEDGER_VAULT = vault_id("kv-bank-ledger", "rg-bank")
SECRETS = "/api/v1/namespaces/default/secrets"
WEB = cluster_id("web-stage", "rg-web")


async def verify_only(operator: Operator, cluster: str) -> None:
    """To the verification of one cluster, and to nothing else."""
    await operator.to_clusters(register=False)
    await operator.press("slash")
    await operator.type(cluster)
    await operator.press("enter")
    await operator.press("v")
    await operator.sees(f"Verification of {cluster}")


def looked_inside(operator: Operator) -> bool:
    """Whether a look inside has come to its end."""
    screen = operator.app.screen
    report = screen._report if isinstance(screen, VerificationScreen) and not screen._busy else None
    return report is not None and any(check.group == "inside" for check in report.checks)


async def test_a_watch_ends_when_it_holds_and_again_when_it_no_longer_does(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        closed = {"properties": {"networkAcls": {"bypass": "None"}}}
        simulator.change(LEDGER_VAULT, closed)
        await verify_only(operator, "bank-ledger")
        await operator.sees("but that is at risk: a check failed.")
        await operator.press("w")
        await operator.sees("watching since", "look 2 in")
        simulator.change(LEDGER_VAULT, {"properties": {"networkAcls": {"bypass": "AzureServices"}}})
        await operator.sees("It holds now, since")
        await operator.press("w")
        await operator.sees("watching since")
        simulator.change(LEDGER_VAULT, closed)
        await operator.sees("It no longer holds, since")
        await operator.press("w")
        await operator.sees("watching since")
        await operator.press("w")
        await operator.sees("no longer watching")
        looks = len(simulator.requests)
        await operator.press("escape")
        assert len(simulator.requests) - looks <= 12, "a look that had begun may still end"
        assert not isinstance(operator.app.screen, VerificationScreen)


@NEEDED
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_look_inside_streams_into_the_same_list(tmp_path: Path, size: tuple[int, int]) -> None:
    async with (
        Simulator() as simulator,
        wizard(simulator, tmp_path, size, PATH=on_path(tmp_path)) as operator,
    ):
        await verify_only(operator, "web-stage")
        await operator.sees("checks passed")
        await operator.press("i")
        await operator.sees("Look inside web-stage with kubectl?", "aks-kms-canary")
        await operator.press("escape")
        assert not any(entry.host.endswith("azmk8s.io") for entry in simulator.requests), "esc is a no"
        await operator.press("i")
        await operator.sees("Look inside web-stage with kubectl?")
        await operator.press("tab", "enter")
        await operator.until(lambda: looked_inside(operator), "the end")
        await operator.press("end")
        await operator.sees("Inside the cluster", "No call of the KMS provider went wrong.")
        await operator.press("enter")
        await operator.sees("proves:")
        assert not [key for key in simulator.etcd(WEB) if "canary" in key]
        await operator.press("w")
        await operator.sees("watching since", "No call of the KMS provider went wrong.")
        await operator.press("w")
        if size == LARGE:
            await operator.sees("Inside the cluster  10 checks, seen at ")
        await operator.press("s")
        await operator.sees("Save the report")
        for _ in range(20):
            await operator.press("backspace")
        await operator.type(str(tmp_path / "proof"))
        await operator.press("tab", "enter")
        await operator.until((tmp_path / "proof.md").exists, "the file")
    assert "`inside-canary-encrypted`" in (tmp_path / "proof.md").read_text()
    assert "inside-canary-encrypted" in (tmp_path / "proof.json").read_text()
    assert "seen from inside at 20" in (tmp_path / "proof.json").read_text(), (
        "a later look keeps it, with its time"
    )


@NEEDED
@pytest.mark.parametrize("key", ["escape", "ctrl+q"])
async def test_leaving_during_a_look_inside_leaves_no_canary(tmp_path: Path, key: str) -> None:
    from tests.support import world

    hangs = [{"match": {"method": "GET", "path": f"{SECRETS}/aks-kms-canary-*", "nth": 1}, "hang": True}]
    async with (
        Simulator(world(tmp_path, faults=hangs)) as simulator,
        wizard(simulator, tmp_path, PATH=on_path(tmp_path)) as operator,
    ):
        await verify_only(operator, "web-stage")
        await operator.press("i")
        await operator.sees("Look inside web-stage with kubectl?")
        await operator.press("tab", "enter")

        def canary() -> bool:
            return any("canary" in key for key in simulator.etcd(WEB))

        await operator.until(canary, "the canary")
        await operator.press(key)
        await operator.until(lambda: not canary(), "the canary's removal")


async def test_without_kubectl_it_says_so_and_the_verdict_stands(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path, PATH=str(tmp_path)) as operator:
        await verify_only(operator, "web-stage")
        await operator.press("i")
        await operator.sees("Look inside web-stage with kubectl?")
        await operator.press("tab", "enter")
        await operator.sees("kubectl is not found", "secrets are encrypted with a key that AKS manages.")


async def test_from_here_to_a_change_of_the_key_option(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await verify_only(operator, "batch-eu")
        await operator.sees("by the legacy KMS experience")
        await operator.press("m")
        await operator.sees("Who holds the key of batch-eu")
        assert operator.app.draft.cluster_name == "batch-eu"
        await operator.press("escape")
        await operator.sees("Which cluster")


async def test_a_cluster_that_cannot_be_changed_says_why(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await verify_only(operator, "legacy-erp")
        await operator.sees("not encrypted with a KMS key")
        await operator.press("m")
        await operator.sees("legacy-erp cannot be changed now", "Upgrade it first.")
        assert isinstance(operator.app.screen, VerificationScreen)

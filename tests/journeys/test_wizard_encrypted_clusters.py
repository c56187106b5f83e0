"""Clusters that are encrypted already, or whose last operation failed: list, cards, review and report."""

import math
from pathlib import Path

import pytest

from screens.pages.cluster import ClusterScreen
from tests.operator import LARGE, SMALL, wizard
from wizard.simulator import Simulator


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_legacy_kms_changes_to_a_platform_managed_key_and_the_old_key_is_kept(
    size: tuple[int, int], tmp_path: Path
) -> None:
    async with (
        Simulator("legacy-kms", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, size) as operator,
    ):
        await operator.to_clusters()
        await operator.choose("aks-demo")
        await operator.sees(
            "now legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo",
            "migrates from legacy KMS",
            "First disable policies that block updates of secrets",
            "Still needed",
        )
        await operator.take_key("platform-managed")
        await operator.sees(
            "legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo → a platform-managed key",
            "Enter, then type",
        )
        await operator.scrolls_to("You can delete later", "The old key vault kv-demo")
        await operator.start("aks-demo")
        await operator.sees("Done in", "aks-demo is encrypted", "! Still needed The old key kv-demo/aks-kms")
        await operator.press("s")
        await operator.sees("Save a report of this run")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.paste(str(tmp_path / "report.md"))
        await operator.press("enter", "enter")
        await operator.until((tmp_path / "report.md").exists, "the report")
    report = (tmp_path / "report.md").read_text("utf-8")
    assert "- from: legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo" in report
    assert "- to: a platform-managed key" in report
    assert "- by: application 44444444-4444-4444-4444-444444444444" in report
    assert "- started: 20" in report
    assert "- cloud: simulated Azure at https://localhost:" in report
    assert "## Log" in report
    assert "## Verification\n\naks-demo: secrets are encrypted with a platform-managed key." in report
    assert "## To do" not in report, "the identity stays"
    assert "## Still needed\n\n- The old key kv-demo/aks-kms with all its versions" in report
    assert "## You can delete later" in report


async def test_legacy_kms_version_1_cannot_be_selected_and_shows_the_remedy(tmp_path: Path) -> None:
    async with (
        Simulator("legacy-kms-v1", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.choose("aks-demo")
        await operator.sees(
            "legacy KMS v1",
            "which cannot be migrated",
            "--disable-azure-keyvault-kms",
            "Press v to verify it.",
        )
        assert isinstance(operator.app.screen, ClusterScreen)
        assert simulator.writes() == []


async def test_failed_cluster_can_be_selected_and_repaired(tmp_path: Path) -> None:
    async with (
        Simulator("failed-attempt", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.to_clusters()
        await operator.press("slash")
        await operator.paste("aks-demo")
        await operator.sees("failed: can be repaired. The review shows what is missing")
        await operator.press("enter", "enter")
        await operator.sees("The last operation on aks-demo failed", "re-applies the cluster update")
        await operator.take_key("Private")
        await operator.sees("kv-demo · rg-demo", "id-aks-demo · rg-demo")
        await operator.press("ctrl+n")
        await operator.sees(
            "Missing: the identity id-aks-demo may not encrypt and decrypt",
            "Enter, then type aks-demo",
        )
        await operator.start("aks-demo")
        await operator.sees("Done in")
        await operator.press("enter")
        await operator.sees("aks-demo: secrets are encrypted with the customer-managed key kv-demo/aks-kms.")

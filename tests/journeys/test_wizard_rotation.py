"""Key rotation from the verification page: confirmed, done, verified again; a refused one shows the remedy."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.journeys.test_wizard_existing import pick
from tests.operator import LARGE, SMALL, Operator, wizard
from wizard.simulator import Simulator

MAY_ROTATE = """\
description: aks-demo is encrypted, and whoever is signed in may rotate its key.
extends: encrypted
principals:
  operator:
    roles:
      /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo: [Key Vault Crypto Officer]
"""


@asynccontextmanager
async def verified(
    scenario: str | Path,
    folder: Path,
    cluster: str = "aks-demo",
    size: tuple[int, int] = LARGE,
    speed: float = math.inf,
) -> AsyncIterator[tuple[Simulator, Operator]]:
    """A wizard at the verification of one cluster, with the dialog open."""
    async with (
        Simulator(scenario, speed=speed) as simulator,
        wizard(simulator, folder, size) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.press("slash")
        await operator.paste(cluster)
        await operator.press("enter", "v")
        await operator.sees("checks passed")
        await operator.press("o")
        await operator.sees(f"The key of {cluster}")
        yield simulator, operator


async def test_new_version_is_created_after_confirmation_and_shown_as_pending(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(MAY_ROTATE, "utf-8")
    async with verified(world, tmp_path, size=SMALL, speed=60) as (simulator, operator):
        await operator.sees("kv-demo/aks-kms", "1 version", "manually; no policy")
        await operator.press("tab", "enter")
        await operator.sees("Create a new version of kv-demo/aks-kms?")
        await operator.press("escape")
        assert simulator.writes() == []
        await operator.press("enter")
        await operator.sees("Create a new version of kv-demo/aks-kms?")
        await operator.press("tab", "enter")
        screen = await operator.sees("✓ Created version", "2 versions", "may take until", "Rotate anyway")
        assert "--again" not in screen
        await operator.press("escape")

        def pending() -> bool:
            report = operator.app.screen._report  # type: ignore[attr-defined]
            return any(check.code == "key-pickup" and check.outcome != "passed" for check in report.checks)

        await operator.until(pending, "the verification after the rotation")


async def test_rotation_policy_is_set(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(MAY_ROTATE, "utf-8")
    async with verified(world, tmp_path) as (_, operator):
        await operator.sees("manually; no policy")
        await pick(operator, "every", "every 90 days")
        operator.app.screen.query_one("#by-vault").focus()
        await operator.press("enter")
        await operator.sees("Rotate kv-demo/aks-kms by the vault, every 90 days?")
        await operator.press("tab", "enter")
        await operator.sees(
            "✓ The vault now rotates the key every 90 days.", "rotated by the vault, every 90 days"
        )


@pytest.mark.matrix
async def test_refused_rotation_shows_what_azure_returned_and_the_remedy(tmp_path: Path) -> None:
    async with verified("encrypted", tmp_path) as (simulator, operator):
        await operator.sees("1 version")
        await operator.press("tab", "enter")
        await operator.sees("Create a new version of kv-demo/aks-kms?")
        await operator.press("tab", "enter")
        await operator.sees("could not be rotated", "ForbiddenByRbac", "Key Vault Crypto", "Close")
        assert [w for w in simulator.writes() if w.status < 400] == []


async def test_long_problem_can_be_scrolled_at_80x24(tmp_path: Path) -> None:
    async with verified("encrypted", tmp_path, size=SMALL) as (_, operator):
        await operator.sees("manually; no policy")
        await operator.press("tab", "tab", "enter")
        await operator.sees("Rotate kv-demo/aks-kms by the vault")
        await operator.press("tab", "enter")
        await operator.sees("could not be set", "What to do", "Close", "Set the policy")
        await operator.press("end")
        await operator.sees("correlation ID", "Close", "Set the policy")
        await operator.press("home")
        await operator.sees("The key of aks-demo", "manually; no policy")


async def test_rotation_is_offered_for_customer_managed_keys_only(tmp_path: Path) -> None:
    async with Simulator("contoso", speed=math.inf) as simulator, wizard(simulator, tmp_path) as operator:
        await operator.to_clusters(register=False)
        for cluster, rotates in (("web-stage", False), ("bank-ledger", True)):
            await operator.press("slash")
            await operator.paste(cluster)
            await operator.press("enter", "v")
            await operator.sees("checks passed", f"{cluster}:", "m change")
            assert ("o rotate" in operator.frame()) == rotates
            await operator.press("escape", "escape")
            await operator.sees("Which cluster?")

"""A read-only lock is found before anything is written, and is real: without the rule Azure refuses."""

from pathlib import Path

import pytest

from tests.support import PRODUCTION, answers, signed_in
from wizard import rules
from wizard.procedure.planning import make_plan
from wizard.procedure.run import RefusedError, Run
from wizard.rules import governance

GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"


def locked_world(folder: Path, scope: str, level: str) -> Path:
    world = folder / "locked.yaml"
    world.write_text(
        f"""
description: Contoso with a lock.
extends: contoso
subscriptions:
  {PRODUCTION}:
    locks:
      hands-off: {{scope: {scope}, level: {level}}}
"""
    )
    return world


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "scope",
    [
        f"/subscriptions/{PRODUCTION}",
        GROUP,
        f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks-demo",
        f"/subscriptions/{PRODUCTION}/resourceGroups/MC_rg-demo_aks-demo_westus2",
    ],
)
async def test_a_read_only_lock_is_found_beforehand(tmp_path: Path, scope: str) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, ScopeLocked: on the subscription, the group, the cluster, the node resource group."""
    async with signed_in(locked_world(tmp_path, scope, "ReadOnly")) as (simulator, azure):
        wanted = answers("platform-managed")
        plan = await make_plan(azure, wanted)
        (finding,) = plan.errors
        assert finding.code == "scope-locked"
        assert "hands-off" in finding.message
        assert f"{scope}/providers/Microsoft.Authorization/locks/hands-off" in finding.remedy
        with pytest.raises(RefusedError):
            await Run(azure, wanted, plan).execute(plan.digest)
        assert simulator.writes() == []


async def test_a_lock_against_deletion_is_no_obstacle(tmp_path: Path) -> None:
    async with signed_in(locked_world(tmp_path, GROUP, "CanNotDelete")) as (_, azure):
        wanted = answers("customer-managed-private")
        plan = await make_plan(azure, wanted)
        assert plan.errors == ()
        assert await Run(azure, wanted, plan).execute(plan.digest) == "succeeded"


async def test_without_the_rule_azure_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is not imaginary: with it switched off, Azure Resource Manager itself says ScopeLocked."""
    monkeypatch.setattr(
        rules,
        "ACTION_RULES",
        tuple(each for each in rules.ACTION_RULES if each is not governance.read_only_locks),
    )
    async with signed_in(locked_world(tmp_path, GROUP, "ReadOnly")) as (_, azure):
        wanted = answers("customer-managed-private")
        plan = await make_plan(azure, wanted)
        assert plan.errors == ()
        run = Run(azure, wanted, plan)
        assert await run.execute(plan.digest) == "failed"
        assert {problem.code for problem in run.problems.values()} == {"ScopeLocked"}
        assert all("remove the lock" in problem.azure_said for problem in run.problems.values())

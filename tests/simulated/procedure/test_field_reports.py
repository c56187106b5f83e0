"""Runs that ended differently than expected in public reports: the step that is affected says what differs, and why."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import PRODUCTION, KeyOption, answers, scenario_file, signed_in
from wizard.errors import AzureError, Problem
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run

NO_PUBLIC_VAULTS = {
    "scope": f"/subscriptions/{PRODUCTION}",
    "type": "Microsoft.KeyVault/vaults",
    "field": "properties.publicNetworkAccess",
    "not_equals": "Disabled",
    "effect": "modify",
    "value": "Disabled",
}
WRITES = "Microsoft.ContainerService/managedClusters/write"


async def failed(folder: Path, key_option: KeyOption, **changes: Any) -> dict[str, Problem]:
    """Return the problems of a run that fails, by step."""
    chosen = answers(key_option)
    async with signed_in(scenario_file(folder, **changes)) as (_, azure):
        plan = await make_plan(azure, chosen)
        run = Run(azure, chosen, plan)
        assert await run.execute(plan.digest) == "failed"
        return run.problems


async def test_a_vault_that_a_policy_has_closed_is_not_as_requested(tmp_path: Path) -> None:
    """azuresandbox#556: the vault comes back without public network access."""
    problems = await failed(tmp_path, "customer-managed-public", policies={"no-public": NO_PUBLIC_VAULTS})
    assert list(problems) == ["vault"]
    assert "public network access to it is denied" in problems["vault"].summary
    assert "network_access: Private" in problems["vault"].remedy


async def test_an_identity_that_aks_has_kept_is_named(tmp_path: Path) -> None:
    """Azure/AKS#3498: the update succeeds, and the cluster still uses the old identity."""
    vault = {
        "default_action": "Deny",
        "keys": {"aks-kms": {}},
        "access": {"id-old": ["Key Vault Crypto User", "Key Vault Contributor"]},
    }
    group = {
        "identities": {"id-old": {}},
        "vaults": {"kv-demo": vault},
        "clusters": {"aks-demo": {"identity": "id-old"}},
    }
    problems = await failed(
        tmp_path,
        "customer-managed-private",
        subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}},
        faults=[{"match": {"operation": WRITES}, "keeps": ["identity"]}],
    )
    assert list(problems) == ["cluster"]
    assert "its identity is id-old instead of id-aks-demo" in problems["cluster"].summary
    assert "az aks update -n aks-demo -g rg-demo --subscription" in problems["cluster"].remedy


async def test_the_token_for_the_vault_is_obtained_before_the_first_write(tmp_path: Path) -> None:
    """Azure/login#180: after five minutes, the assertion of a pipeline is no longer valid."""
    chosen = answers("customer-managed-public")
    faults = [{"match": {"audience": "https://vault*"}, "sign_in": 700024}]
    async with signed_in(scenario_file(tmp_path, faults=faults)) as (simulator, azure):
        plan = await make_plan(azure, chosen)
        with pytest.raises(AzureError) as refusal:
            await Run(azure, chosen, plan).execute(plan.digest)
        assert "client assertion has expired" in refusal.value.problem.cause
        assert "aks-kms runs resume" in refusal.value.problem.remedy
        assert simulator.writes() == []

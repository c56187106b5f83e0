"""Where nobody has confirmed how Azure behaves (AZURE.md, UNCONFIRMED), the engine gets there by either answer."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import Road, answers, signed_in, world
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run


@pytest.mark.parametrize("road", ["platform-managed", "customer-managed-private", "customer-managed-public"])
@pytest.mark.parametrize(
    "rules",
    [
        {"feature_required_for": []},
        {"feature_required_for": ["platform-managed"]},
        {"feature_required_for": ["platform-managed", "customer-managed"]},
        {"feature_needs_provider_refresh": True},
        {"feature_needs_provider_refresh": False},
        {"private_access_validated": True},
        {"private_access_validated": False},
    ],
    ids=str,
)
async def test_the_run_succeeds_by_either_answer(road: Road, rules: dict[str, Any], tmp_path: Path) -> None:
    """§0 A (is the flag needed), §1a (must the provider be refreshed), §11 (is a private vault validated)."""
    async with signed_in(world(tmp_path, rules=rules)) as (_, azure):
        wanted = answers(road)
        plan = await make_plan(azure, wanted)
        assert await Run(azure, wanted, plan).execute(plan.digest) == "succeeded"


@pytest.mark.parametrize("validated", [True, False])
async def test_a_private_vault_that_aks_may_not_reach_ends_in_a_problem_that_names_it(
    tmp_path: Path, validated: bool
) -> None:
    """§0 E: AKS is not in Key Vault's published list of trusted services."""
    rules = {"aks_is_trusted_service": False, "private_access_validated": validated}
    async with signed_in(world(tmp_path, rules=rules)) as (_, azure):
        wanted = answers("customer-managed-private")
        plan = await make_plan(azure, wanted)
        run = Run(azure, wanted, plan)
        assert await run.execute(plan.digest) == "failed"
        problem = run.problems["cluster"]
        assert problem.code in {
            "InternalOperationError",
            "AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
        }
        assert problem.remedy

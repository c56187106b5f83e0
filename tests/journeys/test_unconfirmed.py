"""Where the behaviour of Azure is not confirmed (docs/azure.md, UNCONFIRMED), the engine succeeds with either answer."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import KeyOption, answers, scenario_file, signed_in
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run


@pytest.mark.sampled(9)
@pytest.mark.parametrize(
    "key_option", ["platform-managed", "customer-managed-private", "customer-managed-public"]
)
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
        {"versioned_key_in_the_new_way": "refused"},
        {"etag_in_answers": False},
        {"repeated_assignment": "refused"},
        {"unknown_feature_code": "ResourceNotFound"},
        {"feature_name": "bare"},
        {"default_key_ops": ["sign", "verify"]},
        {"closed_vault_inner_code": ""},
        {"graph_shows_the_new_way": False},
        {"kms_provider": "aks-kms"},
    ],
    ids=str,
)
async def test_the_run_succeeds_by_either_answer(
    key_option: KeyOption, rules: dict[str, Any], tmp_path: Path
) -> None:
    """docs/azure.md#open-questions (is the flag needed), docs/azure.md#refusals-of-the-aks-resource-provider (must the provider be refreshed), docs/azure.md#open-questions (is a private vault validated)."""
    async with signed_in(scenario_file(tmp_path, rules=rules)) as (_, azure):
        wanted = answers(key_option)
        plan = await make_plan(azure, wanted)
        assert await Run(azure, wanted, plan).execute(plan.digest) == "succeeded"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("validated", [True, False])
async def test_a_private_vault_that_aks_may_not_reach_ends_in_a_problem_that_names_it(
    tmp_path: Path, validated: bool
) -> None:
    """docs/azure.md#trusted-services: AKS is not in Key Vault's published list of trusted services."""
    rules = {"aks_is_trusted_service": False, "private_access_validated": validated}
    async with signed_in(scenario_file(tmp_path, rules=rules)) as (_, azure):
        wanted = answers("customer-managed-private")
        plan = await make_plan(azure, wanted)
        run = Run(azure, wanted, plan, timeouts=Timeouts(operation=120, cluster_retry=60))
        assert await run.execute(plan.digest) == "failed"
        problem = run.problems["cluster"]
        assert problem.code in {
            "InternalOperationError",
            "AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
        }
        assert problem.remedy


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("base", "key_option", "rules"),
    [
        ("legacy-kms", "customer-managed-private", {"versioned_key_in_the_new_way": "refused"}),
        ("encrypted", "platform-managed", {"disabled_key_shown": False}),
        ("encrypted", "customer-managed-private", {"etag_in_answers": False}),
        ("feature-gone", "platform-managed", {"unknown_feature_code": "ResourceNotFound"}),
        ("key-in-hardware", "customer-managed-private", {"hardware_keys": "accepted"}),
    ],
)
async def test_migrations_succeed_by_either_answer(
    base: str, key_option: KeyOption, rules: dict[str, Any], tmp_path: Path
) -> None:
    """docs/azure.md#request-bodies (what may stay beside a key that is turned off, a key version in the new way), docs/azure.md#round-trip-through-the-sdk, docs/azure.md#rotation-expiry-and-hsms, docs/azure.md#preview-features."""
    async with signed_in(scenario_file(tmp_path, extends=base, rules=rules)) as (_, azure):
        wanted = answers(key_option)
        plan = await make_plan(azure, wanted)
        assert await Run(azure, wanted, plan).execute(plan.digest) == "succeeded"
        assert not (await make_plan(azure, wanted)).writes


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("base", "key_option", "rules", "said"),
    [
        ("contoso", "customer-managed-public", {"public_vault_id": "refused"}, "must be empty"),
        ("contoso", "customer-managed-private", {"identity_must_be_there_first": True}, "'UserAssigned'"),
        ("key-in-hardware", "customer-managed-private", {"hardware_keys": "refused"}, "'RSA-HSM'"),
    ],
)
async def test_an_answer_that_azure_rejects_is_reported_in_azures_words(
    base: str, key_option: KeyOption, rules: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """docs/azure.md#vault-id-with-a-public-vault (a vault id beside Public), docs/azure.md#how-an-update-works (identity and key in one PUT), docs/azure.md#rotation-expiry-and-hsms (a key in hardware)."""
    async with signed_in(scenario_file(tmp_path, extends=base, rules=rules)) as (_, azure):
        wanted = answers(key_option)
        plan = await make_plan(azure, wanted)
        run = Run(azure, wanted, plan)
        assert await run.execute(plan.digest) == "failed"
        problem = run.problems["cluster"]
        assert (problem.code, bool(problem.remedy)) == ("BadRequest", True)
        assert said in problem.azure_said

"""Every built-in scenario, with every key option: each ends in success, in a refusal before anything is written, or in Azure's code."""

import pytest

from tests.support import KEY_OPTIONS, KeyOption, answers, signed_in
from wizard.cloud.timeouts import Timeouts
from wizard.errors import AzureError, Problem
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import scenarios

DONE = "succeeded"
NOT_HERE = {"fleet", "throttled"}
"""Scenarios of the benchmarks and of the tests of waiting; their time is real."""
BY_CHANCE = {"flaky-network", "token-revoked"}
"""Scenarios in which it depends on the time which request has a fault."""
SHORT = Timeouts(operation=300, registration=60)

# Per scenario: how platform-managed, customer-managed private and customer-managed public end. A refusal of ours is
# written with a question mark; without one, it is the code of Azure's own that the run fails with.
ENDS: dict[str, tuple[str, str, str]] = {
    "aks-not-trusted": (DONE, "InternalOperationError", DONE),
    "deny-assignment": ("rights-denied?",) * 3,
    "eligible-only": ("rights-missing?",) * 3,
    "empty": ("cluster-not-found?", "cluster-not-found?", "cluster-not-found?"),
    "feature-pending": ("", "", ""),
    "identity-deleted": ("identity-gone?", DONE, DONE),
    "key-deleted": (DONE, "ObjectIsDeletedButRecoverable", "ObjectIsDeletedButRecoverable"),
    "key-disabled": (DONE, "key-disabled?", "key-disabled?"),
    "key-elliptic": (DONE, "key-type?", "key-type?"),
    "key-expired": (DONE, "key-expired?", "key-expired?"),
    "key-not-yet-valid": (DONE, "key-not-yet-valid?", "key-not-yet-valid?"),
    "key-without-encrypt": (DONE, "key-operations?", "key-operations?"),
    "legacy-kms-v1": ("legacy-kms-v1?",) * 3,
    "never-ends": ("", "", ""),
    "no-assign": (DONE, "rights-missing?", "rights-missing?"),
    "no-grant": (DONE, "rights-missing?", "rights-missing?"),
    "no-rights": ("rights-missing?", "rights-missing?", "rights-missing?"),
    "node-group-lock": ("scope-locked?", "scope-locked?", "scope-locked?"),
    "policy-denies-nodes": ("RequestDisallowedByPolicy",) * 3,
    "policy-denies-vault": (DONE, "policy-denies?", "policy-denies?"),
    "policy-wants-key-expiry": (DONE, "ForbiddenByPolicy", "ForbiddenByPolicy"),
    "policy-wants-larger-key": (DONE, "ForbiddenByPolicy", "ForbiddenByPolicy"),
    "read-only-lock": ("scope-locked?", "scope-locked?", "scope-locked?"),
    "shared-vault": (DONE, "vault-shared?", DONE),
    "service-principal": ("cluster-service-principal?",) * 3,
    "stopped": ("cluster-stopped?", "cluster-stopped?", "cluster-stopped?"),
    "too-old": ("cluster-version-too-old?",) * 3,
    "unregistered-provider": (DONE, "provider-not-registered?", "provider-not-registered?"),
    "update-fails": ("InternalOperationError",) * 3,
    "vault-elsewhere": (DONE, "vault-name-taken?", "vault-name-taken?"),
    "vault-firewall": (DONE, DONE, "vault-firewall-denies?"),
    "vault-name-taken": (DONE, "vault-name-taken?", "vault-name-taken?"),
    "vault-other-tenant": (DONE, "vault-other-tenant?", "vault-other-tenant?"),
    "vault-perimeter": (DONE, "vault-perimeter?", "vault-firewall-denies? vault-perimeter?"),
    "vault-private": (DONE, DONE, "vault-firewall-denies?"),
    "vault-purge-protected": (DONE, "vault-soft-deleted?", "vault-soft-deleted?"),
    "vault-soft-deleted": (DONE, "vault-soft-deleted?", "vault-soft-deleted?"),
}


@pytest.mark.sampled(14)
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
@pytest.mark.parametrize("world", sorted(scenarios().keys() - NOT_HERE - BY_CHANCE))
async def test_a_scenario_ends_as_it_should(world: str, key_option: KeyOption) -> None:
    expected = ENDS.get(world, (DONE,) * 3)[KEY_OPTIONS.index(key_option)]
    async with signed_in(world) as (simulator, azure):
        wanted = answers(key_option)
        plan = await make_plan(azure, wanted)
        if expected.endswith("?"):
            assert {f"{finding.code}?" for finding in plan.errors} == set(expected.split())
            assert all(finding.message and finding.remedy for finding in plan.errors)
            assert simulator.writes() == []
            return
        run = Run(azure, wanted, plan, timeouts=SHORT)
        status = await run.execute(plan.digest)
        if expected == DONE:
            assert (status, run.problems) == (DONE, {})
            assert not (await make_plan(azure, wanted)).writes
        else:
            assert status == "failed"
            assert {problem.code for problem in run.problems.values()} == {expected}
            assert all(problem.summary and problem.remedy for problem in run.problems.values())


@pytest.mark.sampled(6)
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
@pytest.mark.parametrize("world", sorted(BY_CHANCE))
async def test_randomness_changes_how_far_it_goes_but_not_the_messages(
    world: str, key_option: KeyOption
) -> None:
    """Success, or a problem with a remedy; started again and again it gets there, and nothing is done twice."""
    async with signed_in(world) as (simulator, azure):
        wanted = answers(key_option)
        status = ""
        for _ in range(20):
            said: list[Problem] = []
            try:
                plan = await make_plan(azure, wanted)
                run = Run(azure, wanted, plan, timeouts=SHORT)
                status = await run.execute(plan.digest)
                said = list(run.problems.values())
            except AzureError as error:
                said = [error.problem]
            assert all(problem.summary and problem.remedy for problem in said)
            if status == DONE:
                break
        assert status == DONE
        created = [request.path for request in simulator.writes() if request.status == 201]
        assert len(created) == len({path.casefold() for path in created})


def test_no_scenario_is_expected_that_does_not_exist() -> None:
    assert ENDS.keys() <= scenarios().keys()

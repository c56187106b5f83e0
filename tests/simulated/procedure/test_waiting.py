"""The run waits for Azure visibly, and every wait has a timeout."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from tests.support import (
    PRODUCTION,
    Answered,
    ManualClock,
    MovedClock,
    answers,
    cluster_id,
    identity_id,
    run_plan,
    scenario_file,
    signed_in,
    vault_id,
)
from wizard.cloud.arm import Json, dig
from wizard.cloud.azure import Azure, connect
from wizard.cloud.roles import CRYPTO_OFFICER, assignment_name
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, Problem
from wizard.procedure.events import Event
from wizard.procedure.refusals import Refusals
from wizard.procedure.step import Work
from wizard.simulator import Simulator

PRIVATE, PUBLIC = answers("customer-managed-private"), answers("customer-managed-public")
THROUGH_ARM = answers("customer-managed-public", key={"create_through": "resource-manager"})
NEVER = 1e9
LONG = Timeouts(role_assignment=7200)
ROLE_NOT_THERE = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
UNKNOWN_PRINCIPAL: Json = {
    "match": {"method": "PUT", "path": "*/providers/microsoft.authorization/roleassignments/*"},
    "answer": {
        "status": 400,
        "code": "PrincipalNotFound",
        "message": "Principal 1 does not exist in the directory 2.",
    },
}
REGISTERED: Json = {
    "subscriptions": {
        PRIVATE.subscription: {"features": {"Microsoft.ContainerService/KMSPMKPreview": "Registered"}}
    }
}
"""Otherwise the roles propagate while the feature is being registered."""
CLUSTER_PUT: Json = {"method": "PUT", "path": "*/providers/microsoft.containerservice/managedclusters/*"}
STALE: Json = {"status": 412, "code": "PreconditionFailed", "message": "The condition was not met."}


def slow(folder: Path, role_propagation: float = 300) -> Path:
    """Return a scenario in which roles take this many seconds to propagate, and nothing else takes long."""
    return scenario_file(folder, **REGISTERED, durations={"role_propagation": role_propagation})


@asynccontextmanager
async def propagating_after(
    message: str, folder: Path
) -> AsyncIterator[tuple[Simulator, Azure, Callable[[Event], None]]]:
    """A simulated Azure whose roles propagate once the run has said this. The listener moves its clock."""
    clock = MovedClock()

    def listener(event: Event) -> None:
        if event.message == message:
            clock.ahead += 60

    async with (
        Simulator(slow(folder, 30_000), speed=600, clock=clock) as simulator,
        connect(simulator.environment) as azure,
    ):
        yield simulator, azure, listener


def told(events: list[Event], step: str) -> list[str]:
    return [
        event.message for event in events if event.step == step and event.type in {"step-progress", "log"}
    ]


def problem_of(ran: Answered) -> Problem:
    problem = ran[1][-1].problem
    assert ran[2] == "failed"
    assert problem is not None
    return problem


async def test_the_operators_new_role_is_waited_for_before_the_key_is_created(
    tmp_path: Path,
) -> None:
    waiting = "your role assignment on the vault has not propagated yet"
    async with propagating_after(waiting, tmp_path) as (simulator, azure, listener):
        _, events, status = await run_plan(azure, PUBLIC, timeouts=LONG, listener=listener)
        refused = [
            r for r in simulator.requests if r.path.endswith("/keys/aks-kms/create") and r.status == 403
        ]
        made = [r for r in simulator.requests if r.path.endswith("/keys/aks-kms/create") and r.status == 200]
    assert status == "succeeded"
    assert refused
    assert len(made) == 1, "a second one would have been a second version"
    waits = [e for e in events if e.step == "key" and e.message == waiting]
    assert waits
    assert all(e.seconds is not None and e.expected_seconds for e in waits)


async def test_akss_own_check_of_the_role_is_repeated_until_it_passes(tmp_path: Path) -> None:
    retrying = "AKS cannot use the key yet because the role assignment has not propagated; retrying in 60 s"
    async with propagating_after(retrying, tmp_path) as (simulator, azure, listener):
        _, events, status = await run_plan(azure, THROUGH_ARM, timeouts=LONG, listener=listener)
        puts = [
            r.status for r in simulator.requests if r.method == "PUT" and r.path.lower().endswith("/aks-demo")
        ]
    assert status == "succeeded"
    assert puts[-1] == 200
    assert set(puts[:-1]) == {400}
    assert retrying in told(events, "cluster")


async def test_new_roles_propagate_before_the_update_if_aks_cannot_check_them(tmp_path: Path) -> None:
    async with signed_in(scenario_file(tmp_path, **REGISTERED), speed=40) as (simulator, azure):
        _, events, status = await run_plan(azure, PRIVATE)
        assert len([r for r in simulator.writes() if r.path.lower().endswith("/aks-demo")]) == 1
    assert status == "succeeded"
    propagating = [
        e for e in events if e.step == "cluster" and e.message == "role assignments are propagating"
    ]
    assert propagating
    assert propagating[0].expected_seconds == 300
    spent = [e.seconds for e in propagating if e.seconds is not None]
    assert spent == sorted(spent)
    assert spent[-1] < 300


async def test_old_role_assignments_need_no_propagation_time() -> None:
    ledger = answers(
        "customer-managed-private",
        resource_group="rg-bank",
        location="germanywestcentral",
        cluster={"name": "bank-cards"},
        vault={"name": "kv-bank-ledger"},
        key={"name": "ledger-kms"},
        identity={"name": "id-ledger"},
    )
    async with signed_in(speed=2400) as (_, azure):
        _, events, status = await run_plan(azure, ledger)
    assert status == "succeeded"
    assert "role assignments are propagating" not in told(events, "cluster")


@pytest.mark.parametrize("before", ["Key Vault Crypto User", None])
async def test_another_sufficient_role_propagates_too(tmp_path: Path, before: str | None) -> None:
    """Crypto Officer is assigned just before the run; if the identity could already use the key, no wait is needed."""
    held = ["Key Vault Contributor", *([before] if before else [])]
    there = {
        "identities": {"id-aks-demo": {}},
        "vaults": {
            "kv-demo": {"keys": {"aks-kms": {}}, "access": {"id-aks-demo": held}, "default_action": "Deny"}
        },
    }
    here = {**REGISTERED["subscriptions"][PRODUCTION], "groups": {"rg-demo": there}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: here}), speed=40) as (
        simulator,
        azure,
    ):
        principal = str(dig(simulator.resource(identity_id()), "properties", "principalId"))
        with declared(Repeat.SAFE):
            await azure.authorization(PRODUCTION).role_assignments.create(
                vault_id(),
                assignment_name(vault_id(), principal, CRYPTO_OFFICER),
                RoleAssignmentCreateParameters(
                    role_definition_id=CRYPTO_OFFICER.definition_id(PRODUCTION),
                    principal_id=principal,
                    principal_type="ServicePrincipal",
                ),
            )
        plan, events, status = await run_plan(azure, PRIVATE)
    assert status == "succeeded"
    assert {step.action for step in plan.steps if step.key == "crypto-role"} == {"none"}
    assert ("role assignments are propagating" in told(events, "cluster")) == (before is None)


async def test_akss_message_about_a_key_is_reported_for_a_platform_managed_key_too(tmp_path: Path) -> None:
    """With a platform-managed key the answers name no vault to check."""
    refusal = {
        "status": 400,
        "code": "AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
        "message": "No.",
    }
    async with signed_in(scenario_file(tmp_path, faults=[{"match": CLUSTER_PUT, "answer": refusal}])) as (
        _,
        azure,
    ):
        problem = problem_of(await run_plan(azure, answers("platform-managed")))
    assert (problem.code, problem.azure_said) == (refusal["code"], "No.")


async def test_a_role_that_never_propagates_ends_in_a_timeout(tmp_path: Path) -> None:
    async with signed_in(slow(tmp_path, NEVER), speed=600) as (simulator, azure):
        ran = await run_plan(azure, THROUGH_ARM, timeouts=Timeouts(role_assignment=120))
        assert (
            dig(simulator.resource(cluster_id()), "properties", "securityProfile", "azureKeyVaultKms") is None
        )
    problem = problem_of(ran)
    assert problem.code == ROLE_NOT_THERE
    assert "keys encrypt/decrypt permission" in problem.azure_said
    assert problem.retryable


async def test_the_operators_role_that_never_propagates_ends_in_a_timeout(tmp_path: Path) -> None:
    async with signed_in(slow(tmp_path, NEVER), speed=600) as (_, azure):
        problem = problem_of(await run_plan(azure, PUBLIC, timeouts=Timeouts(role_assignment=60)))
    assert problem.code == "ForbiddenByRbac"
    assert "aks-kms" in problem.summary
    assert problem.retryable


async def test_a_new_identity_that_has_not_replicated_is_waited_for(tmp_path: Path) -> None:
    fault = {**UNKNOWN_PRINCIPAL, "match": {**UNKNOWN_PRINCIPAL["match"], "count": 5}}
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (_, azure):
        _, events, status = await run_plan(azure, PRIVATE)
    assert status == "succeeded"
    heard = told(events, "crypto-role") + told(events, "contributor-role")
    assert heard.count("waiting for the new identity to replicate in Microsoft Entra") == 5


async def test_an_identity_that_never_replicates_ends_in_a_timeout(tmp_path: Path) -> None:
    async with signed_in(scenario_file(tmp_path, faults=[UNKNOWN_PRINCIPAL])) as (_, azure):
        problem = problem_of(await run_plan(azure, PRIVATE, timeouts=Timeouts(principal=50)))
    assert problem.code == "PrincipalNotFound"
    assert problem.kind == "transient"
    assert problem.retryable


BUSY: Json = {"status": 429, "code": "TooManyRequests", "message": "Please try again later."}


async def test_another_operation_on_the_cluster_is_waited_for(tmp_path: Path) -> None:
    answer = {**BUSY, "headers": {"Retry-After": "0.01"}}
    fault = {"match": {"path": "/subscriptions*", "every": 5}, "answer": answer}
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (simulator, azure):
        _, _, status = await run_plan(azure, PRIVATE)
        assert len([request for request in simulator.requests if request.status == 429]) > 10
    assert status == "succeeded"


async def test_a_requested_wait_is_honored(tmp_path: Path) -> None:
    answer = {**BUSY, "code": "Throttled", "headers": {"Retry-After": "0.2"}}
    fault = {"match": {**CLUSTER_PUT, "count": 1}, "answer": answer}
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (simulator, azure):
        _, _, status = await run_plan(azure, answers("platform-managed"))
        first, second = (
            r for r in simulator.requests if r.method == "PUT" and r.path.lower().endswith("/aks-demo")
        )
    assert status == "succeeded"
    assert (first.status, second.status) == (429, 200)
    assert second.time - first.time > 0.19


async def test_a_cluster_that_changed_at_the_same_moment_is_read_again(tmp_path: Path) -> None:
    fault = {"match": {**CLUSTER_PUT, "count": 2}, "answer": STALE}
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (_, azure):
        _, events, status = await run_plan(azure, PRIVATE)
    assert status == "succeeded"
    assert len([message for message in told(events, "cluster") if "Retrying" in message]) == 2


@pytest.mark.sampled(4)
@pytest.mark.parametrize("header", ["Location", "Azure-AsyncOperation", "Operation-Location"])
@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "https://127.0.0.1:1/x", "http://localhost/x", "//[/x"]
)
async def test_an_operation_is_followed_only_at_azure(header: str, link: str, tmp_path: Path) -> None:
    """The token is sent to wherever an operation is followed. The cluster itself shows how it ends."""
    answer = {"status": 202, "text": "{}", "headers": {header: link}}
    async with signed_in(
        scenario_file(tmp_path, faults=[{"match": {**CLUSTER_PUT, "count": 1}, "raw": answer}])
    ) as (
        _,
        azure,
    ):
        _, events, status = await run_plan(azure, PRIVATE)
    assert status == "succeeded"
    assert [m for m in told(events, "cluster") if m.startswith("InvalidResponseError: ")]


async def test_waiting_for_another_operation_ends_in_a_timeout(tmp_path: Path) -> None:
    async with signed_in(scenario_file(tmp_path, faults=[{"match": CLUSTER_PUT, "answer": STALE}])) as (
        _,
        azure,
    ):
        problem = problem_of(await run_plan(azure, PRIVATE, timeouts=Timeouts(update_retry=180)))
    assert problem.code == "PreconditionFailed"
    assert problem.retryable


@pytest.mark.parametrize(("each_takes", "refusals"), [(0, 31), (240, 7), (1800, 2)])
async def test_the_time_that_azure_takes_to_refuse_counts_toward_the_timeout(
    each_takes: float, refusals: int
) -> None:
    async with signed_in() as (_, azure):
        clock, timeouts = ManualClock(), Timeouts(update_retry=1800)
        unchecked: Any = None  # what kind of cluster it is plays no part
        work = Work(
            replace(azure, clock=clock),
            unchecked,
            unchecked,
            timeouts,
            lambda *_: None,
            lambda *_: None,
            unchecked,
        )
        waits, made = Refusals(work), 0

        async def ask_until_it_is_enough() -> None:
            nonlocal made
            while True:
                clock.passed.append(each_takes)
                made += 1
                await waits.wait_or_raise(AzureError(Problem("transient", "Refused.", code="EtagMismatch")))
                await clock.sleep(timeouts.cluster_retry)

        with pytest.raises(AzureError) as used_up:
            await ask_until_it_is_enough()
    assert made == refusals
    assert "--timeout update-retry=3600" in used_up.value.problem.remedy


async def test_a_feature_pending_approval_is_reported() -> None:
    async with signed_in("feature-pending") as (_, azure):
        ran = await run_plan(azure, answers("platform-managed"), timeouts=Timeouts(registration=60))
    assert "waiting for Microsoft's approval" in told(ran[1], "feature")
    assert "approval" in problem_of(ran).summary


async def test_a_long_running_operation_is_reported_with_its_last_status(tmp_path: Path) -> None:
    async with signed_in(scenario_file(tmp_path, **REGISTERED), speed=200) as (_, azure):
        _, events, status = await run_plan(azure, answers("platform-managed"))
    assert status == "succeeded"
    words = [e for e in events if e.step == "cluster" and e.message.startswith("cluster is being updated: ")]
    assert words
    assert all(e.seconds is not None and e.expected_seconds for e in words)

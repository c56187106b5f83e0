"""A part of the matrix of every fault at every request; all of it: `python -m tests.survival.faults --full`."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from tests.journeys.conftest import StartShell, start_shell
from tests.journeys.test_transitions import EXISTING
from tests.support import (
    PRODUCTION,
    answers,
    child_environment,
    cluster_id,
    identity_id,
    run_plan,
    scenario_file,
    signed_in,
    vault_id,
    wait_until,
)
from tests.survival import faults
from tests.survival.fault_kinds import KINDS, Kind
from tests.survival.fault_procedures import PROCEDURES, Ending, Procedure
from tests.survival.faults import Asked, Combination, Good, combinations, good, requests_of, tried
from wizard.cloud.arm import dig
from wizard.cloud.azure import Azure, connect
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_USER, assignment_name
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.simulator import Simulator

__all__ = ["start_shell"]

OF_EACH = 3


@pytest.mark.sampled(5)
@pytest.mark.parametrize("procedure", PROCEDURES, ids=[procedure.name for procedure in PROCEDURES])
@pytest.mark.timeout(600)
async def test_each_fault_ends_in_success_or_in_a_clear_error(procedure: Procedure) -> None:
    found = combinations(procedure, await requests_of(procedure), KINDS, new=True)
    chosen = Random(procedure.name).sample(found, OF_EACH)
    results = [await tried(combination) for combination in chosen]
    assert [result for result in results if result.how not in {"success", "error"}] == []


async def test_a_fault_that_was_never_injected_fails_the_matrix() -> None:
    result = await tried(Combination("platform-managed", Asked("PUT", "/nowhere", 1), "503", "once"))
    assert result.how == "untouched"


def test_the_matrix_detects_a_wait_without_a_notice() -> None:
    combination = Combination(
        "platform-managed", Asked("GET", "*/managedclusters/aks-demo", 1), "503", "once"
    )
    undisturbed = Good((), {}, {}, frozenset({"cluster is being updated"}))
    silent = Ending(
        "success", events=[Event(datetime.now(UTC), "step-progress", message="cluster is being updated")]
    )
    assert faults._wrong(combination, silent, undisturbed) == "it was waited in silence"
    assert faults._wrong(combination, replace(silent, told=["Retrying"]), undisturbed) == ""


async def test_the_matrix_detects_a_false_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is the undisturbed end that is another, as if the run had left something out."""
    procedure = next(procedure for procedure in PROCEDURES if procedure.name == "platform-managed")
    combination = Combination(procedure.name, Asked("GET", "*/managedclusters/aks-demo", 1), "503", "once")
    end = await good(procedure)
    monkeypatch.setitem(
        faults._good, procedure.name, replace(end, world={**end.world, "deleted": ["kv-demo"]})
    )
    result = await tried(combination)
    assert (result.how, result.detail) == ("wrong", "/deleted: ['kv-demo'] ≠ []")


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"a|": "none", "a|vault": "failed"}, ""),
        ({"a|": "none", "a|vault": "passed"}, "a|vault was passed, and is failed"),
        ({"a|": "none", "a|vault-unread": "unknown"}, ""),
        ({"a|": "none"}, "a|vault was left out in silence"),
        ({"b|": "none"}, "left out in silence"),
    ],
)
def test_the_matrix_detects_a_wrong_verdict(told: dict[str, str], wrong: str) -> None:
    undisturbed = Good((), {}, {"a|": "none", "a|vault": "failed"}, frozenset())
    found = faults._claimed(Ending("success", verdict=told), undisturbed)
    assert wrong in found
    assert bool(found) is bool(wrong)


EVERY_WRITE = {
    "the cluster": (Asked("PUT", "*/managedclusters/aks-demo", 1), "once"),
    "the key": (Asked("POST", "/keys/aks-kms/create", 2), "at the last"),  # the vault's challenge comes first
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "kind", ["answer lost", "500, done all the same", "a proxy's page, done all the same"]
)
@pytest.mark.parametrize("write", EVERY_WRITE)
async def test_a_write_whose_response_is_lost_is_applied_once_and_the_run_continues(
    write: str, kind: str
) -> None:
    asked, mode = EVERY_WRITE[write]
    result = await tried(Combination("customer-managed, public", asked, kind, mode))
    assert (result.how, result.detail) == ("success", "")


async def test_a_404_of_a_proxy_plans_no_creation() -> None:
    async with Simulator("encrypted", speed=float("inf")) as simulator:
        page = {"status": 404, "body": "<html>Not here</html>"}
        simulator.inject_faults({"match": {"method": "GET", "path": "*/vaults/kv-demo"}, "page": page})
        with pytest.raises(AzureError) as refusal:
            async with connect(simulator.environment) as azure:
                await make_plan(azure, answers("customer-managed-private"))
        assert simulator.writes() == []
    problem = refusal.value.problem
    assert problem.kind == "unreachable"
    assert "kv-demo" in problem.summary
    assert "Not here" in problem.azure_said


async def test_the_operator_sees_that_azure_asks_to_wait() -> None:
    busy = {
        "match": {"method": "PUT", "path": "*/userassignedidentities/id-aks-demo", "count": 1},
        "answer": {
            "status": 429,
            "code": "TooManyRequests",
            "message": "Busy.",
            "headers": {"Retry-After": "1"},
        },
    }
    async with signed_in() as (simulator, azure):
        simulator.inject_faults(busy)
        _, events, status = await run_plan(azure, answers("customer-managed-private"))
    assert status == "succeeded"
    told = [event.message for event in events if event.step == "identity" and event.type == "step-progress"]
    assert told == ["Azure asks to wait 1 s (PUT id-aks-demo: HTTP 429)"]


SPEED = 1200.0
UPDATES = [
    kind
    for kind in KINDS
    if kind.fits("PUT", cluster_id().lower())
    and kind.name not in {"hang", "operation never ends", "operation lags"}
    and "token" not in kind.spec
]
"""What can go wrong with the cluster's update, but for what is only a matter of timeouts, and what never gets as far as AKS."""


@pytest.mark.sampled(7)
@pytest.mark.parametrize("kind", UPDATES, ids=[kind.name for kind in UPDATES])
async def test_no_second_cluster_update_is_sent_within_a_minute(kind: Kind) -> None:
    """AKS gives each cluster 20 updates, and one more a minute (docs/azure.md#refusals-of-the-aks-resource-provider)."""
    environment = {"AKS_KMS_TIMEOUTS": "update-retry=240,role-assignment=240,throttling=60"}
    async with signed_in(speed=SPEED, environment=environment) as (simulator, azure):
        match = {"method": "PUT", "path": "*/managedclusters/aks-demo"}
        simulator.inject_faults({"match": match, **kind.spec})
        await run_plan(azure, answers("platform-managed"))
        puts = [
            request.time
            for request in simulator.requests
            if request.method == "PUT" and request.path.lower().endswith("/managedclusters/aks-demo")
        ]
    assert puts
    assert all((later - earlier) * SPEED >= 60 for earlier, later in pairwise(puts))


@pytest.mark.parametrize("ahead", [3600, -3600])
async def test_a_clock_that_jumps_does_not_change_the_age_of_a_role_assignment(
    ahead: int, tmp_path: Path
) -> None:
    """A role that AKS does not see yet breaks a cluster with a private vault: its age is that on Azure's clock."""
    there = {
        **EXISTING,
        "vaults": {"kv-demo": {"keys": {"aks-kms": {}}, "default_action": "Deny", "purge_protection": True}},
    }
    changes = {
        "features": {"Microsoft.ContainerService/KMSPMKPreview": "Registered"},
        "groups": {"rg-demo": there},
    }
    scenario = scenario_file(tmp_path, subscriptions={PRODUCTION: changes})
    chosen = answers("customer-managed-private")
    speed = 200
    async with Simulator(scenario, speed=speed, clock=lambda: time.time() - ahead) as simulator:
        async with connect(simulator.environment) as azure:
            principal = str(dig(simulator.resource(identity_id()), "properties", "principalId"))
            await give_roles(azure, principal)
            events: list[Event] = []
            long = replace(azure.timeouts, role_propagation_private=abs(ahead) * speed / 2)
            running = asyncio.create_task(run_plan(azure, chosen, listener=events.append, timeouts=long))
            await wait_until(lambda: any("propagating" in e.message for e in events) or running.done())
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert len(simulator.writes()) == 3, (
            "two roles and the provider; the cluster was not updated before its time"
        )
    propagating = [e for e in events if e.message == "role assignments are propagating"]
    astray = abs(ahead) * speed  # seconds of Azure's time by which it would be wrong
    assert all(e.seconds is not None and 0 <= e.seconds < astray / 2 for e in propagating)
    word = "ahead of" if ahead > 0 else "behind"
    assert any(f"this computer's clock is 60 minutes {word} Azure's" in event.message for event in events)


async def give_roles(azure: Azure, principal: str) -> None:
    """As another user would, a moment before."""
    client = azure.authorization(PRODUCTION).role_assignments
    for role in (CRYPTO_USER, CONTRIBUTOR):
        body = RoleAssignmentCreateParameters(
            role_definition_id=role.definition_id(PRODUCTION),
            principal_id=principal,
            principal_type="ServicePrincipal",
        )
        with declared(Repeat.SAFE):
            await client.create(vault_id(), assignment_name(vault_id(), principal, role), body)


@pytest.mark.parametrize("where", ["AKS_KMS_ARM_ENDPOINT", "AZURE_AUTHORITY_HOST", "HTTPS_PROXY"])
async def test_a_host_name_that_does_not_resolve_is_reported(where: str) -> None:
    address: dict[str, str | None] = {where: "https://nowhere.invalid", "HTTPS_PROXY": None}
    async with Simulator(speed=float("inf")) as simulator:
        if where == "HTTPS_PROXY":
            address = {where: "http://nowhere.invalid:8080", "NO_PROXY": None}
        with pytest.raises(AzureError) as refusal:
            async with connect(child_environment(simulator, address)):
                pass
        assert simulator.writes() == []
    problem = refusal.value.problem
    assert problem.kind == "unreachable"
    assert "nowhere.invalid" in f"{problem.summary} {problem.cause} {problem.azure_said}"
    assert "HTTPS_PROXY" in problem.remedy


async def test_a_request_that_hangs_is_reported_while_it_waits() -> None:
    async with signed_in(environment={"AKS_KMS_TIMEOUTS": "request=2"}) as (simulator, azure):
        match = {"method": "PUT", "path": "*/userassignedidentities/id-aks-demo", "count": 1}
        simulator.inject_faults({"match": match, "hang": True})
        _, events, status = await run_plan(
            azure, answers("customer-managed-private"), timeouts=replace(azure.timeouts, heartbeat=0.2)
        )
    assert status == "succeeded"
    told = [event.message for event in events if event.step == "identity" and event.type == "step-progress"]
    assert "waiting for Azure; last status: sending to Azure: PUT id-aks-demo" in told
    assert [message for message in told if message.startswith("PUT id-aks-demo: ")]


def test_an_expired_sign_in_ends_the_run_which_can_be_resumed(start_shell: StartShell) -> None:
    shell = start_shell()
    assert shell.simulator is not None
    match = {"method": "PUT", "path": "*/userassignedidentities/id-aks-demo"}
    shell.simulator.inject_faults({"match": match, "token": "expired"})
    file = shell.write("answers.yaml", answers("customer-managed-private").to_yaml())
    ended = shell.run("apply", "-f", file, "--yes", "-o", "jsonl")
    assert ended.code == 1
    assert shell.simulator.fault_counts() != [0]
    last = ended.lines[-1]
    assert (last["type"], last["status"]) == ("run-finished", "failed")
    assert last["problem"]["kind"] == "sign-in"
    assert "Sign in again" in last["problem"]["remedy"]
    [journal] = (shell.home / "state" / "aks-kms" / "runs").iterdir()
    assert json.loads((journal / "events.jsonl").read_text("utf-8").splitlines()[-1]) == last

    shell.simulator.inject_faults()
    resumed = shell.run("runs", "resume", "--yes")
    assert resumed.code == 0, resumed.err
    made = [request.path.casefold() for request in shell.simulator.writes() if request.status == 201]
    assert len(made) == len(set(made)), "nothing was made twice"


async def test_a_token_that_is_revoked_during_a_run_is_not_replaced_by_each_client_for_itself() -> None:
    """With the claims of Azure's challenge a new one is asked for, once, and nothing else is made of it."""
    match = {"method": "PUT", "path": "*/userassignedidentities/id-aks-demo", "nth": 1}
    async with signed_in() as (simulator, azure):
        simulator.inject_faults({"match": match, "token": "revoked"})
        _, _, status = await run_plan(azure, answers("customer-managed-private"))
        given = [r.request or {} for r in simulator.requests if r.path.endswith("/oauth2/v2.0/token")]
        refused = [(r.method, r.path) for r in simulator.requests if r.status == 401]
        assert simulator.fault_counts() == [1]
    assert status == "succeeded"
    assert len(refused) > 4, "many clients had the old token"
    assert len([form for form in given if "claims" in form]) == 1

"""What a killed run may leave half done is found and completed by the resumed run."""

import asyncio
from pathlib import Path

import pytest

from tests.support import PRODUCTION, answers, run_plan, scenario_file, signed_in, vault_id, wait_until
from wizard.cloud.arm import Json, dig
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run

ROTATED = answers("customer-managed-public", key={"rotate_every": "P1Y"})


def scenario_with_vault(folder: Path, **vault: object) -> Path:
    """`rg-demo` with the vault and the key of the answers, and nothing else yet."""
    group: Json = {"vaults": {"kv-demo": {"keys": {"aks-kms": {}}, **vault}}}
    return scenario_file(folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}})


async def test_a_key_without_the_configured_rotation_policy_gets_it(tmp_path: Path) -> None:
    """Through the vault it is set after the key is created: a kill in between leaves it out."""
    async with signed_in(scenario_with_vault(tmp_path)) as (simulator, azure):
        plan, _, status = await run_plan(azure, ROTATED)
        assert status == "succeeded"
        [step] = [step for step in plan.steps if step.key == "key"]
        assert step.action == "update"
        assert ("change", "rotation policy") in {(effect.verb, effect.what) for effect in step.effects}
        assert any("rotation-policy update" in command for command in step.commands)
        assert "key-not-rotated" not in {finding.code for finding in plan.findings}
        key = simulator.resource(f"{vault_id()}/keys/aks-kms")
        assert dig(key, "properties", "rotationPolicy", "lifetimeActions")
        assert not [r for r in simulator.writes() if r.path.endswith("/create")], "no second version"
        assert not (await make_plan(azure, ROTATED)).writes


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "fault",
    [
        {
            "match": {"method": "POST", "path": "/keys/aks-kms/create", "nth": 2},
            "reset": True,
            "after": True,
        },
        {
            "match": {"method": "POST", "path": "/keys/aks-kms/create", "nth": 2},
            "page": {
                "content_type": "application/json",
                "body": '{"key": {"kid": "none"}, "attributes": {}}',
            },
            "after": True,
        },
        {
            "match": {"method": "PUT", "path": "/keys/aks-kms/rotationpolicy", "nth": 1},
            "answer": {
                "status": 403,
                "code": "ForbiddenByRbac",
                "message": "not yet",
            },
        },
    ],
    ids=["the answer to the create is lost", "it cannot be read", "the right to set it comes later"],
)
async def test_the_rotation_policy_is_set_even_if_the_response_to_the_creation_is_lost(
    tmp_path: Path, fault: Json
) -> None:
    """The key is found to be there, by the same run that made it. The first of two creates is what the vault challenges."""
    async with signed_in(scenario_file(tmp_path, faults=[fault])) as (simulator, azure):
        _, _, status = await run_plan(azure, ROTATED)
        assert status == "succeeded"
        key = simulator.resource(f"{vault_id()}/keys/aks-kms")
        assert dig(key, "properties", "rotationPolicy", "lifetimeActions")
        creates = [r.status for r in simulator.writes() if r.path.endswith("/create")]
        assert creates == [401, 200], "no second version"


async def test_a_rotation_policy_that_cannot_be_read_back_is_no_success(tmp_path: Path) -> None:
    swallowed = {
        "match": {"method": "PUT", "path": "/keys/aks-kms/rotationpolicy"},
        "page": {"content_type": "application/json", "body": "{}"},
    }
    async with signed_in(scenario_file(tmp_path, faults=[swallowed])) as (_, azure):
        _, events, status = await run_plan(azure, ROTATED)
    assert status == "failed"
    [problem] = [event.problem for event in events if event.step == "key" and event.problem]
    assert "has no rotation policy" in problem.summary


async def test_a_rotation_policy_that_may_not_be_set_is_reported(tmp_path: Path) -> None:
    closed = answers("customer-managed-private", key={"rotate_every": "P1Y", "create_through": "key-vault"})
    async with signed_in(scenario_with_vault(tmp_path, default_action="Deny")) as (_, azure):
        plan = await make_plan(azure, closed)
    assert {step.action for step in plan.steps if step.key == "key"} == {"none"}
    assert "key-not-rotated" in {finding.code for finding in plan.findings}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("create_through", ["resource-manager", "key-vault"])
async def test_a_vault_whose_name_is_being_registered_is_waited_for(
    tmp_path: Path, create_through: str
) -> None:
    """docs/azure.md#creating-a-vault: a new vault is RegisteringDns for a while, and its key cannot be used until it is not."""
    chosen = answers("customer-managed-public", key={"create_through": create_through})
    async with signed_in(scenario_with_vault(tmp_path), speed=600) as (simulator, azure):
        simulator.change(vault_id(), {"properties": {"provisioningState": "RegisteringDns"}})
        plan = await make_plan(azure, chosen)
        events: list[Event] = []
        running = asyncio.create_task(
            Run(azure, chosen, plan, listeners=[events.append]).execute(plan.digest)
        )
        await wait_until(lambda: any("RegisteringDns" in event.message for event in events))
        assert not any(event.step == "key" for event in events)
        simulator.change(vault_id(), {"properties": {"provisioningState": "Succeeded"}})
        assert await running == "succeeded"
    assert not [r for r in simulator.writes() if r.method == "PUT" and r.path.lower().endswith("/kv-demo")]

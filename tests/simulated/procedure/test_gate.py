"""Nothing is written before the gate: the digest must be that of the shown plan, without drift and without errors."""

from dataclasses import replace

import pytest

from tests.support import PRODUCTION, answers, cluster_id, signed_in
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.features import register_feature
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.differences import differences
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import DriftedError, NotConfirmedError, RefusedError, Run

CHOSEN = answers("customer-managed-private")


@pytest.mark.parametrize("confirm", ["", "0" * 64, "aks-demo"])
async def test_without_the_digest_of_the_plan_nothing_is_read(confirm: str) -> None:
    events: list[Event] = []
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        asked = len(simulator.requests)
        run = Run(azure, CHOSEN, plan, listeners=[events.append])
        with pytest.raises(NotConfirmedError) as refusal:
            await run.execute(confirm)
        assert len(simulator.requests) == asked
    assert refusal.value.plan is plan
    assert plan.digest[:12] in str(refusal.value)
    assert events == []
    assert set(run.statuses.values()) == {"waiting"}


async def test_the_digest_of_another_plan_is_rejected() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        other = await make_plan(azure, answers("platform-managed"))
        with pytest.raises(NotConfirmedError):
            await Run(azure, CHOSEN, plan).execute(other.digest)
        assert simulator.writes() == []


async def test_a_plan_for_other_answers_counts_as_drift() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, answers("platform-managed"))
        with pytest.raises(DriftedError):
            await Run(azure, CHOSEN, plan).execute(plan.digest)
        assert simulator.writes() == []


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"properties": {"securityProfile": {"imageCleaner": {"enabled": True}}}}, "security profile"),
        (
            {"properties": {"currentKubernetesVersion": "1.35.0"}},
            "kubernetes version: 1.34.2 → 1.35.0",
        ),
        (
            {
                "properties": {
                    "securityProfile": {
                        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
                    }
                }
            },
            "security profile",
        ),
    ],
)
async def test_a_cluster_changed_since_the_plan_was_shown_is_drift(patch: Json, said: str) -> None:
    events: list[Event] = []
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        simulator.change(cluster_id(), patch)
        with pytest.raises(DriftedError) as drift:
            await Run(azure, CHOSEN, plan, listeners=[events.append]).execute(plan.digest)
        assert simulator.writes() == []
        assert any(said in sentence for sentence in drift.value.differences)
        assert said in str(drift.value)
        assert events == []

        fresh = drift.value.fresh
        assert fresh.digest != plan.digest
        if said == "security profile":  # to run it once is enough
            assert await Run(azure, CHOSEN, fresh).execute(fresh.digest) == "succeeded"


async def test_a_deleted_cluster_is_drift() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        simulator.remove(cluster_id())
        with pytest.raises(DriftedError) as drift:
            await Run(azure, CHOSEN, plan).execute(plan.digest)
        assert simulator.writes() == []
    assert any("exists: true → false" in sentence for sentence in drift.value.differences)
    assert drift.value.fresh.errors


async def test_a_step_that_another_user_has_completed_is_drift() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        await register_feature(azure, PRODUCTION)
        before = len(simulator.writes())
        with pytest.raises(DriftedError) as drift:
            await Run(azure, CHOSEN, plan).execute(plan.digest)
        assert len(simulator.writes()) == before
    assert "Register the feature: was required, and is already complete" in drift.value.differences


async def test_automatic_changes_by_azure_are_no_drift() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        simulator.change(
            cluster_id(), {"tags": {"touched": "by an autoscaler"}, "properties": {"fqdn": "moved"}}
        )
        assert await Run(azure, CHOSEN, plan).execute(plan.digest) == "succeeded"


@pytest.mark.parametrize(
    ("scenario", "chosen", "code"),
    [
        ("contoso", answers("platform-managed", cluster={"name": "nowhere"}), "cluster-not-found"),
        ("contoso", answers("platform-managed", resource_group="rg-erp", cluster={"name": "legacy-erp"}), "cluster-version-too-old"),
        ("contoso", answers("platform-managed", resource_group="rg-web", cluster={"name": "web-night"}), "cluster-stopped"),
        ("contoso", answers("platform-managed", cluster={"name": "aks-demo", "create": {}}), "cluster-exists"),
        ("no-rights", CHOSEN, "rights-missing"),
        ("no-rights", answers("platform-managed"), "rights-missing"),
    ],
)  # fmt: skip
async def test_a_plan_with_errors_is_refused_although_confirmed(
    scenario: str, chosen: Answers, code: str
) -> None:
    events: list[Event] = []
    async with signed_in(scenario) as (simulator, azure):
        plan = await make_plan(azure, chosen)
        with pytest.raises(RefusedError) as refusal:
            await Run(azure, chosen, plan, listeners=[events.append]).execute(plan.digest)
        assert simulator.writes() == []
    assert code in {finding.code for finding in refusal.value.findings}
    assert all(finding.level == "error" for finding in refusal.value.findings)
    assert refusal.value.findings[0].message in str(refusal.value)
    assert events == []


async def test_making_a_plan_writes_nothing_and_its_digest_is_stable() -> None:
    async with signed_in() as (simulator, azure):
        first, second = await make_plan(azure, CHOSEN), await make_plan(azure, CHOSEN)
        assert simulator.writes() == []
        assert first.digest == second.digest
        assert differences(first.to_json(), second) == ["the plan is for another configuration"]
        shorter = replace(first, steps=first.steps[:-1])
        last = first.steps[-1]
        assert differences(shorter.to_json(), first) == [f"{last.title}: was not in the plan, now no change"]
        assert differences(first.to_json(), shorter) == [f"{last.title}: no longer needed"]


def test_timeouts_are_in_seconds_of_azures_time() -> None:
    assert Timeouts().role_propagation_private == 300
    assert Timeouts().role_propagation_public == 60

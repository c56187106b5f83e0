"""Each fact that the plan relies on stops the run if it changes between the review and the write, and the difference is shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.test_transitions import EXISTING, FROM, laid_over
from tests.support import (
    PRODUCTION,
    answers,
    cluster_id,
    identity_id,
    run_plan,
    scenario_file,
    signed_in,
    vault_id,
)
from wizard.cloud.arm import Json, dig
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_USER, Role
from wizard.errors import AzureError
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.revalidation import revalidate
from wizard.procedure.run import DriftedError, RefusedError, Run
from wizard.simulator import Simulator
from wizard.simulator.arm.locks import new_lock
from wizard.simulator.scenario.limits import PolicySpec
from wizard.simulator.vaults.key_store import find_key
from wizard.state.target import Target

PRIVATE = answers("customer-managed-private")
CLOSED = laid_over(EXISTING, {"vaults": {"kv-demo": {"default_action": "Deny"}}})
"""Vault, key, identity and its roles are there, and the firewall is closed: only the cluster is still to be updated."""

Meddle = Callable[[Simulator], None]


def cluster(properties: Json | None = None, **body: Any) -> Meddle:
    return lambda simulator: void(simulator.change(cluster_id(), {"properties": properties or {}, **body}))


def vault(**properties: Any) -> Meddle:
    return lambda simulator: void(simulator.change(vault_id(), {"properties": properties}))


def void(_: Any) -> None:
    """For lambdas that are asked for nothing."""


def removed(id_: str) -> Meddle:
    return lambda simulator: simulator.remove(id_)


def without_role(role: Role) -> Meddle:
    def meddle(simulator: Simulator) -> None:
        principal = str(dig(simulator.resource(identity_id()), "properties", "principalId"))

        def find(world_: Any) -> str:
            return str(
                next(
                    held.id
                    for held in world_.state.assignments.values()
                    if held.principal_id == principal and held.role_guid.lower() == role.guid
                )
            )

        simulator.remove(simulator.in_world(find))

    return meddle


def key(**attributes: Any) -> Meddle:
    def meddle(simulator: Simulator) -> None:
        def change(world_: Any) -> None:
            found = find_key(world_, "kv-demo", "aks-kms")
            assert found is not None
            for name, value in attributes.items():
                assert hasattr(found.versions[-1], name)
                setattr(found.versions[-1], name, value)

        simulator.in_world(change)

    return meddle


def locked(scope: str) -> Meddle:
    lock = new_lock(f"{scope}/providers/Microsoft.Authorization/locks/freeze", "ReadOnly", "")
    return lambda simulator: void(simulator.in_world(lambda world_: world_.put(lock)))


def forbidden(type_: str, field: str, value: Any) -> Meddle:
    policy = PolicySpec(scope=f"/subscriptions/{PRODUCTION}", type=type_, field=field, equals=value)
    return lambda simulator: void(
        simulator.in_world(lambda world_: world_.scenario.policies.update({"new-policy": policy}))
    )


def feature(state: str) -> Meddle:
    def meddle(simulator: Simulator) -> None:
        simulator.in_world(
            lambda world_: world_.state.features.update(
                {name: state for name in world_.state.features if "kmspmk" in name.lower()}
            )
        )

    return meddle


DEFAULT = "Microsoft.ContainerService/managedClusters"
DRIFTS: dict[str, tuple[Meddle, str]] = {
    "cluster: version": (cluster({"currentKubernetesVersion": "1.35.0"}), "kubernetes version"),
    "cluster: version too old": (cluster({"currentKubernetesVersion": "1.32.1"}), "1.32.1"),
    "cluster: security profile": (
        cluster({"securityProfile": {"imageCleaner": {"enabled": True}}}), "security profile",
    ),
    "cluster: key option": (
        cluster({"securityProfile": {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}}),
        "security profile",
    ),
    "cluster: identity": (
        cluster(identity={"type": "UserAssigned", "userAssignedIdentities": {identity_id("id-other"): {}}}), "identity",
    ),
    "cluster: failed": (cluster({"provisioningState": "Failed"}), "update re-applied to repair it"),
    "cluster: another operation": (cluster({"provisioningState": "Upgrading"}), "pgrading"),
    "cluster: stopped": (cluster({"powerState": {"code": "Stopped"}}), "stopped"),
    "cluster: gone": (removed(cluster_id()), "exists"),
    "cluster: locked": (locked(cluster_id()), "freeze"),
    "cluster: forbidden by a policy": (forbidden(DEFAULT, "location", "westus2"), "new-policy"),
    "vault: gone": (removed(vault_id()), "key vault"),
    "vault: open": (vault(networkAcls={"defaultAction": "Allow", "bypass": "AzureServices"}), "firewall"),
    "vault: closed to AKS too": (vault(networkAcls={"defaultAction": "Deny", "bypass": "None"}), "firewall"),
    "vault: permission model": (vault(enableRbacAuthorization=False), "access polic"),
    "vault: purge protection": (vault(enablePurgeProtection=None), "purge protection"),
    "vault: public access": (vault(publicNetworkAccess="Disabled"), "public network access"),
    "vault: tenant": (vault(tenantId="99999999-9999-9999-9999-999999999999"), "tenant"),
    "key: disabled": (key(enabled=False), "disabled"),
    "key: expired": (key(expires=1), "key expires: not set → 1970"),
    "key: expires later": (key(expires=4_000_000_000), "expires"),
    "key: operations": (key(ops=["sign"]), "encrypt"),
    "key: kind": (key(kty="EC", curve="P-256"), "EC"),
    "identity: gone": (removed(identity_id()), "identity"),
    "identity: crypto role": (without_role(CRYPTO_USER), "Key Vault Crypto User"),
    "identity: contributor role": (without_role(CONTRIBUTOR), "Key Vault Contributor"),
    "feature: unregistered": (feature("NotRegistered"), "Register the feature"),
}  # fmt: skip
"""By the fact that changes: how, and what the difference that is shown names."""

REGISTERED: Json = {"features": {"Microsoft.ContainerService/KMSPMKPreview": "Registered"}}


@pytest.mark.sampled(7)
@pytest.mark.parametrize("fact", DRIFTS)
async def test_a_fact_that_changes_after_the_review_stops_the_run(fact: str, tmp_path: Path) -> None:
    meddle, named = DRIFTS[fact]
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    events: list[Event] = []
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (simulator, azure):
        plan = await make_plan(azure, PRIVATE)
        assert plan.errors == ()
        meddle(simulator)
        with pytest.raises((DriftedError, RefusedError)) as stopped:
            await Run(azure, PRIVATE, plan, listeners=[events.append]).execute(plan.digest)
        assert simulator.writes() == []
    assert named.casefold() in str(stopped.value).casefold()
    assert events == []


async def test_a_fact_that_the_plan_does_not_rely_on_may_change(tmp_path: Path) -> None:
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (simulator, azure):
        plan = await make_plan(azure, PRIVATE)
        cluster({"fqdn": "moved"}, tags={"touched": "by an autoscaler"})(simulator)
        simulator.change(vault_id(), {"tags": {"touched": "too"}})
        simulator.change(identity_id(), {"tags": {"touched": "as well"}})
        assert await Run(azure, PRIVATE, plan).execute(plan.digest) == "succeeded"


CHANGED = "its encryption or identity is no longer as it was when the plan was created"
NAMED_THEN = {
    "cluster: security profile": CHANGED,
    "cluster: key option": CHANGED,
    "cluster: identity": CHANGED,
    "cluster: gone": CHANGED,
    "key: expired": "expired on 1970-01-01",
    "cluster: another operation": "another operation on the cluster aks-demo has not finished",
}
"""The message, if it differs from that of the gate."""


@pytest.mark.sampled(7)
@pytest.mark.parametrize("fact", DRIFTS)
async def test_a_change_just_before_the_cluster_update_stops_the_run(fact: str, tmp_path: Path) -> None:
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (simulator, azure):
        plan = await make_plan(azure, PRIVATE)

        def spoil(event: Event) -> None:
            if event.type == "step-started" and event.step == "cluster":
                DRIFTS[fact][0](simulator)

        run = Run(azure, PRIVATE, plan, listeners=[spoil])
        assert await run.execute(plan.digest) == "failed"
        assert not [r for r in simulator.writes() if r.path.lower().endswith("/aks-demo")]
    problem = run.problems["cluster"]
    assert problem.kind != "ours"
    named = NAMED_THEN.get(fact, DRIFTS[fact][1])
    assert named.casefold() in f"{problem.summary} {problem.cause}".casefold()
    assert problem.remedy


async def test_an_operation_that_starts_just_before_the_update_is_rejected_by_aks(tmp_path: Path) -> None:
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (simulator, azure):
        plan = await make_plan(azure, PRIVATE)
        target = Target(PRIVATE, azure.cloud.vault_suffix)
        DRIFTS["cluster: another operation"][0](simulator)
        await revalidate(azure, target, plan, {})
        DRIFTS["cluster: version too old"][0](simulator)
        with pytest.raises(AzureError) as stopped:
            await revalidate(azure, target, plan, {})
    assert stopped.value.problem.code == "cluster-version-too-old"


async def test_a_change_made_by_the_run_is_no_drift(tmp_path: Path) -> None:
    """Where the run opens the vault, the key could get a rotation policy that the plan does not promise."""
    there = {**REGISTERED, "groups": {"rg-demo": laid_over(EXISTING, FROM["private"])}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (_, azure):
        plan, _, status = await run_plan(
            azure,
            answers(
                "customer-managed-public",
                vault={"name": "kv-old"},
                key={"name": "key-old", "rotate_every": "P1Y"},
                identity={"name": "id-old"},
            ),
        )
    assert {step.key: step.action for step in plan.steps}["firewall"] == "update"
    assert status == "succeeded"


async def test_after_an_update_was_sent_no_error_claims_that_the_cluster_is_unchanged(
    tmp_path: Path,
) -> None:
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there})) as (simulator, azure):
        plan = await make_plan(azure, PRIVATE)
        put = {"method": "PUT", "path": "*/managedClusters/aks-demo", "count": 1}
        gone = {"status": 404, "code": "NotFound", "message": "No such operation."}
        simulator.inject_faults(
            {
                "match": put,
                "lro_fails": {"code": "InternalOperationError", "message": "Internal server error"},
            },
            {"match": {"method": "GET", "path": "*operations*"}, "answer": gone},
        )

        def drift(event: Event) -> None:
            if "cannot be followed" in event.message:
                DRIFTS["cluster: version"][0](simulator)

        run = Run(azure, PRIVATE, plan, listeners=[drift])
        assert await run.execute(plan.digest) == "failed"
    cause = run.problems["cluster"].cause
    assert "was not changed" not in cause
    assert cause.startswith("kubernetes version: 1.34.2 → ")
    assert "The result of an earlier update request is unknown (NotFound, correlation ID " in cause


async def test_a_role_assignment_with_a_future_date_does_not_extend_the_wait(tmp_path: Path) -> None:
    """By Azure's word, which is odd; a wait has a limit all the same."""
    there = {**REGISTERED, "groups": {"rg-demo": CLOSED}}
    async with signed_in(scenario_file(tmp_path, subscriptions={PRODUCTION: there}), speed=100) as (
        simulator,
        azure,
    ):

        def meddle(world_: Any) -> None:
            for held in world_.state.assignments.values():
                held.created_on = "2126-11-27T08:00:00Z"

        simulator.in_world(meddle)
        _, events, status = await run_plan(azure, PRIVATE)
    assert status == "succeeded"
    assert "role assignments are propagating" in {e.message for e in events if e.step == "cluster"}

"""What operators come with is used as it is: vaults elsewhere, vaults with access policies, roles from above or by a group."""

from pathlib import Path

import pytest

from tests.simulated.verification.test_scenarios import encrypted_in, wrong
from tests.support import (
    DEVELOPMENT,
    PRODUCTION,
    TENANT,
    answers,
    cluster_id,
    identity_id,
    run_plan,
    scenario_file,
    signed_in,
    vault_id,
)
from wizard.answers.model import Answers
from wizard.cloud.arm import Json, dig, same
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import Simulator
from wizard.simulator.arm.locks import new_lock
from wizard.verification.verify import verify

PRIVATE, PUBLIC = answers("customer-managed-private"), answers("customer-managed-public")
LETTER = answers("customer-managed-private", key={"create_through": "key-vault"})
SOMEBODY = {
    "tenantId": TENANT,
    "objectId": "12121212-1212-1212-1212-121212121212",
    "permissions": {"keys": ["all"], "secrets": ["get"]},
}


def elsewhere(group: str, key_option: Answers = PRIVATE) -> Answers:
    """Vault and identity in the other subscription."""
    there = {"subscription": DEVELOPMENT, "resource_group": group}
    kind = "customer-managed-private" if key_option is PRIVATE else "customer-managed-public"
    return answers(kind, vault=there, identity=there)  # type: ignore[arg-type]


def written(simulator: Simulator, method: str, part: str) -> list[str]:
    return [r.path for r in simulator.writes() if r.method == method and part in r.path.lower()]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("key_option", [PRIVATE, PUBLIC], ids=["private", "public"])
async def test_a_vault_and_an_identity_of_another_subscription(key_option: Answers) -> None:
    chosen = elsewhere("rg-keys", key_option)
    async with signed_in("vault-elsewhere") as (simulator, azure):
        plan, _, status = await run_plan(azure, chosen)
        assert (plan.errors, status) == ((), "succeeded")
        kms = dig(simulator.resource(cluster_id()), "properties", "securityProfile", "azureKeyVaultKms")
        assert same(kms["keyVaultResourceId"], vault_id(group="rg-keys", subscription=DEVELOPMENT))
        assert written(simulator, "PUT", "/roleassignments/") == [], (
            "the identity has its roles there already"
        )
        assert not (await make_plan(azure, chosen)).writes


async def test_both_are_created_in_another_subscription_where_they_are_missing() -> None:
    chosen = elsewhere("rg-new")
    async with signed_in() as (simulator, azure):
        plan, _, status = await run_plan(azure, chosen)
        assert status == "succeeded"
        assert "rights-unknown" not in {finding.code for finding in plan.findings}, (
            "of a group that does not exist, the roles on its subscription say it"
        )
        for made in (
            vault_id(group="rg-new", subscription=DEVELOPMENT),
            identity_id(group="rg-new", subscription=DEVELOPMENT),
        ):
            assert simulator.resource(made), made
        assert simulator.resource(vault_id()) is None
        assert not (await make_plan(azure, chosen)).writes


async def test_a_subscription_in_which_nothing_may_be_done(tmp_path: Path) -> None:
    roles = {f"/subscriptions/{PRODUCTION}": ["Owner"], f"/subscriptions/{DEVELOPMENT}": ["Reader"]}
    where = scenario_file(tmp_path, extends="vault-elsewhere", principals={"operator": {"roles": roles}})
    async with signed_in(where) as (_, azure):
        plan = await make_plan(
            azure,
            answers(
                "customer-managed-private", vault={"subscription": DEVELOPMENT, "resource_group": "rg-keys"}
            ),
        )
    messages = [finding.message for finding in plan.errors]
    assert any("rg-keys" in message and "roleAssignments/write" in message for message in messages)


def by_policy(folder: Path, **keys: Json) -> Path:
    vault = {"rbac": False, "keys": keys, "purge_protection": True}
    return scenario_file(
        folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": {"vaults": {"kv-demo": vault}}}}}
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("key_option", [PRIVATE, PUBLIC], ids=["private", "public"])
async def test_a_vault_with_access_policies_gets_one_more_and_loses_none(
    key_option: Answers, tmp_path: Path
) -> None:
    """docs/azure.md#creating-a-vault: a PUT without accessPolicies wipes them."""
    async with signed_in(by_policy(tmp_path, **{"aks-kms": {}})) as (simulator, azure):
        simulator.change(vault_id(), {"properties": {"accessPolicies": [SOMEBODY]}})
        plan, _, status = await run_plan(azure, key_option)
        assert (plan.errors, status) == ((), "succeeded")
        policies = dig(simulator.resource(vault_id()), "properties", "accessPolicies")
        assert policies[0] == SOMEBODY
        principal = dig(simulator.resource(identity_id()), "properties", "principalId")
        assert [(one["objectId"], sorted(one["permissions"]["keys"])) for one in policies[1:]] == [
            (principal, ["decrypt", "encrypt", "get"])
        ]
        assert written(simulator, "PUT", "/vaults/kv-demo") == [
            f"{vault_id()}/accessPolicies/add",
            *written(simulator, "PUT", "/roleassignments/"),
        ]
        assert not (await make_plan(azure, key_option)).writes


async def test_the_operator_gets_a_policy_too_where_the_key_is_made_through_the_vault(tmp_path: Path) -> None:
    async with signed_in(by_policy(tmp_path)) as (simulator, azure):
        _, _, status = await run_plan(azure, LETTER)
        assert status == "succeeded"
        policies = dig(simulator.resource(vault_id()), "properties", "accessPolicies")
        mine = next(one for one in policies if same(one["objectId"], azure.signed_in.object_id))
        assert "create" in mine["permissions"]["keys"]
        assert not (await make_plan(azure, LETTER)).writes


@pytest.mark.sampled(3)
@pytest.mark.parametrize("scope", ["vault", "group", "subscription"])
async def test_roles_that_are_held_already_wherever_they_come_from(scope: str, tmp_path: Path) -> None:
    above = {
        "vault": vault_id(),
        "group": f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo",
        "subscription": f"/subscriptions/{PRODUCTION}",
    }[scope]
    members = {
        "kind": "group",
        "object_id": "abababab-abab-abab-abab-abababababab",
        "members": [identity_id()],
        "roles": {above: ["Key Vault Crypto Officer", "Key Vault Contributor"]},
    }
    group = {"identities": {"id-aks-demo": {}}, "vaults": {"kv-demo": {"keys": {"aks-kms": {}}}}}
    where = scenario_file(
        tmp_path, principals={"keys": members}, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}}
    )
    async with signed_in(where) as (simulator, azure):
        _, _, status = await run_plan(azure, PUBLIC)
        assert status == "succeeded"
        mine = [path for path in written(simulator, "PUT", "/roleassignments/") if "kv-demo" in path]
        officer = [path for path in mine if "14b46e9e" in path]
        assert officer == []
        assert len(mine) <= 1, "at most the operator's own, for making the key through the vault"
        assert not (await make_plan(azure, PUBLIC)).writes


async def test_a_recreated_identity_is_assigned_to_the_cluster_again(tmp_path: Path) -> None:
    """Under the same name it is another principal; by its settings alone, the cluster had it all the time."""
    async with signed_in(encrypted_in(tmp_path, "identity-deleted")) as (simulator, azure):
        before = await verify(azure, cluster_id(), expect=PUBLIC)
        assert wrong(before)["identity-exists"] == "failed"
        plan, _, status = await run_plan(azure, PUBLIC)
        assert status == "succeeded"
        [step] = [step for step in plan.steps if step.key == "cluster"]
        assert "re-created" in step.effects[0].detail
        assert any(command.startswith("az aks update") for command in step.commands)
        [attached] = dig(simulator.resource(cluster_id()), "identity", "userAssignedIdentities").values()
        now = dig(simulator.resource(identity_id()), "properties", "principalId")
        assert attached["principalId"] == now
        assert not (await make_plan(azure, PUBLIC)).writes
        assert (await verify(azure, cluster_id(), expect=PUBLIC)).passed


async def test_nor_is_a_cluster_proven_that_has_the_identity_of_before(tmp_path: Path) -> None:
    """As a repair leaves it that ended before the cluster was asked for."""
    async with signed_in(encrypted_in(tmp_path, "identity-deleted")) as (simulator, azure):
        plan = await make_plan(azure, PUBLIC)

        def stop(event: Event) -> None:
            if event.step == "cluster" and event.type == "step-started":
                locked = new_lock(
                    f"{cluster_id()}/providers/Microsoft.Authorization/locks/no", "ReadOnly", ""
                )
                simulator.in_world(lambda world_: world_.put(locked))

        assert await Run(azure, PUBLIC, plan, listeners=[stop]).execute(plan.digest) == "failed"
        report = await verify(azure, cluster_id(), expect=PUBLIC)
        assert wrong(report)["identity-exists"] == "failed"
        assert not report.passed
        again = await make_plan(azure, PUBLIC)
    assert {step.key: step.action for step in again.steps}["cluster"] == "update"
    assert "re-created identity" in again.title

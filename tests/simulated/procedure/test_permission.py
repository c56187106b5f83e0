"""AKS has one message for six causes; the run reports the actual one, and does not wait for a permanent one."""

from collections.abc import Callable

import pytest

from tests.support import KeyOption, answers, identity_id, signed_in
from wizard.cloud.arm import dig
from wizard.cloud.roles import CRYPTO_USER, assignment_name
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import Simulator

VAULT = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo"
    "/providers/Microsoft.KeyVault/vaults/kv-demo"
)


def close_the_firewall(simulator: Simulator) -> None:
    simulator.change(
        VAULT, {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}}
    )


def switch_to_access_policies(simulator: Simulator) -> None:
    simulator.change(VAULT, {"properties": {"enableRbacAuthorization": False}})


def remove_the_role(simulator: Simulator) -> None:
    principal = str(dig(simulator.resource(identity_id()), "properties", "principalId"))
    name = assignment_name(VAULT, principal, CRYPTO_USER)
    simulator.remove(f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{name}")


def deny_everyone(simulator: Simulator) -> None:
    simulator.change(VAULT, {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}})


@pytest.mark.parametrize(
    ("meddle", "cause"),
    [
        (remove_the_role, "The identity id-aks-demo has no role on kv-demo"),
        (close_the_firewall, "The firewall of kv-demo denies public access"),
        (switch_to_access_policies, "The identity id-aks-demo has no access policy on kv-demo"),
    ],
)
async def test_the_cause_behind_akss_message_is_found(
    meddle: Callable[[Simulator], None], cause: str
) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, AzureKeyVaultKmsValidateIdentityPermissionCustomerError: causes 2, 4 and 6; for the others see
    tests/journeys/test_rules_are_real.py, and tests/simulated/procedure/test_waiting.py for the first."""
    async with signed_in() as (simulator, azure):
        wanted = answers("customer-managed-public")
        plan = await make_plan(azure, wanted)
        updates = []

        def spoil(event: Event) -> None:
            if "sending the cluster update" in event.message:
                meddle(simulator)
            if event.type == "log" and event.step == "cluster":
                updates.append(event.message)

        run = Run(azure, wanted, plan, listeners=[spoil])
        assert await run.execute(plan.digest) == "failed"
        problem = run.problems["cluster"]
        assert problem.code == "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
        assert "does not have keys encrypt/decrypt permission" in problem.azure_said
        assert problem.cause.startswith(cause)
        assert problem.remedy
        assert not problem.retryable
        assert not [message for message in updates if "retrying" in message]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("key_option", "meddle", "named"),
    [
        ("customer-managed-private", remove_the_role, "Key Vault Crypto User"),
        ("customer-managed-public", switch_to_access_policies, "access policy"),
        ("customer-managed-private", deny_everyone, "trusted Azure services"),
        ("customer-managed-public", close_the_firewall, "The firewall of kv-demo denies public access"),
    ],
)
async def test_the_cluster_is_not_updated_if_its_key_is_unusable(
    key_option: KeyOption, meddle: Callable[[Simulator], None], named: str
) -> None:
    """With a private vault AKS cannot check, and the API server fails instead: so the run checks again."""
    async with signed_in() as (simulator, azure):
        wanted = answers(key_option)
        plan = await make_plan(azure, wanted)

        def spoil(event: Event) -> None:
            if event.type == "step-started" and event.step == "cluster":
                meddle(simulator)

        run = Run(azure, wanted, plan, listeners=[spoil])
        assert await run.execute(plan.digest) == "failed"
        assert named in run.problems["cluster"].cause
        assert run.problems["cluster"].remedy
        assert not [r for r in simulator.writes() if "/managedclusters/" in r.path.lower()]

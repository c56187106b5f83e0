"""AKS has one message for six causes; the run says which of them it is, and does not wait where waiting cannot help."""

from collections.abc import Callable

import pytest

from tests.support import answers, signed_in
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


def turn_to_access_policies(simulator: Simulator) -> None:
    simulator.change(VAULT, {"properties": {"enableRbacAuthorization": False}})


@pytest.mark.parametrize(
    ("meddle", "cause"),
    [
        (close_the_firewall, "The firewall of kv-demo keeps the internet out"),
        (turn_to_access_policies, "The key vault kv-demo uses access policies"),
    ],
)
async def test_the_cause_behind_the_one_message_is_found(
    meddle: Callable[[Simulator], None], cause: str
) -> None:
    """AZURE.md §1a, AzureKeyVaultKmsValidateIdentityPermissionCustomerError: causes 2 and 4."""
    async with signed_in() as (simulator, azure):
        wanted = answers("customer-managed-public")
        plan = await make_plan(azure, wanted)
        updates = []

        def spoil(event: Event) -> None:
            if event.type == "step-started" and event.step == "cluster":
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
        assert not [message for message in updates if "asking again" in message]

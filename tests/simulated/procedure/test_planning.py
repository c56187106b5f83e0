"""A plan is made although advisory answers are odd: what they would tell is unknown, and nothing is claimed."""

from tests.support import answers, signed_in
from wizard.procedure.planning import make_plan


async def test_a_state_that_is_not_documented_is_unknown_and_letter_case_says_nothing() -> None:
    odd = {
        "*/providers/microsoft.keyvault": '{"id": "/x", "registrationState": "Novel"}',
        "*/providers/microsoft.managedidentity": '{"id": "/x", "registrationState": "REGISTERED"}',
        "*/resourcegroups/rg-demo/providers/microsoft.authorization/permissions": '{"value": [{"notActions": []}]}',
    }
    async with signed_in() as (simulator, azure):
        simulator.inject_faults(
            *({"match": {"method": "GET", "path": path}, "raw": {"text": text}} for path, text in odd.items())
        )
        plan = await make_plan(azure, answers("customer-managed-private"))
        assert 0 not in simulator.fault_counts()
    assert plan.errors == ()
    found = {finding.code for finding in plan.findings}
    assert {"provider-registration-unknown", "permissions-unknown"} <= found

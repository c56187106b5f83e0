"""Read-only operations for policy assignments (Azure Policy). They are enforced in `arm.policy`."""

from wizard.simulator.arm import policy
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import within
from wizard.simulator.protocol.wire import Answer, Call, Refusal
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.Authorization", ("2021-06-01", "2022-06-01", "2023-04-01", "2024-04-01", "2024-05-01", "2025-01-01", "2025-03-01")
)  # fmt: skip


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyAssignments/read",
)
async def list_assignments(world: World, call: Call) -> Answer:
    """List the assignments that apply to a scope: those on it and above it."""
    return listing(
        [
            policy.show(name, each)
            for name, each in world.scenario.policies.items()
            if within(call.names["scope"], each.scope)
        ]
    )


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/policyAssignments/{name}",
    "Microsoft.Authorization/policyAssignments/read",
)
async def get_assignment(world: World, call: Call) -> Answer:
    """Return one assignment."""
    for name, each in world.scenario.policies.items():
        if policy.assignment_id(name, each).lower() == call.path.lower():
            return Answer(200, policy.show(name, each))
    raise Refusal(
        404, "PolicyAssignmentNotFound", f"The policy assignment '{call.names['name']}' is not found."
    )

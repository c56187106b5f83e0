"""Read-only operations for deny assignments. They are enforced in `arm.deny`."""

from wizard.simulator.arm import deny
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import within
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.providers.authorization import check_scope
from wizard.simulator.state.world import World

provider = Provider("Microsoft.Authorization", ("2018-07-01-preview", "2022-04-01", "2024-07-01-preview"))


@provider.on(
    "GET",
    "{scope}/providers/Microsoft.Authorization/denyAssignments",
    "Microsoft.Authorization/denyAssignments/read",
)
async def list_deny_assignments(world: World, call: Call) -> Answer:
    """List the deny assignments at, above and below a scope."""
    scope = call.names["scope"]
    check_scope(world, scope)
    return listing(
        [
            deny.show(world, name, held)
            for name, held in world.scenario.deny_assignments.items()
            if within(scope, held.scope) or within(held.scope, scope)
        ]
    )

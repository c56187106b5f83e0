"""Managed HSMs, of which this cloud has none: the lists that the Azure CLI asks for beside the vaults'."""

from wizard.simulator.arm.resource_manager import Routes, listing
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.providers.key_vault import routes as vault_routes
from wizard.simulator.state.world import World

routes = Routes("Microsoft.KeyVault", vault_routes.versions)


@routes.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/managedHSMs",
    "Microsoft.KeyVault/managedHSMs/read",
)
@routes.on(
    "GET",
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/managedHSMs",
    "Microsoft.KeyVault/managedHSMs/read",
)
@routes.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs",
    "Microsoft.KeyVault/deletedManagedHSMs/read",
)
async def list_none(world: World, call: Call) -> Answer:
    """No managed HSMs, alive or soft-deleted."""
    world.require_group(call.path)
    return listing([])

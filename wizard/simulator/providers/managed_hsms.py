"""Managed HSMs, of which there are none: `az keyvault list` and `list-deleted` ask for them beside the vaults."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing, serve_lists
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.providers.key_vault import provider as vault_provider
from wizard.simulator.state.world import World

provider = Provider("Microsoft.KeyVault", vault_provider.versions, types=("managedHSMs",))
serve_lists(provider, "Microsoft.KeyVault/managedHSMs")


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs",
    "Microsoft.KeyVault/deletedManagedHSMs/read",
)
async def list_deleted(world: World, call: Call) -> Answer:
    """List nothing."""
    del world, call
    return listing([])

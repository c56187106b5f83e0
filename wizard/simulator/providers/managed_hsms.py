"""Managed HSMs: empty lists, which the Azure CLI requests together with those of vaults. None can be created here."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.providers.key_vault import provider as vault_provider
from wizard.simulator.state.world import World

provider = Provider("Microsoft.KeyVault", vault_provider.versions)


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/managedHSMs",
    "Microsoft.KeyVault/managedHSMs/read",
)
@provider.on(
    "GET",
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/managedHSMs",
    "Microsoft.KeyVault/managedHSMs/read",
)
@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs",
    "Microsoft.KeyVault/deletedManagedHSMs/read",
)
async def list_none(world: World, call: Call) -> Answer:
    """List no managed HSMs, neither active nor soft-deleted."""
    world.require_group(call.path)
    return listing([])

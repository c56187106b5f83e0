"""Managed HSMs, which can be listed and read. AKS cannot use their keys for KMS (docs/azure.md#rotation-expiry-and-hsms)."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call, Json
from wizard.simulator.providers.key_vault import provider as vault_provider
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

TYPE = "Microsoft.KeyVault/managedHSMs"
provider = Provider("Microsoft.KeyVault", vault_provider.versions, types=("managedHSMs",))


def new_hsm(world: World, resource_id: str, location: str, tags: dict[str, str]) -> Resource:
    """Return a managed HSM as ARM stores it."""
    name, suffix = resource_id.rpartition("/")[2], world.scenario.vault_suffix.removeprefix("vault.")
    body: Json = {
        "id": resource_id,
        "name": name,
        "type": TYPE,
        "location": location,
        "sku": {"family": "B", "name": "Standard_B1"},
        "tags": dict(tags),
        "properties": {
            "tenantId": world.scenario.tenant.id,
            "hsmUri": f"https://{name}.managedhsm.{suffix}",
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "enablePurgeProtection": True,
            "provisioningState": "Succeeded",
            "statusMessage": "The Managed HSM is provisioned and ready to use.",
            "publicNetworkAccess": "Enabled",
        },
    }
    return Resource(resource_id, TYPE, body)


@provider.on("GET", f"/subscriptions/{{subscription}}/providers/{TYPE}", f"{TYPE}/read")
async def list_in_subscription(world: World, call: Call) -> Answer:
    """List the managed HSMs of a subscription."""
    return listing(
        [each.body for each in world.of_type(TYPE, f"/subscriptions/{call.names['subscription']}")]
    )


@provider.on(
    "GET", f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}", f"{TYPE}/read"
)
async def list_in_group(world: World, call: Call) -> Answer:
    """List the managed HSMs of a group."""
    group = world.require_group(call.path)
    return listing([each.body for each in world.of_type(TYPE, group.id if group else "")])


@provider.on(
    "GET",
    f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}",
    f"{TYPE}/read",
)
async def get_hsm(world: World, call: Call) -> Answer:
    """Return one managed HSM."""
    return Answer(200, world.get(call.path).body)


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs",
    "Microsoft.KeyVault/deletedManagedHSMs/read",
)
async def list_deleted(world: World, call: Call) -> Answer:
    """List no soft-deleted managed HSMs."""
    del world, call
    return listing([])

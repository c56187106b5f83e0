"""Soft-deleted vaults. Their names are reserved until they are recovered or purged (docs/azure.md#names-and-soft-delete)."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import name_of
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.key_vault import provider as vault_provider
from wizard.simulator.providers.key_vault import vault_id
from wizard.simulator.state.state import DeletedVault, Resource
from wizard.simulator.state.world import DAY, World, iso
from wizard.simulator.vaults.key_store import TYPE, keys_of, vault_name

_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{vault}}"
_DELETED = (
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{vault}"
)

provider = Provider(
    "Microsoft.KeyVault", vault_provider.versions, types=("deletedVaults", "locations/deletedVaults")
)


def soft_delete(world: World, vault: Resource) -> None:
    """Move a vault to the soft-deleted vaults. Its name stays reserved."""
    name, now = vault_name(vault), world.now()
    keys = keys_of(world, name)
    for key in keys:
        del world.state.keys[f"{key.vault}/{key.name}".lower()]
    purge_at = now + vault.body["properties"]["softDeleteRetentionInDays"] * DAY
    world.state.deleted_vaults[name] = DeletedVault(vault, keys, now, purge_at)
    world.remove(vault.id)


@provider.on("DELETE", _ONE, f"{TYPE}/delete")
async def delete_vault(world: World, call: Call) -> Answer:
    """Soft-delete a vault. Answer 204 if there is none."""
    world.require_group(call.path)
    vault = world.find(vault_id(call))
    if vault is None:
        return Answer(204)
    soft_delete(world, vault)
    return Answer(200)


def _show_deleted(deleted: DeletedVault) -> Json:
    vault = deleted.resource
    subscription = vault.id.split("/")[2]
    properties: Json = {
        "vaultId": vault.id, "location": vault.body["location"], "tags": vault.body["tags"], "deletionDate": iso(deleted.deleted_at),
        "scheduledPurgeDate": iso(deleted.purge_at),
    }  # fmt: skip
    if vault.body["properties"].get("enablePurgeProtection"):
        properties["purgeProtectionEnabled"] = True
    name = name_of(vault.id)
    location = vault.body["location"]
    return {
        "id": f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}",
        "name": name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": properties,
    }


def _deleted(world: World, call: Call) -> DeletedVault:
    deleted = world.state.deleted_vaults.get(call.names["vault"].lower())
    if deleted is None or deleted.resource.body["location"] != call.names["location"].lower():
        raise Refusal(
            404,
            "DeletedVaultNotFound",
            f"The specified deleted vault '{call.names['vault']}' does not exist.",
        )
    return deleted


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults",
    "Microsoft.KeyVault/deletedVaults/read",
)
async def list_deleted(world: World, call: Call) -> Answer:
    """List the soft-deleted vaults of a subscription."""
    start = f"/subscriptions/{call.names['subscription']}/".lower()
    return listing(
        [
            _show_deleted(entry)
            for entry in world.state.deleted_vaults.values()
            if entry.resource.id.lower().startswith(start)
        ]
    )


@provider.on("GET", _DELETED, "Microsoft.KeyVault/locations/deletedVaults/read")
async def get_deleted(world: World, call: Call) -> Answer:
    """Return one soft-deleted vault."""
    return Answer(200, _show_deleted(_deleted(world, call)))


@provider.on("POST", f"{_DELETED}/purge", "Microsoft.KeyVault/locations/deletedVaults/purge/action")
async def purge(world: World, call: Call) -> Answer:
    """Delete a soft-deleted vault permanently. With purge protection this is impossible, even for Microsoft.

    That Azure completes it immediately, with 200, is UNCONFIRMED: the SDK treats it as a long-running operation.
    """
    deleted = _deleted(world, call)
    if deleted.resource.body["properties"].get("enablePurgeProtection"):
        raise Refusal(400, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
    name = vault_name(deleted.resource)
    del world.state.deleted_vaults[name]
    for place in [place for place in world.state.deleted_keys if place.startswith(f"{name}/")]:
        del world.state.deleted_keys[place]
    world.changed = True
    return Answer(200)

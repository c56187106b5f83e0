"""Keys through the management plane (docs/azure.md#keys-through-resource-manager).

It creates only the first version of a key and never changes it. No data-plane role is required, and the vault's firewall
does not apply.
"""

import re

from wizard.simulator.arm.policy import check_key
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.key_vault import provider as vault_provider
from wizard.simulator.providers.key_vault import vault_id
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Key, KeyVersion, Resource
from wizard.simulator.state.world import World
from wizard.simulator.vaults import rotation
from wizard.simulator.vaults.key_store import (
    ALL_OPS,
    CURVES,
    SIZES,
    add,
    attributes,
    find_key,
    key_uri,
    keys_of,
    new_version,
    set_attributes,
    vault_name,
)

TYPE = "Microsoft.KeyVault/vaults/keys"
provider = Provider("Microsoft.KeyVault", vault_provider.versions, types=("vaults/keys",))
KEY_NAME = re.compile(r"[a-zA-Z0-9-]{1,127}")
_KEYS = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}/keys"
)


def show(world: World, vault: Resource, key: Key, version: KeyVersion | None = None) -> Json:
    """Return a key as ARM shows it."""
    shown = version or key.current
    properties: Json = {
        "attributes": attributes(vault, shown) | {"exportable": False},
        "kty": shown.kty,
        "keyOps": list(shown.ops),
    }
    properties |= {"keySize": shown.size} if shown.size else {"curveName": shown.curve}
    properties |= {
        "keyUri": key_uri(world, key.vault, key.name),
        "keyUriWithVersion": key_uri(world, key.vault, key.name, shown.version),
    }
    if key.rotation_policy:
        properties["rotationPolicy"] = rotation.on_management_plane(key.rotation_policy)
    resource_id = f"{vault.id}/keys/{key.name}"
    return {
        "id": resource_id + (f"/versions/{version.version}" if version else ""),
        "name": version.version if version else key.name,
        "type": TYPE + ("/versions" if version else ""),
        "location": vault.body["location"],
        "tags": dict(shown.tags),
        "properties": properties,
    }


def check_kind(
    kty: object, size: object, curve: object, ops: object, code: str = "BadRequest"
) -> tuple[str, int, str, list[str]]:
    """Return type, size, curve and operations of a key to be created, with Azure's defaults.

    Raise Refusal 400 with the given code.
    """
    if not isinstance(kty, str) or kty not in {"RSA", "RSA-HSM", "EC", "EC-HSM"}:
        raise Refusal(
            400, code, f"Property kty has invalid value '{kty}'. Supported: EC, EC-HSM, RSA, RSA-HSM."
        )
    family = kty.removesuffix("-HSM")
    wanted_size, wanted_curve = (2048 if size is None else size), ("P-256" if curve is None else curve)
    if family == "RSA" and wanted_size not in SIZES:
        raise Refusal(
            400, code, f"The key size '{wanted_size}' is not supported. Supported: 2048, 3072, 4096."
        )
    if family == "EC" and wanted_curve not in CURVES:
        raise Refusal(
            400, code, f"The curve '{wanted_curve}' is not supported. Supported: {', '.join(CURVES)}."
        )
    known = {*ALL_OPS["RSA"], "import"}
    if ops is not None and (not isinstance(ops, list) or not set(ops) <= known):
        raise Refusal(
            400, code, f"Property key_ops has an invalid value. Supported: {', '.join(sorted(known))}."
        )
    return kty, int(str(wanted_size)), str(wanted_curve), list(ALL_OPS[family] if ops is None else ops)


@provider.on("PUT", f"{_KEYS}/{{key}}", f"{TYPE}/write")
async def put_key(world: World, call: Call) -> Answer:
    """Create the first version of a key. If the key exists, return it unchanged, whatever the request says."""
    vault, name = world.get(vault_id(call)), call.names["key"]
    properties = call.require_body().get("properties")
    if not isinstance(properties, dict):
        raise Refusal(
            400, "InvalidRequestContent", "The request content was invalid: 'properties' is required."
        )
    check_body("vault_key", call.require_body(), "KeyProperties")
    if not KEY_NAME.fullmatch(name):
        raise Refusal(400, "BadParameter", f"The request URI contains an invalid name: {name}")
    held = vault_name(vault)
    if f"{held}/{name}".lower() in world.state.deleted_keys:
        raise deleted_but_recoverable(name)
    key = find_key(world, held, name)
    if key is None:
        kty, size, curve, ops = check_kind(
            properties.get("kty"),
            properties.get("keySize"),
            properties.get("curveName"),
            properties.get("keyOps") or world.scenario.rules.default_key_ops,
        )
        if kty.endswith("-HSM") and vault.body["properties"]["sku"]["name"].lower() != "premium":
            raise Refusal(400, "BadRequest", "The HSM key types need a vault of the premium SKU.")
        version = new_version(world, kty=kty, size=size, curve=curve, ops=ops)
        set_attributes(version, properties.get("attributes") or {}, call.require_body().get("tags"))
        policy: Json = {}
        if given := properties.get("rotationPolicy"):
            policy = rotation.kept(given, {}, version.created)
        if version.expires is None:
            version.expires = rotation.expiry_of(policy, version.created)
        if world.scenario.rules.policy_reaches_keys_through_arm:
            check_key(world, vault, version)
        key = add(world, held, name, version)
        key.rotation_policy = policy
    return Answer(200, show(world, vault, key))


def deleted_but_recoverable(name: str) -> Refusal:
    """Return the refusal of a key name that is reserved by a soft-deleted key."""
    return Refusal(
        409,
        "Conflict",
        f"Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only be recovered or purged.",
        inner="ObjectIsDeletedButRecoverable",
    )


def key_not_found(name: str) -> Refusal:
    """Return the refusal of a key that does not exist."""
    return Refusal(
        404,
        "KeyNotFound",
        f"A key with (name/id) {name} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct "
        "recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
    )


def _key(world: World, call: Call) -> tuple[Resource, Key]:
    vault = world.get(vault_id(call))
    key = find_key(world, vault_name(vault), call.names["key"])
    if key is None:
        raise key_not_found(call.names["key"])
    return vault, key


@provider.on("GET", f"{_KEYS}/{{key}}", f"{TYPE}/read")
async def get_key(world: World, call: Call) -> Answer:
    """Return the newest version of a key."""
    return Answer(200, show(world, *_key(world, call)))


@provider.on("GET", _KEYS, f"{TYPE}/read")
async def list_keys(world: World, call: Call) -> Answer:
    """List the keys of a vault."""
    vault = world.get(vault_id(call))
    return listing([show(world, vault, key) for key in keys_of(world, vault_name(vault))])


@provider.on("GET", f"{_KEYS}/{{key}}/versions", f"{TYPE}/versions/read")
async def list_versions(world: World, call: Call) -> Answer:
    """List all versions of a key."""
    vault, key = _key(world, call)
    return listing([show(world, vault, key, version) for version in key.versions])


@provider.on("GET", f"{_KEYS}/{{key}}/versions/{{version}}", f"{TYPE}/versions/read")
async def get_version(world: World, call: Call) -> Answer:
    """Return one version of a key."""
    vault, key = _key(world, call)
    for version in key.versions:
        if version.version == call.names["version"].lower():
            return Answer(200, show(world, vault, key, version))
    raise key_not_found(f"{key.name}/{call.names['version']}")

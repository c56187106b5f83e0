"""The keys in the vaults: versions, key material, lifecycle. Both planes of Key Vault use this module."""

import asyncio
import secrets

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wizard.simulator.protocol.wire import Json, base64url_number
from wizard.simulator.state.state import DeletedKey, Key, KeyVersion, Resource
from wizard.simulator.state.world import DAY, World

TYPE = "Microsoft.KeyVault/vaults"
ALL_OPS = {"RSA": ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"], "EC": ["sign", "verify"]}
FORBIDDEN = "KeyOperationForbidden"
SIZES = (2048, 3072, 4096)
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
    "P-256K": ec.SECP256K1,
}


def vault_name(vault: Resource) -> str:
    """Return the name of a vault as it is in its host name."""
    return str(vault.body["name"]).lower()


def find_vault(world: World, name: str) -> Resource | None:
    """Return the vault with this globally unique name, or None."""
    for vault in world.of_type(TYPE):
        if vault_name(vault) == name.lower():
            return vault
    return None


def key_uri(world: World, vault: str, key: str, version: str = "") -> str:
    """Return a key identifier: `https://VAULT.SUFFIX/keys/KEY[/VERSION]`."""
    return f"https://{vault.lower()}.{world.scenario.vault_suffix}/keys/{key}" + (
        f"/{version}" if version else ""
    )


def find_key(world: World, vault: str, name: str) -> Key | None:
    """Return the key with this name in this vault, or None."""
    return world.state.keys.get(f"{vault}/{name}".lower())


def keys_of(world: World, vault: str) -> list[Key]:
    """Return the keys of a vault."""
    return [key for key in world.state.keys.values() if key.vault == vault.lower()]


def new_version(
    world: World, *, kty: str = "RSA", size: int = 2048, curve: str = "P-256", ops: list[str] | None = None
) -> KeyVersion:
    """Return a new key version, without key material."""
    now = int(world.now())
    family = kty.removesuffix("-HSM")
    return KeyVersion(
        version=secrets.token_hex(16), kty=kty, size=size if family == "RSA" else 0, curve=curve if family == "EC" else "",
        ops=list(ALL_OPS[family] if ops is None else ops), created=now, updated=now,
    )  # fmt: skip


def set_attributes(version: KeyVersion, attributes: Json, tags: Json | None) -> None:
    """Apply the attributes and tags of a request to a version; null is the same as omitting a value."""
    given = {name: value for name, value in attributes.items() if value is not None}
    version.enabled = given.get("enabled", version.enabled)
    version.expires = given.get("exp", version.expires)
    version.not_before = given.get("nbf", version.not_before)
    if tags is not None:
        version.tags = {name: value for name, value in tags.items() if value is not None}


def add(world: World, vault: str, name: str, version: KeyVersion) -> Key:
    """Add a version, as the newest of its key."""
    key = world.state.keys.setdefault(f"{vault}/{name}".lower(), Key(vault.lower(), name, []))
    key.versions.append(version)
    world.changed = True
    return key


def soft_delete_key(world: World, vault: Resource, key: Key) -> DeletedKey:
    """Soft-delete a key; its name stays reserved."""
    place, now = f"{key.vault}/{key.name}".lower(), world.now()
    days = vault.body["properties"]["softDeleteRetentionInDays"]
    deleted = world.state.deleted_keys[place] = DeletedKey(key, now, now + days * DAY)
    del world.state.keys[place]
    return deleted


def _generate(version: KeyVersion) -> dict[str, str]:
    """Return the public part of a new key's JSON Web Key. Nothing here uses the private part."""
    if version.kty.startswith("RSA"):
        rsa_numbers = rsa.generate_private_key(65537, version.size).public_key().public_numbers()
        return {"n": base64url_number(rsa_numbers.n), "e": base64url_number(rsa_numbers.e)}
    numbers = ec.generate_private_key(CURVES[version.curve]()).public_key().public_numbers()
    return {"crv": version.curve, "x": base64url_number(numbers.x), "y": base64url_number(numbers.y)}


async def ensure_material(world: World, version: KeyVersion) -> None:
    """Generate the key material, in another thread, unless it exists.

    Other requests are served meanwhile. A version must be in its vault before this call, and earlier results of checks on
    the version or the vault are not valid after it.
    """
    if not version.public:
        public = await asyncio.to_thread(_generate, version)
        if not version.public:
            version.public = public
            world.changed = True


def recovery_level(vault: Resource) -> str:
    """Return the recovery level of the keys of a vault."""
    return "Recoverable" if vault.body["properties"].get("enablePurgeProtection") else "Recoverable+Purgeable"


def operation_error(version: KeyVersion, operation: str, now: float) -> tuple[str, str] | None:
    """Return Key Vault's inner code and text if a key version does not permit to `encrypt` or `decrypt`, or else None.

    Outside of its dates, a key still decrypts (Key Vault, "Date-time controlled operations"; docs/azure.md#keys-that-expire-are-disabled-or-lost).
    """
    if version.kty.startswith("EC"):
        return FORBIDDEN, f"Key of type {version.kty} does not support the operation {operation}."
    if operation not in version.ops:
        return FORBIDDEN, f"Operation {operation} is not permitted on this key."
    if not version.enabled:
        return "KeyDisabled", f"Operation {operation} is not allowed on a disabled key."
    if operation == "decrypt":
        return None
    if version.expires is not None and version.expires <= now:
        return "KeyExpired", f"Operation {operation} isn't allowed on an expired key."
    if version.not_before is not None and version.not_before > now:
        # The inner code is UNCONFIRMED.
        return "KeyNotYetValid", f"Operation {operation} is not allowed on a key that is not yet valid."
    return None


def attributes(vault: Resource, version: KeyVersion) -> Json:
    """Return the attributes that both planes show."""
    shown: Json = {"enabled": version.enabled}
    if version.not_before is not None:
        shown["nbf"] = version.not_before
    if version.expires is not None:
        shown["exp"] = version.expires
    return shown | {
        "created": version.created,
        "updated": version.updated,
        "recoveryLevel": recovery_level(vault),
    }

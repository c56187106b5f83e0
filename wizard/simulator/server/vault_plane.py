"""The data plane of Key Vault: `https://VAULT.SUFFIX/keys/…`, with its challenge, firewall, permissions and key lifecycle."""

import re
from collections.abc import Awaitable, Callable

from wizard.simulator.arm.policy import check_key
from wizard.simulator.arm.resource_manager import UnknownRoute
from wizard.simulator.arm.throttling import VaultThrottle
from wizard.simulator.arm.tokens import Tokens
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.vault_keys import KEY_NAME, check_kind, deleted_but_recoverable, key_not_found
from wizard.simulator.state.body_fields import check_key_request
from wizard.simulator.state.state import DeletedKey, Key, KeyVersion, Resource
from wizard.simulator.state.world import World
from wizard.simulator.vaults import rotation
from wizard.simulator.vaults.gateway import VaultGateway
from wizard.simulator.vaults.key_store import (
    add,
    attributes,
    ensure_material,
    find_key,
    find_vault,
    key_uri,
    keys_of,
    new_version,
    set_attributes,
    soft_delete_key,
    vault_name,
)
from wizard.simulator.vaults.vault_access import Origin, check_network, check_permission

VERSIONS = (
    "2016-10-01",
    "7.0",
    "7.1",
    "7.2",
    "7.3",
    "7.4",
    "7.5",
    "7.6-preview.1",
    "7.6-preview.2",
    "7.6",
    "2025-06-01-preview",
    "2025-07-01",
)
_PATHS: list[tuple[str, re.Pattern[str], str, str]] = [
    (method, re.compile(pattern, re.IGNORECASE), permission, handler)
    for method, pattern, permission, handler in (
        ("GET", r"/keys", "list", "list_keys"),
        ("POST", r"/keys/(?P<key>[^/]+)/create", "create", "create"),
        ("POST", r"/keys/(?P<key>[^/]+)/rotate", "rotate", "rotate"),
        ("GET", r"/keys/(?P<key>[^/]+)/rotationpolicy", "getrotationpolicy", "get_policy"),
        ("PUT", r"/keys/(?P<key>[^/]+)/rotationpolicy", "setrotationpolicy", "set_policy"),
        ("GET", r"/keys/(?P<key>[^/]+)/versions", "list", "list_versions"),
        ("GET", r"/keys/(?P<key>[^/]+)(?:/(?P<version>[^/]+))?", "get", "get"),
        ("PATCH", r"/keys/(?P<key>[^/]+)(?:/(?P<version>[^/]+))?", "update", "update"),
        ("DELETE", r"/keys/(?P<key>[^/]+)", "delete", "delete"),
        ("GET", r"/deletedkeys", "list", "list_deleted"),
        ("GET", r"/deletedkeys/(?P<key>[^/]+)", "get", "get_deleted"),
        ("POST", r"/deletedkeys/(?P<key>[^/]+)/recover", "recover", "recover"),
        ("DELETE", r"/deletedkeys/(?P<key>[^/]+)", "purge", "purge"),
    )
]


class VaultPlane:
    """The data plane of all vaults."""

    def __init__(self, world: World, tokens: Tokens, base_url: str) -> None:
        self._world, self._gateway = world, VaultGateway(world, tokens, base_url)
        self._throttle = VaultThrottle(world)

    async def answer(self, call: Call) -> Answer:
        """Serve one call: authentication, api-version, route, firewall, permissions, then the operation.

        Raise Refusal.
        """
        name = call.host.removesuffix("." + self._world.scenario.vault_suffix)
        vault = find_vault(self._world, name)
        principal = await self._gateway.caller(call, vault)
        if vault is None:
            # In Azure the name would not resolve; a response is easier to find in the log.
            raise Refusal(404, "VaultNotFound", f"There is no key vault '{name}' in this cloud.")
        if call.api_version not in VERSIONS:
            known = ", ".join(VERSIONS)
            raise Refusal(
                400,
                "BadParameter",
                f"Invalid api-version: '{call.api_version}'. Acceptable versions: {known}.",
            )
        for method, pattern, permission, handler in _PATHS:
            match = pattern.fullmatch(call.path)
            if method == call.method and match:
                call.names = {key: value or "" for key, value in match.groupdict().items()} | {
                    "permission": permission
                }
                self._throttle.take(name.lower(), creates=handler in {"create", "rotate"})
                check_network(self._world, vault, principal, Origin.INTERNET)
                check_permission(self._world, vault, principal, permission, call.names.get("key", ""))
                serve: Callable[[Resource, Call], Awaitable[Answer]] = getattr(self, f"_{handler}")
                return await serve(vault, call)
        raise UnknownRoute(404, "NotFound", f"No operation is found for {call.method} {call.path}.")

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _key(self, vault: Resource, call: Call) -> Key:
        key = find_key(self._world, vault_name(vault), call.names["key"])
        if key is None:
            raise key_not_found(call.names["key"])
        return key

    def _version(self, vault: Resource, call: Call) -> tuple[Key, KeyVersion]:
        key, wanted = self._key(vault, call), call.names.get("version", "").lower()
        for version in reversed(key.versions):
            if not wanted or version.version == wanted:
                return key, version
        raise key_not_found(f"{key.name}/{wanted}")

    def _attributes(self, vault: Resource, version: KeyVersion) -> Json:
        return attributes(vault, version) | {
            "recoverableDays": vault.body["properties"]["softDeleteRetentionInDays"],
            "exportable": False,
        }

    async def _bundle(self, vault: Resource, key: Key, version: KeyVersion) -> Json:
        await ensure_material(self._world, version)
        web_key = {
            "kid": key_uri(self._world, key.vault, key.name, version.version),
            "kty": version.kty,
            "key_ops": list(version.ops),
            **version.public,
        }
        bundle: Json = {"key": web_key, "attributes": self._attributes(vault, version)}
        return bundle | ({"tags": dict(version.tags)} if version.tags else {})

    def _item(self, vault: Resource, key: Key, version: KeyVersion, *, with_version: bool) -> Json:
        kid = key_uri(self._world, key.vault, key.name, version.version if with_version else "")
        return {"kid": kid, "attributes": self._attributes(vault, version)} | (
            {"tags": dict(version.tags)} if version.tags else {}
        )

    # -- operations ---------------------------------------------------------------------------------------------------

    async def _create(self, vault: Resource, call: Call) -> Answer:
        body, name, held = call.require_body(), call.names["key"], vault_name(vault)
        check_key_request("key_create", body)
        if not KEY_NAME.fullmatch(name):
            raise Refusal(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if f"{held}/{name}".lower() in self._world.state.deleted_keys:
            raise deleted_but_recoverable(name)
        kty, size, curve, ops = check_kind(
            body.get("kty"), body.get("key_size"), body.get("crv"), body.get("key_ops"), "BadParameter"
        )
        if kty.endswith("-HSM") and vault.body["properties"]["sku"]["name"].lower() != "premium":
            raise Refusal(400, "BadParameter", "The HSM key types need a vault of the premium SKU.")
        version = new_version(self._world, kty=kty, size=size, curve=curve, ops=ops)
        if before := find_key(self._world, held, name):
            version.expires = rotation.expiry_of(before.rotation_policy, version.created)
        set_attributes(version, body.get("attributes") or {}, body.get("tags"))
        check_key(self._world, vault, version)
        key = add(self._world, held, name, version)
        return Answer(200, await self._bundle(vault, key, version))

    async def _rotate(self, vault: Resource, call: Call) -> Answer:
        key = self._key(vault, call)
        version = rotation.next_version(self._world, key)
        check_key(self._world, vault, version)
        key.versions.append(version)
        self._world.changed = True
        return Answer(200, await self._bundle(vault, key, version))

    async def _get(self, vault: Resource, call: Call) -> Answer:
        return Answer(200, await self._bundle(vault, *self._version(vault, call)))

    async def _update(self, vault: Resource, call: Call) -> Answer:
        body = call.require_body()
        check_key_request("key_update", body)
        key, version = self._version(vault, call)
        if body.get("key_ops") is not None:
            version.ops = check_kind(
                version.kty, version.size or None, version.curve or None, body["key_ops"], "BadParameter"
            )[3]
        set_attributes(version, body.get("attributes") or {}, body.get("tags"))
        version.updated = int(self._world.now())
        self._world.changed = True
        return Answer(200, await self._bundle(vault, key, version))

    async def _list_keys(self, vault: Resource, call: Call) -> Answer:
        del call
        keys = keys_of(self._world, vault_name(vault))
        return Answer(
            200,
            {
                "value": [self._item(vault, key, key.current, with_version=False) for key in keys],
                "nextLink": None,
            },
        )

    async def _list_versions(self, vault: Resource, call: Call) -> Answer:
        key = self._key(vault, call)
        return Answer(
            200,
            {
                "value": [self._item(vault, key, version, with_version=True) for version in key.versions],
                "nextLink": None,
            },
        )

    def _policy(self, key: Key) -> Json:
        return rotation.on_data_plane(key, key_uri(self._world, key.vault, key.name))

    async def _get_policy(self, vault: Resource, call: Call) -> Answer:
        return Answer(200, self._policy(self._key(vault, call)))

    async def _set_policy(self, vault: Resource, call: Call) -> Answer:
        key, body = self._key(vault, call), call.require_body()
        check_key_request("key_rotation_policy", body)
        key.rotation_policy = rotation.kept(body, key.rotation_policy, int(self._world.now()))
        self._world.changed = True
        return Answer(200, self._policy(key))

    # -- soft delete --------------------------------------------------------------------------------------------------

    def _deletion(self, deleted: DeletedKey) -> Json:
        place = f"{deleted.key.vault}.{self._world.scenario.vault_suffix}/deletedkeys/{deleted.key.name}"
        return {
            "recoveryId": f"https://{place}",
            "deletedDate": int(deleted.deleted_at),
            "scheduledPurgeDate": int(deleted.purge_at),
        }

    async def _show_deleted(self, vault: Resource, deleted: DeletedKey) -> Json:
        return await self._bundle(vault, deleted.key, deleted.key.current) | self._deletion(deleted)

    async def _delete(self, vault: Resource, call: Call) -> Answer:
        deleted = soft_delete_key(self._world, vault, self._key(vault, call))
        return Answer(200, await self._show_deleted(vault, deleted))

    def _deleted(self, vault: Resource, call: Call) -> DeletedKey:
        deleted = self._world.state.deleted_keys.get(f"{vault_name(vault)}/{call.names['key']}".lower())
        if deleted is None:
            raise Refusal(404, "KeyNotFound", f"Deleted Key not found: {call.names['key']}")
        return deleted

    async def _list_deleted(self, vault: Resource, call: Call) -> Answer:
        del call
        held = [
            entry for entry in self._world.state.deleted_keys.values() if entry.key.vault == vault_name(vault)
        ]
        items = [
            self._item(vault, entry.key, entry.key.current, with_version=False) | self._deletion(entry)
            for entry in held
        ]
        return Answer(200, {"value": items, "nextLink": None})

    async def _get_deleted(self, vault: Resource, call: Call) -> Answer:
        return Answer(200, await self._show_deleted(vault, self._deleted(vault, call)))

    async def _recover(self, vault: Resource, call: Call) -> Answer:
        key = self._deleted(vault, call).key
        place = f"{key.vault}/{key.name}".lower()
        del self._world.state.deleted_keys[place]
        self._world.state.keys[place] = key
        self._world.changed = True
        return Answer(200, await self._bundle(vault, key, key.current))

    async def _purge(self, vault: Resource, call: Call) -> Answer:
        key = self._deleted(vault, call).key
        if vault.body["properties"].get("enablePurgeProtection"):
            raise Refusal(
                403,
                "Forbidden",
                'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.',
                inner="DeletedKeyPurge",
            )
        del self._world.state.deleted_keys[f"{key.vault}/{key.name}".lower()]
        self._world.changed = True
        return Answer(204)

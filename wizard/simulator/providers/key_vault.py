"""Key vaults on the management plane: create, update, recover, and access policies (docs/azure.md#names-and-soft-delete, docs/azure.md#creating-a-vault)."""

import ipaddress
import re
from copy import deepcopy

from wizard.simulator.arm.locations import check_location, check_unmoved
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import serve_lists
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal, merge
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World, scheduled_handler
from wizard.simulator.vaults.key_store import TYPE, find_vault

RBAC_BY_DEFAULT_SINCE = "2026-02-01"
_NAME = re.compile(r"(?=.{3,24}$)[a-zA-Z](?:-?[a-zA-Z0-9])+")
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{vault}}"
_PUBLIC = {"enabled", "disabled", "securedbyperimeter"}
_WRITABLE = (
    "tenantId", "sku", "accessPolicies", "enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment", "enableSoftDelete",
    "softDeleteRetentionInDays", "enableRbacAuthorization", "enablePurgeProtection", "networkAcls", "publicNetworkAccess",
)  # fmt: skip

provider = Provider(
    "Microsoft.KeyVault",
    (
        "2019-09-01", "2021-10-01", "2022-07-01", "2022-11-01", "2023-02-01", "2023-07-01", "2024-04-01-preview", "2024-11-01",
        "2024-12-01-preview", "2025-05-01", "2026-02-01", "2026-03-01-preview", "2026-05-15",
    ), types=("vaults", "checkNameAvailability"))  # fmt: skip
serve_lists(provider, TYPE)


def vault_id(call: Call) -> str:
    """Return the id of the vault that a path names."""
    return f"/subscriptions/{call.names['subscription'].lower()}/resourceGroups/{call.names['group']}/providers/{TYPE}/{call.names['vault']}"


def vault_uri(world: World, name: str) -> str:
    """Return the URL of a vault's data plane."""
    return f"https://{name.lower()}.{world.scenario.vault_suffix}/"


def _bad(message: str, code: str = "BadRequest") -> Refusal:
    return Refusal(400, code, message)


def _check_properties(world: World, given: Json, before: Json) -> None:
    # The codes InvalidTenantId and InvalidSku, and the texts of both, are UNCONFIRMED.
    if given.get("tenantId") not in {world.scenario.tenant.id, before.get("tenantId")}:
        raise _bad(
            f"The tenant '{given.get('tenantId')}' in the request does not match the subscription's tenant '{world.scenario.tenant.id}'.",
            "InvalidTenantId",
        )
    sku = given.get("sku")
    if not isinstance(sku, dict) or str(sku.get("name", "")).lower() not in {"standard", "premium"}:
        raise _bad(
            "The parameter sku is not specified or not valid: name must be 'standard' or 'premium'.",
            "InvalidSku",
        )
    acls = given.get("networkAcls") or {}
    if acls.get("defaultAction", "Allow") not in {"Allow", "Deny"} or acls.get(
        "bypass", "AzureServices"
    ) not in {"AzureServices", "None"}:
        raise _bad(
            "The property 'networkAcls' is not valid: defaultAction is 'Allow' or 'Deny', bypass is 'AzureServices' or 'None'."
        )
    if str(given.get("publicNetworkAccess") or "Enabled").lower() not in _PUBLIC:
        raise _bad(  # text UNCONFIRMED
            "The property 'publicNetworkAccess' is not valid: it is 'Enabled', 'Disabled' or 'SecuredByPerimeter'."
        )
    days = given.get("softDeleteRetentionInDays")
    if days is not None and not 7 <= days <= 90:
        raise _bad("The property 'softDeleteRetentionInDays' must be between 7 and 90 days.")
    for number, rule in enumerate(acls.get("ipRules") or []):
        try:
            ipaddress.ip_network(str(rule.get("value")), strict=False)
        except ValueError as problem:  # text: Azure/azure-powershell#11471, its end UNCONFIRMED
            raise _bad(
                f"Invalid value found at properties.networkAcls.ipRules[{number}].value: {rule.get('value')} is not an IP address or range"
            ) from problem
    _check_policies(given.get("accessPolicies") or [])


def _check_policies(policies: list[Json]) -> None:
    """Raise 400 if an access policy has no tenant, object id or permissions (text: Azure/azure-libraries-for-net#361)."""
    if any(
        not policy.get("tenantId") or not policy.get("objectId") or policy.get("permissions") is None
        for policy in policies
    ):
        raise _bad("An invalid value was provided for 'accessPolicies'.")


def _check_change(given: Json, before: Json) -> None:
    if given.get("enablePurgeProtection") is False:
        raise _bad(
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.'
        )
    if given.get("enableSoftDelete") is False:
        raise _bad(
            'The property "enableSoftDelete" cannot be set to false. Soft delete is on for every vault and cannot be switched off.'
        )
    days = given.get("softDeleteRetentionInDays")
    if before and days is not None and days != before["softDeleteRetentionInDays"]:
        raise _bad('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.')


def finished(world: World, name: str, given: Json, before: Json, *, rbac_default: bool) -> Json:
    """Return a vault's properties: the given ones, with Azure's defaults. Irreversible settings are kept."""
    properties: Json = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": world.scenario.tenant.id,
        "accessPolicies": [],
        "enabledForDeployment": False,
        "enabledForDiskEncryption": False,
        "enabledForTemplateDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": before.get("softDeleteRetentionInDays", 90),
        "enableRbacAuthorization": rbac_default,
        "publicNetworkAccess": "Enabled",
    }
    properties |= {key: deepcopy(given[key]) for key in _WRITABLE if given.get(key) is not None}
    if before.get("enablePurgeProtection"):
        properties["enablePurgeProtection"] = True
    acls = properties.get("networkAcls")
    if acls is not None:
        full = {
            "bypass": "AzureServices",
            "defaultAction": "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        } | acls
        properties["networkAcls"] = full
        if full == {
            "bypass": "AzureServices",
            "defaultAction": "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        }:
            del properties["networkAcls"]
    return properties | {
        "vaultUri": vault_uri(world, name),
        "provisioningState": before.get("provisioningState", "RegisteringDns"),
    }


def _check_name_free(world: World, call: Call) -> None:
    name = call.names["vault"]
    if not _NAME.fullmatch(name):
        raise _bad(
            f"The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with "
            "a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742",
            "VaultNameNotValid",
        )
    if name.lower() in world.state.deleted_vaults:
        raise Refusal(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link "
            "https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
        )
    taken = {each.lower() for each in world.scenario.taken_vault_names}
    if find_vault(world, name) or name.lower() in taken:
        raise Refusal(
            409,
            "VaultAlreadyExists",
            f"The vault name '{name}' is already in use. Vault names are globaly unique so it is possible that the name is already taken. If you are sure "
            "that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed "
            "in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more "
            "information about VaultAlreadyExists, see https://go.microsoft.com/fwlink/?linkid=2147740",
        )


def _shown(world: World, vault: Resource) -> Answer:
    in_progress = vault.body["properties"]["provisioningState"] != "Succeeded"
    return Answer(200, vault.body, world.retry_headers() if in_progress else {})


@provider.on("PUT", _ONE, f"{TYPE}/write")
async def put_vault(world: World, call: Call) -> Answer:
    """Create, replace or recover a vault. A new one is RegisteringDns for a while."""
    body = call.require_body()
    world.require_group(call.path)
    given = body.get("properties")
    if not isinstance(given, dict):
        raise _bad("The request content was invalid: 'properties' is required.", "InvalidRequestContent")
    check_body("vault", body, "VaultProperties")
    if str(given.get("createMode", "")).lower() == "recover":
        return _recover(world, call)
    before = world.find(vault_id(call))
    if before is None:
        _check_name_free(world, call)
    _check_properties(world, given, before.body["properties"] if before else {})
    _check_change(given, before.body["properties"] if before else {})
    location = check_location(world, body.get("location"), TYPE)
    check_unmoved(before.body if before else None, location)
    return _keep(
        world, call, before, {"location": location, "tags": body.get("tags") or {}, "properties": given}
    )


def _keep(world: World, call: Call, before: Resource | None, wanted: Json) -> Answer:
    resource_id, name = (before.id, before.body["name"]) if before else (vault_id(call), call.names["vault"])
    properties = finished(
        world,
        name,
        wanted["properties"],
        before.body["properties"] if before else {},
        rbac_default=call.api_version >= RBAC_BY_DEFAULT_SINCE,
    )
    vault = Resource(resource_id, TYPE, {
        "id": resource_id, "name": name, "type": TYPE, "location": wanted["location"], "tags": dict(wanted["tags"]),
        "systemData": world.system_data(call.caller, before.body.get("systemData") if before else None), "properties": properties,
    })  # fmt: skip
    world.put(vault)
    answer = deepcopy(vault.body)
    if before is None:
        answer["properties"]["vaultUri"] = properties["vaultUri"].rstrip("/")
        world.later(world.scenario.durations.vault_dns, "vault-dns-registered", id=resource_id)
        return Answer(200, answer, world.retry_headers())
    return Answer(200, answer)


@scheduled_handler("vault-dns-registered")
def _registered(world: World, facts: dict[str, str]) -> None:
    vault = world.find(facts["id"])
    if vault is not None:
        vault.body["properties"]["provisioningState"] = "Succeeded"


@provider.on("PATCH", _ONE, f"{TYPE}/write")
async def patch_vault(world: World, call: Call) -> Answer:
    """Change the given properties of a vault."""
    body, vault = call.require_body(), world.get(vault_id(call))
    check_body("vault", body, "VaultProperties")
    before: Json = vault.body["properties"]
    given: Json = body.get("properties") or {}
    _check_change(given, before)
    wanted = merge(before, given)
    _check_properties(world, wanted, before)
    tags = vault.body["tags"] if body.get("tags") is None else body["tags"]
    return _keep(world, call, vault, {"location": vault.body["location"], "tags": tags, "properties": wanted})


def _recover(world: World, call: Call) -> Answer:
    name = call.names["vault"].lower()
    deleted = world.state.deleted_vaults.get(name)
    if deleted is None or deleted.resource.id.lower() != vault_id(call).lower():
        raise Refusal(
            404,
            "SoftDeletedVaultDoesNotExist",
            "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is in a recoverable state.",
        )
    del world.state.deleted_vaults[name]
    for key in deleted.keys:
        world.state.keys[f"{key.vault}/{key.name}".lower()] = key
    return Answer(200, world.put(deleted.resource).body)


@provider.on("GET", _ONE, f"{TYPE}/read")
async def get_vault(world: World, call: Call) -> Answer:
    """Return one vault."""
    return _shown(world, world.get(vault_id(call)))


@provider.on(
    "POST",
    "/subscriptions/{subscription}/providers/Microsoft.KeyVault/checkNameAvailability",
    "Microsoft.KeyVault/checkNameAvailability/read",
)
async def check_name(world: World, call: Call) -> Answer:
    """Return whether a vault name is valid and not in use in the whole cloud."""
    call.names["vault"] = str(call.require_body().get("name", ""))
    try:
        _check_name_free(world, call)
    except Refusal as refusal:
        reason = "AccountNameInvalid" if refusal.code == "VaultNameNotValid" else "AlreadyExists"
        return Answer(200, {"nameAvailable": False, "reason": reason, "message": refusal.message})
    return Answer(200, {"nameAvailable": True})


@provider.on("PUT", f"{_ONE}/accessPolicies/{{operation}}", f"{TYPE}/accessPolicies/write")
async def put_access_policies(world: World, call: Call) -> Answer:
    """Add, replace or remove the access policies of the given principals."""
    vault, operation = world.get(vault_id(call)), call.names["operation"].lower()
    if operation not in {"add", "replace", "remove"}:
        raise _bad(f"The access policy operation '{operation}' is not valid: add, replace or remove.")
    check_body("vault_access_policies", call.require_body(), "VaultAccessPolicyProperties")
    given: list[Json] = (call.require_body().get("properties") or {}).get("accessPolicies") or []
    _check_policies(given)
    held = {policy["objectId"].lower(): policy for policy in vault.body["properties"]["accessPolicies"]}
    for policy in given:
        who = policy["objectId"].lower()
        if operation == "remove":
            held.pop(who, None)
        elif operation == "add" and who in held:
            now, more = held[who]["permissions"], policy["permissions"]
            merged = {
                kind: sorted({*(now.get(kind) or []), *(more.get(kind) or [])}) for kind in {*now, *more}
            }
            held[who] = policy | {"permissions": merged}
        else:
            held[who] = policy
    vault.body["properties"]["accessPolicies"] = list(held.values())
    world.put(vault)
    kept = {"location": vault.body["location"], "properties": {"accessPolicies": list(held.values())}}
    return Answer(200, {"id": f"{vault.id}/accessPolicies/", "type": f"{TYPE}/accessPolicies"} | kept)

"""Reads everything that the checks need, each resource once, and as much as possible concurrently."""

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from wizard.cloud.arm import GroupId, Json, ResourceId, dig, same
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.encryption import Encryption
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.inventory import vault_of_key
from wizard.cloud.key_access import BUILT_IN, KeyAccess, log_settings, other_definitions
from wizard.cloud.locks import Lock, locks
from wizard.cloud.ownership import code_signs, last_write
from wizard.cloud.paging import items
from wizard.cloud.rights import Deny, RoleDefinition, denies, role_definition
from wizard.cloud.roles import DECRYPT, ENCRYPT, Grant, assignments, grants
from wizard.errors import AzureError, Problem, unexpected_response
from wizard.system.coroutines import closing_arguments
from wizard.verification.evidence import PICKUP, Evidence
from wizard.verification.identity import KEY_ROLES
from wizard.verification.key import newest_first
from wizard.verification.make_check import GONE

if TYPE_CHECKING:
    from wizard.answers.model import Answers

Found = TypeVar("Found")


_NO_KEY = Problem(
    "azure",
    "The cluster's key identifier names no key.",
    remedy="Run the wizard on this cluster. It sets key vault, key and identity.",
)


async def gather(azure: Azure, cluster_id: ResourceId, cluster: Json, expect: "Answers | None") -> Evidence:
    """Return the evidence. What cannot be read is None, with the reason in `unreadable`."""
    encryption = Encryption.of(cluster)
    e = Evidence(
        cluster,
        encryption,
        expect,
        azure.cloud.vault_suffix,
        pickup=timedelta(seconds=azure.clock.scaled(PICKUP.total_seconds())),
    )
    vault_id: str | Problem | None = None
    if encryption.kms_enabled:
        vault_id = _named_vault(encryption) or await _read(
            vault_of_key(azure, cluster_id.subscription, encryption), ""
        )
    subscriptions = {cluster_id.subscription.lower(): cluster_id.subscription}
    if not isinstance(vault_id, str):
        held, identities, about = await asyncio.gather(
            _locks(azure, list(subscriptions.values())), _identities(azure, e), _about(azure, cluster_id, e)
        )
        e = replace(e, **_sorted({"locks": held}), **about, identities=identities)
        return (
            await _without_vault(azure, cluster_id.subscription, e, vault_id) if encryption.kms_enabled else e
        )
    vault = ResourceId.parse(vault_id)
    subscriptions.setdefault(vault.subscription.lower(), vault.subscription)
    (held, body), (key, versions), (roles, denied, identities), about = await asyncio.gather(
        asyncio.gather(_locks(azure, list(subscriptions.values())), _vault(azure, vault)),
        asyncio.gather(_key(azure, vault, encryption), _versions(azure, vault, encryption)),
        asyncio.gather(_roles(azure, vault_id, e), _deny_assignments(azure, vault_id), _identities(azure, e)),
        _about(azure, cluster_id, e, vault),
    )
    found = {"locks": held, "vault": body, "key": key, "key-versions": versions, "deny-assignments": denied}
    e = replace(e, **_sorted(found), **about, identities=identities)
    e = replace(e, unreadable={**e.unreadable, **roles.pop("unreadable", {})}, **roles)
    return replace(e, deleted=await _deleted(azure, vault, e))


async def _about(
    azure: Azure, cluster_id: ResourceId, e: Evidence, vault: ResourceId | None = None
) -> dict[str, Any]:
    """Return what only informs: signs of infrastructure code, whether the use of the key is logged, and who took the key away.
    All of it is advisory, and read beside the rest."""

    async def nothing() -> None:
        return None

    places = [cluster_id, *([vault] if vault else []), *_ids(e.identity_ids)]
    groups = [GroupId(place.subscription, place.resource_group) for place in places]
    own = e.encryption.kms_enabled
    signs, logs, write = await asyncio.gather(
        code_signs(azure, groups) if own or e.reverted else nothing(),
        log_settings(azure, str(vault)) if vault else nothing(),
        last_write(azure, str(cluster_id)) if e.reverted else nothing(),
    )
    return {"code": signs, "log_settings": logs, "last_write": write}


def _ids(texts: Collection[str]) -> list[ResourceId]:
    """Return those of these texts that are resource IDs."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(ResourceId.parse(text))
    return found


def _sorted(found: dict[str, Any]) -> dict[str, Any]:
    """Return what could be read, by the field of `Evidence`, and the problems of the rest as `unreadable`."""
    read = {name.replace("-", "_"): it for name, it in found.items() if not isinstance(it, Problem)}
    return {**read, "unreadable": {name: it for name, it in found.items() if isinstance(it, Problem)}}


@closing_arguments
async def _read(request: Awaitable[Found], summary: str) -> Found | Problem:
    """Return the result of an SDK request, or its problem. `summary` says in one sentence what failed."""
    try:
        with translate_errors(summary):
            return await request
    except AzureError as error:
        return error.problem


@closing_arguments
async def _body(request: Awaitable[Any], summary: str, *needed: str) -> Json | Problem:
    """Return one resource as Azure returned it; a problem if it lacks one of these properties, which Azure always sets."""

    async def read() -> Json:
        return as_json(await request)

    found = await _read(read(), summary)
    if isinstance(found, Problem):
        return found
    absent = [name for name in needed if dig(found, "properties", *name.split(".")) in (None, "")]
    return _odd(summary, f"it has no {absent[0]}") if absent else found


def _odd(summary: str, why: str) -> Problem:
    """Return the problem of an answer that is not Azure's."""
    return unexpected_response(summary, why)


async def _vault(azure: Azure, vault: ResourceId) -> Json | Problem:
    request = azure.vaults(vault.subscription).vaults.get(vault.resource_group, vault.name)
    return await _body(request, f"The key vault {vault.name} could not be read.", "tenantId")


async def _key(azure: Azure, vault: ResourceId, encryption: Encryption) -> Json | Problem:
    """Return the version that the cluster names, or the newest one for an identifier without a version."""
    if not encryption.names_key:
        return _NO_KEY
    client, name = azure.vaults(vault.subscription).keys, encryption.key_name.partition("/")[2]
    request: Awaitable[Any] = (
        client.get_version(vault.resource_group, vault.name, name, encryption.key_version)
        if encryption.key_version
        else client.get(vault.resource_group, vault.name, name)
    )
    always = ("kty", "keyOps", "attributes.enabled")
    return await _body(request, f"The key {encryption.key_name} could not be read.", *always)


async def _versions(
    azure: Azure, vault: ResourceId, encryption: Encryption
) -> tuple[Json, ...] | Problem | None:
    if not encryption.names_key:
        return _NO_KEY
    client, name = azure.vaults(vault.subscription).keys, encryption.key_name.partition("/")[2]

    async def listed() -> list[Json]:
        pages = client.list_versions(vault.resource_group, vault.name, name)
        return [as_json(version) async for version in items(pages)]

    failed = f"The versions of the key {encryption.key_name} could not be listed."
    found = await _read(listed(), failed)
    if isinstance(found, Problem):
        return found
    return newest_first(found) if found else _odd(failed, "it lists no version")


async def _locks(azure: Azure, subscriptions: list[str]) -> tuple[Lock, ...] | Problem:
    """Return every lock of these subscriptions."""
    found = await _read(
        _all(locks(azure, subscription) for subscription in subscriptions),
        "The locks of the subscription could not be read.",
    )
    return found if isinstance(found, Problem) else tuple(lock for some in found for lock in some)


async def _all(requests: Any) -> list[Any]:
    return list(await asyncio.gather(*requests))


async def _deny_assignments(azure: Azure, vault_id: str) -> tuple[Deny, ...] | Problem:
    found = await _read(denies(azure, vault_id), "The deny assignments could not be listed.")
    return found if isinstance(found, Problem) else tuple(one for one in found if one.holds_on(vault_id))


async def _identities(azure: Azure, e: Evidence) -> dict[str, Json | Problem]:
    async def one(id_: str) -> Json | Problem:
        try:
            identity = ResourceId.parse(id_)
        except ValueError as error:
            return Problem("azure", f"{error}.")
        client = azure.identities(identity.subscription).user_assigned_identities
        request = client.get(identity.resource_group, identity.name)
        return await _body(request, f"The identity {identity.name} could not be read.", "principalId")

    return dict(zip(e.identity_ids, await _all(one(id_) for id_ in e.identity_ids), strict=True))


_Worth = dict[str, RoleDefinition]
"""The definition of roles, by GUID."""


async def _roles(azure: Azure, vault_id: str, e: Evidence) -> dict[str, Any]:
    """Return the fields of `Evidence` on role assignments: what the identities hold on the vault, what these roles allow, what
    they hold elsewhere if none of these helps, and who else has access to the key.

    The assignments of all principals are one list. Groups and other scopes are read only if no role assignment of the
    identities themselves helps.
    """
    listed = await _read(assignments(azure, vault_id), "The role assignments could not be listed.")
    if isinstance(listed, Problem):
        return {"unreadable": {"roles": listed}}
    own = {principal.casefold() for principal in e.principals}
    mine = tuple(grant for grant in listed if grant.principal_id.casefold() in own)
    others = {grant.role_guid.casefold() for grant in listed} - {g.role_guid.casefold() for g in mine}
    subscription = ResourceId.parse(vault_id).subscription
    (known, facts), definitions = await asyncio.gather(
        _of_the_identities(azure, vault_id, e, mine), other_definitions(azure, subscription, others)
    )
    found = definitions | known | {guid: BUILT_IN[guid] for guid in _guids(mine) if guid in BUILT_IN}
    access = KeyAccess(
        listed,
        {guid: role for guid, role in found.items() if not isinstance(role, Problem)},
        {guid: role for guid, role in found.items() if isinstance(role, Problem)},
    )
    return {**facts, "key_access": access}


def _guids(held: Iterable[Grant]) -> set[str]:
    return {grant.role_guid.casefold() for grant in held}


async def _of_the_identities(
    azure: Azure, vault_id: str, e: Evidence, held: tuple[Grant, ...]
) -> tuple[dict[str, RoleDefinition | Problem], dict[str, Any]]:
    """Return the definitions of the roles of the cluster's identities, and the fields of `Evidence` on them."""
    if not e.principals:
        unnamed = Problem("azure", "The cluster does not report the principal ID of its identity.")
        return {}, {"unreadable": {"roles": unnamed}}
    known, unread = await _worth(azure, vault_id, held)
    other: tuple[Grant, ...] = ()
    if not _helps(held, known):
        everywhere = f"/subscriptions/{ResourceId.parse(vault_id).subscription}"
        by_group, elsewhere = await asyncio.gather(
            _read(
                _all(grants(azure, vault_id, one) for one in e.principals),
                "The role assignments of the identity's groups could not be listed.",
            ),
            _read(_all(grants(azure, everywhere, one) for one in e.principals), ""),
        )
        if isinstance(
            by_group, Problem
        ):  # a group may hold the role, so it is not known that the identity does not
            return {**known, **unread}, {"unreadable": {"roles": by_group}}
        held = tuple(dict.fromkeys([*held, *(grant for some in by_group for grant in some)]))
        other = () if isinstance(elsewhere, Problem) else tuple(grant for some in elsewhere for grant in some)
        more, more_unread = await _worth(azure, vault_id, (*held, *other), known.keys() | unread.keys())
        known, unread = known | more, unread | more_unread
    return {**known, **unread}, {
        "identity_grants": held,
        "key_roles": {guid: (role.name, _encrypts(role)) for guid, role in known.items()},
        "grants_elsewhere": other,
        "unreadable": {f"role {guid}": problem for guid, problem in unread.items()},
    }


def _encrypts(role: RoleDefinition) -> bool:
    return role.allows_data(ENCRYPT) and role.allows_data(DECRYPT)


def _helps(held: tuple[Grant, ...], known: _Worth) -> bool:
    guids = {grant.role_guid.casefold() for grant in held}
    return any(guid in KEY_ROLES or (guid in known and _encrypts(known[guid])) for guid in guids)


async def _worth(
    azure: Azure, vault_id: str, held: tuple[Grant, ...], read: Collection[str] = ()
) -> tuple[_Worth, dict[str, Problem]]:
    """Return the definition of each role held but those `read` before, and why the rest could not be read."""
    subscription = ResourceId.parse(vault_id).subscription
    guids = sorted({grant.role_guid.casefold() for grant in held} - KEY_ROLES.keys() - set(read))
    asked = [guid for guid in guids if guid not in BUILT_IN]
    found = await _all(_read(role_definition(azure, subscription, guid), "") for guid in asked)
    pairs = dict(zip(asked, found, strict=True))
    return (
        {guid: BUILT_IN[guid] for guid in guids if guid in BUILT_IN}
        | {guid: role for guid, role in pairs.items() if not isinstance(role, Problem)},
        {guid: role for guid, role in pairs.items() if isinstance(role, Problem)},
    )


async def _deleted(azure: Azure, vault: ResourceId, e: Evidence) -> dict[str, Json | Problem]:
    """Return the soft-deleted vault or key if it does not exist."""
    gone = {name for name in ("vault", "key") if name in e.unreadable and e.unreadable[name].code in GONE}
    if "vault" in gone:
        return await _deleted_vault(azure, vault.subscription, vault.name)
    return await _deleted_key(azure, e) if "key" in gone else {}


async def _deleted_vault(azure: Azure, subscription: str, name: str) -> dict[str, Json | Problem]:
    async def listed() -> list[Json]:
        return [as_json(one) async for one in items(azure.vaults(subscription).vaults.list_deleted())]

    found = await _read(listed(), "The deleted key vaults could not be listed.")
    if isinstance(found, Problem):
        return {"vault": found}
    bodies = [one for one in found if same(str(one.get("name", "")), name)]
    return {"vault": bodies[0]} if bodies else {}


async def _deleted_key(azure: Azure, e: Evidence) -> dict[str, Json | Problem]:
    """Return the soft-deleted key. Only the vault's data plane lists it, if its firewall and its roles allow access."""
    vault, _, name = e.encryption.key_name.partition("/")
    if not vault:
        return {}
    client = azure.keys(azure.vault_uri(vault))
    found = await _read(client.get_deleted_key(name), f"The deleted keys of {vault} could not be read.")
    if isinstance(found, Problem):
        return {} if found.code in GONE else {"key": found}
    purge = found.scheduled_purge_date
    return {"key": {"recoveryId": found.recovery_id, "scheduledPurgeDate": purge.timestamp() if purge else None}}  # fmt: skip


def _named_vault(encryption: Encryption) -> str:
    """Return the resource ID of the vault that the cluster names; empty if there is none or it is not valid."""
    try:
        return str(ResourceId.parse(encryption.vault_id))
    except ValueError:
        return ""


async def _without_vault(azure: Azure, subscription: str, e: Evidence, problem: Problem | None) -> Evidence:
    """Return the evidence for a vault that was not found: whether it is soft-deleted, or why that is unknown."""
    if problem is not None:
        return replace(e, unreadable={**e.unreadable, "vault": problem, "key": problem})
    name = e.encryption.key_name.partition("/")[0]
    deleted = await _deleted_vault(azure, subscription, name)
    missing = Problem(
        "azure",
        f"The cluster does not name the resource ID of its key vault, and none of the key vaults visible in its subscription "
        f"is {name or 'the one in its key identifier'}.",
        "",
        "Look for it in your other subscriptions. If it is in none, it was deleted, and the cluster cannot decrypt its secrets: "
        f"az keyvault list-deleted --subscription {subscription} --output table",
    )
    key = missing
    if isinstance(deleted.get("vault"), dict):
        comes_back = f"Recover it, and the key with it: az keyvault recover --name {name} --subscription {subscription}"
        key = Problem("azure", f"The key vault {name} with the key was deleted.", "", comes_back)
    return replace(e, deleted=deleted, unreadable={**e.unreadable, "vault": missing, "key": key})

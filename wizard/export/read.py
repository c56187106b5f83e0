"""Read from Azure what the infrastructure code of a cluster must say. Every read here is needed: half a vault, imported, is reset."""

import asyncio
from datetime import UTC, datetime

from wizard.cloud.arm import Json, ResourceId, dig, same
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.encryption import SUCCEEDED, Encryption, provisioning_state
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.inventory import cluster_body, vault_of_key
from wizard.cloud.paging import items
from wizard.cloud.roles import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    ENCRYPTION_USER,
    READER,
)
from wizard.errors import AzureError, Problem
from wizard.export.model import Assignment, Identity, Key, Setup, Vault
from wizard.state.target import cli_args

_ROLES = (ADMINISTRATOR, CONTRIBUTOR, CRYPTO_OFFICER, CRYPTO_USER, ENCRYPTION_USER, READER)
_NAMES = {role.guid: role.name for role in _ROLES}


async def read_setup(azure: Azure, cluster: ResourceId) -> Setup:
    """Return what there is to export of a cluster.

    Raise AzureError if a part cannot be read, or if the cluster is not encrypted: then there is nothing to export.
    """
    with translate_errors(f"What there is to export of {cluster.name} could not be read."):
        body = await cluster_body(azure, cluster)
        encryption = Encryption.of(body)
        _check(cluster.name, body, encryption)
        automatic = same(str(dig(body, "sku", "name") or ""), "Automatic")
        setup = Setup(cluster, automatic, encryption, datetime.now(UTC))
        if not encryption.kms_enabled:
            return setup
        vault_id = await _vault_id(azure, cluster, encryption)
        identity_id = _identity_id(cluster.name, body)
        vault, key, identity = await asyncio.gather(
            _vault(azure, vault_id), _key(azure, vault_id, encryption), _identity(azure, identity_id)
        )
        assignments, inherited = await _assignments(azure, vault_id, key.name, identity.principal_id)
        return Setup(
            cluster, automatic, encryption, setup.read_at, vault, key, identity, assignments, inherited
        )  # fmt: skip


def _check(name: str, body: Json, encryption: Encryption) -> None:
    if encryption.kind == "none":
        raise AzureError(
            Problem(
                "input",
                f"The cluster {name} is not encrypted with a KMS key, so there is nothing to export.",
                "",
                "Encrypt it first: aks-kms",
            )
        )
    state = provisioning_state(body)
    if state != SUCCEEDED:
        raise AzureError(
            Problem(
                "azure",
                f"The cluster {name} is in state {state}, so its settings may not be in effect yet.",
                "",
                f"Wait until its operation has ended, then export again. Its state: az aks show {cli_args(_id(body))} --query provisioningState",
            )
        )


def _id(body: Json) -> str:
    return str(body.get("id", ""))


async def _vault_id(azure: Azure, cluster: ResourceId, encryption: Encryption) -> ResourceId:
    """The vault that the cluster names, or else the one in its subscription with the address of the key identifier."""
    if encryption.vault_id:
        return ResourceId.parse(encryption.vault_id)
    if found := await vault_of_key(azure, cluster.subscription, encryption):
        return ResourceId.parse(found)
    host = encryption.key_host
    raise AzureError(
        Problem(
            "azure",
            f"The cluster names no resource ID of its key vault, and no key vault that you can see in its subscription has the address {host}.",
            "",
            "Find it in each of your subscriptions: "
            f"az keyvault show --name {host.partition('.')[0]} --subscription {cluster.subscription} --query id",
        )
    )


def _identity_id(name: str, body: Json) -> ResourceId:
    attached = dig(body, "identity", "userAssignedIdentities") or {}
    if len(attached) != 1:
        raise AzureError(
            Problem(
                "azure",
                f"The cluster {name} has {len(attached)} user-assigned identities; a customer-managed key needs exactly one.",
                "",
                f"To see them: az aks show {cli_args(_id(body))} --query identity",
            )
        )
    return ResourceId.parse(next(iter(attached)))


async def _vault(azure: Azure, id_: ResourceId) -> Vault:
    with translate_errors(f"The key vault {id_.name} could not be read."):
        body = as_json(await azure.vaults(id_.subscription).vaults.get(id_.resource_group, id_.name))
    properties = body.get("properties") or {}
    return Vault(
        ResourceId.parse(_id(body)),
        str(body.get("location", "")),
        str(properties.get("tenantId", "")),
        str(dig(properties, "sku", "name") or "standard"),
        properties.get("enableRbacAuthorization") is True,
        tuple(properties.get("accessPolicies") or ()),
        properties.get("enablePurgeProtection") is True,
        int(properties.get("softDeleteRetentionInDays") or 90),
        not same(str(properties.get("publicNetworkAccess") or "Enabled"), "Disabled"),
        properties.get("networkAcls"),
        _tags(body),
    )


async def _key(azure: Azure, vault: ResourceId, encryption: Encryption) -> Key:
    name = encryption.key_name.partition("/")[2]
    with translate_errors(f"The key {encryption.key_name} could not be read."):
        body = as_json(
            await azure.vaults(vault.subscription).keys.get(vault.resource_group, vault.name, name)
        )
    properties = body.get("properties") or {}
    size = properties.get("keySize")
    return Key(
        name,
        str(properties.get("keyUri") or encryption.key_id.partition(f"/{encryption.key_version}")[0]),
        str(properties.get("kty", "RSA")),
        int(size) if size else None,
        tuple(properties.get("keyOps") or ()),
    )


async def _identity(azure: Azure, id_: ResourceId) -> Identity:
    client = azure.identities(id_.subscription).user_assigned_identities
    with translate_errors(f"The identity {id_.name} could not be read."):
        body = as_json(await client.get(id_.resource_group, id_.name))
    principal = str(dig(body, "properties", "principalId") or "")
    return Identity(ResourceId.parse(_id(body)), str(body.get("location", "")), principal, _tags(body))


async def _assignments(
    azure: Azure, vault: ResourceId, key: str, principal: str
) -> tuple[tuple[Assignment, ...], tuple[str, ...]]:
    """The identity's own role assignments on the vault and on the key, and in words those from above."""
    scopes, found = (str(vault), f"{vault}/keys/{key}"), {}
    client = azure.authorization(vault.subscription).role_assignments
    with translate_errors(f"The role assignments on the key vault {vault.name} could not be listed."):
        for scope in scopes:
            async for one in items(client.list_for_scope(scope, filter=f"principalId eq '{principal}'")):
                found[str(one.id).casefold()] = one
    own, above = [], []
    for one in found.values():
        guid = str(one.role_definition_id or "").rsplit("/", 1)[-1]
        scope = str(one.scope or "")
        if any(same(scope, mine) for mine in scopes):
            own.append(
                Assignment(
                    str(one.name),
                    scope,
                    guid,
                    _NAMES.get(guid, ""),
                    principal,
                    str(one.principal_type or "ServicePrincipal"),
                    str(one.condition or ""),
                    str(one.condition_version or ""),
                )
            )
        else:
            above.append(f"{_NAMES.get(guid, guid)} on {scope}")
    return tuple(sorted(own, key=lambda a: (a.scope, a.role_guid))), tuple(sorted(above))


def _tags(body: Json) -> dict[str, str]:
    return {str(name): str(value) for name, value in (body.get("tags") or {}).items()}

"""The resources of a template, for Bicep and for ARM JSON alike: one list, two notations."""

from collections.abc import Mapping
from dataclasses import dataclass

from wizard.cloud.arm import CLUSTER_API, KEY_VAULT, USER_ASSIGNED_IDENTITY, GroupId, Json
from wizard.export.model import Setup

VAULT_API = "2024-11-01"
IDENTITY_API = "2023-01-31"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
ASSIGNMENT_API = "2022-04-01"
KEY_OPERATIONS = ("encrypt", "decrypt", "wrapKey", "unwrapKey")


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    symbol: str
    type: str
    api: str
    name: str
    """The last part of its name; a child's parent has the rest."""
    body: Json
    """What is beside type, version and name; strings in it are text, never code."""
    parent: str = ""
    """The symbol of the resource that it is a child of."""
    scope: str = ""
    """The symbol of the resource that it extends."""


@dataclass(frozen=True)
class Template:
    """The resources of one resource group."""

    group: GroupId
    resources: tuple[Resource, ...]


def templates(setup: Setup) -> tuple[Template, ...]:
    """Return a template for each resource group that holds a part: the vault's first, then the identity's if it is another."""
    vault, identity = _vault_resources(setup), _identity_resources(setup)
    if setup.vault is None or setup.identity is None:
        return ()
    own = GroupId(setup.vault.id.subscription, setup.vault.id.resource_group)
    other = GroupId(setup.identity.id.subscription, setup.identity.id.resource_group)
    if own.key == other.key:
        return (Template(own, (*identity, *vault)),)
    return Template(own, vault), Template(other, identity)


def _vault_resources(setup: Setup) -> tuple[Resource, ...]:
    if setup.vault is None or setup.key is None:
        return ()
    vault, key = setup.vault, setup.key
    properties: Json = {
        "tenantId": vault.tenant_id,
        "sku": {"family": "A", "name": vault.sku.lower()},
        "enableRbacAuthorization": vault.rbac,
        "softDeleteRetentionInDays": vault.soft_delete_days,
        # false is refused (azure-rest-api-specs#18106): true, or left out
        **({"enablePurgeProtection": True} if vault.purge_protection else {}),
        "publicNetworkAccess": "Enabled" if vault.public_network_access else "Disabled",
        **({"networkAcls": dict(vault.acls)} if vault.acls else {}),
        **({} if vault.rbac else {"accessPolicies": [dict(policy) for policy in vault.access_policies]}),
    }
    key_properties: Json = {
        "kty": key.type,
        **({"keySize": key.size} if key.size else {}),
        "keyOps": list(key.operations or KEY_OPERATIONS),
    }
    return (
        Resource("vault", KEY_VAULT, VAULT_API, vault.id.name, _body(vault.location, vault.tags, properties)),
        Resource(
            "key", f"{KEY_VAULT}/keys", VAULT_API, key.name, {"properties": key_properties}, parent="vault"
        ),
        *(
            Resource(
                f"assignment{number}",
                ASSIGNMENTS,
                ASSIGNMENT_API,
                one.name,
                {
                    "properties": {
                        "principalId": one.principal_id,
                        "principalType": one.principal_type,
                        "roleDefinitionId": f"/subscriptions/{vault.id.subscription}/providers"
                        f"/Microsoft.Authorization/roleDefinitions/{one.role_guid}",
                        **(
                            {"condition": one.condition, "conditionVersion": one.condition_version}
                            if one.condition
                            else {}
                        ),
                    }
                },
                scope="key" if "/keys/" in one.scope else "vault",
            )
            for number, one in enumerate(setup.assignments, 1)
        ),
    )


def _identity_resources(setup: Setup) -> tuple[Resource, ...]:
    own = setup.identity
    if own is None:
        return ()
    return (
        Resource(
            "identity", USER_ASSIGNED_IDENTITY, IDENTITY_API, own.id.name, _body(own.location, own.tags, None)
        ),
    )


def _body(location: str, tags: Mapping[str, str], properties: Json | None) -> Json:
    return {
        "location": location,
        **({"tags": dict(tags)} if tags else {}),
        **({"properties": properties} if properties is not None else {}),
    }


def fragment(setup: Setup) -> Json:
    """Return the part of the cluster's own resource: to be merged into it, never deployed alone. IDs and the key are literal."""
    body: Json = {}
    if setup.identity:
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {str(setup.identity.id): {}}}
    key = setup.encryption.key_id if setup.legacy else setup.key.uri if setup.key else ""
    profile = setup.profile(key, str(setup.vault.id) if setup.vault else "")
    return {**body, "properties": {"securityProfile": profile}}


def notes(setup: Setup) -> tuple[str, ...]:
    """Return the comments at the head of every template, sentence by sentence."""
    said = [
        f"The encryption of the cluster {setup.cluster.name} ({setup.encryption.kind}), exported by aks-kms.",
        f"Read {setup.read_at:%Y-%m-%d %H:%M:%S} UTC from {setup.cluster}",
        f"Merge the fragment into your own managedClusters resource, with apiVersion {CLUSTER_API} or later.",
        "Never deploy the fragment alone.",
        "What-if must show no change of networkAcls, accessPolicies or identity, and nothing to delete. Otherwise do not deploy.",
    ]
    if setup.customer_managed:
        said.append(
            "Never deploy in complete mode: it deletes a vault and an identity that the template does not name, and with them the cluster's key."
        )
    said += [f"The identity also holds {role}, which other code owns." for role in setup.inherited]
    return tuple(said)

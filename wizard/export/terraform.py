"""Terraform for a cluster's encryption: what exists is imported, and the cluster's own resource leaves the encryption alone.

The provider azurerm cannot express a key identifier without a version. It sees a block in Azure that the code does not have, and
sends `azureKeyVaultKms: {enabled: false}`, which moves the cluster to a platform-managed key (docs/infrastructure-code.md).
"""

from collections.abc import Iterator

from wizard.cloud.arm import CLUSTER_API, Json, ResourceId, dig, same
from wizard.export.hcl import Block, Expression, Value, block, quoted
from wizard.export.model import Setup, Vault
from wizard.system.sanitize import one_line

AZURERM = ">= 4.42.0"
"""The first version with `rbac_authorization_enabled` (2025-08-28)."""
AZAPI = ">= 2.0.0"
"""The first version that takes `body` and gives `output` as objects."""
_CLUSTER = f"Microsoft.ContainerService/managedClusters@{CLUSTER_API}"
_KEY = "Microsoft.KeyVault/vaults/keys@2024-11-01"
_KEPT = Block("lifecycle", arguments={"prevent_destroy": True})


def terraform(setup: Setup, *, manage: bool = False) -> str:
    """Return the code for the module of the cluster. `manage`: the code owns the encryption and writes it back."""
    parts = [block(each) for each in _blocks(setup, manage=manage)]
    return "\n\n".join(["\n".join(_head(setup, manage=manage)), *parts]) + "\n"


def merged(setup: Setup) -> tuple[Block, ...]:
    """Return the blocks to merge into the resource that owns the cluster."""
    if not setup.customer_managed:
        return ()  # azurerm does not know the property of a platform-managed key, and leaves it alone
    identity = Block(
        "identity",
        arguments={
            "type": "UserAssigned",
            "identity_ids": [Expression("azurerm_user_assigned_identity.aks_kms.id")],
        },
    )
    if setup.legacy:
        own = {
            "key_vault_key_id": setup.encryption.key_id,
            "key_vault_network_access": setup.encryption.network_access,
        }
        return identity, Block("key_management_service", arguments=own)
    if setup.automatic:
        return (
            identity,
        )  # azurerm_kubernetes_automatic_cluster has no argument for it, so it has nothing to ignore
    ignored = Block(
        "lifecycle",
        arguments={"ignore_changes": [Expression("key_management_service")]},
        comment="azurerm cannot express a key without a version; without this it would send enabled = false",
    )
    return identity, ignored


def _head(setup: Setup, *, manage: bool) -> Iterator[str]:
    name, adds = setup.cluster.name, int(manage and not setup.legacy)
    kind = "azurerm_kubernetes_automatic_cluster" if setup.automatic else "azurerm_kubernetes_cluster"
    yield f"# The encryption of the cluster {one_line(name)} ({setup.encryption.kind}), exported by aks-kms."
    yield f"# Read {setup.read_at:%Y-%m-%d %H:%M:%S} UTC from {one_line(str(setup.cluster))}"
    yield "#"
    yield f"# Requires Terraform 1.5, azurerm {AZURERM}, azapi {AZAPI}."
    yield f"# The next plan must show: {setup.imports} to import, {adds} to add, 0 to change, 0 to destroy."
    yield '# DO NOT APPLY a plan that shows "- key_management_service", a change of "identity", or a replacement:'
    yield "# it would take the cluster's key away. Correct the code first, then plan again."
    if merge := merged(setup):
        yield "#"
        yield f"# Merge into your resource {kind} of this cluster (do not duplicate the resource):"
        for each in merge:
            yield from (f"#   {line}" for line in block(each).splitlines())
        yield "# If the identity was changed, replace principal_id of the cluster in other code with"
        yield "# azurerm_user_assigned_identity.aks_kms.principal_id."
    if setup.customer_managed:
        yield "#"
        yield "# Merge into your provider block, so that no destroy purges the vault or its keys:"
        for line in block(_provider()).splitlines():
            yield f"#   {line}"
    yield from _elsewhere(setup)
    yield from (
        f"# The identity also holds {one_line(role)}, which other code owns." for role in setup.inherited
    )


def _provider() -> Block:
    off = {"purge_soft_delete_on_destroy": False, "purge_soft_deleted_keys_on_destroy": False}
    return Block(
        "provider", ("azurerm",), blocks=(Block("features", blocks=(Block("key_vault", arguments=off),)),)
    )


def _elsewhere(setup: Setup) -> Iterator[str]:
    """Which provider aliases the code needs for resources of other subscriptions."""
    for alias, subscription in sorted(_aliases(setup).items()):
        yield "#"
        yield f'# Resources of another subscription: add provider "azurerm" with alias = "{alias}" and'
        yield f'# subscription_id = "{subscription}".'


def _aliases(setup: Setup) -> dict[str, str]:
    ids = [each.id for each in (setup.vault, setup.identity) if each]
    others = sorted(
        {id_.subscription for id_ in ids if not same(id_.subscription, setup.cluster.subscription)}
    )
    return {f"aks_kms_{number}": subscription for number, subscription in enumerate(others, 1)}


def _placed(setup: Setup, id_: ResourceId) -> dict[str, Value]:
    """The provider's alias, if the resource is in another subscription than the cluster."""
    for alias, subscription in _aliases(setup).items():
        if same(subscription, id_.subscription):
            return {"provider": Expression(f"azurerm.{alias}")}
    return {}


def _blocks(setup: Setup, *, manage: bool) -> Iterator[Block]:
    if setup.identity:
        yield _import("azurerm_user_assigned_identity.aks_kms", str(setup.identity.id))
        own = setup.identity
        yield Block(
            "resource",
            ("azurerm_user_assigned_identity", "aks_kms"),
            {
                **_placed(setup, own.id),
                "name": own.id.name,
                "resource_group_name": own.id.resource_group,
                "location": own.location,
                **_tags(own.tags),
            },
            (_KEPT,),
        )
    if setup.vault:
        yield _import("azurerm_key_vault.aks_kms", str(setup.vault.id))
        yield _vault(setup, setup.vault)
        yield from _access(setup, setup.vault)
    if setup.vault and setup.key:
        yield Block(
            "data",
            ("azapi_resource", "aks_kms_key"),
            {
                "type": _KEY,
                "resource_id": f"{setup.vault.id}/keys/{setup.key.name}",
                "response_export_values": ["properties.keyUri"],
            },
            comment="The key is a data source, so that no destroy can delete it",
        )
    if setup.legacy:
        return
    yield _written(setup) if manage else _checked(setup)


def _import(to: str, id_: str) -> Block:
    return Block("import", arguments={"to": Expression(to), "id": id_})


def _vault(setup: Setup, vault: Vault) -> Block:
    return Block(
        "resource",
        ("azurerm_key_vault", "aks_kms"),
        {
            **_placed(setup, vault.id),
            "name": vault.id.name,
            "resource_group_name": vault.id.resource_group,
            "location": vault.location,
            "tenant_id": vault.tenant_id,
            "sku_name": vault.sku.lower(),
            "rbac_authorization_enabled": vault.rbac,
            "purge_protection_enabled": vault.purge_protection,
            "soft_delete_retention_days": vault.soft_delete_days,
            "public_network_access_enabled": vault.public_network_access,
            **_tags(vault.tags),
        },
        (*_acls(vault.acls), _KEPT),
    )


def _acls(acls: Json | None) -> tuple[Block, ...]:
    if acls is None:
        return ()
    addresses = [str(rule.get("value", "")) for rule in acls.get("ipRules") or ()]
    subnets = [str(rule.get("id", "")) for rule in acls.get("virtualNetworkRules") or ()]
    rules: dict[str, Value] = {
        "bypass": str(acls.get("bypass") or "AzureServices"),
        "default_action": str(acls.get("defaultAction") or "Allow"),
        **({"ip_rules": addresses} if addresses else {}),
        **({"virtual_network_subnet_ids": subnets} if subnets else {}),
    }
    return (Block("network_acls", arguments=rules),)


def _access(setup: Setup, vault: Vault) -> Iterator[Block]:
    principal = Expression("azurerm_user_assigned_identity.aks_kms.principal_id")
    for number, one in enumerate(setup.assignments, 1):
        label = (
            f"aks_kms_{one.role_name.removeprefix('Key Vault ').lower().replace(' ', '_')}"
            if one.role_name
            else ""
        )
        label = label if label and label not in _labels(setup, number - 1) else f"aks_kms_role_{number}"
        yield _import(f"azurerm_role_assignment.{label}", one.id)
        on_vault = same(one.scope, str(vault.id))
        role = f"/subscriptions/{vault.id.subscription}/providers/Microsoft.Authorization/roleDefinitions/{one.role_guid}"
        yield Block(
            "resource",
            ("azurerm_role_assignment", label),
            {
                **_placed(setup, vault.id),
                "scope": Expression("azurerm_key_vault.aks_kms.id") if on_vault else one.scope,
                **(
                    {"role_definition_name": one.role_name} if one.role_name else {"role_definition_id": role}
                ),
                "principal_id": principal,
                **(
                    {"condition": one.condition, "condition_version": one.condition_version}
                    if one.condition
                    else {}
                ),
            },
            (_KEPT,),
        )
    for number, policy in enumerate(setup.own_policies, 1):
        label = "aks_kms" if number == 1 else f"aks_kms_{number}"
        yield _import(
            f"azurerm_key_vault_access_policy.{label}", f"{vault.id}/objectId/{policy.get('objectId', '')}"
        )
        permissions = [str(one).capitalize() for one in dig(policy, "permissions", "keys") or ()]
        yield Block(
            "resource",
            ("azurerm_key_vault_access_policy", label),
            {
                **_placed(setup, vault.id),
                "key_vault_id": Expression("azurerm_key_vault.aks_kms.id"),
                "tenant_id": str(policy.get("tenantId", vault.tenant_id)),
                "object_id": principal,
                "key_permissions": permissions,
            },
            (_KEPT,),
        )


def _labels(setup: Setup, before: int) -> set[str]:
    names = (one.role_name for one in setup.assignments[:before])
    return {f"aks_kms_{name.removeprefix('Key Vault ').lower().replace(' ', '_')}" for name in names}


def _checked(setup: Setup) -> Block:
    """A check that reads the cluster on every plan and reports drift; it writes nothing."""
    profile = "data.azapi_resource.aks_kms.output.properties.securityProfile"
    conditions = [
        f'try({profile}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption, "") == "Enabled"'
    ]
    if setup.customer_managed and setup.key:
        conditions.append(f"try({profile}.azureKeyVaultKms.enabled, false)")
        conditions.append(
            f'lower(try({profile}.azureKeyVaultKms.keyId, "")) == {quoted(setup.encryption.key_id.lower())}'
        )
    read: dict[str, Value] = {
        "type": _CLUSTER,
        "resource_id": str(setup.cluster),
        "response_export_values": ["properties.securityProfile"],
    }
    message = "The encryption of the cluster's secrets has changed. Run: aks-kms verify --id " + str(
        setup.cluster
    )
    return Block(
        "check",
        ("aks_kms",),
        blocks=(
            Block("data", ("azapi_resource", "aks_kms"), read),
            *(
                Block("assert", arguments={"condition": Expression(one), "error_message": message})
                for one in conditions
            ),
        ),
        comment="Reports drift on every plan and apply; writes nothing",
    )


def _written(setup: Setup) -> Block:
    """The update that writes the encryption back if it has drifted. Its first apply sends one PUT that changes nothing."""
    key = setup.key.uri if setup.key else ""
    profile = setup.profile(key, "")
    body: dict[str, Value] = {"properties": {"securityProfile": profile}}
    if setup.customer_managed:
        own: dict[str, Value] = {
            **profile["azureKeyVaultKms"],
            "keyVaultResourceId": Expression("azurerm_key_vault.aks_kms.id"),
        }
        body = {"properties": {"securityProfile": {**profile, "azureKeyVaultKms": own}}}
    return Block(
        "resource",
        ("azapi_update_resource", "aks_kms"),
        {"type": _CLUSTER, "resource_id": str(setup.cluster), "locks": [str(setup.cluster)], "body": body},
        comment="Add depends_on with your cluster resource, so that this is applied after it. Never write a key version here",
    )


def _tags(tags: dict[str, str]) -> dict[str, Value]:
    return {"tags": tags} if tags else {}

"""Everything that is read from Azure before a plan is made: what exists, as Azure returns it."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wizard.cloud import quota, reads, rights
from wizard.cloud.arm import GroupId, Json, ResourceId, covers, dig, same, same_region
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.compute import NodeSize, Vcpus, node_size, vcpus
from wizard.cloud.credential import SignedIn
from wizard.cloud.error_translation import none_if_missing, translate_errors
from wizard.cloud.features import cluster_regions, feature_state, provider_state
from wizard.cloud.inventory import VersionRow, kubernetes_versions, locations
from wizard.cloud.locks import Lock, locks
from wizard.cloud.ownership import CodeSigns, code_signs
from wizard.cloud.paging import items
from wizard.cloud.policies import Denial
from wizard.cloud.quota import Quota
from wizard.cloud.reads import advisory, known
from wizard.cloud.rights import Deny, Permission
from wizard.cloud.roles import MAY_ENCRYPT, Eligible, Grant, eligible, grants
from wizard.cloud.subscriptions import subscription_state
from wizard.errors import AzureError
from wizard.state.cluster import ClusterState, changed, identity_roles, linked_actions
from wizard.state.key import KeyState
from wizard.state.target import Target
from wizard.state.vault import VaultState
from wizard.system.sanitize import sanitize


@dataclass(frozen=True)
class Snapshot:
    """The state of the resources at one moment. A body is as Azure returned it; None if the resource does not exist."""

    signed_in: SignedIn
    feature: str | None
    provider: str
    groups: dict[str, Json | None]
    """By id in lower case (`GroupId.key`)."""
    cluster: Json | None
    versions: tuple[VersionRow, ...] = ()
    """The Kubernetes versions of the region; read only if a cluster is created."""
    regions: frozenset[str] = frozenset()
    """The regions that offer clusters, by short name; read only if a cluster is created, empty if they cannot be read."""
    locations: frozenset[str] = frozenset()
    """The regions of the subscription, by short name; read only if a resource may be created in another region than the
    cluster's, empty if they cannot be read."""
    quota: Quota | None = None
    """The quota of clusters in the region; read only if a cluster is created, None if it cannot be read."""
    node_size: NodeSize | None = None
    """The configured VM size of a new cluster's nodes; None if none is configured, or the region's sizes cannot be read."""
    vcpus: dict[str, Vcpus] = field(default_factory=dict)
    """The quotas of vCPUs in the region, by name in lower case; read only if a cluster is created, empty if unknown."""
    vault: Json | None = None
    vault_deleted: Json | None = None
    """The soft-deleted vault that reserves the name, if it is visible."""
    vault_name_taken: str | None = None
    """Why Azure does not accept the name for a new vault, in Azure's words."""
    vault_users: tuple[str, ...] = ()
    """The ids of other clusters that reach the vault as Public; read only if the plan closes its firewall."""
    key: Json | None = None
    key_deleted: bool = False
    """Whether a soft-deleted key reserves the name; False if the vault does not allow reading that."""
    identity: Json | None = None
    identity_grants: tuple[Grant, ...] = ()
    """The role assignments of the user-assigned identity on the vault."""
    identity_elsewhere: tuple[Grant, ...] = ()
    """Its role assignments anywhere in the vault's subscription; read only if it may not use the key."""
    identity_grants_on_linked: dict[str, tuple[Grant, ...] | None] = field(default_factory=dict)
    """Its role assignments on other resources that the cluster's body names, by id in lower case; None if unknown. Read only
    if the identity exists and the cluster does not use it yet."""
    operator_grants: tuple[Grant, ...] = ()
    """The role assignments of the signed-in identity on an existing vault."""
    missing_identities: tuple[str, ...] = ()
    """The ids of identities that the cluster uses but that no longer exist."""
    permissions_at: dict[str, tuple[Permission, ...] | None] = field(default_factory=dict)
    """The permissions of the signed-in identity, by the id of a scope in lower case; None if they cannot be read."""
    eligible: tuple[Eligible, ...] = ()
    """Roles that the signed-in identity may activate."""
    subscription_states: dict[str, str] = field(default_factory=dict)
    """The states of the subscriptions that could be read, by id in lower case."""
    deny_assignments: tuple[Deny, ...] | None = ()
    """The deny assignments of the subscriptions that allow reading them; None if none of them does."""
    unregistered: tuple[tuple[str, str], ...] = ()
    """The resource providers that a customer-managed key needs, each with the subscription in which it is not registered."""
    locks: tuple[Lock, ...] | None = ()
    """The locks of the subscriptions that allow reading them; None if none of them does."""
    policy_denials: tuple[Denial, ...] = ()
    """The policies that would deny a request of the plan."""
    code: CodeSigns = field(default_factory=CodeSigns)
    """The signs of infrastructure code in the resource groups; read only for a customer-managed key."""

    @cached_property
    def cluster_state(self) -> ClusterState:
        """The facts of the cluster's body."""
        return ClusterState(self.cluster)

    @cached_property
    def vault_state(self) -> VaultState:
        """The facts of the vault's body."""
        return VaultState(self.vault)

    @cached_property
    def key_state(self) -> KeyState:
        """The facts of the key's body."""
        return KeyState(self.key)

    @cached_property
    def identity_principal(self) -> str:
        """The principal id of the user-assigned identity; empty if it does not exist yet."""
        return principal_id(self.identity)

    @property
    def vault_uses_access_policies(self) -> bool:
        """Whether an existing vault uses access policies, so that role assignments have no effect on its keys."""
        return self.vault is not None and not self.vault_state.uses_rbac

    def permissions(self, scope: str) -> tuple[Permission, ...] | None:
        """Return the permissions of the signed-in identity on a resource (which may not exist yet), group or subscription.

        In a group that does not exist yet they are those on the subscription. If those cannot be read, what is inherited
        from the subscription is visible in its groups.
        """
        known = self.permissions_at.get(scope.casefold())
        if known is not None:
            return known
        parts = scope.strip("/").split("/")
        if len(parts) > 4:
            return self.permissions(str(GroupId(parts[1], parts[3])))
        if len(parts) == 4 and self.groups.get(scope.casefold(), {}) is None:
            return self.permissions_at.get(f"/subscriptions/{parts[1]}".casefold())
        if len(parts) == 2:
            inside = (held for where, held in self.permissions_at.items() if covers(scope, where))
            return next((held for held in inside if held is not None), None)
        return None


def principal_id(identity: Json | None) -> str:
    """Return the principal id of a user-assigned identity; empty if it does not exist."""
    return str(dig(identity, "properties", "principalId") or "")


async def read_resources(azure: Azure, target: Target) -> Snapshot:
    """Read all of it, as much as possible at the same time. Raise AzureError if a required read fails."""
    subscription = target.answers.subscription
    (
        (groups, held, may, states),
        (feature, provider, locked, denied),
        (cluster, new, own),
        code,
    ) = await asyncio.gather(
        asyncio.gather(
            asyncio.gather(*(_group(azure, group) for group in target.groups)),
            _rights(azure, target),
            eligible(azure, f"/subscriptions/{subscription}"),
            asyncio.gather(*(subscription_state(azure, name) for name in target.subscriptions)),
        ),
        asyncio.gather(
            feature_state(azure, subscription),
            provider_state(azure, subscription),
            asyncio.gather(*(locks(azure, name) for name in target.subscriptions)),
            asyncio.gather(*(_denies(azure, name) for name in target.subscriptions)),
        ),
        asyncio.gather(read_cluster(azure, target), _for_a_new_cluster(azure, target), _own(azure, target)),
        code_signs(azure, target.groups if target.answers.customer_managed is not None else ()),
    )
    missing, regions, linked, on_linked = await asyncio.gather(
        _gone(azure, cluster),
        _locations(azure, target, cluster),
        _on_linked_resources(azure, target, cluster),
        _grants_on_linked(azure, target, ClusterState(cluster), principal_id(own.get("identity"))),
    )
    return Snapshot(
        signed_in=azure.signed_in,
        feature=feature,
        provider=provider,
        groups={group.key: body for group, body in zip(target.groups, groups, strict=True)},
        permissions_at={**linked, **held},
        eligible=known(may, ()),
        subscription_states={
            name: state
            for name, found in zip(target.subscriptions, states, strict=True)
            if (state := known(found, ""))
        },
        locks=_together(locked),
        deny_assignments=_together(denied),
        cluster=cluster,
        missing_identities=missing,
        identity_grants_on_linked=on_linked,
        locations=regions,
        code=code,
        **new,
        **own,
    )


def _together(lists: list[tuple[Any, ...] | None]) -> tuple[Any, ...] | None:
    """Return all items of several lists; None if none of the lists could be read."""
    known = [one for one in lists if one is not None]
    return tuple(item for one in known for item in one) if known else None


async def read(request: Awaitable[Any], summary: str) -> Json | None:
    """Return a resource's body, or None if it (or its group) does not exist. Raise AzureError with this summary."""
    with translate_errors(summary):
        found = await none_if_missing(request)
        return None if found is None else as_json(found)


async def read_cluster(azure: Azure, target: Target) -> Json | None:
    """Return the managed cluster. Raise AzureError if the read fails."""
    answers = target.answers
    client = azure.containers(answers.subscription).managed_clusters
    name = answers.cluster.name
    return await read(client.get(answers.resource_group, name), f"The cluster {name} could not be read.")


async def read_vault(azure: Azure, target: Target) -> Json | None:
    """Return the key vault. Raise AzureError if the read fails."""
    client = azure.vaults(target.answers.vault_group.subscription).vaults
    name = target.own.vault.name
    return await read(
        client.get(target.answers.vault_group.name, name), f"The key vault {name} could not be read."
    )


async def read_key(azure: Azure, target: Target) -> Json | None:
    """Return the key, through the management plane, which no firewall blocks. Raise AzureError if the read fails."""
    client = azure.vaults(target.answers.vault_group.subscription).keys
    own = target.own
    request = client.get(target.answers.vault_group.name, own.vault.name, own.key.name)
    return await read(request, f"The key {own.key.name} of {own.vault.name} could not be read.")


async def read_identity(azure: Azure, target: Target) -> Json | None:
    """Return the user-assigned identity. Raise AzureError if the read fails."""
    client = azure.identities(target.answers.identity_group.subscription).user_assigned_identities
    name = target.own.identity.name
    request = client.get(target.answers.identity_group.name, name)
    return await read(request, f"The user-assigned identity {name} could not be read.")


async def _group(azure: Azure, group: GroupId) -> Json | None:
    client = azure.resources(group.subscription).resource_groups
    return await read(client.get(group.name), f"The resource group {group.name} could not be read.")


async def _rights(azure: Azure, target: Target) -> dict[str, tuple[Permission, ...] | None]:
    """Return the permissions on each subscription, group and existing resource: a role may be assigned on a vault only."""
    resources = [target.cluster_id]
    if target.answers.customer_managed is not None:
        resources += [target.vault_id, target.identity_id]
    in_subscriptions, in_groups, on_resources = await asyncio.gather(
        asyncio.gather(*(rights.in_subscription(azure, name) for name in target.subscriptions)),
        asyncio.gather(*(rights.in_group(azure, group) for group in target.groups)),
        asyncio.gather(*(rights.on_resource(azure, resource) for resource in resources)),
    )
    found = {
        f"/subscriptions/{name}".casefold(): known(held, None)
        for name, held in zip(target.subscriptions, in_subscriptions, strict=True)
    }
    found |= {group.key: held for group, held in zip(target.groups, in_groups, strict=True)}
    on_what_exists = {
        r.casefold(): held for r, held in zip(resources, on_resources, strict=True) if held is not None
    }
    return found | on_what_exists


async def _on_linked_resources(
    azure: Azure, target: Target, cluster: Json | None
) -> dict[str, tuple[Permission, ...] | None]:
    """Return the permissions on the other resources that the cluster's body names, such as its subnets."""
    if cluster is None:
        return {}
    linked = {resource for _, resource in linked_actions(changed(target, ClusterState(cluster)))}
    resources = sorted(linked - ({target.identity_id} if target.answers.customer_managed else set()))
    found = await asyncio.gather(*(rights.on_linked_resource(azure, resource) for resource in resources))
    return {r.casefold(): known(held, None) for r, held in zip(resources, found, strict=True)}


async def _grants_on_linked(
    azure: Azure, target: Target, cluster: ClusterState, principal: str
) -> dict[str, tuple[Grant, ...] | None]:
    """Return the role assignments of a new identity of the cluster on the other resources that its body names."""
    if not principal or same(cluster.principal(target), principal):
        return {}
    resources = sorted({resource for _, resource in identity_roles(cluster)})
    found = await asyncio.gather(
        *(
            advisory(reads.OTHER_ROLES, grants(azure, resource, principal), azure.timeouts)
            for resource in resources
        )
    )
    return {r.casefold(): known(held, None) for r, held in zip(resources, found, strict=True)}


async def _denies(azure: Azure, subscription: str) -> tuple[Deny, ...] | None:
    """Return the deny assignments; None if they cannot be read: Azure then reports a denial itself."""
    try:
        return await rights.denies(azure, f"/subscriptions/{subscription}")
    except AzureError:
        return None


async def _for_a_new_cluster(azure: Azure, target: Target) -> dict[str, Any]:
    """Read the part of the snapshot that only a new cluster needs."""
    if target.answers.cluster.create is False:
        return {}
    subscription, location = target.answers.subscription, target.answers.location
    regions = known(await cluster_regions(azure, subscription), frozenset())
    if regions and location.casefold() not in regions:
        return {"regions": regions}  # such a region has neither versions nor a quota
    wanted = target.answers.cluster.create.node_vm_size
    versions, room, left, size = await asyncio.gather(
        kubernetes_versions(azure, subscription, location),
        quota.clusters_in_region(azure, subscription, location),
        vcpus(azure, subscription, location),
        node_size(azure, subscription, location, wanted) if wanted else _nothing(),
    )
    return {
        "versions": tuple(versions),
        "quota": known(room, None),
        "regions": regions,
        "vcpus": known(left, {}),
        "node_size": known(size, None),
    }


async def _nothing() -> None:
    """Read nothing."""


async def _own(azure: Azure, target: Target) -> dict[str, Any]:
    """Read the part of the snapshot that only a customer-managed key needs."""
    if target.answers.customer_managed is None:
        return {}
    vault, identity, unregistered = await asyncio.gather(
        read_vault(azure, target), read_identity(azure, target), _unregistered(azure, target)
    )
    facts = {"vault": vault, "identity": identity, "unregistered": unregistered}
    me = azure.signed_in.object_id
    if vault is None:
        taken, deleted = await asyncio.gather(_name_taken(azure, target), _deleted_vault(azure, target))
        return facts | {"vault_name_taken": taken, "vault_deleted": deleted}
    principal = principal_id(identity)
    key, mine, its, users = await asyncio.gather(
        read_key(azure, target),
        grants(azure, target.vault_id, me),
        _grants_of(azure, target, principal),
        _vault_users(azure, target, VaultState(vault)),
    )
    deleted_key = key is None and await _key_deleted(azure, target)
    return facts | {
        "key": key,
        "key_deleted": deleted_key,
        "operator_grants": mine,
        "vault_users": users,
        **its,
    }


async def _locations(azure: Azure, target: Target, cluster: Json | None) -> frozenset[str]:
    """Return the regions of the subscription if the answers name another one than the existing cluster's."""
    answers = target.answers
    at_home = cluster is None or same_region(str(cluster.get("location") or ""), answers.location)
    if at_home or answers.customer_managed is None:
        return frozenset()
    with suppress(AzureError):  # a reader of single groups may not list them; Azure then reports it
        return frozenset(await locations(azure, answers.subscription))
    return frozenset()


async def _gone(azure: Azure, cluster: Json | None) -> tuple[str, ...]:
    """Return the cluster's user-assigned identities that no longer exist; one that cannot be read counts as existing."""

    async def is_gone(identity: str) -> bool:
        with suppress(AzureError), translate_errors(f"The identity {identity} could not be read."):
            there = ResourceId.parse(identity)  # an id of another form cannot be checked
            client = azure.identities(there.subscription).user_assigned_identities
            return await none_if_missing(client.get(there.resource_group, there.name)) is None
        return False

    attached = tuple(ClusterState(cluster).identities)
    gone = await asyncio.gather(*(is_gone(identity) for identity in attached))
    return tuple(identity for identity, missing in zip(attached, gone, strict=True) if missing)


async def _grants_of(azure: Azure, target: Target, principal: str) -> dict[str, Any]:
    """Return the identity's role assignments on the vault and, if it may not use the key, those elsewhere."""
    if not principal:
        return {}
    here = await grants(azure, target.vault_id, principal)
    if any(grant.gives(role, principal, target.vault_id) for grant in here for role in MAY_ENCRYPT):
        return {"identity_grants": here}
    try:
        elsewhere = await grants(
            azure, f"/subscriptions/{target.answers.vault_group.subscription}", principal
        )
    except AzureError:  # a reader of the vault alone does without this hint
        elsewhere = ()
    return {"identity_grants": here, "identity_elsewhere": elsewhere}


async def _vault_users(azure: Azure, target: Target, vault: VaultState) -> tuple[str, ...]:
    """Return the ids of other clusters that lose access when an open vault is closed.

    Clusters of subscriptions that cannot be read are not known.
    """
    if target.own.vault.network_access != "Private" or vault.denies_public_access:
        return ()
    found = []
    for subscription in target.subscriptions:
        bodies: list[Json] = []
        with suppress(AzureError), translate_errors(f"The clusters of {subscription} could not be listed."):
            bodies = [as_json(c) async for c in items(azure.containers(subscription).managed_clusters.list())]
        for body in bodies:
            there = ClusterState(body)
            public = there.uses_vault(target) and same(there.encryption.network_access, "Public")
            if public and not same(str(body.get("id")), target.cluster_id):
                found.append(str(body.get("id")))
    return tuple(sorted(found, key=str.casefold))


async def _key_deleted(azure: Azure, target: Target) -> bool:
    """Whether a soft-deleted key reserves the name. Only the vault's data plane knows, and it often denies access."""
    with (
        suppress(AzureError),
        translate_errors(f"The deleted key {target.own.key.name} could not be read."),
    ):
        await azure.keys(target.vault_uri).get_deleted_key(target.own.key.name)
        return True
    return False


async def _deleted_vault(azure: Azure, target: Target) -> Json | None:
    """Return the soft-deleted vault of this name in the subscription, if there is one."""
    client = azure.vaults(target.answers.vault_group.subscription).vaults
    with suppress(AzureError), translate_errors("The deleted key vaults could not be listed."):
        async for deleted in items(client.list_deleted()):
            if same(deleted.name, target.own.vault.name):
                return as_json(deleted)
    return None  # the name check below finds the others


async def _unregistered(azure: Azure, target: Target) -> tuple[tuple[str, str], ...]:
    wanted = (
        ("Microsoft.KeyVault", target.answers.vault_group.subscription),
        ("Microsoft.ManagedIdentity", target.answers.identity_group.subscription),
    )
    states = await asyncio.gather(*(provider_state(azure, where, name) for name, where in wanted))
    return tuple(
        pair for pair, state in zip(wanted, states, strict=True) if state not in {"Registered", "Registering"}
    )


async def _name_taken(azure: Azure, target: Target) -> str | None:
    from azure.mgmt.keyvault.models import VaultCheckNameAvailabilityParameters

    name = target.own.vault.name
    body = VaultCheckNameAvailabilityParameters(name=name)
    with translate_errors(f"The availability of the name {name} could not be checked."):
        answer = await azure.vaults(target.answers.vault_group.subscription).vaults.check_name_availability(
            body
        )
        return None if answer.name_available else sanitize(str(answer.message or answer.reason))

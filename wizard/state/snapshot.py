"""Everything that is read from Azure before a plan is made: what exists, as Azure returns it."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

from wizard.cloud import reads
from wizard.cloud.arm import CLUSTER_API, RESOURCES_API, GroupId, Json, ResourceId, covers, dig, same
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.credential import SignedIn
from wizard.cloud.error_translation import none_if_missing
from wizard.cloud.features import feature_state, provider_state
from wizard.cloud.inventory import VersionRow, cluster_address, kubernetes_versions
from wizard.cloud.reads import AdvisoryReads, Read, needed, together
from wizard.cloud.rights import Permission
from wizard.cloud.roles import MAY_ENCRYPT, Grant, grants
from wizard.errors import AzureError
from wizard.state import advisory_reads
from wizard.state.advisory_reads import AdvisoryFacts, Facts
from wizard.state.cluster import ClusterState, changed, linked_actions
from wizard.state.key import KeyState
from wizard.state.target import Target
from wizard.state.vault import VaultState
from wizard.system.coroutines import closing_arguments


@dataclass(frozen=True, kw_only=True)
class Snapshot(AdvisoryFacts):
    """The state of the resources at one moment, with the advisory facts. A body is as Azure returned it; None if the resource does not exist."""

    signed_in: SignedIn
    feature: str | None
    provider: str
    groups: dict[str, Json | None]
    """By id in lower case (`GroupId.key`)."""
    cluster: Json | None
    versions: tuple[VersionRow, ...] = ()
    """The Kubernetes versions of the region; read only if a cluster is created."""
    vault: Json | None = None
    key: Json | None = None
    identity: Json | None = None
    identity_grants: tuple[Grant, ...] = ()
    """The role assignments of the user-assigned identity on the vault."""
    operator_grants: tuple[Grant, ...] = ()
    """The role assignments of the signed-in identity on an existing vault."""

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

    def may(self, action: str, scope: str) -> bool | None:
        """Return whether the signed-in identity has a permission at a scope; None if that is not known.

        What is inherited does not show what a role on the resource itself would add.
        """
        held = self.permissions(scope)
        if held is not None and any(entry.allows(action) for entry in held):
            return True
        is_resource = scope.strip("/").count("/") > 3
        unread = is_resource and self.permissions_at.get(scope.casefold(), ()) is None
        return None if held is None or unread else False


def principal_id(identity: Json | None) -> str:
    """Return the principal id of a user-assigned identity; empty if it does not exist."""
    return str(dig(identity, "properties", "principalId") or "")


@dataclass(frozen=True)
class Reading:
    """What a plan needs; its advisory reads may still run."""

    needed: Snapshot
    """Without the advisory facts, which decide findings only: neither steps nor requests."""
    advisory: Facts
    running: AdvisoryReads

    async def complete(self) -> Snapshot:
        """Return all of it when the advisory reads have ended."""
        unknown = await self.running.ended()
        return replace(
            self.needed, **{name: value() for name, value in self.advisory.items()}, unknown=unknown
        )


async def read_resources(azure: Azure, target: Target) -> Snapshot:
    """Read all of it, as much as possible at the same time. Raise AzureError if a needed read fails."""
    async with AdvisoryReads(azure.timeouts) as beside:
        return await (await read_needed(azure, target, beside)).complete()


async def read_needed(azure: Azure, target: Target, beside: AdvisoryReads) -> Reading:
    """Read what the plan needs, and start its advisory reads beside that. Raise AzureError if a needed read fails."""
    advisory = advisory_reads.of_the_caller(azure, target, beside)
    subscription = target.answers.subscription
    groups, feature, provider, cluster, (new, of_new), (own, of_own) = await together(
        _groups(azure, target),
        feature_state(azure, subscription),
        provider_state(azure, subscription),
        read_cluster(azure, target),
        _for_a_new_cluster(azure, target, beside),
        _own(azure, target, beside),
    )
    snapshot = Snapshot(
        signed_in=azure.signed_in,
        feature=feature,
        provider=provider,
        groups={group.key: body for group, body in zip(target.groups, groups, strict=True)},
        cluster=cluster,
        **new,
        **own,
    )
    advisory |= (
        of_new | of_own | advisory_reads.of_permissions(azure, target, _existing(target, snapshot), beside)
    )
    if target.answers.customer_managed is not None:
        there = [group for group in target.groups if snapshot.groups[group.key] is not None]
        advisory |= advisory_reads.of_the_code(azure, there, beside)
    if cluster is not None:
        advisory |= advisory_reads.of_the_cluster(azure, target, cluster, snapshot.identity_principal, beside)
    return Reading(snapshot, advisory, beside)


def _existing(target: Target, snapshot: Snapshot) -> list[str]:
    """Return the IDs of the groups and resources that exist and that a plan may need permissions on."""
    found = [str(group) for group in target.groups if snapshot.groups[group.key] is not None]
    if snapshot.cluster is not None:
        found.append(target.cluster_id)
        found += (id_ for _, id_ in linked_actions(changed(target, snapshot.cluster_state)))
    if snapshot.vault is not None:
        found.append(target.vault_id)
    if snapshot.identity is None and target.answers.customer_managed is not None:
        found = [id_ for id_ in found if not same(id_, target.identity_id)]
    elif snapshot.identity is not None:
        found.append(target.identity_id)
    return list({id_.casefold(): id_ for id_ in found}.values())


@closing_arguments
async def read(what: Read, request: Awaitable[Any], summary: str) -> Json | None:
    """Return a resource's body, or None if it (or its group) does not exist. Raise AzureError with this summary."""

    async def body() -> Json | None:
        found = await none_if_missing(request)
        return None if found is None else as_json(found)

    return await needed(what, body(), summary)


async def read_cluster(azure: Azure, target: Target) -> Json | None:
    """Return the managed cluster. Raise AzureError if the read fails."""
    name, id_ = target.answers.cluster.name, ResourceId.parse(target.cluster_id)
    request = none_if_missing(azure.get(cluster_address(id_), CLUSTER_API))  # the SDK takes 80 ms to import
    return await needed(reads.CLUSTER, request, f"The cluster {name} could not be read.")


async def read_vault(azure: Azure, target: Target) -> Json | None:
    """Return the key vault. Raise AzureError if the read fails."""
    group, name = target.answers.vault_group, target.own.vault.name
    request = azure.vaults(group.subscription).vaults.get(group.name, name)
    return await read(reads.VAULT, request, f"The key vault {name} could not be read.")


async def read_key(azure: Azure, target: Target) -> Json | None:
    """Return the key, through the management plane, which no firewall blocks. Raise AzureError if the read fails."""
    group, own = target.answers.vault_group, target.own
    request = azure.vaults(group.subscription).keys.get(group.name, own.vault.name, own.key.name)
    return await read(reads.KEY, request, f"The key {own.key.name} of {own.vault.name} could not be read.")


async def read_identity(azure: Azure, target: Target) -> Json | None:
    """Return the user-assigned identity. Raise AzureError if the read fails."""
    group, name = target.answers.identity_group, target.own.identity.name
    request = azure.identities(group.subscription).user_assigned_identities.get(group.name, name)
    return await read(reads.IDENTITY, request, f"The user-assigned identity {name} could not be read.")


async def _groups(azure: Azure, target: Target) -> list[Json | None]:
    return await together(*(_group(azure, group) for group in target.groups))


async def _group(azure: Azure, group: GroupId) -> Json | None:
    path = f"/subscriptions/{quote(group.subscription, safe='')}/resourcegroups/{quote(group.name, safe='')}"
    request = none_if_missing(azure.get(path, RESOURCES_API))
    return await needed(reads.GROUP, request, f"The resource group {group.name} could not be read.")


_Facts = tuple[dict[str, Any], Facts]
"""Needed facts, and advisory ones."""


async def _for_a_new_cluster(azure: Azure, target: Target, beside: AdvisoryReads) -> _Facts:
    """Read the part of the snapshot that only a new cluster needs."""
    if target.answers.cluster.create is False:
        return {}, {}
    subscription, location = target.answers.subscription, target.answers.location
    advisory = advisory_reads.of_a_new_cluster(azure, target, beside)
    try:
        versions = await kubernetes_versions(azure, subscription, location)
    except AzureError:
        await beside.ended()
        if not advisory_reads.not_offered(location, advisory["regions"]()):
            raise
        versions = []  # a region without AKS has none
    return {"versions": tuple(versions)}, advisory


async def _own(azure: Azure, target: Target, beside: AdvisoryReads) -> _Facts:
    """Read the part of the snapshot that only a customer-managed key needs."""
    if target.answers.customer_managed is None:
        return {}, {}
    advisory = advisory_reads.of_the_providers(azure, target, beside)
    vault, identity = await together(read_vault(azure, target), read_identity(azure, target))
    facts: dict[str, Any] = {"vault": vault, "identity": identity}
    if vault is None:
        return facts, advisory | advisory_reads.of_a_new_vault(azure, target, beside)
    advisory |= advisory_reads.of_the_vault(azure, target, VaultState(vault), beside)
    principal = principal_id(identity)
    key, mine, its = await together(
        read_key(azure, target),
        grants(azure, target.vault_id, azure.signed_in.object_id),
        _grants_of(azure, target, principal),
    )
    if key is None:
        advisory |= advisory_reads.of_a_new_key(azure, target, beside)
    may_encrypt = any(g.gives(role, principal, target.vault_id) for g in its for role in MAY_ENCRYPT)
    if principal and not may_encrypt:
        advisory |= advisory_reads.of_the_identity(azure, target, principal, beside)
    return facts | {"key": key, "operator_grants": mine, "identity_grants": its}, advisory


async def _grants_of(azure: Azure, target: Target, principal: str) -> tuple[Grant, ...]:
    """Return the role assignments of the identity on the vault; none if it does not exist."""
    return await grants(azure, target.vault_id, principal) if principal else ()

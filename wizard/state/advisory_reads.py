"""The advisory facts of a plan: what its findings say beyond what the plan needs. Each is read beside the needed reads.

Every function here starts its reads and returns, by the field of `AdvisoryFacts`, a function for its value when all reads have
ended. What could not be read has a value that causes no finding; `AdvisoryFacts.unknown` names it.
"""

from asyncio import Task
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wizard.cloud import quota, reads, rights
from wizard.cloud.arm import CLUSTER_API, MANAGED_CLUSTER, GroupId, Json, ResourceId, dig, same, same_region
from wizard.cloud.azure import Azure, as_json
from wizard.cloud.compute import NodeSize, Vcpus, node_size, vcpus
from wizard.cloud.error_translation import none_if_missing
from wizard.cloud.features import PROVIDER_STATES, cluster_regions, provider_state
from wizard.cloud.inventory import listed, locations
from wizard.cloud.locks import Lock, locks
from wizard.cloud.ownership import CodeSigns, sign_reads
from wizard.cloud.paging import items
from wizard.cloud.policies import Denial
from wizard.cloud.quota import Quota
from wizard.cloud.reads import AdvisoryReads, Unknown, known
from wizard.cloud.rights import Deny, Permission
from wizard.cloud.roles import Eligible, Grant, eligible, grants
from wizard.cloud.subscriptions import subscription_state
from wizard.errors import AzureError, unexpected_response
from wizard.state.cluster import ClusterState, identity_roles
from wizard.state.target import Target
from wizard.state.vault import VaultState
from wizard.system.coroutines import closing_arguments
from wizard.system.sanitize import sanitize

Found = TypeVar("Found")
Facts = dict[str, Callable[[], Any]]
"""By the field of `AdvisoryFacts`."""


@dataclass(frozen=True, kw_only=True)
class AdvisoryFacts:
    """The facts that decide findings only: neither steps nor requests. One that could not be read causes none but `…-unknown`."""

    regions: frozenset[str] = frozenset()
    """The regions that offer clusters, by short name; read only if a cluster is created, empty if they are not known."""
    locations: frozenset[str] = frozenset()
    """The regions of the subscription, by short name; read only if a resource may be created in another region than the
    cluster's, empty if they are not known."""
    quota: Quota | None = None
    """The quota of clusters in the region; read only if a cluster is created, None if it is not known."""
    node_size: NodeSize | None = None
    """The configured VM size of a new cluster's nodes; None if none is configured, or it is not known."""
    vcpus: dict[str, Vcpus] = field(default_factory=dict)
    """The quotas of vCPUs in the region, by name in lower case; read only if a cluster is created, empty if not known."""
    vault_deleted: Json | None = None
    """The soft-deleted vault that reserves the name, if it is visible."""
    vault_name_taken: str | None = None
    """Why Azure does not accept the name for a new vault, in Azure's words."""
    vault_users: tuple[str, ...] = ()
    """The ids of other clusters that reach the vault as Public; read only if the plan closes its firewall."""
    key_deleted: bool = False
    """Whether a soft-deleted key reserves the name."""
    identity_elsewhere: tuple[Grant, ...] = ()
    """Its role assignments anywhere in the vault's subscription; read only if it may not use the key."""
    identity_grants_on_linked: dict[str, tuple[Grant, ...] | None] = field(default_factory=dict)
    """Its role assignments on other resources that the cluster's body names, by id in lower case; None if they could not be read.
    Read only if the identity exists and the cluster does not use it yet."""
    missing_identities: tuple[str, ...] = ()
    """The ids of identities that the cluster uses but that no longer exist."""
    permissions_at: dict[str, tuple[Permission, ...] | None] = field(default_factory=dict)
    """The permissions of the signed-in identity, by the id of a scope in lower case; None if they could not be read. Scopes that do
    not exist are left out."""
    eligible: tuple[Eligible, ...] = ()
    """Roles that the signed-in identity may activate."""
    subscription_states: dict[str, str] = field(default_factory=dict)
    """The states of the subscriptions that are known, by id in lower case."""
    deny_assignments: tuple[Deny, ...] = ()
    """The deny assignments of the subscriptions."""
    unregistered: tuple[tuple[str, str], ...] = ()
    """The resource providers that a customer-managed key needs, each with the subscription in which it is not registered."""
    locks: tuple[Lock, ...] = ()
    """The locks of the subscriptions."""
    code: CodeSigns = field(default_factory=CodeSigns)
    """The signs of infrastructure code in the resource groups; read only for a customer-managed key."""
    policy_denials: tuple[Denial, ...] = ()
    """The policies that would deny a request of the plan."""
    unknown: tuple[Unknown, ...] = ()
    """The advisory reads that did not succeed: a finding says what is not known."""


def of_the_caller(azure: Azure, target: Target, beside: AdvisoryReads) -> Facts:
    """The states of the subscriptions, locks, deny assignments and eligible roles."""
    names = target.subscriptions
    states = {name: beside.add(subscription_state(azure, name)) for name in names}
    return {
        "subscription_states": lambda: {
            name: state for name, each in states.items() if (state := known(each.result(), ""))
        },
        "eligible": _value(beside.add(eligible(azure, f"/subscriptions/{target.answers.subscription}")), ()),
        "locks": _joined([beside.start(reads.LOCKS, locks(azure, name)) for name in names]),
        "deny_assignments": _joined(
            [
                beside.start(reads.DENY_ASSIGNMENTS, rights.denies(azure, f"/subscriptions/{name}"))
                for name in names
            ]
        ),
    }


def of_a_new_cluster(azure: Azure, target: Target, beside: AdvisoryReads) -> Facts:
    """The regions of AKS; the quotas of clusters and vCPUs in the region, and the configured VM size of the nodes."""
    subscription, location, new = (
        target.answers.subscription,
        target.answers.location,
        target.answers.cluster.create,
    )
    regions = beside.add(cluster_regions(azure, subscription))

    @closing_arguments
    async def there(request: Coroutine[Any, Any, Found | Unknown]) -> Found | Unknown | None:
        found = await request
        if isinstance(found, Unknown) and not_offered(location, known(await regions, frozenset())):
            return None  # there are no clusters, and nothing to know about them
        return found

    room = beside.add(there(quota.clusters_in_region(azure, subscription, location)))
    left = beside.add(there(vcpus(azure, subscription, location)))
    facts: Facts = {
        "regions": _value(regions, frozenset()),
        "quota": _value(room, None),
        "vcpus": lambda: known(left.result(), None) or {},
    }
    if new is not False and (wanted := new.node_vm_size):
        size = beside.add(there(node_size(azure, subscription, location, wanted)))
        facts["node_size"] = _value(size, None)
    return facts


def not_offered(location: str, regions: frozenset[str]) -> bool:
    """Whether AKS offers no clusters in a region, as far as its regions are known."""
    return bool(regions) and location.casefold() not in regions


def of_the_providers(azure: Azure, target: Target, beside: AdvisoryReads) -> Facts:
    """The resource providers of a customer-managed key that are not registered."""
    wanted = (
        ("Microsoft.KeyVault", target.answers.vault_group.subscription),
        ("Microsoft.ManagedIdentity", target.answers.identity_group.subscription),
    )

    async def unregistered(namespace: str, subscription: str) -> tuple[tuple[str, str], ...]:
        state = await provider_state(azure, subscription, namespace)
        if state not in PROVIDER_STATES:
            raise ValueError("an unknown registration state")
        return () if state in {"Registered", "Registering"} else ((namespace, subscription),)

    states = [
        beside.start(
            reads.PROVIDERS, unregistered(*each), f"The registration of {each[0]} could not be read."
        )
        for each in wanted
    ]
    return {"unregistered": _joined(states)}


def of_a_new_vault(azure: Azure, target: Target, beside: AdvisoryReads) -> Facts:
    """Whether the vault's name is available, and the soft-deleted vault that has it."""
    name = target.own.vault.name
    client = azure.vaults(target.answers.vault_group.subscription).vaults

    async def taken() -> str | None:
        from azure.mgmt.keyvault.models import VaultCheckNameAvailabilityParameters  # imported by connect

        answer = await client.check_name_availability(VaultCheckNameAvailabilityParameters(name=name))
        if answer.name_available is None:
            raise AzureError(unexpected_response(summary, "it does not say"))
        return None if answer.name_available else sanitize(str(answer.message or answer.reason or ""))

    async def deleted() -> Json | None:
        async for vault in items(client.list_deleted()):
            if same(vault.name, name):
                return as_json(vault)
        return None  # the name check finds those of other subscriptions

    summary = f"The availability of the key vault name {name} could not be checked."
    return {
        "vault_name_taken": _value(beside.start(reads.VAULT_NAME, taken(), summary), None),
        "vault_deleted": _value(beside.start(reads.DELETED_VAULTS, deleted()), None),
    }


def of_the_vault(azure: Azure, target: Target, vault: VaultState, beside: AdvisoryReads) -> Facts:
    """The other clusters that lose access when an open vault is closed."""
    if target.own.vault.network_access != "Private" or vault.denies_public_access:
        return {}

    async def users(subscription: str) -> tuple[str, ...]:
        found = []
        async for cluster in listed(azure, subscription, MANAGED_CLUSTER, CLUSTER_API):
            there = ClusterState(cluster)
            public = there.uses_vault(target) and same(there.encryption.network_access, "Public")
            if public and not same(
                id_ := str(ResourceId.parse(str(dig(there.body, "id")))), target.cluster_id
            ):
                found.append(id_)
        return tuple(found)

    readings = [
        beside.start(reads.VAULT_USERS, users(name), f"The clusters of {name} could not be listed.")
        for name in target.subscriptions
    ]
    joined = _joined(readings)
    return {"vault_users": lambda: tuple(sorted(joined(), key=str.casefold))}


def of_a_new_key(azure: Azure, target: Target, beside: AdvisoryReads) -> Facts:
    """Whether a soft-deleted key reserves the name. Only the vault's data plane knows, and it often denies access."""
    name = target.own.key.name

    async def deleted() -> bool:
        return await none_if_missing(azure.keys(target.vault_uri).get_deleted_key(name)) is not None

    summary = f"The deleted key {name} could not be read."
    return {"key_deleted": _value(beside.start(reads.DELETED_KEY, deleted(), summary), False)}


def of_the_identity(azure: Azure, target: Target, principal: str, beside: AdvisoryReads) -> Facts:
    """Its role assignments in the vault's subscription."""
    scope = f"/subscriptions/{target.answers.vault_group.subscription}"
    return {
        "identity_elsewhere": _value(beside.start(reads.OTHER_ROLES, grants(azure, scope, principal)), ())
    }


def of_permissions(azure: Azure, target: Target, there: Collection[str], beside: AdvisoryReads) -> Facts:
    """The caller's permissions in each subscription, and on the groups and resources that are there, by their ID: a role may be
    assigned on a vault only."""
    held = {
        **{f"/subscriptions/{name}": rights.in_subscription(azure, name) for name in target.subscriptions},
        **{scope: rights.at(azure, scope) for scope in there},
    }
    reading = {scope: beside.add(request) for scope, request in held.items()}
    return {"permissions_at": lambda: _by_scope(reading)}


def of_the_code(azure: Azure, groups: Iterable[GroupId], beside: AdvisoryReads) -> Facts:
    """The signs of infrastructure code in resource groups that exist, and in their subscriptions."""
    signs = [beside.add(request) for request in sign_reads(azure, groups)]
    return {"code": lambda: CodeSigns.of(each.result() for each in signs)}


def of_the_cluster(
    azure: Azure, target: Target, cluster: Json, principal: str, beside: AdvisoryReads
) -> Facts:
    """The role assignments of its new identity, with this principal ID, on other resources that its body names, such as its
    subnets; its deleted identities; the regions, if the answers name another one than the cluster's."""
    facts: Facts = {}
    there = ClusterState(cluster)
    if principal and not same(there.principal(target), principal):
        on_linked = {
            id_: beside.start(
                reads.OTHER_ROLES,
                grants(azure, id_, principal),
                f"The role assignments on {sanitize(id_)} could not be listed.",
            )
            for id_ in sorted({id_ for _, id_ in identity_roles(there)})
        }
        facts["identity_grants_on_linked"] = lambda: _by_scope(on_linked)
    gone = [
        beside.start(
            reads.CLUSTER_IDENTITIES,
            _gone(azure, id_),
            f"The identity {sanitize(id_)} of the cluster could not be read.",
        )
        for id_ in there.identities
    ]
    facts["missing_identities"] = _joined(gone)
    elsewhere = not same_region(there.location, target.answers.location)
    if elsewhere and target.answers.customer_managed is not None:
        regions = beside.start(reads.REGIONS, locations(azure, target.answers.subscription))
        facts["locations"] = lambda: frozenset(known(regions.result(), ()))
    return facts


async def _gone(azure: Azure, identity: str) -> tuple[str, ...]:
    """Return the ID of a user-assigned identity if it no longer exists."""
    there = ResourceId.parse(identity)  # an ID of another form cannot be checked
    client = azure.identities(there.subscription).user_assigned_identities
    found = await none_if_missing(client.get(there.resource_group, there.name))
    return (identity,) if found is None else ()


def _value(reading: "Task[Any]", otherwise: Any) -> Callable[[], Any]:
    """The result of a read, or another value if it is not known."""
    return lambda: known(reading.result(), otherwise)


def _joined(readings: "Sequence[Task[tuple[Any, ...] | Unknown]]") -> Callable[[], tuple[Any, ...]]:
    """The entries of all lists that could be read."""
    return lambda: tuple(entry for each in readings for entry in known(each.result(), ()))


def _by_scope(readings: "Mapping[str, Task[Any]]") -> dict[str, Any]:
    """The results by scope in lower case: None if one could not be read."""
    return {scope.casefold(): known(each.result(), None) for scope, each in readings.items()}

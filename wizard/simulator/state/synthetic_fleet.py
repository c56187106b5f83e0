"""Generated clusters, up to tens of thousands, that use almost no memory until they are read.

Names and groups are computed at the start. Bodies are created when they are read, from one complete body for each kind of
cluster in which only ids and names are replaced, so that they are exactly like those of clusters that were created one by one.
"""

import gc
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from wizard.simulator.protocol.ids import stable_guid
from wizard.simulator.protocol.wire import Json
from wizard.simulator.scenario.fleet import FleetSpec
from wizard.simulator.scenario.model import GroupSpec, Scenario, SubscriptionSpec
from wizard.simulator.scenario.vaults import IdentitySpec, KeySpec, VaultSpec
from wizard.simulator.state.cluster_body import ENCRYPTION_PROFILE, NEWEST, canonical_id, finish, set_state
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.state import Principal, Resource, State

KMS_GROUP, KMS_IDENTITY, KMS_KEY = "rg-kms", "id-aks-kms", "aks-secrets"
_SPARE_GROUP = "rg-vaults"
OLDEST_ENCRYPTABLE = (1, 33)
_GROUP = "Microsoft.Resources/resourceGroups"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_MASK = (1 << 64) - 1


def _mixed(seed: int, number: int, purpose: int) -> int:
    """Return a pseudo-random 64-bit number that depends only on the arguments (splitmix64); faster than a generator for each."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + purpose * 0x94D049BB133111EB) & _MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = ((value ^ (value >> shift)) * factor) & _MASK
    return value ^ (value >> 31)


def _guid(seed: int, number: int, purpose: int) -> str:
    text = f"{_mixed(seed, number, purpose):016x}{_mixed(seed, number, -purpose):016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


class _Weighted:
    """Draws from weighted names."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._names, self._bounds = list(weights), list(accumulate(weights.values()))

    def draw(self, number: int) -> str:
        place = number % self._bounds[-1]
        return next(name for name, bound in zip(self._names, self._bounds, strict=True) if place < bound)


def vault_of(subscription: int) -> str:
    """Return the name of the vault of a generated subscription."""
    return f"kv-fleet-{subscription + 1:03}"


def subscription_id(spec: FleetSpec, number: int) -> str:
    """Return the id of a generated subscription."""
    return _guid(spec.seed, number, 11)


def subscriptions(spec: FleetSpec) -> dict[str, SubscriptionSpec]:
    """Return the generated subscriptions, without their clusters."""
    location = next(iter(spec.locations))
    return {
        subscription_id(spec, number): SubscriptionSpec.model_validate(
            {
                "name": f"Fleet {number + 1:03}",
                "features": spec.features,
                "groups": {
                    KMS_GROUP: GroupSpec(
                        location=location,
                        identities={KMS_IDENTITY: IdentitySpec()},
                        vaults={
                            vault_of(number): VaultSpec(
                                purge_protection=True,
                                keys={KMS_KEY: KeySpec(versions=2)},
                                access={KMS_IDENTITY: ["Key Vault Crypto User", "Key Vault Contributor"]},
                            )
                        },
                    ),
                    **(
                        {_SPARE_GROUP: _spare_vaults(spec.spare_vaults, location)}
                        if number == 0 and spec.spare_vaults
                        else {}
                    ),
                },
            }
        )
        for number in range(spec.subscriptions)
    }


def _spare_vaults(number: int, location: str) -> GroupSpec:
    """Return a group of so many vaults and identities, each of which has a role on one of them."""
    names = {f"kv-spare-{each:05}": f"id-spare-{each:05}" for each in range(number)}
    return GroupSpec(
        location=location,
        identities=dict.fromkeys(names.values(), IdentitySpec()),
        vaults={
            vault: VaultSpec(purge_protection=True, access={identity: ["Key Vault Crypto User"]})
            for vault, identity in names.items()
        },
    )


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The place of one cluster; everything else is derived from its number."""

    fleet: "Fleet"
    number: int
    subscription: int
    group: str
    name: str
    location: str
    team: str
    environment: str

    @property
    def id(self) -> str:
        """Its resource ID, as the whole resource has it."""
        return self.fleet.resource_id(self)

    def create(self) -> Resource:
        return self.fleet.cluster(self)


@dataclass(frozen=True, slots=True)
class _NodeGroup:
    of: _Cluster

    def create(self) -> Resource:
        return self.of.fleet.node_group(self.of)


@dataclass(frozen=True, slots=True)
class _Kubelet:
    of: _Cluster

    def create(self) -> Resource:
        return self.of.fleet.kubelet(self.of)


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    of: _Cluster

    def create(self) -> Resource:
        body = _group_body(self.id, self.of.location)
        return Resource(self.id, _GROUP, body | {"tags": {"team": self.of.team, "env": self.of.environment}})


@dataclass(frozen=True, slots=True)
class _Identity:
    """A managed identity in the directory: that of the cluster, or of its kubelet."""

    of: _Cluster
    kubelet: bool

    def create(self) -> Principal:
        return self.of.fleet.principal(self.of, kubelet=self.kubelet)


def _group_body(group_id: str, location: str, managed_by: str = "") -> Json:
    body: Json = {"id": group_id, "name": group_id.rpartition("/")[2], "type": _GROUP, "location": location}
    return (
        body
        | ({"managedBy": managed_by} if managed_by else {})
        | {"properties": {"provisioningState": "Succeeded"}}
    )


@dataclass
class Fleet:
    """The clusters of the `fleet` of a scenario."""

    scenario: Scenario
    spec: FleetSpec
    _kinds: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)

    def add_to(self, state: State) -> None:
        """Add the clusters to a state as lazy entries."""
        # This creates tens of thousands of objects and frees none, so garbage collection would only cost time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            for cluster in self._clusters():
                self._add(state, cluster)
        finally:
            if collecting:
                gc.enable()

    def _add(self, state: State, cluster: _Cluster) -> None:
        group_id = self._group_id(cluster)
        if cluster.number % self.spec.clusters_per_group == 0:
            state.resources.add_lazy(group_id.lower(), _Group(group_id, cluster))
        state.resources.add_lazy(self.resource_id(cluster).lower(), cluster)
        state.resources.add_lazy(self._node_group_id(cluster).lower(), _NodeGroup(cluster))
        state.resources.add_lazy(self._kubelet_id(cluster).lower(), _Kubelet(cluster))
        state.principals.add_lazy(self._object_id(cluster, kubelet=True), _Identity(cluster, kubelet=True))
        if self._encryption(cluster) in {"none", "platform"}:
            state.principals.add_lazy(
                self._object_id(cluster, kubelet=False), _Identity(cluster, kubelet=False)
            )

    def _clusters(self) -> Iterator[_Cluster]:
        spec = self.spec
        locations, environments = _Weighted(spec.locations), _Weighted(spec.environments)
        for place in range(-(-spec.clusters // spec.clusters_per_group)):
            team = spec.teams[_mixed(spec.seed, place, 1) % len(spec.teams)]
            environment = environments.draw(_mixed(spec.seed, place, 2))
            location = locations.draw(_mixed(spec.seed, place, 3))
            subscription, group = place % spec.subscriptions, f"rg-{team}-{environment}-{place + 1:04}"
            first = place * spec.clusters_per_group
            for number in range(first, min(first + spec.clusters_per_group, spec.clusters)):
                name = f"{team}-{environment}-{number + 1:05}"
                yield _Cluster(self, number, subscription, group, name, location, team, environment)

    # -- ids ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _subscriptions(self) -> list[str]:
        return [subscription_id(self.spec, number) for number in range(self.spec.subscriptions)]

    def _group_id(self, cluster: _Cluster) -> str:
        return f"/subscriptions/{self._subscriptions[cluster.subscription]}/resourceGroups/{cluster.group}"

    def resource_id(self, cluster: _Cluster) -> str:
        """Return the resource ID of a cluster."""
        return canonical_id(self._subscriptions[cluster.subscription], cluster.group, cluster.name)

    def _node_group_id(self, cluster: _Cluster) -> str:
        name = f"MC_{cluster.group}_{cluster.name}_{cluster.location}"[:80]
        return f"/subscriptions/{self._subscriptions[cluster.subscription]}/resourceGroups/{name}"

    def _kubelet_id(self, cluster: _Cluster) -> str:
        return f"{self._node_group_id(cluster)}/providers/{_IDENTITY}/{cluster.name}-agentpool"

    def _object_id(self, cluster: _Cluster, *, kubelet: bool) -> str:
        return _guid(self.spec.seed, cluster.number, 21 if kubelet else 22)

    # -- derived from the number --------------------------------------------------------------------------------------

    def _encryption(self, cluster: _Cluster) -> str:
        return self._encryptions.draw(_mixed(self.spec.seed, cluster.number, 4))

    @cached_property
    def _encryptions(self) -> _Weighted:
        return _Weighted({str(kind): weight for kind, weight in self.spec.encryption.items()})

    @cached_property
    def _versions(self) -> tuple[_Weighted, _Weighted]:
        """All Kubernetes versions, and those that support the encryption."""
        new = {
            version: weight
            for version, weight in self.spec.versions.items()
            if tuple(map(int, version.split(".")[:2])) >= OLDEST_ENCRYPTABLE
        }
        return _Weighted(self.spec.versions), _Weighted(new or self.spec.versions)

    # -- the bodies ---------------------------------------------------------------------------------------------------

    def cluster(self, cluster: _Cluster) -> Resource:
        """Return the cluster as ARM stores it."""
        spec, number = self.spec, cluster.number
        encryption = self._encryption(cluster)
        any_version, new_version = self._versions
        drawn = any_version if encryption in {"none", "legacy"} else new_version
        version = drawn.draw(_mixed(spec.seed, number, 5))
        pools = 1 + _mixed(spec.seed, number, 6) % 3
        kind = (version, encryption, pools)
        template = self._kinds.get(kind) or self._kinds.setdefault(kind, self._template(*kind))
        subscription = self._subscriptions[cluster.subscription]
        values = {
            "subscription": subscription, "group": cluster.group, "name": cluster.name, "location": cluster.location,
            "principal": self._object_id(cluster, kubelet=False), "vault": vault_of(cluster.subscription),
            "team": cluster.team, "environment": cluster.environment,
        }  # fmt: skip
        if encryption not in {"none", "platform"}:
            identity = self._kms_identity(cluster.subscription)
            values |= {
                "client": stable_guid(identity, "client"),
                "principal": stable_guid(identity, "principal"),
            }
            values["key"] = stable_guid(self._kms_vault(cluster.subscription), KMS_KEY, "1").replace("-", "")
        kubelet = self.principal(cluster, kubelet=True)
        values |= {"kubelet": kubelet.object_id, "kubelet-client": kubelet.app_id}
        values |= {f"guid{place}": _guid(spec.seed, number, 30 + place) for place in range(2 + pools)}
        values |= {
            "uid": f"{_mixed(spec.seed, number, 8):016x}{number:08x}",
            "short": f"{_mixed(spec.seed, number, 9):016x}"[:8],
        }
        # Parts with an odd index are names of placeholders.
        filled = [values[part] if place % 2 else part for place, part in enumerate(template)]
        body: Json = json.loads("".join(filled))
        properties = body["properties"]
        chance = _mixed(spec.seed, number, 7) % 100
        if chance < spec.stopped_percent:
            properties["powerState"]["code"] = "Stopped"
        elif chance < spec.stopped_percent + spec.failed_percent:
            properties["provisioningState"] = "Failed"
        for place, pool in enumerate(properties["agentPoolProfiles"]):
            pool["count"] = 1 + _mixed(spec.seed, number, 40 + place) % 9
        return Resource(body["id"], CLUSTER, body)

    def _template(self, version: str, encryption: str, pools: int) -> list[str]:
        """Return a complete body, split at the placeholders for the values in which clusters of this kind differ."""
        security: Json = {}
        if encryption not in {"none", "platform"}:
            key = f"https://@vault@.{self.scenario.vault_suffix}/keys/{KMS_KEY}"
            security["azureKeyVaultKms"] = {
                "enabled": True,
                "keyId": f"{key}/@key@" if encryption == "legacy" else key,
                "keyVaultNetworkAccess": "Private" if encryption == "customer-private" else "Public",
                "keyVaultResourceId": f"/subscriptions/@subscription@/resourceGroups/{KMS_GROUP}/providers/Microsoft.KeyVault/vaults/@vault@",
            }
        if encryption not in {"none", "legacy"}:
            security[ENCRYPTION_PROFILE] = {"infrastructureEncryption": "Enabled"}
        cluster_id = canonical_id("@subscription@", "@group@", "@name@")
        kubelet = "/subscriptions/@subscription@/resourcegroups/MC_@group@_@name@_@location@/providers"
        wanted: Json = {
            "location": "@location@",
            "tags": {"team": "@team@", "env": "@environment@"},
            "properties": {
                "kubernetesVersion": version,
                "nodeResourceGroup": "MC_@group@_@name@_@location@",
                "agentPoolProfiles": [
                    {"name": "system" if place == 0 else f"work{place}", "count": 3, "mode": "System" if place == 0 else "User"}
                    for place in range(pools)
                ],
                "identityProfile": {
                    "kubeletidentity": {
                        "resourceId": f"{kubelet}/{_IDENTITY}/@name@-agentpool",
                        "clientId": "@kubelet-client@",
                        "objectId": "@kubelet@",
                    }
                },
                "securityProfile": security,
            },
        }  # fmt: skip
        body = finish(cluster_id, wanted, None, version, NEWEST)
        if encryption in {"none", "platform"}:
            tenant = self.scenario.tenant.id
            body["identity"] = {"type": "SystemAssigned", "principalId": "@principal@", "tenantId": tenant}
        else:
            identity = f"/subscriptions/@subscription@/resourceGroups/{KMS_GROUP}/providers/{_IDENTITY}/{KMS_IDENTITY}"
            shown = {"clientId": "@client@", "principalId": "@principal@"}
            body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: shown}}
        set_state(body, "Succeeded")
        properties = body["properties"]
        outbound = properties["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"][0]["id"]
        guids = [
            body["eTag"],
            outbound.rpartition("/")[2],
            *(pool["eTag"] for pool in properties["agentPoolProfiles"]),
        ]
        drawn = {guid: f"guid{place}" for place, guid in enumerate(guids)}
        drawn |= {
            properties["resourceUID"]: "uid",
            properties["fqdn"].split(".")[0].rpartition("-")[2]: "short",
        }
        text = json.dumps(body)
        for random, name in drawn.items():
            text = text.replace(random, f"@{name}@")
        return re.split("@([a-z0-9-]+)@", text)

    def _kms_identity(self, subscription: int) -> str:
        return f"/subscriptions/{self._subscriptions[subscription]}/resourceGroups/{KMS_GROUP}/providers/{_IDENTITY}/{KMS_IDENTITY}"

    def _kms_vault(self, subscription: int) -> str:
        group = f"/subscriptions/{self._subscriptions[subscription]}/resourceGroups/{KMS_GROUP}"
        return f"{group}/providers/Microsoft.KeyVault/vaults/{vault_of(subscription)}"

    def node_group(self, cluster: _Cluster) -> Resource:
        """Return the node resource group of a cluster."""
        group_id = self._node_group_id(cluster)
        return Resource(group_id, _GROUP, _group_body(group_id, cluster.location, self.resource_id(cluster)))

    def kubelet(self, cluster: _Cluster) -> Resource:
        """Return the kubelet identity of a cluster."""
        who, kubelet_id = self.principal(cluster, kubelet=True), self._kubelet_id(cluster)
        body: Json = {
            "id": kubelet_id, "name": f"{cluster.name}-agentpool", "type": _IDENTITY, "location": cluster.location, "tags": {},
            "properties": {"tenantId": self.scenario.tenant.id, "principalId": who.object_id, "clientId": who.app_id},
        }  # fmt: skip
        return Resource(kubelet_id, _IDENTITY, body)

    def principal(self, cluster: _Cluster, *, kubelet: bool) -> Principal:
        """Return the system-assigned identity of a cluster, or the identity of its kubelet."""
        name = f"{cluster.name}-agentpool" if kubelet else cluster.name
        app = _guid(self.spec.seed, cluster.number, 23 if kubelet else 24)
        resource_id = self._kubelet_id(cluster) if kubelet else self.resource_id(cluster)
        return Principal(
            self._object_id(cluster, kubelet=kubelet),
            "managed-identity",
            name,
            app_id=app,
            resource_id=resource_id,
        )

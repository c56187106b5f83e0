"""The existing resources to choose from: clusters, vaults, keys, identities, versions and regions."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

from wizard.cloud import reads
from wizard.cloud.arm import (
    CLUSTER_API,
    KEY_VAULT,
    MANAGED_CLUSTER,
    USER_ASSIGNED_IDENTITY,
    Json,
    ResourceId,
    dig,
    host_of,
)
from wizard.cloud.azure import Azure, Subscription, as_json
from wizard.cloud.bodies import firewall_denies, identity_kind, key_kind, kubernetes_version
from wizard.cloud.encryption import FAILED_STATES, SUCCEEDED, Encryption, EncryptionKind, provisioning_state
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.paging import items, linked
from wizard.cloud.versions import LEGACY_KMS_V2, OLDEST, version_of
from wizard.errors import AzureError, Problem, unexpected_response
from wizard.system.sanitize import sanitize

_VAULT_API = "2026-05-15"
"""The default version of azure-mgmt-keyvault 14.0."""


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One managed cluster, as a row of a list."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    subscription_name: str
    location: str
    kubernetes_version: str
    """The version that it runs, including the patch."""
    identity: str
    """`user-assigned`, `system-assigned` or `service principal`."""
    encryption: Encryption
    provisioning_state: str
    power_state: str
    node_pools: int
    nodes: int
    identities: tuple[str, ...] = ()
    """The IDs of its user-assigned identities."""

    @property
    def kind(self) -> EncryptionKind:
        """How its secrets are encrypted."""
        return self.encryption.kind

    @property
    def why_not(self) -> str | None:
        """Why it cannot be changed now, in a few words; None if it can."""
        running = version_of(self.kubernetes_version)
        if running and running < OLDEST:
            legacy = self.encryption.kms_enabled and running < LEGACY_KMS_V2
            return "legacy KMS v1" if legacy else "needs 1.33"
        if self.power_state.casefold() == "stopped":
            return "stopped"
        if self.provisioning_state not in FAILED_STATES | {SUCCEEDED}:
            return f"is {self.provisioning_state.lower()}"
        if self.identity == "service principal":
            return "needs a managed identity"
        return None

    @property
    def failed_operation(self) -> str:
        """`failed` or `canceled` if its last operation was, which the same request repairs; otherwise empty."""
        return self.provisioning_state.casefold() if self.provisioning_state in FAILED_STATES else ""


@dataclass(frozen=True)
class Unreadable:
    """A subscription whose clusters could not be listed, or a cluster that could not be read."""

    subscription_id: str
    subscription_name: str
    problem: Problem
    cluster_id: str = ""
    """The ID of the cluster, if it is about one and has an ID."""

    @property
    def id(self) -> str:
        """The ID of the cluster or the subscription."""
        return self.cluster_id or f"/subscriptions/{self.subscription_id}"

    @property
    def name(self) -> str:
        """The name of the cluster or the subscription."""
        return self.cluster_id.rstrip("/").rpartition("/")[2] or self.subscription_name


@dataclass(frozen=True)
class VaultRow:
    """One key vault. `wizard.rules.vault.unfit` decides whether a cluster can use it."""

    id: str
    name: str
    resource_group: str
    subscription: str
    """The ID of its subscription."""
    location: str
    rbac: bool
    """Whether it uses Azure RBAC for its keys; otherwise it uses access policies."""
    firewall_denies: bool
    purge_protection: bool
    body: Json = field(repr=False)
    """The body that Azure returned."""


@dataclass(frozen=True)
class KeyRow:
    """One key of a vault. `wizard.rules.key.unfit` decides whether AKS can use it."""

    name: str
    type: str
    size: int | None
    body: Json = field(repr=False)
    """The entry that Azure returned in the list."""


@dataclass(frozen=True)
class IdentityRow:
    """One user-assigned identity."""

    id: str
    name: str
    resource_group: str
    subscription: str
    """The ID of its subscription."""
    location: str


@dataclass(frozen=True)
class VersionRow:
    """One Kubernetes minor version that a region offers."""

    version: str
    latest_patch: str
    default: bool
    preview: bool
    lts_only: bool


async def cluster_body(azure: Azure, cluster_id: ResourceId) -> Json:
    """Return the current body of a managed cluster. Raise AzureError, also if it does not exist."""
    with translate_errors(f"The cluster {cluster_id.name} could not be read."):
        return await azure.get(cluster_address(cluster_id), CLUSTER_API)


def cluster_address(cluster_id: ResourceId) -> str:
    """Return the path of a managed cluster for `Azure.get`; a name with other characters than Azure allows leads nowhere else."""
    group, name = quote(cluster_id.resource_group, safe=""), quote(cluster_id.name, safe="")
    return str(ResourceId(quote(cluster_id.subscription, safe=""), group, MANAGED_CLUSTER, name))


async def one_cluster(azure: Azure, cluster_id: ResourceId, subscription: Subscription) -> ClusterRow:
    """Return a managed cluster as a row. Raise AzureError, also if it does not exist."""
    return cluster_row(await cluster_body(azure, cluster_id), subscription)


def cluster_row(body: Json, subscription: Subscription) -> ClusterRow:
    """Return a managed cluster's body as a row."""
    properties = body.get("properties") or {}
    pools = properties.get("agentPoolProfiles") or []
    return ClusterRow(
        id=sanitize(str(body.get("id", ""))),
        name=sanitize(str(body.get("name", ""))),
        resource_group=_group_of(body),
        subscription_id=subscription.id,
        subscription_name=subscription.name,
        location=_shared(str(body.get("location", ""))),
        kubernetes_version=_shared(kubernetes_version(body)),
        identity=identity_kind(body),
        encryption=Encryption.of(body),
        provisioning_state=_shared(provisioning_state(body)),
        power_state=_shared(str(dig(properties, "powerState", "code") or "")),
        node_pools=len(pools),
        nodes=sum(int(pool.get("count") or 0) for pool in pools),
        identities=tuple(sanitize(i) for i in dig(body, "identity", "userAssignedIdentities") or ()),
    )


def _shared(text: str) -> str:
    """Return a text that many resources have, sanitized, as one object."""
    return sys.intern(sanitize(text))


def _group_of(body: Json) -> str:
    """Return the name of the resource group in a resource's ID; empty if the ID is too short."""
    parts = str(body.get("id", "")).strip("/").split("/")
    return _shared(parts[3]) if len(parts) > 3 else ""


def listed(azure: Azure, subscription: str, kind: str, api_version: str) -> AsyncIterator[Json]:
    """Yield all resources of a type in a subscription, without an SDK: its models of a thousand vaults take 0.3 s to build, in
    which the wizard does not answer, and are only turned back into JSON."""
    path = f"/subscriptions/{quote(subscription, safe='')}/providers/{kind}"
    return items(linked(azure.get, path, api_version))


async def vaults(azure: Azure, subscription: str) -> list[VaultRow]:
    """Return the key vaults of a subscription, by name. Raise AzureError."""
    with translate_errors("The key vaults could not be listed."):
        rows = [  # made page by page: those of all at once would delay a frame
            VaultRow(
                id=sanitize(str(body.get("id", ""))),
                name=sanitize(str(body.get("name", ""))),
                resource_group=_group_of(body),
                subscription=subscription,
                location=sanitize(str(body.get("location", ""))),
                rbac=dig(body, "properties", "enableRbacAuthorization") is True,
                firewall_denies=firewall_denies(body),
                purge_protection=dig(body, "properties", "enablePurgeProtection") is True,
                body=body,
            )
            async for body in listed(azure, subscription, KEY_VAULT, _VAULT_API)
        ]
    return sorted(rows, key=lambda row: row.name)


async def vault_of_key(azure: Azure, subscription: str, encryption: Encryption) -> str | None:
    """Return the resource ID of the vault in a key identifier, for a cluster that does not name the vault; None if the
    subscription has no such vault that the caller can see. Raise AzureError."""
    with translate_errors("The key vaults of the cluster's subscription could not be listed."):
        async for body in listed(azure, subscription, KEY_VAULT, _VAULT_API):
            if host_of(str(dig(body, "properties", "vaultUri") or "")) == encryption.key_host:
                return str(body["id"])
    return None


async def keys(azure: Azure, vault_id: str) -> list[KeyRow]:
    """Return the keys of a vault, read through the management plane, by name. Raise AzureError."""
    vault = ResourceId.parse(vault_id)
    client = azure.vaults(vault.subscription)
    with translate_errors(f"The keys of {vault.name} could not be listed."):
        bodies = [as_json(k) async for k in items(client.keys.list(vault.resource_group, vault.name))]
    rows = [
        KeyRow(
            name=sanitize(str(body.get("name", ""))),
            type=sanitize(key_kind(body) or "RSA"),
            size=dig(body, "properties", "keySize"),
            body=body,
        )
        for body in bodies
    ]
    return sorted(rows, key=lambda row: row.name)


async def identities(azure: Azure, subscription: str) -> list[IdentityRow]:
    """Return the user-assigned identities of a subscription, by name, without those that AKS creates in the node resource
    groups of clusters (for the kubelet and add-ons). Raise AzureError."""
    with translate_errors("The user-assigned identities could not be listed."):
        rows = [
            IdentityRow(
                id=sanitize(str(body.get("id", ""))),
                name=sanitize(str(body.get("name", ""))),
                resource_group=_group_of(body),
                subscription=subscription,
                location=sanitize(str(body.get("location", ""))),
            )
            async for body in listed(azure, subscription, USER_ASSIGNED_IDENTITY, "2024-11-30")
        ]
    own = (row for row in rows if not row.resource_group.casefold().startswith("mc_"))
    return sorted(own, key=lambda row: row.name)


async def kubernetes_versions(azure: Azure, subscription: str, location: str) -> list[VersionRow]:
    """Return the versions of a region that support the encryption (1.33 or later), newest first. Raise AzureError."""
    with translate_errors(f"The Kubernetes versions of {location} could not be listed."):
        where = f"{MANAGED_CLUSTER.partition('/')[0]}/locations/{quote(location, safe='')}/kubernetesVersions"
        path = f"/subscriptions/{quote(subscription, safe='')}/providers/{where}"
        found = await azure.get(path, CLUSTER_API)
        if found.get("values") is None:
            raise ValueError("no list of versions")
    rows = []
    for body in found["values"]:
        plans = dig(body, "capabilities", "supportPlan") or []
        patches = sorted(body.get("patchVersions") or {}, key=version_of)
        rows.append(
            VersionRow(
                version=sanitize(str(body.get("version") or "")),
                latest_patch=sanitize(patches[-1]) if patches else "",
                default=body.get("isDefault") is True,
                preview=body.get("isPreview") is True,
                lts_only=bool(plans) and "KubernetesOfficial" not in plans,
            )
        )
    fit = [row for row in rows if version_of(row.version) >= OLDEST]
    return sorted(fit, key=lambda row: version_of(row.version), reverse=True)


async def regions(azure: Azure, subscription: str) -> dict[str, str]:
    """Return the regions of a subscription: the name that each is shown with, by its short name. Raise AzureError."""
    with translate_errors(reads.REGIONS.failure):
        found = azure.subscription_client().subscriptions.list_locations(subscription)
        names = {
            sanitize(str(location.name)): sanitize(str(location.display_name or ""))
            async for location in items(found)
        }
        if not names:
            raise AzureError(unexpected_response(reads.REGIONS.failure, "it lists none"))
        return dict(sorted(names.items()))


async def locations(azure: Azure, subscription: str) -> list[str]:
    """Return the regions of a subscription, by short name. Raise AzureError."""
    return list(await regions(azure, subscription))


async def resource_groups(azure: Azure, subscription: str) -> list[tuple[str, str]]:
    """Return name and region of the resource groups of a subscription, by name, without the node resource groups of clusters,
    which belong to AKS. Raise AzureError.
    """
    with translate_errors("The resource groups could not be listed."):
        found = [
            as_json(group) async for group in items(azure.resources(subscription).resource_groups.list())
        ]
    rows = [(sanitize(str(body.get("name", ""))), sanitize(str(body.get("location", "")))) for body in found]
    return sorted(row for row in rows if not row[0].casefold().startswith("mc_"))

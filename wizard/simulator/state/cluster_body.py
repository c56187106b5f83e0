"""The body of a managed cluster: what AKS adds, what older api-versions do not show, and what a PUT cannot change."""

import uuid
from copy import deepcopy

from wizard.simulator.protocol.ids import group_of, name_of, subscription_of
from wizard.simulator.protocol.wire import Json

TYPE = "Microsoft.ContainerService/managedClusters"
ENCRYPTION_PROFILE = "kubernetesResourceObjectEncryptionProfile"
NEWEST = "2026-08-01"
"""The api-version that shows all properties."""
ENCRYPTION_PROFILE_SINCE = "2026-07-01"
DEFAULT_VM_SIZE = "Standard_D4ds_v5"
_READ_ONLY = (
    "provisioningState", "powerState", "currentKubernetesVersion", "fqdn", "azurePortalFQDN", "privateFQDN", "maxAgentPools", "resourceUID", "status",
)  # fmt: skip
_KEPT_WHEN_LEFT_OUT = (
    "kubernetesVersion", "dnsPrefix", "fqdnSubdomain", "agentPoolProfiles", "linuxProfile", "windowsProfile", "servicePrincipalProfile",
    "identityProfile", "nodeResourceGroup", "networkProfile", "enableRBAC", "supportPlan", "apiServerAccessProfile", "oidcIssuerProfile",
    "storageProfile", "disableLocalAccounts", "autoUpgradeProfile",
)  # fmt: skip
_DRIVERS: Json = {
    "diskCSIDriver": {"enabled": True},
    "fileCSIDriver": {"enabled": True},
    "snapshotController": {"enabled": True},
}
_POOL_READ_ONLY = ("eTag", "provisioningState", "currentOrchestratorVersion", "status")


def sees_encryption_profile(api_version: str) -> bool:
    """Return whether an api-version has the encryption profile: all previews, and the stable ones since 2026-07-01."""
    return api_version.endswith("-preview") or api_version >= ENCRYPTION_PROFILE_SINCE


def view(body: Json, api_version: str, *, etag: bool = True) -> Json:
    """Return the cluster as an api-version shows it: newer properties are omitted, but kept in the state.

    Without `etag` it contains none, as recorded in 2025 (docs/azure.md#round-trip-through-the-sdk).
    """
    if not etag:
        pools = [
            {name: value for name, value in pool.items() if name != "eTag"}
            for pool in body["properties"]["agentPoolProfiles"]
        ]
        body = {name: value for name, value in body.items() if name != "eTag"} | {
            "properties": body["properties"] | {"agentPoolProfiles": pools}
        }
    security = body["properties"].get("securityProfile") or {}
    if ENCRYPTION_PROFILE not in security or sees_encryption_profile(api_version):
        return body
    older = {name: value for name, value in security.items() if name != ENCRYPTION_PROFILE}
    return body | {"properties": body["properties"] | {"securityProfile": older}}


def first_answer(shown: Json, before: Json | None) -> Json:
    """Return the body of the answer to a PUT, from the body that a GET would show.

    As recorded, the answer to an update has the old eTags. The one to a create has none, nor what AKS adds later: kubelet
    identity, ids of the cluster's identity, outbound addresses (docs/azure.md#round-trip-through-the-sdk).
    """
    body = deepcopy(shown)
    properties: Json = body["properties"]
    if before is not None:
        tags = {pool["name"]: pool.get("eTag") for pool in before["properties"]["agentPoolProfiles"]}
        for place, held in (
            (body, before.get("eTag")),
            *((pool, tags.get(pool["name"])) for pool in properties["agentPoolProfiles"]),
        ):
            if "eTag" in place and held:
                place["eTag"] = held
        return body
    for place in (body, *properties["agentPoolProfiles"]):
        place.pop("eTag", None)
    properties.pop("identityProfile", None)
    (properties["networkProfile"].get("loadBalancerProfile") or {}).pop("effectiveOutboundIPs", None)
    identity: Json = body.get("identity") or {}
    identity.pop("principalId", None)
    for assigned in (identity.get("userAssignedIdentities") or {}).values():
        assigned.clear()
    return body


def minor_of(version: str) -> tuple[int, int]:
    """Return (1, 34) for `1.34.2` or `1.34`.

    Raise ValueError for any other text.
    """
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def node_group_name(cluster_id: str, location: str) -> str:
    """Return the default name of the node resource group."""
    return f"MC_{group_of(cluster_id)}_{name_of(cluster_id)}_{location}"[:80]


def canonical_id(subscription: str, group: str, name: str) -> str:
    """Return the id of a cluster as AKS writes it, with `resourcegroups` in lower case."""
    return f"/subscriptions/{subscription.lower()}/resourcegroups/{group}/providers/{TYPE}/{name}"


def finish(
    cluster_id: str, wanted: Json, before: Json | None, current_version: str, api_version: str
) -> Json:
    """Return the complete body after a PUT of `wanted` to `before`.

    A PUT replaces the whole object: properties that it omits are removed, except those that AKS sets itself and those
    that the api-version of the PUT does not have.
    """
    old: Json = before["properties"] if before else {}
    location = str(wanted["location"]).lower().replace(" ", "")
    properties: Json = {
        name: deepcopy(value)
        for name, value in (wanted.get("properties") or {}).items()
        if name not in _READ_ONLY and value is not None
    }
    for name in _KEPT_WHEN_LEFT_OUT:
        if name not in properties and name in old:
            properties[name] = deepcopy(old[name])
    name = name_of(cluster_id)
    if not properties.get("kubernetesVersion"):
        properties["kubernetesVersion"] = current_version
    properties.setdefault("dnsPrefix", f"{name}-dns"[:54])
    properties |= _addresses(properties, old, location) | {
        "powerState": old.get("powerState", {"code": "Running"}),
        "currentKubernetesVersion": current_version,
        "maxAgentPools": 100,
        "resourceUID": old.get("resourceUID") or uuid.uuid4().hex[:24],
    }
    properties.setdefault("nodeResourceGroup", node_group_name(cluster_id, location))
    properties.setdefault("servicePrincipalProfile", {"clientId": "msi"})
    properties.setdefault("enableRBAC", True)
    properties.setdefault("supportPlan", "KubernetesOfficial")
    properties.setdefault("disableLocalAccounts", False)
    properties.setdefault("autoUpgradeProfile", {"nodeOSUpgradeChannel": "NodeImage"})
    properties.setdefault("oidcIssuerProfile", {"enabled": False})
    # Every `az aks update` sends `{}`, which keeps the drivers; a create fills them in (docs/azure.md#how-an-update-works).
    properties["storageProfile"] = _DRIVERS | (
        properties.get("storageProfile") or deepcopy(old.get("storageProfile") or {})
    )
    properties.setdefault("networkProfile", {})
    properties["networkProfile"] = _network(cluster_id, properties)
    properties["agentPoolProfiles"] = _pools(
        properties.get("agentPoolProfiles") or [{"name": "nodepool1"}], old, current_version
    )
    properties["securityProfile"] = _security(properties.get("securityProfile") or {}, old, api_version)
    return {
        "id": cluster_id,
        "location": location,
        "name": name,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "kind": wanted.get("kind") or "Base",
        **({"tags": dict(wanted["tags"])} if wanted.get("tags") else {}),
        **{key: deepcopy(value) for key, value in wanted.items() if key not in _TOP},
        "sku": deepcopy(wanted.get("sku") or (before or {}).get("sku") or {"name": "Base", "tier": "Free"}),
        "eTag": str(uuid.uuid4()),
        "properties": properties,
    }


def _addresses(properties: Json, old: Json, location: str) -> Json:
    """Return the host names of the API server (docs/azure.md#private-clusters)."""
    access: Json = properties.get("apiServerAccessProfile") or {}
    fqdn = old.get("fqdn") or ""
    prefix = f"{properties['dnsPrefix']}-{uuid.uuid4().hex[:8]}"
    known = fqdn or f"{prefix}.hcp.{location}.azmk8s.io"
    if not access.get("enablePrivateCluster"):
        return {"fqdn": known, "azurePortalFQDN": known.replace(".hcp.", ".portal.hcp.")}
    zone = str(access.get("privateDNSZone") or "system")
    name = (
        zone.rpartition("/")[2]
        if zone.startswith("/")
        else f"{uuid.uuid4()}.privatelink.{location}.azmk8s.io"
    )
    first = properties.get("fqdnSubdomain") or known.partition(".")[0]
    private = {} if zone == "none" else {"privateFQDN": old.get("privateFQDN") or f"{first}.{name}"}
    portal = {
        "azurePortalFQDN": old.get("azurePortalFQDN")
        or f"{known.partition('.')[0]}.portal.hcp.{location}.azmk8s.io"
    }
    public = access.get("enablePrivateClusterPublicFQDN") is not False or zone == "none"
    return portal | private | ({"fqdn": known} if public else {})


_TOP = {
    "id",
    "location",
    "name",
    "type",
    "kind",
    "tags",
    "sku",
    "eTag",
    "etag",
    "properties",
    "identity",
    "systemData",
}


def _security(given: Json, old: Json, api_version: str) -> Json:
    """Return the security profile; a property that the api-version does not have is kept."""
    held = (old.get("securityProfile") or {}).get(ENCRYPTION_PROFILE)
    if held is not None and ENCRYPTION_PROFILE not in given and not sees_encryption_profile(api_version):
        return given | {ENCRYPTION_PROFILE: deepcopy(held)}
    return given


def _network(cluster_id: str, properties: Json) -> Json:
    given: Json = properties["networkProfile"]
    node_group = (
        f"/subscriptions/{subscription_of(cluster_id)}/resourceGroups/{properties['nodeResourceGroup']}"
    )
    outbound = f"{node_group}/providers/Microsoft.Network/publicIPAddresses/{uuid.uuid5(uuid.NAMESPACE_URL, cluster_id.lower())}"
    network: Json = {
        "networkPlugin": "azure", "networkPluginMode": "overlay", "networkDataplane": "azure", "loadBalancerSku": "standard",
        "podCidr": "10.244.0.0/16", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10", "outboundType": "loadBalancer",
        "podCidrs": ["10.244.0.0/16"], "serviceCidrs": ["10.0.0.0/16"], "ipFamilies": ["IPv4"],
    } | {name: value for name, value in given.items() if value is not None}  # fmt: skip
    balancer: Json = network.get("loadBalancerProfile") or {
        "managedOutboundIPs": {"count": 1},
        "backendPoolType": "nodeIPConfiguration",
    }
    if network["outboundType"] == "loadBalancer":
        network["loadBalancerProfile"] = balancer | {"effectiveOutboundIPs": [{"id": outbound}]}
    return network


def _pools(given: list[Json], old: Json, version: str) -> list[Json]:
    before = {pool["name"]: pool for pool in old.get("agentPoolProfiles") or []}
    return [_pool(pool, before.get(pool.get("name"), {}), version) for pool in given]


def _pool(given: Json, before: Json, version: str) -> Json:
    pool = {
        name: deepcopy(value)
        for name, value in given.items()
        if name not in _POOL_READ_ONLY and value is not None
    }
    current = before.get("currentOrchestratorVersion") or pool.get("orchestratorVersion") or version
    defaults: Json = {
        "name": "nodepool1", "count": 1, "osDiskSizeGB": 128, "osDiskType": "Managed", "kubeletDiskType": "OS", "maxPods": 250,
        "type": "VirtualMachineScaleSets", "enableAutoScaling": False, "scaleDownMode": "Delete", "powerState": {"code": "Running"},
        "orchestratorVersion": before.get("orchestratorVersion") or version, "enableNodePublicIP": False, "mode": "System",
        "enableEncryptionAtHost": False, "enableUltraSSD": False, "osType": "Linux", "osSKU": "Ubuntu",
        "nodeImageVersion": before.get("nodeImageVersion") or "AKSUbuntu-2404gen2containerd-202611.03.0",
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"}, "enableFIPS": False,
        "securityProfile": {"enableVTPM": False, "enableSecureBoot": False},
    }  # fmt: skip
    merged = defaults | {name: value for name, value in pool.items() if value != ""}
    merged.setdefault("vmSize", before.get("vmSize") or DEFAULT_VM_SIZE)
    unchanged = {name: value for name, value in before.items() if name not in _POOL_READ_ONLY} == merged
    return merged | {
        "currentOrchestratorVersion": current if "." in current[2:] else version,
        "provisioningState": before.get("provisioningState", "Succeeded"),
        "eTag": before["eTag"] if unchanged and before.get("eTag") else str(uuid.uuid4()),
    }


def set_state(body: Json, state: str) -> None:
    """Set the provisioning state of a cluster and its pools, and change the eTag."""
    body["properties"]["provisioningState"] = state
    for pool in body["properties"]["agentPoolProfiles"]:
        pool["provisioningState"] = state
    body["eTag"] = str(uuid.uuid4())

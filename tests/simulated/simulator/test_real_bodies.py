"""Bodies of real clusters in a scenario: read as given, and kept by a PUT (docs/azure.md#round-trip-through-the-sdk).

The bodies are reduced from recordings of Microsoft's tests and from the output of `az aks show`.
"""

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Cloud, Start, cluster_path

NODES = "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/MC_x"
IDENTITY = {
    "resourceId": f"{NODES}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/addon",
    "clientId": "00000000-0000-0000-0000-000000000001",
    "objectId": "00000000-0000-0000-0000-000000000001",
}
OUTBOUND = [{"id": f"{NODES}/providers/Microsoft.Network/publicIPAddresses/ip"}]
POOL = {"name": "nodepool1", "count": 3, "mode": "System", "vmSize": "Standard_D4ds_v5"}
ADD_ONS: dict[str, Any] = {
    "fqdn": "real-8ecadf-q58j7ah4.hcp.westus2.azmk8s.io",
    "azurePortalFQDN": "real-8ecadf-q58j7ah4.portal.hcp.westus2.azmk8s.io",
    "maxAgentPools": 10,
    "resourceUID": "68ae1c4776611d0001ef95e0",
    "status": {"provisioningError": {"code": "x", "message": "y"}},
    "agentPoolProfiles": [{**POOL, "status": {"provisioningError": {"code": "x", "message": "y"}}}],
    "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://westus2.oic.prod-aks.azure.com/a/b/"},
    "addonProfiles": {
        "azureKeyvaultSecretsProvider": {"enabled": True, "config": None, "identity": IDENTITY},
        "azurePolicy": {"enabled": True, "identity": IDENTITY},
    },
    "ingressProfile": {"webAppRouting": {"enabled": True, "dnsZoneResourceIds": None, "identity": IDENTITY}},
    "networkProfile": {
        "outboundType": "managedNATGateway",
        "natGatewayProfile": {"managedOutboundIPProfile": {"count": 1}, "effectiveOutboundIPs": OUTBOUND},
    },
    "podIdentityProfile": {
        "enabled": True,
        "userAssignedIdentities": [
            {
                "name": "a",
                "namespace": "b",
                "identity": IDENTITY,
                "provisioningState": "Assigned",
            }
        ],
    },
}
NULLS: dict[str, Any] = {
    "addonProfiles": None,
    "privateFQDN": None,
    "windowsProfile": None,
    "agentPoolProfiles": [
        {**POOL, "availabilityZones": None, "enableAutoScaling": None, "vnetSubnetID": None}
    ],
    "networkProfile": {
        "networkPlugin": "azure",
        "networkPluginMode": None,
        "podCidr": None,
        "podCidrs": None,
    },
    "oidcIssuerProfile": {"enabled": False, "issuerURL": None},
    "securityProfile": {"azureKeyVaultKms": None, "defender": None},
}
PRIVATE: dict[str, Any] = {
    "fqdn": "real-eem6637z.hcp.westus2.azmk8s.io",
    "privateFQDN": "real-o7qbidg1.2ad618da.privatelink.westus2.azmk8s.io",
    "apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": "system"},
    "networkProfile": {
        "outboundType": "loadBalancer",
        "podCidr": "10.1.0.0/16",
        "loadBalancerProfile": {"managedOutboundIPs": {"count": 2}, "effectiveOutboundIPs": OUTBOUND * 2},
    },
}
HOSTED: dict[str, Any] = {"hostedSystemProfile": {"enabled": True}}


def scenario(properties: dict[str, Any]) -> str:
    cluster = {"body": {"properties": properties}}
    subscriptions = {PRODUCTION: {"groups": {"rg-demo": {"clusters": {"aks-demo": cluster}}}}}
    return f"extends: contoso\nsubscriptions: {json.dumps(subscriptions)}"


def contained(wanted: Any, given: Any) -> bool:
    """Return whether `given` has everything in `wanted`, nulls included."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            name in given and contained(value, given[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(given, list) and len(wanted) == len(given) and all(map(contained, wanted, given))
    return bool(wanted == given)


async def through_the_sdk(cloud: Cloud) -> None:
    clusters = cloud.aks.managed_clusters
    model = await clusters.get("rg-demo", "aks-demo")
    await (
        await clusters.begin_create_or_update("rg-demo", "aks-demo", model, polling_interval=0.01)
    ).result()


async def as_text(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path())
    status, answer, _ = await cloud.raw("PUT", cluster_path(), body=body)
    assert status == 200, answer


async def without_nulls_and_read_only_properties(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path())
    properties = body["properties"]
    for profile in (properties.get("addonProfiles") or {}).values():
        profile.pop("identity", None)
    (properties.get("oidcIssuerProfile") or {}).pop("issuerURL", None)
    for name in ("status", "privateFQDN", "resourceUID", "identityProfile"):
        properties.pop(name, None)
    body["properties"] = {name: value for name, value in properties.items() if value is not None}
    status, answer, _ = await cloud.raw("PUT", cluster_path(), body=body)
    assert status == 200, answer


@pytest.mark.parametrize(
    "put", [through_the_sdk, as_text, without_nulls_and_read_only_properties], ids=lambda each: each.__name__
)
@pytest.mark.parametrize(
    "given", [ADD_ONS, NULLS, PRIVATE, HOSTED], ids=["add-ons", "nulls", "private", "hosted"]
)
async def test_a_real_body_is_shown_as_given_and_survives_a_put(start: Start, given: Any, put: Any) -> None:
    cloud = await start(scenario(given))
    _, before, _ = await cloud.raw("GET", cluster_path())
    assert contained(given, before["properties"]), before["properties"]
    await put(cloud)
    _, after, _ = await cloud.raw("GET", cluster_path())
    for body in (before, after):
        del body["eTag"]
        for pool in body["properties"].get("agentPoolProfiles", []):
            del pool["eTag"]
    assert after == before


async def test_a_client_cannot_write_what_only_azure_writes(start: Start) -> None:
    cloud = await start(scenario(ADD_ONS))
    changed = deepcopy(ADD_ONS["oidcIssuerProfile"]) | {"issuerURL": "https://other/"}
    add_ons = {"azurePolicy": {"enabled": True, "identity": {"clientId": "x"}}}
    await cloud.put_cluster(properties={"oidcIssuerProfile": changed, "addonProfiles": add_ons})
    properties = cloud.cluster()["properties"]
    assert properties["oidcIssuerProfile"] == ADD_ONS["oidcIssuerProfile"]
    assert properties["addonProfiles"] == {"azurePolicy": ADD_ONS["addonProfiles"]["azurePolicy"]}


async def test_a_hosted_cluster_has_no_agent_pools(start: Start) -> None:
    """AKS Automatic with hosted system components."""
    cloud = await start(scenario(HOSTED))
    _, body, _ = await cloud.raw("GET", cluster_path())
    assert "agentPoolProfiles" not in body["properties"]
    _, pools, _ = await cloud.raw("GET", f"{cluster_path()}/agentPools")
    assert pools["value"] == []
    await cloud.register_feature()
    profile = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
    assert (await cloud.put_cluster(security=profile, properties={"agentPoolProfiles": []}))[0] == 200

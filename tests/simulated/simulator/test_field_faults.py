"""Faults that stand for reports from the field: ignored changes and refused sign-ins; and private clusters and managed HSMs."""

import re
from typing import Any

import pytest

from tests.simulated.simulator.clients import DEVELOPMENT, PRODUCTION, TENANT, Cloud, Start, said

KEEPS = "faults:\n  - {match: {operation: '*/managedClusters/write', count: 1}, keeps: [identity]}"


async def test_a_cluster_can_keep_its_identity_although_the_update_succeeds(start: Start) -> None:
    """Azure/AKS#3498."""
    cloud = await start(KEEPS)
    before = cloud.cluster()["identity"]
    identity = await cloud.make_identity()
    wanted = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    assert (await cloud.put_cluster(identity=wanted))[0] == 200
    assert (cloud.cluster()["identity"], cloud.cluster()["properties"]["provisioningState"]) == (
        before,
        "Succeeded",
    )
    principal = await cloud.raw("GET", f"/v1.0/servicePrincipals/{before['principalId']}", "")
    assert principal[0] == 200, "its principal still exists"
    assert (await cloud.put_cluster(identity=wanted))[0] == 200
    assert cloud.cluster()["identity"]["type"] == "UserAssigned"


async def sign_in(cloud: Cloud, scope: str) -> tuple[int, Any]:
    form = {
        "grant_type": "client_credentials", "client_id": cloud.environment["AZURE_CLIENT_ID"],
        "client_secret": cloud.environment["AZURE_CLIENT_SECRET"], "scope": scope,
    }  # fmt: skip
    async with cloud.session.post(f"{cloud.endpoint}/{TENANT}/oauth2/v2.0/token", data=form) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        (50076, 400, "you must use multi-factor authentication to access"),
        (53003, 400, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
        (500011, 400, "was not found in the tenant named Contoso."),
        (700024, 401, "Client assertion is not within its valid time range."),
        (7000222, 401, "are expired."),
    ],
)  # fmt: skip
async def test_a_token_for_one_audience_is_refused(start: Start, code: int, status: int, text: str) -> None:
    """docs/azure.md#sign-in: the vault's token is refused, that of Resource Manager is not (Azure/login#180)."""
    cloud = await start(f"faults:\n  - {{match: {{audience: 'https://vault*'}}, sign_in: {code}}}")
    got, body = await sign_in(cloud, "https://vault.local.test/.default")
    assert (got, body["error_codes"]) == (status, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert text in body["error_description"]
    assert (await sign_in(cloud, f"{cloud.endpoint}/.default"))[0] == 200


def cluster_with(body: str) -> str:
    return f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{clusters: {{aks-demo: {{body: {{properties: {{apiServerAccessProfile: {body}}}}}}}}}}}}}}}}}"


ZONE = f"/subscriptions/{DEVELOPMENT}/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.westus2.azmk8s.io"


@pytest.mark.parametrize(
    ("profile", "private", "public"),
    [
        ("{enablePrivateCluster: true}", r"aks-demo-dns-\w+\.[0-9a-f-]{36}\.privatelink\.westus2\.azmk8s\.io", True),
        (f"{{enablePrivateCluster: true, privateDNSZone: {ZONE}}}", r"aks-demo-dns-\w+\.privatelink\.westus2\.azmk8s\.io", True),
        ("{enablePrivateCluster: true, enablePrivateClusterPublicFQDN: false}", r"aks-demo-dns-.*", False),
        ("{enablePrivateCluster: true, privateDNSZone: none}", "None", True),
        ("{enablePrivateCluster: false}", "None", True),
    ],
)  # fmt: skip
async def test_a_private_cluster_has_a_private_fqdn(
    start: Start, profile: str, private: str, public: bool
) -> None:
    """docs/azure.md#private-clusters."""
    cloud = await start(cluster_with(profile))
    first = cloud.cluster()["properties"]
    assert re.fullmatch(private, str(first.get("privateFQDN")))
    assert ("fqdn" in first) is public
    assert (await cloud.put_cluster())[0] == 200
    kept = cloud.cluster()["properties"]
    assert (kept.get("privateFQDN"), kept.get("fqdn")) == (first.get("privateFQDN"), first.get("fqdn"))


async def test_aks_refuses_the_key_of_a_managed_hsm(start: Start) -> None:
    """docs/azure.md#rotation-expiry-and-hsms."""
    cloud = await start()
    await cloud.register_feature()
    security, identity = await cloud.customer_key()
    security["azureKeyVaultKms"]["keyId"] = "https://hsm-demo.managedhsm.local.test/keys/aks-kms"
    status, answer, _ = await cloud.put_cluster(security=security, identity=identity)
    assert (status, "is invalid" in said(answer)["message"]) == (400, True)

"""Behaviour of Azure that is not confirmed (docs/azure.md, UNCONFIRMED): each rule of a scenario, with each of its values."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulated.simulator.clients import (
    AKS,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    OPERATOR,
    Cloud,
    Start,
    cluster_path,
    said,
    vault_path,
)
from tests.simulated.simulator.test_roles import GROUP

NAME = "00000000-0000-4000-8000-000000000007"


async def put_key(cloud: Cloud, access: str, **kms: Any) -> tuple[int, str]:
    """PUT aks-demo with a customer-managed key; return the status, and the text of a refusal."""
    security, identity = await cloud.customer_key(access=access)
    await cloud.register_feature()
    security["azureKeyVaultKms"] |= kms
    status, body, _ = await cloud.put_cluster(security=security, identity=identity)
    return status, said(body).get("message", "")


@pytest.mark.parametrize(
    ("rules", "access", "status", "text"),
    [
        ("public_vault_id: accepted", "Public", 200, ""),
        ("public_vault_id: refused", "Public", 400, "must be empty when KeyVault network access is Public"),
        ("public_vault_id: refused", "Private", 200, ""),
        ("identity_must_be_there_first: false", "Public", 200, ""),
        ("identity_must_be_there_first: true", "Public", 400, "supported value is 'UserAssigned'"),
        ("private_access_validated: true, aks_is_trusted_service: true", "Private", 200, ""),
    ],
)
async def test_enabling_a_customer_key(start: Start, rules: str, access: str, status: int, text: str) -> None:
    """docs/azure.md#vault-id-with-a-public-vault (a vault id with Public), docs/azure.md#how-an-update-works (identity and key in one PUT), docs/azure.md#open-questions (validation of a Private vault)."""
    got, message = await put_key(await start(f"rules: {{{rules}}}"), access)
    assert (got, text in message) == (status, True), message


@pytest.mark.parametrize("answer", ["accepted", "refused"])
async def test_a_key_version_in_the_new_experience(start: Start, answer: str) -> None:
    """docs/azure.md#request-bodies: the migration article keeps the versioned id."""
    cloud = await start(f"extends: legacy-kms\nrules: {{versioned_key_in_the_new_way: {answer}}}")
    await cloud.register_feature()
    kms = cloud.cluster()["properties"]["securityProfile"]["azureKeyVaultKms"]
    profile = {
        "azureKeyVaultKms": kms,
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    }
    status, body, _ = await cloud.put_cluster(security=profile)
    assert status == (200 if answer == "accepted" else 400)
    assert ("must not contain a key version" in str(body)) == (answer == "refused")
    unversioned = kms | {"keyId": kms["keyId"].rpartition("/")[0]}
    assert (await cloud.put_cluster(security=profile | {"azureKeyVaultKms": unversioned}))[0] == 200


@pytest.mark.parametrize("shown", [True, False])
async def test_a_disabled_key_is_shown_or_hidden(start: Start, shown: bool) -> None:
    """docs/azure.md#request-bodies: what a response contains then is not documented."""
    cloud = await start(f"extends: encrypted\nrules: {{disabled_key_shown: {str(shown).lower()}}}")
    profile = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
    status, body, _ = await cloud.put_cluster(security=profile | {"azureKeyVaultKms": {"enabled": False}})
    assert (status, "azureKeyVaultKms" in body["properties"]["securityProfile"]) == (200, shown)


@pytest.mark.parametrize("answer", ["accepted", "refused"])
async def test_an_hsm_backed_key(start: Start, answer: str) -> None:
    """docs/azure.md#rotation-expiry-and-hsms: plausible, and not confirmed."""
    cloud = await start(f"extends: key-in-hardware\nrules: {{hardware_keys: {answer}}}")
    identity = await cloud.make_identity()
    await cloud.grant(vault_path(), CRYPTO_USER, identity.principal_id)
    await cloud.register_feature()
    kms = {
        "enabled": True,
        "keyId": "https://kv-demo.vault.local.test/keys/aks-kms",
        "keyVaultNetworkAccess": "Public",
    }
    profile = {
        "azureKeyVaultKms": kms,
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
    }
    who = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    status, body, _ = await cloud.put_cluster(security=profile, identity=who)
    assert (status, "'RSA-HSM' of the key 'aks-kms' is not supported" in str(body)) == (
        (200, False) if answer == "accepted" else (400, True)
    )


@pytest.mark.parametrize("shown", [True, False])
async def test_etags_of_clusters(start: Start, shown: bool) -> None:
    """docs/azure.md#round-trip-through-the-sdk: the recording of 2025 shows none, the documents do; If-Match is honoured in either case."""
    cloud = await start(f"rules: {{etag_in_answers: {str(shown).lower()}}}")
    _, body, _ = await cloud.raw("GET", cluster_path())
    _, pools, _ = await cloud.raw("GET", cluster_path() + "/agentPools")
    pool = pools["value"][0]["properties"]
    assert [name in place for name, place in (("eTag", body), ("eTag", pool))] == [shown, shown]
    assert ("eTag" in body["properties"]["agentPoolProfiles"][0]) == shown
    status, _, _ = await cloud.raw("PUT", cluster_path(), AKS, body, {"If-Match": '"stale"'})
    assert status == 412


@pytest.mark.parametrize(("answer", "status"), [("accepted", 200), ("refused", 409)])
async def test_repeating_a_role_assignment(start: Start, answer: str, status: int) -> None:
    """docs/azure.md#role-assignments: idempotent by general knowledge."""
    cloud = await start(f"rules: {{repeated_assignment: {answer}}}")
    await cloud.grant(GROUP, CRYPTO_OFFICER, OPERATOR, name=NAME)
    path = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{NAME}"
    _, body, _ = await cloud.raw("GET", path, "2022-04-01")
    given = {key: body["properties"][key] for key in ("roleDefinitionId", "principalId", "principalType")}
    again, refused, _ = await cloud.raw("PUT", path, "2022-04-01", {"properties": given})
    assert again == status
    assert (said(refused).get("code") == "RoleAssignmentExists") == (status == 409)


@pytest.mark.parametrize("code", ["FeatureNotFound", "ResourceNotFound"])
async def test_a_feature_that_does_not_exist(start: Start, code: str) -> None:
    """docs/azure.md#preview-features: HTTP 404 in either case."""
    cloud = await start(f"rules: {{unknown_feature_code: {code}}}")
    with pytest.raises(HttpResponseError, match="could not be found") as refused:
        await cloud.features.features.get("Microsoft.ContainerService", "StartStopPreview")
    assert (refused.value.status_code, refused.value.error.code if refused.value.error else "") == (404, code)


@pytest.mark.parametrize(
    ("answer", "name"), [("full", "Microsoft.ContainerService/KMSPMKPreview"), ("bare", "KMSPMKPreview")]
)
async def test_the_name_of_a_feature(start: Start, answer: str, name: str) -> None:
    """docs/azure.md#preview-features: a documented sample shows the bare name."""
    cloud = await start(f"rules: {{feature_name: {answer}}}")
    assert (await cloud.features.features.get("Microsoft.ContainerService", "KMSPMKPreview")).name == name


@pytest.mark.parametrize(("rule", "held"), [("null", 6), ("[sign, verify]", 2)])
async def test_default_operations_of_a_management_plane_key(start: Start, rule: str, held: int) -> None:
    """docs/azure.md#keys-through-resource-manager: the default is not documented."""
    cloud = await start(f"rules:\n  default_key_ops: {rule}")
    await cloud.make_vault()
    made = await cloud.vaults.keys.create_if_not_exist(
        "rg-demo", "kv-demo", "aks-kms", {"properties": {"kty": "RSA"}}
    )
    assert len(made.properties.key_ops) == held


@pytest.mark.parametrize("inner", ["ForbiddenByConnection", ""])
async def test_the_inner_code_of_a_closed_vault(start: Start, inner: str) -> None:
    """docs/azure.md#network-access-of-a-vault: the message was seen under Forbidden alone."""
    cloud = await start(f"extends: vault-private\nrules: {{closed_vault_inner_code: '{inner}'}}")
    with pytest.raises(HttpResponseError, match="Public network access is disabled") as refused:
        await cloud.keys("kv-demo").get_key("aks-kms")
    error: Any = refused.value.error
    assert (getattr(error, "innererror", None) or {}).get("code", "") == inner


@pytest.mark.parametrize("shown", [True, False])
async def test_resource_graph_shows_or_hides_the_new_profile(start: Start, shown: bool) -> None:
    """docs/azure.md#fleets: it removes what it does not know."""
    cloud = await start(f"rules: {{graph_shows_the_new_way: {str(shown).lower()}}}")
    query = (
        "resources | where type =~ 'Microsoft.ContainerService/managedClusters' | project name, properties"
    )
    _, body, _ = await cloud.raw(
        "POST", "/providers/Microsoft.ResourceGraph/resources", "2024-04-01", {"query": query}
    )
    rows = {row["name"]: row for row in body["data"]}
    profile = rows["web-stage"]["properties"]["securityProfile"]
    assert ("kubernetesResourceObjectEncryptionProfile" in profile) == shown

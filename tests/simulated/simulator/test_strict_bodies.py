"""Unknown fields and values of the wrong type are refused as the resource provider refuses them."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    cluster_path,
    said,
    vault_path,
)

GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-strict"
LOCK = f"{GROUP}/providers/Microsoft.Authorization/locks/strict"
VAULT: dict[str, Any] = {
    "location": "westus2",
    "properties": {
        "tenantId": TENANT,
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
    },
}
UNKNOWN = 'UnmarshalEntity encountered error: json: unknown field "{}" Check that the field is in the right location'


def lay(under: Any, path: str, value: object) -> Any:
    """A copy of a body with one value set, by a path such as `properties.sku.name`."""
    name, _, rest = path.partition(".")
    return under | {name: lay(under.get(name) or {}, rest, value) if rest else value}


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("properties.securityProfil", {}, UNKNOWN.format("securityProfil")),
        ("securityProfile", {}, UNKNOWN.format("securityProfile")),
        ("properties.securityProfile.azureKeyVaultKMS", {}, UNKNOWN.format("azureKeyVaultKMS")),
        ("properties.securityProfile.azureKeyVaultKms.keyVersion", "1", UNKNOWN.format("keyVersion")),
        ("properties.healthMonitorProfile", {}, UNKNOWN.format("healthMonitorProfile")),  # only previews have it
        (
            "properties.securityProfile.azureKeyVaultKms.enabled",
            "true",
            "cannot unmarshal string into Go struct field Properties.properties.securityProfile.azureKeyVaultKms.enabled of type bool.",
        ),
        ("properties.kubernetesVersion", 1.34, "cannot unmarshal number into Go struct field Properties.properties.kubernetesVersion of type string."),
        ("properties.agentPoolProfiles", {}, "cannot unmarshal object into Go struct field Properties.properties.agentPoolProfiles of type []struct."),
        ("tags", ["a"], "cannot unmarshal array into Go struct field ManagedCluster.tags of type map[string]string."),
    ],
)  # fmt: skip
async def test_invalid_cluster_bodies_are_refused(cloud: Cloud, path: str, value: object, text: str) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path())
    before = cloud.cluster()
    status, answer, _ = await cloud.raw("PUT", cluster_path(), body=lay(body, path, value))
    assert (status, said(answer)["code"]) == (400, "UnmarshalError")
    assert text in said(answer)["message"]
    assert cloud.cluster() == before


async def test_a_misspelt_field_of_an_agent_pool_is_refused(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path())
    body["properties"]["agentPoolProfiles"][0]["vmsize"] = "Standard_D2s_v5"
    status, answer, _ = await cloud.raw("PUT", cluster_path(), body=body)
    assert (status, said(answer)["code"]) == (400, "UnmarshalError")


async def test_an_api_version_of_2023_ignores_unknown_fields(cloud: Cloud) -> None:
    """Azure/AKS#4060: unknown fields are refused since 2024-01-01, and ignored before."""
    _, body, _ = await cloud.raw("GET", cluster_path(), "2023-11-01")
    body["properties"] |= {
        "futureProfile": {"on": True},
        "securityProfile": {"imageCleaner": {"enabled": True, "soon": 1}},
    }
    body["properties"]["agentPoolProfiles"][0]["colour"] = "blue"
    status, answer, _ = await cloud.raw("PUT", cluster_path(), "2023-11-01", body)
    assert status == 200
    assert "futureProfile" not in answer["properties"]
    assert "colour" not in answer["properties"]["agentPoolProfiles"][0]
    assert answer["properties"]["securityProfile"] == {"imageCleaner": {"enabled": True}}


async def test_previews_have_fields_of_their_own(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path(), "2026-05-02-preview")
    body["properties"]["nodeDisruptionProfile"] = {}
    status, answer, _ = await cloud.raw("PUT", cluster_path(), "2026-05-02-preview", body)
    assert (status, answer["properties"]["nodeDisruptionProfile"]) == (200, {})


async def test_a_field_newer_than_the_api_version_is_unknown(cloud: Cloud) -> None:
    _, body, _ = await cloud.raw("GET", cluster_path(), "2026-06-01")
    body["properties"]["securityProfile"] = {
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
    }
    status, answer, _ = await cloud.raw("PUT", cluster_path(), "2026-06-01", body)
    assert (status, said(answer)["code"]) == (400, "UnmarshalError")
    assert UNKNOWN.format("kubernetesResourceObjectEncryptionProfile") in said(answer)["message"]


async def test_existing_unknown_fields_are_accepted_unchanged(cloud: Cloud) -> None:
    path = cluster_path("orders-prod", "rg-orders")
    _, body, _ = await cloud.raw("GET", path)
    body["properties"]["futureProfile"]["limits"]["spend"] = 13
    status, answer, _ = await cloud.raw("PUT", path, body=body)
    assert (status, answer["properties"]["futureProfile"]["limits"]["spend"]) == (200, 13)
    _, body, _ = await cloud.raw("GET", path)
    body["properties"]["futureProfil"] = {}
    status, answer, _ = await cloud.raw("PUT", path, body=body)
    assert (status, said(answer)["code"]) == (400, "UnmarshalError")


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("properties.enablePurgeProtecton", True, "Could not find member 'enablePurgeProtecton' on object of type 'VaultProperties'. Path 'properties.enablePurgeProtecton'."),
        ("properties.networkAcls.defaultActon", "Deny", "Path 'properties.networkAcls.defaultActon'."),
        ("properties.enableRbacAuthorization", "yes", "Error converting value \"yes\" to type 'System.Boolean'. Path 'properties.enableRbacAuthorization'."),
        ("properties.softDeleteRetentionInDays", True, "Error converting value \"true\" to type 'System.Int32'."),
        ("properties.accessPolicies", {}, "Cannot deserialize the current JSON object into the type of 'properties.accessPolicies'."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_invalid_vault_bodies_are_refused(
    cloud: Cloud, method: str, path: str, value: object, text: str
) -> None:
    await cloud.make_vault()
    body = lay(VAULT if method == "PUT" else {"properties": {}}, path, value)
    status, answer, _ = await cloud.raw(method, vault_path(), "2026-02-01", body)
    assert (status, said(answer)["code"]) == (400, "InvalidRequestContent")
    assert text in said(answer)["message"]


@pytest.mark.parametrize(
    ("where", "api_version", "body", "code"),
    [
        (GROUP, "2024-11-01", {"location": "westus2", "colour": "blue"}, "InvalidRequestContent"),
        (GROUP, "2024-11-01", {"location": "westus2", "tags": {"a": 1}}, "InvalidRequestContent"),
        (IDENTITY, "2024-11-30", {"location": "westus2", "properties": {"name": "x"}}, "InvalidRequestContent"),
        (LOCK, "2020-05-01", {"properties": {"level": "ReadOnly", "reason": "x"}}, "InvalidRequestContent"),
        (LOCK, "2020-05-01", {"properties": {"level": "Loose"}}, "InvalidRequestContent"),
        (f"{vault_path()}/keys/k", "2026-02-01", {"properties": {"kty": "RSA", "size": 2048}}, "InvalidRequestContent"),
        (f"{vault_path()}/keys/k", "2026-02-01", {"properties": {"kty": "RSA", "keySize": "2048"}}, "InvalidRequestContent"),
    ],
)  # fmt: skip
async def test_invalid_bodies_of_other_resources_are_refused(
    cloud: Cloud, where: str, api_version: str, body: Any, code: str
) -> None:
    await cloud.make_vault()
    status, answer, _ = await cloud.raw("PUT", where, api_version, body)
    assert (status, said(answer)["code"]) == (400, code)


HALF = "\ud800"
"""Half a surrogate pair: JSON can write it, UTF-8 cannot."""


async def test_half_a_surrogate_pair_is_refused(start: Start, tmp_path: Path) -> None:
    cloud = await start(speed=60, state=tmp_path / "state")
    group = {"location": "westus2", "tags": {"a": HALF}}
    status, answer, _ = await cloud.raw("PUT", f"{GROUP}-x", "2024-11-01", group)
    assert (status, said(answer)["code"]) == (400, "InvalidRequestContent")
    assert (await cloud.raw("PUT", f"{GROUP}-x", "2024-11-01", group | {"tags": {"a": "b"}}))[0] == 201


@pytest.mark.parametrize(
    "wrong", [{"colour": "blue"}, {"properties": {"principalid": "x"}}, {"principalId": OPERATOR}]
)
async def test_invalid_role_assignment_bodies_are_refused(cloud: Cloud, wrong: Any) -> None:
    properties = {
        "roleDefinitionId": f"/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_OFFICER}",
        "principalId": OPERATOR,
    }
    body = wrong | {"properties": properties | wrong.get("properties", {})}
    where = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    status, answer, _ = await cloud.raw("PUT", where, "2022-04-01", body)
    assert (status, said(answer)) == (
        400,
        {"code": "BadRequestFormat", "message": "The request was incorrectly formatted."},
    )


async def test_invalid_key_bodies_are_refused(cloud: Cloud) -> None:
    vault = await cloud.make_vault()
    await cloud.grant(vault.id, CRYPTO_OFFICER, OPERATOR)
    token = await cloud.token("https://vault.local.test")

    async def post(body: Any) -> tuple[int, Any]:
        url = "https://kv-demo.vault.local.test/keys/k/create?api-version=2025-07-01"
        async with cloud.session.post(
            url, json=body, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            return response.status, await response.json()

    for wrong in ({"keySize": 2048}, {"attributes": {"enabled": 1}}, {"key_ops": "encrypt"}):
        status, answer = await post({"kty": "RSA"} | wrong)
        assert (status, said(answer)["code"]) == (400, "BadParameter")
    assert (await post({"kty": "RSA", "key_ops": ["encrypt", "decrypt"]}))[0] == 200


async def test_a_deeply_nested_body_is_refused(cloud: Cloud) -> None:
    headers = {"Authorization": f"Bearer {await cloud.token()}", "Content-Type": "application/json"}
    url = f"{cloud.endpoint}{cluster_path()}?api-version=2026-08-01"
    for depth in (500, 900, 100_000):
        body = '{"properties":' + "[" * depth + "]" * depth + "}"
        async with cloud.session.put(url, data=body, headers=headers) as response:
            assert response.status == 400
        assert cloud.simulator.requests[-1].request is not None

"""The format of responses is checked by the type of each value that this program reads."""

import copy
from typing import Any

import pytest

from tests.facts import CUSTOMER_MANAGED, cluster, identity, key, user_assigned, vault
from tests.support import PRODUCTION, cluster_id, identity_id, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.response_schema import cluster_schema_error, key_schema_error, schema_error

CLUSTER = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))
VAULT = vault(accessPolicies=[{"objectId": "o", "permissions": {"keys": ["get"]}}])
KEYS = f"{vault_id()}/keys"
KEY = key(attributes={"enabled": True, "exp": 1, "nbf": 1, "created": 1, "updated": 1}) | {"id": f"{KEYS}/k"}
SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
LISTED = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/managedClusters"
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
VERSIONS = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westus2/kubernetesVersions"
PROFILE = ("properties", "securityProfile")
KMS = (*PROFILE, "azureKeyVaultKms")

ODD: list[tuple[str, Json, tuple[Any, ...], Any, str]] = [
    (cluster_id(), CLUSTER, ("id",), None, "its id is nothing, not text"),
    (cluster_id(), CLUSTER, ("id",), "x", "its id is not a resource ID"),
    (cluster_id(), CLUSTER, ("properties",), [], "its properties is a list, not an object"),
    (cluster_id(), CLUSTER, ("properties",), None, "its properties is nothing, not an object"),
    (cluster_id(), CLUSTER, ("identity", "userAssignedIdentities"), [], "its userAssignedIdentities is a list, not an object"),
    (cluster_id(), CLUSTER, ("identity", "userAssignedIdentities", identity_id(), "principalId"), 5, "its principalId is a number, not text"),
    (cluster_id(), CLUSTER, ("properties", "agentPoolProfiles", 0), "x", "its agentPoolProfiles[] is text, not an object"),
    (cluster_id(), CLUSTER, ("properties", "agentPoolProfiles", 0), None, "its agentPoolProfiles[] is nothing, not an object"),
    (cluster_id(), CLUSTER, ("properties", "agentPoolProfiles", 0, "count"), "3", "its count is text, not a sensible number"),
    (cluster_id(), CLUSTER, ("properties", "agentPoolProfiles", 0, "count"), float("nan"), "its count is a number, not a sensible number"),
    (cluster_id(), CLUSTER, KMS, [], "its azureKeyVaultKms is a list, not an object"),
    (cluster_id(), CLUSTER, (*KMS, "enabled"), "true", "its enabled is text, not true or false"),
    (cluster_id(), CLUSTER, (*KMS, "keyId"), {}, "its keyId is an object, not text"),
    (cluster_id(), CLUSTER, (*PROFILE, "kubernetesResourceObjectEncryptionProfile"), "On", "its kubernetesResourceObjectEncryptionProfile is text, not an object"),
    (vault_id(), VAULT, ("id",), None, "its id is nothing, not text"),
    (vault_id(), VAULT, ("properties", "accessPolicies", 0), 5, "its accessPolicies[] is a number, not an object"),
    (vault_id(), VAULT, ("properties", "accessPolicies", 0, "permissions", "keys"), "get", "its keys is text, not a list"),
    (KEYS + "/k", KEY, ("properties", "attributes"), [], "its attributes is a list, not an object"),
    (KEYS + "/k", KEY, ("properties", "attributes", "exp"), "soon", "its exp is text, not a time"),
    (KEYS + "/k", KEY, ("properties", "attributes", "nbf"), 10**30, "its nbf is a number, not a time"),
    (KEYS + "/k", KEY, ("properties", "attributes", "created"), True, "its created is true or false, not a time"),
    (KEYS, {"value": [KEY]}, ("value", 0, "properties", "keyOps"), "encrypt", "its keyOps is text, not a list"),
    (KEYS, {"value": [KEY]}, ("value",), None, "its value is nothing, not a list"),
    (LISTED, {"value": [CLUSTER]}, ("value", 0), [], "its list contains a list, not only objects"),
    (LISTED, {"value": [CLUSTER]}, ("nextLink",), 5, "its nextLink is a number, not text"),
    (identity_id(), identity(), ("properties", "principalId"), [], "its principalId is a list, not text"),
    (VERSIONS, {"values": [{"version": "1.34", "patchVersions": {"1.34.1": {}}}]}, ("values", 0, "patchVersions"), [], "its patchVersions is a list, not an object"),
    (f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Authorization/permissions", {"value": [{"actions": ["*"]}]}, ("value", 0, "actions"), "*", "its actions is text, not a list"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "place", "odd", "why"), ODD, ids=[f"{c[2][-1]}={c[3]!r}" for c in ODD]
)
def test_schema_error_names_a_value_of_another_type(
    path: str, body: Json, place: tuple[Any, ...], odd: object, why: str
) -> None:
    assert schema_error("GET", path, 200, body) is None
    assert schema_error("GET", path, 200, changed(body, place, odd)) == why


def test_clusters_of_a_list_are_checked_one_at_a_time() -> None:
    odd = changed(CLUSTER, KMS, [])
    assert schema_error("GET", LISTED, 200, {"value": [CLUSTER, odd]}) is None
    assert cluster_schema_error(CLUSTER) is None
    assert cluster_schema_error(odd) == "its azureKeyVaultKms is a list, not an object"
    assert cluster_schema_error(changed(CLUSTER, ("id",), None)) == "its id is nothing, not text"


def test_responses_to_a_post_are_checked_too() -> None:
    row = {"id": cluster_id(), "subscriptionId": PRODUCTION}
    assert schema_error("POST", GRAPH, 200, {"totalRecords": 1, "data": [row]}) is None
    assert schema_error("POST", GRAPH, 200, {"data": {}}) == "its data is an object, not a list"
    assert schema_error("POST", GRAPH, 200, {"data": ["x"]}) == "its data[] is text, not an object"
    assert schema_error("POST", GRAPH, 200, None) is None, "some have no body"
    ended = {"status": "Failed", "error": {"code": "X", "details": "y"}}
    operation = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westus2/operations/1"
    assert schema_error("GET", operation, 200, ended) == "its details is text, not a list"


def test_arbitrary_names_are_accepted() -> None:
    """The name of a tag, a label or an add-on says nothing about the type of its value."""
    names = {"id": "1", "count": "3", "properties": "x", "attributes": "y", "enabled": "maybe"}
    pools = [{"name": "nodepool1", "count": 3, "nodeLabels": names}]
    free = changed(CLUSTER, ("tags",), names)
    free = changed(free, ("properties", "agentPoolProfiles"), pools)
    free = changed(
        free, ("properties", "addonProfiles"), {"omsagent": {"enabled": True, "config": {"id": "x"}}}
    )
    assert schema_error("GET", cluster_id(), 200, free) is None


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ({"code": "NotFound", "message": "No.", "details": [{"code": "Inner"}]}, None),
        ({"code": "NotFound", "innererror": "text"}, None),
        ("NotFound", "its error is text, not an object"),
        ({"code": [], "message": "No."}, "its code is a list, not text"),
        ({"details": "x"}, "its details is text, not a list"),
    ],
)
def test_schema_error_of_an_error_response(error: object, why: str | None) -> None:
    assert schema_error("GET", cluster_id(), 404, {"error": error}) == why


def test_responses_of_a_vaults_data_plane() -> None:
    body = {
        "key": {"kid": "https://v/keys/k/1", "kty": "RSA", "key_ops": ["encrypt"]},
        "attributes": {"enabled": True},
    }
    assert key_schema_error("GET", "/keys/k", 200, body) is None
    assert (
        key_schema_error("GET", "/keys/k", 200, changed(body, ("key", "kid"), None))
        == "its kid is nothing, not text"
    )
    assert (
        key_schema_error("GET", "/keys/k", 200, changed(body, ("key", "key_ops"), "x"))
        == "its key_ops is text, not a list"
    )
    odd = changed(body, ("attributes", "created"), 10**30)
    assert key_schema_error("GET", "/deletedkeys/k", 200, odd) == "its created is a number, not a time"
    policy = {"lifetimeActions": "x"}
    assert key_schema_error("PUT", "/keys/k/rotationpolicy", 200, policy) == "its lifetimeActions is text, not a list"  # fmt: skip


def changed(body: Json, place: tuple[Any, ...], value: object) -> Json:
    """Return a copy with another value in one place."""
    copied = copy.deepcopy(body)
    at: Any = copied
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    return copied

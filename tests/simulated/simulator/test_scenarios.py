"""The built-in scenarios: each causes the error that it is for. Also the schema and the guide of scenario files."""

import importlib.resources
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from tests.simulated.simulator.clients import (
    CRYPTO_USER,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    said,
    vault_path,
)
from wizard.simulator import ScenarioError, scenario_schema, scenarios
from wizard.simulator.scenario.faults import FaultSpec
from wizard.simulator.scenario.model import Durations, Scenario
from wizard.simulator.scenario.rules import Rules
from wizard.simulator.server.build import fleet_of
from wizard.simulator.state.scenario_loading import load_scenario
from wizard.simulator.state.state import State

S = f"/subscriptions/{PRODUCTION}"
PERMISSION = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
Ask = Callable[[Cloud], Awaitable[tuple[int, Any, Any]]]


async def make_vault(cloud: Cloud) -> tuple[int, Any, Any]:
    properties = {
        "tenantId": "11111111-1111-1111-1111-111111111111",
        "sku": {"family": "A", "name": "standard"},
    }
    return await cloud.raw(
        "PUT", vault_path(), "2026-05-15", {"location": "westus2", "properties": properties}
    )


async def make_identity(cloud: Cloud) -> tuple[int, Any, Any]:
    path = (
        f"{S}/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-demo"
    )
    return await cloud.raw("PUT", path, "2024-11-30", {"location": "westus2"})


async def purge_vault(cloud: Cloud) -> tuple[int, Any, Any]:
    path = f"{S}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/kv-demo/purge"
    return await cloud.raw("POST", path, "2026-05-15")


async def encrypt(cloud: Cloud) -> tuple[int, Any, Any]:
    """Encrypt with public access to kv-demo and all required roles."""
    await cloud.register_feature()
    _, identity, _ = await make_identity(cloud)
    await cloud.grant(vault_path(), CRYPTO_USER, identity["properties"]["principalId"])
    return await use_key(cloud, identity["id"])


async def use_key(cloud: Cloud, identity: str, access: str = "Public") -> tuple[int, Any, Any]:
    kms = {
        "enabled": True, "keyId": "https://kv-demo.vault.local.test/keys/aks-kms", "keyVaultNetworkAccess": access, "keyVaultResourceId": vault_path(),
    }  # fmt: skip
    security = {"azureKeyVaultKms": kms, "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}  # fmt: skip
    return await cloud.put_cluster(
        security=security, identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    )


async def encrypt_platform(cloud: Cloud) -> tuple[int, Any, Any]:
    await cloud.register_feature()
    return await cloud.put_cluster(
        security={"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
    )


async def assign_identity(cloud: Cloud) -> tuple[int, Any, Any]:
    identity = f"{S}/resourceGroups/rg-payments/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-payments"
    return await cloud.put_cluster(
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    )


async def assign_role(cloud: Cloud) -> tuple[int, Any, Any]:
    role = f"{S}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}"
    path = f"{S}/resourceGroups/rg-demo/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000001"
    body = {"properties": {"roleDefinitionId": role, "principalId": "77777777-7777-7777-7777-7777777777aa"}}
    return await cloud.raw("PUT", path, "2022-04-01", body)


async def update(cloud: Cloud) -> tuple[int, Any, Any]:
    return await cloud.put_cluster()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("scenario", "ask", "status", "code"),
    [
        ("vault-soft-deleted", make_vault, 409, "ConflictError"),
        ("vault-purge-protected", purge_vault, 400, "MethodNotAllowed"),
        ("vault-name-taken", make_vault, 409, "VaultAlreadyExists"),
        ("vault-access-policies", encrypt, 400, PERMISSION),
        ("vault-firewall", encrypt, 400, PERMISSION),
        ("vault-private", encrypt, 400, PERMISSION),
        ("key-elliptic", encrypt, 400, PERMISSION),
        ("key-disabled", encrypt, 400, PERMISSION),
        ("key-expired", encrypt, 400, PERMISSION),
        ("key-without-encrypt", encrypt, 400, PERMISSION),
        ("read-only-lock", make_identity, 409, "ScopeLocked"),
        ("node-group-lock", update, 409, "ScopeLocked"),
        ("policy-denies-vault", make_vault, 403, "RequestDisallowedByPolicy"),
        ("policy-denies-nodes", update, 400, "RequestDisallowedByPolicy"),
        ("no-rights", make_identity, 403, "AuthorizationFailed"),
        ("no-assign", assign_identity, 403, "LinkedAuthorizationFailed"),
        ("no-grant", assign_role, 403, "AuthorizationFailed"),
        ("service-principal", encrypt_platform, 400, "BadRequest"),
        ("busy", update, 409, "OperationNotAllowed"),
        ("stopped", update, 400, "OperationNotAllowed"),
        ("too-old", encrypt_platform, 400, "BadRequest"),
        ("unregistered-provider", make_vault, 409, "MissingSubscriptionRegistration"),
    ],
)  # fmt: skip
async def test_scenario_causes_its_error(
    start: Start, scenario: str, ask: Ask, status: int, code: str
) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, docs/azure.md#key-vault."""
    got, answer, _ = await ask(await start(scenario))
    assert (got, said(answer)["code"]) == (status, code), answer


@pytest.mark.parametrize("scenario", ["encrypted", "legacy-kms"])
async def test_clusters_that_are_already_encrypted(start: Start, scenario: str) -> None:
    cloud = await start(scenario)
    security = cloud.cluster()["properties"]["securityProfile"]
    assert security["azureKeyVaultKms"]["enabled"] is True
    versioned = security["azureKeyVaultKms"]["keyId"].count("/") == 5
    assert versioned is (scenario == "legacy-kms")
    assert (await cloud.put_cluster())[0] == 200, "the key is usable"


async def test_private_vault_without_trusted_services_fails_late(start: Start) -> None:
    cloud = await start("vault-private")
    await cloud.register_feature()
    _, identity, _ = await make_identity(cloud)
    await cloud.grant(vault_path(), CRYPTO_USER, identity["properties"]["principalId"])
    assert (await use_key(cloud, identity["id"], "Private"))[0] == 200
    assert (await cloud.raw("GET", cluster_path()))[1]["properties"]["provisioningState"] == "Failed"


async def test_cluster_whose_last_operation_failed(start: Start) -> None:
    assert (await start("failed")).cluster()["properties"]["provisioningState"] == "Failed"


async def test_role_propagation_of_an_hour(start: Start) -> None:
    assert load_scenario("hour-roles").durations.role_propagation == 3600
    cloud = await start("hour-roles", speed=3600)
    await cloud.register_feature()
    security, identity = await cloud.customer_key()
    status, answer, _ = await cloud.put_cluster(security=security, identity=identity)
    assert (status, said(answer)["code"]) in {(400, PERMISSION), (400, "BadRequest")}


async def test_sdk_replaces_revoked_tokens(start: Start) -> None:
    cloud = await start("token-revoked")
    for _ in range(101):
        await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert [entry.status for entry in cloud.simulator.requests].count(401) == 1


async def test_sdk_retries_on_a_flaky_network(start: Start) -> None:
    cloud = await start("flaky-network")
    for _ in range(60):
        await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert all(cloud.simulator.fault_counts()), "each kind of fault was applied"


async def test_write_is_executed_although_its_response_is_lost(start: Start) -> None:
    cloud = await start("lost-answers")
    answers = [(await make_identity(cloud))[0] for _ in range(2)]
    assert 500 in answers
    assert (await make_identity(cloud))[0] == 200


async def test_resource_graph_lags_by_half_an_hour(start: Start) -> None:
    cloud = await start("stale-graph", speed=1)
    await make_identity(cloud)
    query = {
        "query": "resources | where type =~ 'Microsoft.ManagedIdentity/userAssignedIdentities' | project name"
    }
    _, answer, _ = await cloud.raw(
        "POST", "/providers/Microsoft.ResourceGraph/resources", "2024-04-01", query
    )
    assert "id-aks-demo" not in [row["name"] for row in answer["data"]]


# -- the fleet ---------------------------------------------------------------------------------------------------------


async def test_fleet_is_listed_in_pages_and_in_resource_graph(start: Start) -> None:
    cloud = await start("fleet")
    subscriptions = [entry async for entry in cloud.subscriptions.subscriptions.list()]
    assert len(subscriptions) == 42
    path = f"/subscriptions/{subscriptions[-1].subscription_id}/providers/Microsoft.ContainerService/managedClusters"
    _, page, _ = await cloud.raw("GET", path)
    clusters = page["value"]
    assert len(clusters) == 100
    assert "nextLink" in page
    _, one, _ = await cloud.raw("GET", clusters[7]["id"])
    assert one == clusters[7]
    query = "resources | where type =~ 'microsoft.containerservice/managedclusters' | project id, kind"
    _, answer, _ = await cloud.raw(
        "POST", "/providers/Microsoft.ResourceGraph/resources", "2024-04-01", {"query": query}
    )
    assert answer["totalRecords"] == 10_013
    assert {row["kind"] for row in answer["data"]} == {"Base"}


async def test_generated_cluster_can_be_updated_and_deleted(start: Start) -> None:
    """A generated cluster behaves like any other: it can be updated, used as a scope of roles, and deleted."""
    cloud = await start("fleet")
    subscriptions = [entry async for entry in cloud.subscriptions.subscriptions.list()]
    path = f"/subscriptions/{subscriptions[-1].subscription_id}/providers/Microsoft.ContainerService/managedClusters"
    _, page, _ = await cloud.raw("GET", path)
    usable = (
        cluster
        for cluster in page["value"]
        if cluster["identity"]["type"] == "SystemAssigned"
        and cluster["properties"]["powerState"]["code"] == "Running"
    )
    cluster = next(usable)
    etag = cluster["eTag"]
    assert (await cloud.raw("PUT", cluster["id"], body=cluster))[0] == 200
    now = (await cloud.raw("GET", cluster["id"]))[1]
    assert now["eTag"] != etag
    assert now["identity"] == cluster["identity"]
    await cloud.grant(cluster["id"], CRYPTO_USER, cluster["identity"]["principalId"], principal_type=None)
    assert (await cloud.raw("DELETE", cluster["id"]))[0] == 202
    assert (await cloud.raw("GET", cluster["id"]))[0] == 404


def test_same_seed_gives_the_same_fleet(tmp_path: Path) -> None:
    found = []
    for seed in (1, 1, 2):
        file = tmp_path / "scenario.yaml"
        file.write_text(
            f"description: A test.\nextends: fleet\nfleet: {{clusters: 30, subscriptions: 3, seed: {seed}}}\n",
            "utf-8",
        )
        state, fleet = State(), fleet_of(load_scenario(file))
        assert fleet is not None
        fleet.add_to(state)
        bodies = [state.resources.peek(key).body for key in state.resources if key.endswith("-00007")]
        found.append(json.dumps(bodies).replace("\n", ""))
    first, again, other = map(len, found)
    assert first == again > 0 < other
    assert json.loads(found[0])[0]["id"] == json.loads(found[1])[0]["id"] != json.loads(found[2])[0]["id"]


# -- scenario files ----------------------------------------------------------------------------------------------------


def test_every_built_in_scenario_has_a_short_description() -> None:
    for name, description in scenarios().items():
        assert description.endswith("."), name
        assert len(description) < 130, name


def test_schema_contains_every_key() -> None:
    schema = scenario_schema()
    assert set(schema["properties"]) == set(Scenario.model_fields)
    assert schema["required"] == ["description"]
    assert {"type": "null"} in schema["properties"]["faults"]["anyOf"]
    assert json.loads(json.dumps(schema)) == schema
    assert "FleetSpec" in schema["$defs"]
    required = {name: part.get("required", []) for name, part in schema["$defs"].items()}
    assert required["FaultSpec"] == ["match"], "lists replace, so their items must be complete"
    assert required["AccessPolicySpec"] == ["principal", "keys"]
    assert required["GroupSpec"] == required["PolicySpec"] == required["PrincipalSpec"] == []


def rows_of_guide(heading: str) -> dict[str, list[str]]:
    """Return the tables below a heading of the README of the built-in scenarios: the other cells, by the name in the first."""
    folder = importlib.resources.files("wizard.simulator.scenario").joinpath("built_in")
    _, _, section = folder.joinpath("README.md").read_text("utf-8").partition(f"\n## {heading}\n")
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section.partition("\n## ")[0], re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a name is listed twice"
    return {name: cells.split(" | ") for name, cells in rows}


def test_guide_describes_every_key_and_fault_and_nothing_else() -> None:
    assert set(rows_of_guide("Keys")) == set(Scenario.model_fields)
    assert set(rows_of_guide("Faults")) == set(FaultSpec.model_fields) - {"match"}


@pytest.mark.parametrize(("heading", "model"), [("Rules", Rules), ("Durations", Durations)])
def test_guide_has_the_default_of_every_rule_and_duration(heading: str, model: type[BaseModel]) -> None:
    defaults = {
        name: YAML(typ="safe").load(cells[0].strip("`")) for name, cells in rows_of_guide(heading).items()
    }
    assert defaults == {name: field.default for name, field in model.model_fields.items()}


def test_guide_lists_every_built_in_scenario_with_its_description() -> None:
    assert {name: cells[0] for name, cells in rows_of_guide("Built-in scenarios").items()} == scenarios()


def test_aliases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("description: A YAML bomb.\na: &a [1]\nb: [*a]\n")
    with pytest.raises(ScenarioError, match=r"line 3: YAML aliases \(\*\) are not allowed"):
        load_scenario(path)

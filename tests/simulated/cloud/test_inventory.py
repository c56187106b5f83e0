"""The existing resources, as the lists of the wizard show them."""

import pytest

from tests.facts import LEGACY, PLATFORM_MANAGED, cluster
from tests.support import PRODUCTION, TENANT, cluster_id, signed_in, vault_id
from wizard import rules
from wizard.cloud import inventory
from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure, Subscription
from wizard.cloud.inventory import ClusterRow, cluster_row
from wizard.cloud.versions import version_of
from wizard.errors import AzureError
from wizard.fleet.sweep import Swept, sweep
from wizard.state.key import KeyState
from wizard.state.vault import VaultState

HERE = Subscription(PRODUCTION, "Contoso Production", "t", "Enabled")


async def all_clusters(azure: Azure) -> dict[str, ClusterRow]:
    found = sweep(azure, await azure.subscriptions())
    return {each.row.name: each.row async for each in found if isinstance(each, Swept)}


async def test_clusters_of_contoso() -> None:
    async with signed_in() as (simulator, azure):
        rows = await all_clusters(azure)
        assert simulator.writes() == []
    shown = {n: (r.kind, r.identity, r.why_not) for n, r in rows.items()}
    assert shown == {
        "aks-demo": ("none", "system-assigned", None),
        "payments-prod": ("none", "user-assigned", None),
        "orders-prod": ("none", "system-assigned", None),
        "legacy-erp": ("none", "system-assigned", "needs 1.33"),
        "web-stage": ("platform-managed", "system-assigned", None),
        "web-night": ("none", "system-assigned", "stopped"),
        "batch-eu": ("legacy-kms", "user-assigned", None),
        "bank-ledger": ("customer-managed", "user-assigned", None),
        "bank-cards": ("customer-managed", "user-assigned", None),
        "dev-sandbox": ("none", "system-assigned", None),
        "dev-payments": ("none", "user-assigned", None),
        "dev-broken": ("none", "system-assigned", None),
        "lab-principal": ("none", "service principal", "needs a managed identity"),
    }
    orders = rows["orders-prod"]
    assert (orders.node_pools, orders.nodes) == (3, 14)
    assert (orders.resource_group, orders.location) == ("rg-orders", "westeurope")
    assert (orders.subscription_id, orders.subscription_name) == (PRODUCTION, "Contoso Production")
    assert orders.kubernetes_version == "1.35.1"
    assert orders.id.lower() == cluster_id("orders-prod", "rg-orders").lower()
    assert rows["bank-ledger"].encryption.key_name == "kv-bank-ledger/ledger-kms"
    assert rows["dev-broken"].provisioning_state == "Failed"


async def test_empty_scenario_has_no_clusters() -> None:
    async with signed_in("empty") as (_, azure):
        assert await all_clusters(azure) == {}
        assert await inventory.vaults(azure, PRODUCTION) == []
        assert await inventory.identities(azure, PRODUCTION) == []


async def test_vaults_keys_and_identities_are_listed() -> None:
    async with signed_in() as (simulator, azure):
        vaults = await inventory.vaults(azure, PRODUCTION)
        assert [(v.name, v.firewall_denies, v.purge_protection, v.rbac) for v in vaults] == [
            ("kv-bank-cards", False, True, True),
            ("kv-bank-ledger", True, True, True),
            ("kv-batch-eu", False, False, True),
        ]
        assert vaults[0].resource_group == "rg-bank"
        assert {v.subscription for v in vaults} == {PRODUCTION}
        keys = await inventory.keys(azure, vaults[1].id)
        assert [(k.name, k.type, k.size) for k in keys] == [("ledger-kms", "RSA", 4096)]
        identities = await inventory.identities(azure, PRODUCTION)
        names = [i.name for i in identities]
        assert names == sorted(names)
        ours = [(i.name, i.location) for i in identities if i.resource_group == "rg-bank"]
        assert ours == [("id-cards", "germanywestcentral"), ("id-ledger", "germanywestcentral")]
        assert simulator.unknown == ()


async def test_keys_of_a_vault_that_does_not_exist() -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await inventory.keys(azure, vault_id("kv-nowhere"))
    assert "kv-nowhere" in refusal.value.problem.summary
    assert refusal.value.problem.kind == "input"


async def test_subscription_that_is_not_visible() -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await inventory.vaults(azure, "99999999-9999-9999-9999-999999999999")
    assert refusal.value.problem.code == "SubscriptionNotFound"
    assert "az account list" in refusal.value.problem.remedy


async def test_versions_are_listed_newest_first() -> None:
    async with signed_in() as (_, azure):
        rows = await inventory.kubernetes_versions(azure, PRODUCTION, "westeurope")
    assert [(r.version, r.latest_patch, r.default, r.preview, r.lts_only) for r in rows] == [
        ("1.36", "1.36.0", False, True, False),
        ("1.35", "1.35.1", False, False, False),
        ("1.34", "1.34.2", True, False, False),
        ("1.33", "1.33.6", False, False, False),
    ]


async def test_regions_have_short_names() -> None:
    async with signed_in() as (_, azure):
        regions = await inventory.locations(azure, PRODUCTION)
        groups = await inventory.resource_groups(azure, PRODUCTION)
        assert ("rg-demo", "westus2") in groups
        assert not [name for name, _ in groups if name.startswith("MC_")]
        assert (await inventory.regions(azure, PRODUCTION))["westus2"] == "West US 2"
    assert regions == sorted(regions)
    assert {"westus2", "westeurope"} <= set(regions)


@pytest.mark.parametrize(
    ("body", "why_not"),
    [
        (cluster(), None),
        (cluster(provisioningState="Failed"), None),
        (cluster(provisioningState="Canceled"), None),
        (cluster(provisioningState="Updating"), "is updating"),
        (cluster(powerState={"code": "Stopped"}), "stopped"),
        (cluster(currentKubernetesVersion="1.32.9"), "needs 1.33"),
        (cluster(currentKubernetesVersion=None, kubernetesVersion="1.34"), None),
        (
            {**cluster(servicePrincipalProfile={"clientId": "x"}), "identity": None},
            "needs a managed identity",
        ),
        ({**cluster(servicePrincipalProfile={"clientId": "MSI"}), "identity": None}, None),
        (cluster(PLATFORM_MANAGED), None),
        (cluster(LEGACY), None),
        (cluster(LEGACY, currentKubernetesVersion="1.26.15"), "legacy KMS v1"),
        (cluster(LEGACY, currentKubernetesVersion="1.27.1"), "needs 1.33"),
    ],
)
def test_why_not_of_each_cluster(body: Json, why_not: str | None) -> None:
    assert cluster_row(body, HERE).why_not == why_not


@pytest.mark.parametrize(
    ("state", "words"), [("Failed", "failed"), ("Canceled", "canceled"), ("Succeeded", ""), ("Updating", "")]
)
def test_failed_operation_of_each_state(state: str, words: str) -> None:
    assert cluster_row(cluster(provisioningState=state), HERE).failed_operation == words


def test_row_of_an_empty_body_and_of_one_with_control_sequences() -> None:
    empty_snapshot = cluster_row({"id": cluster_id()}, HERE)
    assert (empty_snapshot.name, empty_snapshot.nodes, empty_snapshot.kind) == ("", 0, "none")
    evil = cluster_row({**cluster(), "name": "\x1b[2Jaks", "location": "\x1b]0;x\x07west"}, HERE)
    assert (evil.name, evil.location) == ("aks", "west")


@pytest.mark.parametrize(
    ("scenario", "of_the_vault", "of_the_key"),
    [
        ("vault-access-policies", [], []),
        ("key-in-hardware", [], []),
        ("vault-perimeter", ["vault-perimeter"], []),
        ("vault-other-tenant", ["vault-other-tenant"], []),
        ("key-elliptic", [], ["key-type"]),
        ("key-disabled", [], ["key-disabled"]),
        ("key-expired", [], ["key-expired"]),
        ("key-not-yet-valid", [], ["key-not-yet-valid"]),
        ("key-without-encrypt", [], ["key-operations"]),
    ],
)
async def test_list_entries_have_all_that_the_rules_need(
    scenario: str, of_the_vault: list[str], of_the_key: list[str]
) -> None:
    async with signed_in(scenario) as (_, azure):
        row = next(v for v in await inventory.vaults(azure, PRODUCTION) if v.name == "kv-demo")
        its = await inventory.keys(azure, row.id)
    assert [f.code for f in rules.vault.unfit(row.name, VaultState(row.body), TENANT)] == of_the_vault
    assert [
        f.code for k in its for f in rules.key.unfit(row.name, k.name, KeyState(k.body), row.subscription)
    ] == of_the_key


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.34.9", (1, 34, 9)), ("1.34", (1, 34)), ("1.34.0-preview", (1, 34, 0)), ("", ()), ("none", ())],
)
def test_versions_are_compared_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version


def test_endless_number_in_a_version() -> None:
    assert version_of("1." + "9" * 5000)[0] == 1


def test_version_1_10_is_newer_than_1_9() -> None:
    assert version_of("1.9.10") < version_of("1.10") < version_of("1.33")

"""Verification of each kind of cluster."""

from pathlib import Path

import pytest

from tests.facts import CUSTOMER_MANAGED, LEGACY, PLATFORM_MANAGED, SUFFIX, cluster, user_assigned
from tests.support import (
    DEVELOPMENT,
    PRODUCTION,
    MovedClock,
    answers,
    child_environment,
    cluster_id,
    identity_id,
    scenario_file,
    signed_in,
    vault_id,
)
from wizard.cloud.arm import Json
from wizard.cloud.azure import connect
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError
from wizard.simulator import Simulator
from wizard.verification.report import ClusterReport
from wizard.verification.verify import at_a_glance, verify

LEDGER = cluster_id("bank-ledger", "rg-bank")
LEDGER_VAULT = vault_id("kv-bank-ledger", "rg-bank")
CARDS = cluster_id("bank-cards", "rg-bank")


def outcomes(report: ClusterReport) -> dict[str, str]:
    return {c.code: c.outcome for c in report.checks if c.outcome not in {"passed", "note"}}


CONTOSO: list[tuple[str, str, str, EncryptionKind, bool, dict[str, str]]] = [
    ("aks-demo", "rg-demo", PRODUCTION, "none", False, {"encryption-enabled": "failed"}),
    ("payments-prod", "rg-payments", PRODUCTION, "none", False, {"encryption-enabled": "failed"}),
    ("orders-prod", "rg-orders", PRODUCTION, "none", False, {"encryption-enabled": "failed"}),
    ("legacy-erp", "rg-erp", PRODUCTION, "none", False, {"encryption-enabled": "failed", "cluster-version": "warning"}),
    ("web-stage", "rg-web", PRODUCTION, "platform-managed", True, {}),
    ("web-night", "rg-web", PRODUCTION, "none", False, {"encryption-enabled": "failed", "cluster-running": "warning"}),
    (
        "batch-eu",
        "rg-batch",
        PRODUCTION,
        "legacy-kms",
        True,
        dict.fromkeys(
            ("encryption-enabled", "infrastructure-encryption", "key-id-versionless", "vault-purge-protection", "vault-lock"),
            "warning",
        ),
    ),
    ("bank-ledger", "rg-bank", PRODUCTION, "customer-managed", True, {}),
    ("bank-cards", "rg-bank", PRODUCTION, "customer-managed", True, {}),
    ("dev-broken", "rg-dev", DEVELOPMENT, "none", False, {"encryption-enabled": "failed", "cluster-healthy": "failed"}),
    ("lab-principal", "rg-lab", DEVELOPMENT, "none", False, {"encryption-enabled": "failed"}),
]  # fmt: skip


async def test_each_cluster_of_contoso_has_its_outcomes() -> None:
    async with signed_in() as (simulator, azure):
        for name, group, subscription, kind, passed, wrong in CONTOSO:
            given = cluster_id(name, group, subscription)
            report = await verify(azure, given)
            assert (report.encryption, report.passed, outcomes(report)) == (kind, passed, wrong), name
            assert (report.name, report.resource_group, report.subscription) == (name, group, subscription)
            assert report.id.lower() == given.lower()
            body = simulator.resource(given)
            assert body is not None
            assert report.security_profile == body["properties"]["securityProfile"]
            assert report.kubernetes_version == body["properties"]["currentKubernetesVersion"]
            assert bool(report.keep) == (kind in {"customer-managed", "legacy-kms"})
        assert simulator.writes() == []
        assert simulator.unknown == ()


async def test_resource_ids_ignore_letter_case() -> None:
    async with signed_in() as (_, azure):
        assert (await verify(azure, LEDGER.upper())).name == "bank-ledger"


async def test_the_report_names_what_to_keep() -> None:
    async with signed_in() as (_, azure):
        said = " ".join((await verify(azure, LEDGER)).keep)
    assert "kv-bank-ledger/ledger-kms" in said
    assert "The key vault kv-bank-ledger and" in said


@pytest.mark.parametrize(
    ("changed", "patch", "code", "outcome"),
    [
        (LEDGER_VAULT, {"properties": {"networkAcls": {"bypass": "None"}}}, "vault-reachable", "failed"),
        (
            LEDGER_VAULT,
            {"properties": {"networkAcls": {"defaultAction": "Allow"}}},
            "vault-private",
            "warning",
        ),
    ],
)
async def test_a_later_change_of_the_vault_is_found(
    changed: str, patch: Json, code: str, outcome: str
) -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(changed, patch)
        report = await verify(azure, LEDGER)
    assert outcomes(report) == {code: outcome}
    assert report.passed == (outcome != "failed")
    check = next(check for check in report.checks if check.code == code)
    assert check.remedy
    assert check.evidence


@pytest.mark.parametrize(
    ("state", "outcome", "headline", "remedy"),
    [
        ("Failed", "failed", "the cluster's last operation failed, so they might not be.", "the same plan"),
        (
            "Canceled",
            "failed",
            "the cluster's last operation failed, so they might not be.",
            "the same plan",
        ),
        (
            "Updating",
            "warning",
            "this is not certain yet because an operation on the cluster is in progress.",
            "az aks wait -n bank-ledger",
        ),
        (
            "Upgrading",
            "warning",
            "this is not certain yet because an operation on the cluster is in progress.",
            "az aks wait -n bank-ledger",
        ),
    ],
)
async def test_requested_settings_are_not_certain(
    state: str, outcome: str, headline: str, remedy: str
) -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(LEDGER, {"properties": {"provisioningState": state}})
        report = await verify(azure, LEDGER)
        body = simulator.resource(LEDGER)
    assert body is not None
    assert outcomes(report) == {"cluster-healthy": outcome, "encryption-enabled": "unknown"}
    for seen in (report, at_a_glance(body, SUFFIX)):
        assert (seen.passed, seen.certain) == (False, False)
        assert seen.headline.startswith("bank-ledger: its settings report that secrets are encrypted with ")
        assert seen.headline.endswith(headline)
        assert all(remedy in check.remedy for check in seen.checks if check.outcome in {outcome, "unknown"})


async def test_a_first_encryption_in_progress_is_not_certain() -> None:
    """Azure reports the requested profile from the PUT on, whether or not the operation succeeds."""
    group, name = "rg-payments", "payments-prod"
    given = cluster_id(name, group)
    clock = MovedClock()
    async with (
        Simulator("feature-gone", speed=60, clock=clock) as simulator,
        connect(child_environment(simulator)) as azure,
    ):
        client = azure.containers(PRODUCTION).managed_clusters
        body = await client.get(group, name)
        body["properties"]["securityProfile"] = PLATFORM_MANAGED
        with declared(Repeat.SAFE):
            await client.begin_create_or_update(group, name, body)
        during = await verify(azure, given)
        assert (during.encryption, during.passed, during.outcome) == ("platform-managed", False, "unknown")
        clock.ahead += 3600
        assert (await verify(azure, given)).passed


async def test_a_starting_cluster_has_the_settings_that_it_reports() -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(LEDGER, {"properties": {"provisioningState": "Starting"}})
        report = await verify(azure, LEDGER)
    assert outcomes(report) == {"cluster-healthy": "warning"}
    assert (report.passed, report.certain) == (True, True)


async def test_a_vault_that_does_not_exist_fails() -> None:
    async with signed_in() as (simulator, azure):
        simulator.remove(LEDGER_VAULT)
        report = await verify(azure, LEDGER)
    assert not report.passed
    assert outcomes(report)["vault-exists"] == "failed"
    assert outcomes(report)["key-exists"] == "failed"
    check = next(check for check in report.checks if check.code == "vault-exists")
    assert "does not exist" in check.message
    assert "recover" in check.remedy


@pytest.mark.parametrize("named", [None, "", "no id at all"])
async def test_an_unnamed_vault_is_found_by_its_uri(named: str | None) -> None:
    kms = {"keyVaultResourceId": named}
    async with signed_in() as (simulator, azure):
        simulator.change(CARDS, {"properties": {"securityProfile": {"azureKeyVaultKms": kms}}})
        report = await verify(azure, CARDS)
    assert report.passed
    assert outcomes(report) == {}
    assert any("kv-bank-cards" in sentence for sentence in report.keep)


NAMELESS: Json = {"properties": {"securityProfile": {"azureKeyVaultKms": {"keyVaultResourceId": ""}}}}
"""As the Azure CLI sets it for a public vault (docs/azure.md#vault-id-with-a-public-vault)."""


async def test_an_unnamed_vault_is_found_among_the_soft_deleted() -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(CARDS, NAMELESS)
        with declared(Repeat.SAFE):
            await azure.vaults(PRODUCTION).vaults.delete("rg-bank", "kv-bank-cards")
        report = await verify(azure, CARDS)
    assert not report.passed
    found = {check.code: check for check in report.checks}
    assert found["vault-exists"].outcome == "failed"
    assert "is soft-deleted and can be recovered" in found["vault-exists"].message
    assert "was deleted" in found["key-exists"].evidence
    assert "az keyvault recover --name kv-bank-cards" in found["key-exists"].remedy


async def test_an_unnamed_vault_that_is_not_found_is_unknown() -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(CARDS, NAMELESS)
        simulator.remove(vault_id("kv-bank-cards", "rg-bank"))
        report = await verify(azure, CARDS)
    for code in ("vault-exists", "key-exists"):
        [check] = [check for check in report.checks if check.code == code]
        assert check.outcome == "unknown"
        assert "none of the key vaults visible in its subscription" in check.evidence
        assert "az keyvault list-deleted --subscription" in check.remedy


async def test_an_unnamed_vault_is_unknown_if_vaults_cannot_be_listed(tmp_path: Path) -> None:
    lists = {"method": "GET", "path": "/subscriptions/*/providers/Microsoft.KeyVault/vaults"}
    refused = {
        "status": 503,
        "code": "ServiceUnavailable",
        "message": "Not now.",
        "headers": {"Retry-After": "0"},
    }
    async with signed_in(scenario_file(tmp_path, faults=[{"match": lists, "answer": refused}])) as (
        simulator,
        azure,
    ):
        simulator.change(CARDS, NAMELESS)
        report = await verify(azure, CARDS)
    for code in ("vault-exists", "key-exists"):
        [check] = [check for check in report.checks if check.code == code]
        assert (check.outcome, check.evidence) == ("unknown", "Not now.")
        assert "Reader" not in check.remedy


async def test_without_permission_to_read_the_verdict_is_not_certain(tmp_path: Path) -> None:
    operator = {"roles": {f"/subscriptions/{PRODUCTION}": None, LEDGER: ["Reader"]}}
    async with signed_in(scenario_file(tmp_path, principals={"operator": operator})) as (_, azure):
        report = await verify(azure, LEDGER)
    assert (report.verdict, report.transient) == ("not-certain", False)
    assert outcomes(report) == dict.fromkeys(
        (
            *("cluster-unlocked", "vault-exists", "key-exists", "identity-exists"),
            *("code-signs", "code-complete-mode"),
        ),
        "unknown",
    )
    assert report.headline.endswith(
        "this is not certain: the locks, the key, the key vault and the cluster's identity could not be read."
    )
    for check in report.checks:
        if check.outcome == "unknown":
            assert "does not have authorization" in check.evidence or "cannot read" in check.evidence
            assert "Reader" in check.remedy


async def test_each_resource_is_read_once() -> None:
    async with signed_in() as (simulator, azure):
        before = len(simulator.requests)
        assert (await verify(azure, LEDGER)).passed
        asked = [(entry.method, entry.path, entry.query) for entry in simulator.requests[before:]]
    assert len(asked) == len(set(asked))
    assert len(asked) <= 12, (
        "cluster; then at once vault, key, versions, identity, roles, denials, locks, log settings, deployments, stacks (2)"
    )


async def test_access_policies_count_if_the_vault_uses_them() -> None:
    async with signed_in() as (simulator, azure):
        simulator.change(LEDGER_VAULT, {"properties": {"enableRbacAuthorization": False}})
        report = await verify(azure, LEDGER)
    assert outcomes(report) == {"vault-rbac": "warning", "identity-access-policy": "failed"}
    assert not any(check.code == "identity-role" for check in report.checks)


async def test_a_cluster_that_does_not_exist_is_an_error() -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await verify(azure, cluster_id("nowhere"))
    assert refusal.value.problem.code == "ResourceNotFound"
    assert "nowhere" in refusal.value.problem.summary


@pytest.mark.parametrize("text", ["aks-demo", "", f"{cluster_id()}/agentPools/nodepool1"])
async def test_an_invalid_id_is_an_error(text: str) -> None:
    async with signed_in() as (simulator, azure):
        asked = len(simulator.requests)
        with pytest.raises(AzureError) as refusal:
            await verify(azure, text)
        assert len(simulator.requests) == asked
    assert refusal.value.problem.kind == "input"
    assert repr(text) in refusal.value.problem.summary


async def test_the_id_of_another_resource_type_is_an_error() -> None:
    async with signed_in() as (simulator, azure):
        asked = len(simulator.requests)
        with pytest.raises(AzureError) as refusal:
            await verify(azure, LEDGER_VAULT)
        assert len(simulator.requests) == asked
    assert refusal.value.problem.kind == "input"
    assert "Microsoft.KeyVault/vaults" in refusal.value.problem.summary


async def test_a_cluster_is_compared_with_answers() -> None:
    ledger = answers(
        "customer-managed-private",
        resource_group="rg-bank",
        cluster={"name": "bank-ledger"},
        vault={"name": "kv-bank-ledger"},
        key={"name": "ledger-kms"},
        identity={"name": "id-ledger"},
    )
    async with signed_in() as (_, azure):
        assert (await verify(azure, LEDGER, expect=ledger)).passed
        other = await verify(azure, CARDS, expect=ledger)
    assert not other.passed
    assert outcomes(other) == dict.fromkeys(
        ("expected-key", "expected-network-access", "expected-identity", "expected-vault"), "failed"
    ) | {"expected-cluster": "warning", "expected-key-kind": "warning"}


def test_depth_basic_has_only_checks_on_the_clusters_own_settings() -> None:
    for body in (
        cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id())),
        cluster(LEGACY),
        cluster(),
    ):
        seen = at_a_glance(body, SUFFIX)
        assert {"cluster-healthy", "encryption-enabled"} <= {check.code for check in seen.checks}
        assert not {check.code for check in seen.checks} & {"vault-exists", "key-exists", "identity-role"}
        assert all(check.outcome != "unknown" for check in seen.checks)

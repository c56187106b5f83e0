"""The checks that inform, against a simulated Azure: log settings, deployment history, and code that took the key away."""

from pathlib import Path

from tests.support import PRODUCTION, answers, cluster_id, scenario_file, signed_in, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.azure import Azure
from wizard.cloud.writes import Repeat, declared
from wizard.reports.findings import Findings
from wizard.reports.json_report import document
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

LEDGER = cluster_id("bank-ledger", "rg-bank")
VAULT = vault_id("kv-bank-ledger", "rg-bank")
CAPZ = "sigs.k8s.io_cluster-api-provider-azure_cluster_bank"


def found(report: ClusterReport) -> dict[str, Check]:
    return {check.code: check for check in report.checks}


async def test_what_code_left_who_has_access_and_the_log_are_read_from_azure(tmp_path: Path) -> None:
    group: Json = {
        "deployments": {
            "bank-main": {"resources": ["Microsoft.ContainerService/managedClusters/bank-ledger"]},
            "cleanup": {"mode": "Complete", "days_ago": 400},
        },
        "clusters": {"bank-ledger": {"tags": {CAPZ: "owned"}}},
        "vaults": {"kv-bank-ledger": {"diagnostic_settings": {"to-siem": {"logs": ["AuditEvent"]}}}},
    }
    auditor = {"roles": {f"/subscriptions/{PRODUCTION}": ["Reader", "Key rescuer"]}}
    given = scenario_file(
        tmp_path,
        subscriptions={
            PRODUCTION: {
                "groups": {"rg-bank": group},
                "stacks": {"estate": {"resources": [LEDGER], "deny": "denyDelete"}},
            }
        },
        principals={"operator": auditor},
        custom_roles={"Key rescuer": {"data_actions": ["Microsoft.KeyVault/vaults/keys/*"]}},
    )
    async with signed_in(given) as (simulator, azure):
        report = await verify(azure, LEDGER)
        me = azure.signed_in.object_id
        assert simulator.unknown == ()
    checks = found(report)
    assert report.passed, "none of this decides"
    assert checks["vault-audit-log"].outcome == "passed"
    assert checks["code-complete-mode"].outcome == "warning"
    assert "deployment cleanup of rg-bank" in checks["code-complete-mode"].evidence
    signs = checks["code-signs"].evidence
    assert [
        sign in signs
        for sign in (CAPZ, "deployment bank-main", "deployment stack estate of the subscription")
    ] == [True] * 3
    assert f"{me}: Key rescuer on /subscriptions/{PRODUCTION}" in checks["access-key-use"].evidence
    assert "the cluster's identity" in checks["access-key-use"].message
    assert me in checks["access-key-destroy"].evidence, "a custom role counts by what it allows"
    findings = Findings.of_one(report, azure.cloud.arm)
    assert '"id": "azure-policy-dbbdc317"' in document(findings)


async def test_a_reader_of_the_log_settings_alone_may_be_missing(tmp_path: Path) -> None:
    fault = {
        "match": {"method": "GET", "path": "*/diagnosticSettings"},
        "answer": {"status": 403, "code": "AuthorizationFailed", "message": "No."},
    }
    async with signed_in() as (simulator, azure):
        simulator.inject_faults(fault)
        report = await verify(azure, LEDGER)
    assert report.passed
    assert found(report)["vault-audit-log"].outcome == "unknown"


async def apply_old_code(azure: Azure) -> None:
    """Send what azurerm sends for code without the block: the whole cluster, with the key disabled."""
    client = azure.resources(PRODUCTION).resources
    body = (await client.get_by_id(LEDGER, api_version="2026-08-01")).as_dict()
    body["properties"]["securityProfile"]["azureKeyVaultKms"] = {"enabled": False}
    body["identity"] = {"type": "SystemAssigned"}
    kept: Json = {name: body[name] for name in ("location", "tags", "sku", "identity", "properties") if name in body}  # fmt: skip
    with declared(Repeat.SAFE):
        poller = await client.begin_create_or_update_by_id(LEDGER, kept, api_version="2026-08-01")
    await poller.result()


async def test_the_apply_that_takes_the_key_away_is_named(tmp_path: Path) -> None:
    wish = answers("customer-managed-private", cluster={"name": "bank-ledger"}, resource_group="rg-bank")
    async with signed_in() as (_, azure):
        assert "code-took-key" not in found(await verify(azure, LEDGER, expect=wish))
        await apply_old_code(azure)
        report = await verify(azure, LEDGER, expect=wish)
        me = azure.signed_in.object_id
    check = found(report)["code-took-key"]
    assert (report.verdict, check.outcome) == ("not-verified", "failed")
    assert report.against[0].code == "code-took-key", "the cause comes first"
    assert "again. The last update was by an application" in check.message
    assert me in check.evidence
    assert "ignore_changes = [key_management_service]" in check.remedy

"""`aks-demo`, encrypted with kv-demo/aks-kms, in scenarios in which one of its dependencies is broken."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import PRODUCTION, answers, cluster_id, identity_id, scenario_file, signed_in, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.writes import Repeat, declared
from wizard.verification.report import ClusterReport
from wizard.verification.verify import verify

CRYPTO = ["Key Vault Crypto User"]


def encrypted_in(
    folder: Path,
    name: str = "contoso",
    *,
    network: str = "Public",
    access: bool = True,
    key: Json | None = None,
    vault: Json | None = None,
    **more: Any,
) -> Path:
    """Return that scenario with aks-demo encrypted. What the scenario says of vault and key remains."""
    whole: Json = {"keys": {"aks-kms": key or {}}, "purge_protection": True, **(vault or {})}
    if access:
        whole["access"] = {"id-aks-demo": CRYPTO}
    group = {
        "identities": {"id-aks-demo": {}},
        "vaults": {"kv-demo": whole},
        "clusters": {
            "aks-demo": {
                "identity": "id-aks-demo",
                "encryption": {"key": "kv-demo/aks-kms", "network": network},
            }
        },
    }
    return scenario_file(
        folder, extends=name, subscriptions={PRODUCTION: {"groups": {"rg-demo": group}}}, **more
    )


def wrong(report: ClusterReport) -> dict[str, str]:
    return {c.code: c.outcome for c in report.checks if c.outcome not in {"passed", "note"}}


DENIED: Json = {
    "stack": {
        "scope": vault_id(),
        "description": "Created by Deployment Stack.",
        "data_actions": ["Microsoft.KeyVault/vaults/keys/*"],
    }
}

SCENARIOS: list[tuple[str, Json, dict[str, str]]] = [
    ("contoso", {}, {}),
    ("stopped", {}, {"cluster-running": "warning"}),
    ("failed", {}, {"cluster-healthy": "failed", "encryption-enabled": "unknown"}),
    ("read-only-lock", {}, {"cluster-unlocked": "warning"}),
    ("node-group-lock", {}, {"cluster-unlocked": "warning"}),
    ("contoso", {"vault": {"purge_protection": False}}, {"vault-purge-protection": "warning", "vault-lock": "warning"}),
    ("vault-firewall", {}, {"vault-reachable": "failed"}),
    ("vault-firewall", {"network": "Private"}, {}),
    ("vault-private", {}, {"vault-reachable": "failed"}),
    ("vault-private", {"network": "Private"}, {"vault-reachable": "failed"}),
    ("vault-perimeter", {}, {"vault-reachable": "failed"}),
    ("vault-perimeter", {"network": "Private"}, {"vault-reachable": "failed"}),
    ("vault-other-tenant", {}, {"vault-tenant": "failed"}),
    ("shared-vault", {}, {}),
    ("shared-vault", {"network": "Private"}, {"vault-private": "warning"}),
    ("vault-access-policies", {}, {"vault-rbac": "warning", "identity-access-policy": "failed"}),
    ("access-policies-granted", {}, {"vault-rbac": "warning"}),
    ("key-disabled", {}, {"key-enabled": "failed"}),
    ("key-elliptic", {}, {"key-type": "failed", "key-operations": "failed"}),
    ("key-without-encrypt", {}, {"key-operations": "failed"}),
    ("key-expired", {}, {"key-expiry": "failed", "key-rotation-policy": "warning"}),
    ("key-expires-soon", {}, {"key-expiry": "warning", "key-rotation-policy": "warning"}),
    ("key-not-yet-valid", {}, {"key-not-before": "failed"}),
    ("key-in-hardware", {}, {"key-rotation-policy": "warning"}),  # before an expiry that the key does not have
    ("wrong-role", {"access": False}, {"identity-role": "failed"}),
    ("wrong-scope", {"access": False}, {"identity-role": "failed"}),
    ("contoso", {"access": False}, {"identity-role": "failed"}),
    ("group-access", {"access": False}, {}),
    ("contoso", {"deny_assignments": DENIED}, {"identity-not-denied": "failed"}),
    ("deny-assignment", {}, {}),
]  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("name", "changes", "outcomes"), SCENARIOS, ids=lambda value: value if isinstance(value, str) else None)  # fmt: skip
async def test_each_scenario_has_its_outcomes(
    tmp_path: Path, name: str, changes: Json, outcomes: dict[str, str]
) -> None:
    async with signed_in(encrypted_in(tmp_path, name, **changes)) as (simulator, azure):
        report = await verify(azure, cluster_id())
        assert simulator.unknown == ()
        assert simulator.writes() == []
    assert wrong(report) == outcomes
    assert report.passed == ("failed" not in outcomes.values())
    assert report.encryption == "customer-managed"


OFFICER = {"operator": {"roles": {vault_id(): ["Key Vault Crypto Officer"]}}}


async def test_a_deleted_key_can_be_read_with_permission(tmp_path: Path) -> None:
    async with signed_in(encrypted_in(tmp_path, principals=OFFICER)) as (_, azure):
        with declared(Repeat.SAFE):
            await azure.keys(azure.vault_uri("kv-demo")).delete_key("aks-kms")
        report = await verify(azure, cluster_id())
    assert wrong(report) == {"key-exists": "failed"}
    found = next(check for check in report.checks if check.code == "key-exists")
    assert "is soft-deleted and can be recovered until 20" in found.message
    assert (
        found.remedy
        == f"Recover it now: az keyvault key recover --vault-name kv-demo --name aks-kms --subscription {PRODUCTION}"
    )


async def test_a_deleted_key_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    async with signed_in(encrypted_in(tmp_path, principals=OFFICER)) as (simulator, azure):
        with declared(Repeat.SAFE):
            await azure.keys(azure.vault_uri("kv-demo")).delete_key("aks-kms")
        simulator.change(vault_id(), {"properties": {"networkAcls": {"defaultAction": "Deny"}}})
        report = await verify(azure, cluster_id())
    found = next(check for check in report.checks if check.code == "key-exists")
    assert "It is not known whether it can be recovered." in found.message
    assert "key recover" in found.remedy


async def test_a_deleted_vault_is_found_among_the_soft_deleted(tmp_path: Path) -> None:
    async with signed_in(encrypted_in(tmp_path)) as (_, azure):
        with declared(Repeat.SAFE):
            await azure.vaults(PRODUCTION).vaults.delete("rg-demo", "kv-demo")
        report = await verify(azure, cluster_id())
    found = {check.code: check for check in report.checks}
    assert "is soft-deleted and can be recovered" in found["vault-exists"].message
    assert (
        found["vault-exists"].remedy
        == f"Recover it now: az keyvault recover --name kv-demo --subscription {PRODUCTION}"
    )
    assert found["key-exists"].outcome == "failed"


async def test_a_deleted_identity_fails(tmp_path: Path) -> None:
    async with signed_in(encrypted_in(tmp_path)) as (_, azure):
        with declared(Repeat.SAFE):
            await azure.identities(PRODUCTION).user_assigned_identities.delete("rg-demo", "id-aks-demo")
        report = await verify(azure, cluster_id())
    assert wrong(report)["identity-exists"] == "failed"
    assert not report.passed


async def test_a_rotation_is_pending_until_aks_uses_the_new_version(tmp_path: Path) -> None:
    async with signed_in(encrypted_in(tmp_path, principals=OFFICER), 60) as (_, azure):
        with declared(Repeat.SAFE):
            await azure.keys(azure.vault_uri("kv-demo")).rotate_key("aks-kms")
        pending = await verify(azure, cluster_id())
    assert wrong(pending) == {"key-pickup": "warning"}
    found = next(check for check in pending.checks if check.code == "key-pickup")
    assert "UTC at the latest" in found.message
    assert "versions: 2" in found.evidence


async def test_every_difference_from_the_answers_is_named(tmp_path: Path) -> None:
    other = answers(
        "customer-managed-private",
        vault={"name": "kv-other"},
        key={"name": "other"},
        identity={"name": "id-other"},
    )
    async with signed_in(encrypted_in(tmp_path, vault={"purge_protection": False, "rbac": False})) as (_, azure):  # fmt: skip
        report = await verify(azure, cluster_id(), expect=other)
    named = {c.code: c.evidence for c in report.checks if c.group == "expectation" and c.outcome != "passed"}
    assert named.keys() == {
        *("expected-key", "expected-network-access", "expected-identity", "expected-vault"),
        *("expected-purge-protection", "expected-key-kind"),
    }
    assert identity_id() in named["expected-identity"].replace("resourcegroups", "resourceGroups")
    assert "configured: Private; found: Public" in named["expected-network-access"]

"""Each rule has a finding in its case, and none for a valid configuration."""

import inspect
import json
import re
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.facts import (
    BRACKETED,
    CUSTOMER_MANAGED,
    GROUP,
    LEGACY,
    PLATFORM_MANAGED,
    PRINCIPAL,
    VERSIONS,
    bracketed,
    cluster,
    complete_snapshot,
    empty_snapshot,
    grant,
    identity,
    key,
    target,
    unquoted,
    user_assigned,
    vault,
)
from tests.support import (
    KEY_OPTIONS,
    PRODUCTION,
    TENANT,
    KeyOption,
    answers,
    cluster_id,
    identity_id,
    vault_id,
)
from wizard.answers.model import Answers
from wizard.cloud import reads
from wizard.cloud.arm import Json
from wizard.cloud.compute import NodeSize, Vcpus
from wizard.cloud.locks import Lock
from wizard.cloud.ownership import CodeSigns, Deployment, Stack
from wizard.cloud.policies import Denial
from wizard.cloud.quota import Quota
from wizard.cloud.reads import Read, Unknown
from wizard.cloud.rights import Deny, Permission
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_OFFICER, CRYPTO_USER, ENCRYPTION_USER, Role
from wizard.errors import Problem
from wizard.procedure.order import applicable_steps
from wizard.procedure.planning import plan_from
from wizard.rules import RULES, Finding, RequiredAction, findings
from wizard.state.cluster import ClusterState, identity_roles
from wizard.state.snapshot import Snapshot

PRIVATE, PUBLIC, PLATFORM = (
    answers("customer-managed-private"),
    answers("customer-managed-public"),
    answers("platform-managed"),
)
NEW = answers("platform-managed", new=True)
OURS = user_assigned(identity_id())
DAY = 86400
OWNED = CodeSigns(
    (
        Deployment("main", "rg-demo", complete=False, at="2026-11-01", resources=(cluster_id(),)),
        Deployment("clean-up", "rg-demo", complete=True, at="2026-10-01", resources=()),
    ),
    (Stack("all", "rg-demo", denies=False, deletes=True, resources=(cluster_id(),)),),
)
OF_CAPZ: Json = {**cluster(), "tags": {"sigs.k8s.io_cluster-api-provider-azure_cluster_prod": "owned"}}


def found(chosen: Answers, snapshot: Snapshot, needed: Collection[RequiredAction] = ()) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(target(chosen), snapshot, needed)}


def at(chosen: Answers, location: str) -> Answers:
    return chosen.model_copy(update={"location": location})


def new_cluster(**create: Any) -> Answers:
    return answers("platform-managed", cluster={"name": "aks-new", "create": create})


def runs(**properties: Any) -> Json:
    """Return a cluster that already has the configured identity, with these properties."""
    return cluster(identity=OURS, **properties)


def held(**properties: Any) -> Json:
    return cluster(CUSTOMER_MANAGED, identity=OURS, **properties)


HARDWARE = answers("customer-managed-private", key={"type": "RSA-HSM"})
IOWA = answers("customer-managed-private", new=True, location="usgoviowa")


def denied_data(principal: str) -> tuple[Deny, ...]:
    """Return a deny assignment on the vault's group that denies a principal the use of keys."""
    keys = (Permission(("Microsoft.KeyVault/vaults/keys/*",), ()),)
    return (Deny("hands-off", GROUP, ((principal, "ServicePrincipal"),), (), data_actions=keys),)


ZONE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.x"
SUBNET = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/v/subnets/aks"
IN_HUB = cluster(
    apiServerAccessProfile={"privateDNSZone": ZONE},
    agentPoolProfiles=[{"name": "nodepool1", "vnetSubnetID": SUBNET}],
)

CASES: list[tuple[str, str, str, Answers, Snapshot]] = [
    # They are created long before they are used: recent dates in them lie in the future.
    # level, code, the thing that the message names, answers, snapshot
    ("error", "cluster-not-found", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=None)),
    ("error", "cluster-exists", "aks-new", NEW, empty_snapshot(NEW, cluster=cluster())),
    ("error", "cluster-version-too-old", "1.32.9", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(currentKubernetesVersion="1.32.9"))),
    ("error", "cluster-version-too-old", "1.9.0", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(currentKubernetesVersion="1.9.0"))),
    ("error", "cluster-version-too-old", "1.32", new_cluster(kubernetes_version="1.32"), empty_snapshot(NEW)),
    ("error", "version-not-offered", "1.37", new_cluster(kubernetes_version="1.37"), empty_snapshot(NEW)),
    ("error", "no-version-offered", "westus2", NEW, empty_snapshot(NEW, versions=(VERSIONS[0], VERSIONS[3]))),
    ("error", "no-version-offered", "westus2", NEW, empty_snapshot(NEW, versions=())),
    ("warning", "version-preview", "1.36", new_cluster(kubernetes_version="1.36.0"), empty_snapshot(NEW)),
    ("error", "version-lts-only", "1.33", new_cluster(kubernetes_version="1.33"), empty_snapshot(NEW)),
    ("error", "cluster-stopped", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(powerState={"code": "Stopped"}))),
    ("warning", "cluster-failed", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(provisioningState="Failed"))),
    ("warning", "cluster-failed", "was canceled", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(provisioningState="Canceled"))),
    ("warning", "upgrade-pending", "1.34.2", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(kubernetesVersion="1.34.2", currentKubernetesVersion="1.33.3"))),
    ("warning", "upgrade-pending", "1.33.3", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(kubernetesVersion="1.33.3", currentKubernetesVersion="1.34.2"))),
    ("warning", "upgrade-pending", "the node pool nodepool1", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(agentPoolProfiles=[{"name": "nodepool1", "orchestratorVersion": "1.34", "currentOrchestratorVersion": "1.33.3"}]))),
    ("error", "cluster-deleting", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(provisioningState="deleting"))),
    ("warning", "cluster-version-unknown", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(currentKubernetesVersion=None, kubernetesVersion=""))),
    ("error", "cluster-version-too-old", "1.32", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(currentKubernetesVersion=None, kubernetesVersion="1.32"))),
    ("error", "cluster-busy", "Updating", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(provisioningState="Updating"))),
    ("info", "cluster-under-way", "aks-demo", PRIVATE, complete_snapshot(PRIVATE, cluster=held(provisioningState="Updating"))),
    ("error", "cluster-service-principal", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster={**cluster(servicePrincipalProfile={"clientId": "x"}), "identity": None})),
    ("error", "cluster-service-principal", "aks-demo", PRIVATE, complete_snapshot(PRIVATE, cluster={**cluster(), "identity": {"type": "None"}})),
    ("warning", "identity-moves", "id-aks-demo", PRIVATE, complete_snapshot(PRIVATE, cluster=cluster())),
    ("warning", "identity-replaced", "id-old", PRIVATE, complete_snapshot(PRIVATE, cluster=cluster(identity=user_assigned(identity_id("id-old"))))),
    ("warning", "capz-identity", "sigs.k8s.io", PRIVATE, complete_snapshot(PRIVATE, cluster=OF_CAPZ)),
    ("warning", "code-complete-mode", "clean-up of rg-demo", PRIVATE, complete_snapshot(PRIVATE, cluster=runs(), code=OWNED)),
    ("info", "code-owns-cluster", "the deployment main of rg-demo and the deployment stack all", PRIVATE, complete_snapshot(PRIVATE, cluster=runs(), code=OWNED)),
    ("warning", "old-key-still-needed", "kv-demo/aks-kms", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(CUSTOMER_MANAGED))),
    ("warning", "legacy-migration", "aks-demo", PRIVATE, complete_snapshot(PRIVATE, cluster=cluster(LEGACY, identity=OURS))),
    ("error", "legacy-kms-v1", "1.26.3", PRIVATE, complete_snapshot(PRIVATE, cluster=cluster(LEGACY, identity=OURS, currentKubernetesVersion="1.26.3"))),
    ("error", "quota-reached", "westus2", NEW, empty_snapshot(NEW, quota=Quota(3, 3))),
    ("error", "vm-size-not-available", "Standard_Nope_v9", NEW, empty_snapshot(NEW, node_size=NodeSize("Standard_Nope_v9", False))),
    ("error", "vcpu-quota-reached", "12 vCPUs", NEW, empty_snapshot(NEW, node_size=NodeSize("Standard_D4ds_v5", True, "standardDDSv5Family", 4), vcpus={"standardddsv5family": Vcpus(20, 9)})),
    ("error", "vcpu-quota-reached", "at least 6 vCPUs", NEW, empty_snapshot(NEW, vcpus={"cores": Vcpus(20, 15)})),
    ("warning", "secret-policies", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(addonProfiles={"azurepolicy": {"enabled": True}}))),
    ("warning", "secret-policies", "aks-demo", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(addonProfiles={"azurePolicy": {"enabled": True}}))),
    ("warning", "identity-deleted", "id-aks-demo", PRIVATE, empty_snapshot(PRIVATE, cluster=cluster(identity=OURS), missing_identities=(identity_id(),))),
    ("error", "identity-needs-role", "privatelink.x", PRIVATE, empty_snapshot(PRIVATE, cluster=cluster(apiServerAccessProfile={"privateDNSZone": ZONE}))),
    ("error", "identity-gone", "id-old", PLATFORM, empty_snapshot(PLATFORM, missing_identities=(identity_id("id-old"),))),
    ("error", "identity-other-tenant", "9999", PRIVATE, complete_snapshot(PRIVATE, identity=identity(tenantId="9999"))),
    ("info", "identity-wrong-role", "Encryption User", PRIVATE, complete_snapshot(PRIVATE, identity_grants=(grant(ENCRYPTION_USER),))),
    ("info", "identity-wrong-scope", "kv-other", PRIVATE, complete_snapshot(PRIVATE, identity_grants=(), identity_elsewhere=(grant(CRYPTO_USER, scope=vault_id("kv-other")),))),
    ("info", "identity-role-fresh", "Key Vault Crypto Officer", PRIVATE, complete_snapshot(PRIVATE, identity_grants=(replace(grant(CRYPTO_OFFICER), created_on=datetime.now(UTC) + timedelta(hours=1)), grant(CONTRIBUTOR)))),
    ("info", "identity-role-fresh", "id-aks-demo", PRIVATE, complete_snapshot(PRIVATE, identity_grants=(replace(grant(CRYPTO_USER), created_on=datetime.now(UTC) + timedelta(days=1)),))),
    ("error", "identity-denied", "hands-off", PRIVATE, complete_snapshot(PRIVATE, deny_assignments=denied_data(PRINCIPAL))),
    ("error", "vault-soft-deleted", "kv-demo", PRIVATE, empty_snapshot(PRIVATE, vault_deleted={"properties": {"vaultId": vault_id(), "scheduledPurgeDate": "2026-12-24T00:00:00Z"}})),
    ("error", "vault-perimeter", "kv-demo", PRIVATE, complete_snapshot(PRIVATE, vault=vault(publicNetworkAccess="SecuredByPerimeter"))),
    ("error", "vault-shared", "payments-prod", PRIVATE, complete_snapshot(PRIVATE, vault=vault(denies=False), vault_users=(cluster_id("payments-prod"),))),
    ("warning", "vault-firewall-opens", "kv-demo", PUBLIC, complete_snapshot(PUBLIC, vault=vault(), cluster=held())),
    ("error", "key-hsm-needs-premium", "kv-demo", HARDWARE, empty_snapshot(HARDWARE, vault=vault(sku={"name": "standard"}))),
    ("error", "key-deleted", "aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=None, key_deleted=True)),
    ("info", "key-differs", "2048", PRIVATE, complete_snapshot(PRIVATE, key=key(keySize=2048))),
    ("info", "key-in-hardware", "HSM-backed", PRIVATE, complete_snapshot(PRIVATE, key=key(kty="RSA-HSM"))),
    ("warning", "key-not-rotated", "aks-kms", PRIVATE, empty_snapshot(PRIVATE)),
    ("warning", "key-not-rotated", "aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(rotationPolicy=None))),
    ("error", "region-unknown", "marsnorth", at(PRIVATE, "marsnorth"), empty_snapshot(PRIVATE, cluster=cluster(), locations=frozenset({"westus2", "eastus"}))),
    ("error", "region-not-offered", "westus2", NEW, empty_snapshot(NEW, regions=frozenset({"westus3", "eastus"}))),
    ("error", "region-without-identities", "usgoviowa", IOWA, empty_snapshot(IOWA)),
    ("error", "provider-not-registered", "Microsoft.KeyVault", PRIVATE, empty_snapshot(PRIVATE, unregistered=(("Microsoft.KeyVault", PRODUCTION),))),
    ("error", "policy-denies", "no-public-vaults", PRIVATE, empty_snapshot(PRIVATE, policy_denials=(Denial("kv-demo", "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/no-public-vaults", "publicNetworkAccess"),))),
    ("error", "vault-name-taken", "kv-demo", PRIVATE, empty_snapshot(PRIVATE, vault_name_taken="The vault name 'kv-demo' is already in use.")),
    ("info", "vault-access-policies", "kv-demo", PRIVATE, complete_snapshot(PRIVATE, vault=vault(enableRbacAuthorization=False))),
    ("info", "vault-access-policies", "kv-demo", PRIVATE, complete_snapshot(PRIVATE, vault=vault(enableRbacAuthorization=None))),
    ("error", "vault-firewall-denies", "kv-demo", PUBLIC, complete_snapshot(PUBLIC, vault=vault(denies=True))),
    ("error", "vault-firewall-denies", "kv-demo", PUBLIC, complete_snapshot(PUBLIC, vault=vault(denies=False, publicNetworkAccess="Disabled"))),
    ("warning", "vault-firewall-closes", "kv-demo", PRIVATE, complete_snapshot(PRIVATE, vault=vault(denies=False))),
    ("warning", "vault-purge-protection-off", "kv-demo", PRIVATE, complete_snapshot(PRIVATE, vault=vault(enablePurgeProtection=None))),
    ("error", "vault-other-tenant", "9999", PRIVATE, complete_snapshot(PRIVATE, vault=vault(tenantId="9999"))),
    ("error", "vault-firewall-bars-key", "kv-demo", PUBLIC, complete_snapshot(PUBLIC, vault=vault(denies=True), key=None)),
    (
        "warning",
        "purge-protection-declined",
        "kv-demo",
        answers("customer-managed-private", vault={"purge_protection": False}),
        empty_snapshot(PRIVATE),
    ),
    ("error", "key-type", "EC", PRIVATE, complete_snapshot(PRIVATE, key=key(kty="EC", keySize=None))),
    ("error", "key-operations", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(keyOps=["encrypt", "sign"]))),
    ("error", "key-disabled", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(attributes={"enabled": False}))),
    ("error", "key-expired", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(attributes={"exp": time.time() - DAY}))),
    ("warning", "key-expires-soon", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(attributes={"exp": time.time() + 30 * DAY}))),
    ("error", "key-not-yet-valid", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(attributes={"nbf": time.time() + DAY}))),
    ("warning", "key-rotates-late", "kv-demo/aks-kms", PRIVATE, complete_snapshot(PRIVATE, key=key(attributes={"created": time.time(), "exp": time.time() + 25 * DAY}))),
    ("info", "cluster-region", "eastus", PLATFORM, empty_snapshot(PLATFORM, cluster={**cluster(), "location": "eastus"})),
    ("info", "group-region", "rg-demo", PLATFORM, empty_snapshot(PLATFORM, groups={GROUP: {"location": "East US"}})),
    ("warning", "feature-pending", "KMSPMKPreview", PLATFORM, empty_snapshot(PLATFORM, feature="Pending")),
    ("info", "feature-registering", "feature", PLATFORM, empty_snapshot(PLATFORM, feature="Registering")),
    ("info", "feature-gone", "KMSPMKPreview", PLATFORM, empty_snapshot(PLATFORM, feature=None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "code", "names", "chosen", "snapshot"), CASES, ids=[case[1] for case in CASES]
)
def test_a_rule_finds_its_case(
    level: str, code: str, names: str, chosen: Answers, snapshot: Snapshot
) -> None:
    finding = found(chosen, snapshot)[code]
    assert finding.level == level
    assert names in finding.message
    assert finding.message[-1] in ".:" or snapshot.vault_name_taken
    assert finding.remedy or finding.level == "info"


def test_every_code_of_the_rules_has_a_case() -> None:
    """Action rules are tested separately below."""
    sources = [
        Path(inspect.getfile(module)).read_text()
        for module in {inspect.getmodule(rule) for rule in RULES}
        if module
    ]
    codes = set(re.findall(r'"(?:error|warning|info)",\s+"([a-z0-9-]+)",', "".join(sources)))
    assert codes - {
        "rights-missing",
        "rights-unknown",
        "rights-conditional",
        "rights-denied",
        "scope-locked",
        "subscription-disabled",
    } == {case[1] for case in CASES}


def test_names_in_commands_of_remedies_are_quoted_for_a_shell() -> None:
    cases = [(bracketed(chosen), bracketed(snapshot)) for _, _, _, chosen, snapshot in CASES]
    remedies = {finding.remedy for case in cases for finding in found(*case).values()}
    assert sum(BRACKETED in remedy for remedy in remedies) > 5
    assert [remedy for remedy in remedies if unquoted(remedy)] == []


def test_a_new_identity_needs_roles_on_what_the_cluster_names() -> None:
    """Azure/AKS#3470: CustomPrivateDNSZoneMissingPermissionError."""
    zone = Role("Private DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f")
    needs = identity_roles(ClusterState(IN_HUB))
    assert [(role.name, resource) for role, resource in needs] == [
        ("Network Contributor", SUBNET),
        (zone.name, ZONE),
    ]

    def levels(**grants: Any) -> list[str]:
        now = complete_snapshot(PRIVATE, cluster=IN_HUB, identity_grants_on_linked=grants)
        return [f.level for f in findings(target(PRIVATE), now) if f.code == "identity-needs-role"]

    assert levels(**{ZONE.casefold(): (), SUBNET.casefold(): ()}) == ["error", "warning"]
    held = (grant(zone, scope=f"/subscriptions/{PRODUCTION}/resourceGroups/rg-hub"),)
    assert levels(**{ZONE.casefold(): held, SUBNET.casefold(): ()}) == ["warning"]
    assert levels() == ["warning", "warning"], "what could not be read is no error"
    using = {**IN_HUB, "identity": OURS}
    assert "identity-needs-role" not in found(PRIVATE, complete_snapshot(PRIVATE, cluster=using))


def test_each_policy_exemption_has_a_scope_an_end_and_a_name_of_its_own() -> None:
    group = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
    denials = tuple(
        Denial(what, f"{group}/providers/Microsoft.Authorization/policyAssignments/tags", "", group)
        for what in ("kv-demo", "aks-demo")
    )
    findings_ = findings(target(PRIVATE), empty_snapshot(PRIVATE, policy_denials=denials))
    vault_, cluster_ = (one.remedy for one in findings_ if one.code == "policy-denies")
    assert "--name aks-kms-kv-demo-tags " in vault_
    assert f"--scope {group} --expires-on 20" in vault_
    assert "--name aks-kms-aks-demo-tags " in cluster_
    assert f"--scope {cluster_id()} --expires-on 20" in cluster_


def test_a_cluster_of_cluster_api_is_warned_of_only_if_its_identity_changes() -> None:
    finding = found(PRIVATE, complete_snapshot(PRIVATE, cluster=OF_CAPZ))["capz-identity"]
    spec = YAML(typ="safe").load(finding.remedy.partition(": ")[2])["spec"]
    assert spec["identity"]["userAssignedIdentityResourceID"] == identity_id()
    assert spec["securityProfile"]["azureKeyVaultKms"]["keyID"].endswith("/keys/aks-kms")
    assert "infrastructureEncryption" in json.loads(spec["asoManagedClusterPatches"][0])["spec"]["securityProfile"]["kubernetesResourceObjectEncryptionProfile"]  # fmt: skip
    assert "capz-identity" not in found(
        PRIVATE, complete_snapshot(PRIVATE, cluster={**OF_CAPZ, "identity": OURS})
    )
    assert "capz-identity" not in found(PLATFORM, empty_snapshot(PLATFORM, cluster=OF_CAPZ))


EVERY = answers("customer-managed-private", new=True, key={"rotate_every": "P1Y"})

SILENT: list[tuple[str, Answers, Snapshot]] = [
    ("an existing cluster, platform-managed", PLATFORM, empty_snapshot(PLATFORM)),
    ("a new cluster, platform-managed", NEW, empty_snapshot(NEW)),
    ("everything created for a customer-managed key", EVERY, empty_snapshot(EVERY)),
    ("everything there, private", PRIVATE, complete_snapshot(PRIVATE, cluster=runs())),
    ("everything there, public", PUBLIC, complete_snapshot(PUBLIC, cluster=runs())),
    ("already encrypted as configured", PRIVATE, complete_snapshot(PRIVATE, cluster=held())),
    ("from a platform-managed to a customer-managed key", PRIVATE, complete_snapshot(PRIVATE, cluster=cluster(PLATFORM_MANAGED, identity=OURS))),
    ("version 1.33 exactly", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(kubernetesVersion="1.33", currentKubernetesVersion="1.33.0"))),
    ("version 2", PLATFORM, empty_snapshot(PLATFORM, cluster=cluster(kubernetesVersion="2.0", currentKubernetesVersion="2.0.0"))),
    ("a plain version", new_cluster(kubernetes_version="1.34.2"), empty_snapshot(NEW)),
    ("a region by its display name", PLATFORM, empty_snapshot(PLATFORM, cluster={**cluster(), "location": "West US 2"})),
    ("a key that expires in a year", PRIVATE, complete_snapshot(PRIVATE, cluster=runs(), key=key(attributes={"exp": time.time() + 365 * DAY}))),
    ("a second role, given just now", PRIVATE, complete_snapshot(PRIVATE, cluster=runs(), identity_grants=(replace(grant(CRYPTO_OFFICER), created_on=datetime.now(UTC)), grant(CRYPTO_USER), grant(CONTRIBUTOR)))),
    ("tenants in another case", PRIVATE, complete_snapshot(PRIVATE, cluster=runs(), vault=vault(tenantId=TENANT.upper()))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "snapshot"), [case[1:] for case in SILENT], ids=[case[0] for case in SILENT]
)
def test_a_valid_configuration_has_no_findings(chosen: Answers, snapshot: Snapshot) -> None:
    assert found(chosen, snapshot) == {}


def test_a_new_cluster_that_an_earlier_run_created_is_no_error() -> None:
    """Resuming: the cluster was created, encrypted, before the run was interrupted."""
    assert "cluster-exists" not in found(NEW, empty_snapshot(NEW, cluster=cluster(PLATFORM_MANAGED)))


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_a_cluster_whose_encryption_failed_can_be_repaired(state: str) -> None:
    broken = complete_snapshot(PRIVATE, cluster=held(provisioningState=state))
    assert {f.level for f in found(PRIVATE, broken).values()} == {"warning"}


def test_a_versioned_key_id_means_legacy_kms_even_with_infrastructure_encryption() -> None:
    odd = cluster({**PLATFORM_MANAGED, **LEGACY}, identity=OURS)
    assert {"legacy-migration", "old-key-still-needed"} <= found(
        PRIVATE, complete_snapshot(PRIVATE, cluster=odd)
    ).keys()


@pytest.mark.parametrize("chosen", [PRIVATE, PUBLIC])
def test_control_characters_of_names_do_not_reach_the_terminal(chosen: Answers) -> None:
    kms = {"enabled": True, "keyId": "https://\x1b[31mkv.vault.azure.net/keys/k\x1b[2Jey"}
    evil = replace(
        complete_snapshot(
            chosen,
            cluster={**cluster({"azureKeyVaultKms": kms}, identity=OURS), "location": "\x1b[2Jeast"},
            vault=vault(tenantId="\x1b]0;x\x07"),
            key=key(kty="\x1b[31mEC"),
        ),
        groups={GROUP: {"location": "\x1b[Hwest"}},
    )
    every = found(chosen, evil)
    assert every.keys() >= {
        "cluster-region",
        "old-key-still-needed",
        "vault-other-tenant",
        "key-type",
        "group-region",
    }
    assert "\x1b" not in "".join(f.message + f.remedy for f in every.values())


EVERYTHING_BUT_ROLES = (Permission(("*",), ("Microsoft.Authorization/*/Write",)),)
ONLY_ROLES = (Permission(("Microsoft.Authorization/roleAssignments/write", "*/read"), ()),)


def needed(chosen: Answers) -> set[RequiredAction]:
    there, now = target(chosen), empty_snapshot(chosen)
    return {right for step in applicable_steps(there, now) for right in step.required_actions(there, now)}


@pytest.mark.parametrize("key_option", KEY_OPTIONS)
@pytest.mark.parametrize("new", [False, True])
def test_an_owner_may_do_everything(key_option: KeyOption, new: bool) -> None:
    chosen = answers(key_option, new=new)
    assert "rights-missing" not in found(chosen, empty_snapshot(chosen), needed(chosen))


def test_a_missing_permission_is_named_with_identity_and_scope() -> None:
    finding = found(
        PRIVATE, empty_snapshot(PRIVATE, permissions_at={GROUP: EVERYTHING_BUT_ROLES}), needed(PRIVATE)
    )["rights-missing"]
    assert finding.level == "error"
    assert "ops@contoso.example" in finding.message
    assert "Microsoft.Authorization/roleAssignments/write" in finding.message
    assert "Microsoft.KeyVault/vaults/write" not in finding.message
    assert "rg-demo" in finding.message
    assert "User Access Administrator" in finding.remedy


def test_a_missing_permission_on_a_linked_resource_names_it_with_the_smallest_role() -> None:
    """Azure/AKS#4980."""
    chosen = empty_snapshot(
        PLATFORM,
        cluster=cluster(identity=OURS),
        permissions_at={GROUP: (Permission(("*/write", "*/read"), ()),)},
    )
    assign = RequiredAction("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", identity_id())
    finding = found(PLATFORM, chosen, {assign})["rights-missing"]
    assert finding.remedy.endswith("Ask an owner for Managed Identity Operator on id-aks-demo.")


def test_permissions_of_several_roles_add_up() -> None:
    both = EVERYTHING_BUT_ROLES + ONLY_ROLES
    assert "rights-missing" not in found(
        PRIVATE, empty_snapshot(PRIVATE, permissions_at={GROUP: both}), needed(PRIVATE)
    )


def test_unknown_permissions_are_not_missing() -> None:
    assert "rights-missing" not in found(
        PRIVATE, empty_snapshot(PRIVATE, permissions_at={GROUP: None}), needed(PRIVATE)
    )


def test_each_resource_group_is_checked_separately() -> None:
    chosen = answers("customer-managed-private", vault={"resource_group": "RG-Keys"})
    rights = {GROUP: ONLY_ROLES, GROUP.replace("rg-demo", "rg-keys"): EVERYTHING_BUT_ROLES}
    messages = [
        f.message
        for f in findings(target(chosen), empty_snapshot(chosen, permissions_at=rights), needed(chosen))
        if f.code == "rights-missing"
    ]
    assert any("managedClusters/write" in m and "rg-demo" in m for m in messages)
    assert any("roleAssignments/write" in m and "RG-Keys" in m for m in messages)


SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
NODES = cluster(nodeResourceGroup="MC_rg-demo_aks-demo_westus2")


@pytest.mark.parametrize(
    ("scope", "blocks"),
    [
        (SUBSCRIPTION, True),
        (f"{SUBSCRIPTION}/resourceGroups/RG-DEMO", True),
        (cluster_id(), True),
        (vault_id(), True),
        (f"{SUBSCRIPTION}/resourceGroups/mc_rg-demo_aks-demo_westus2", True),
        (f"{SUBSCRIPTION}/resourceGroups/rg-demo-two", False),
        (cluster_id("aks-demo-two"), False),
    ],
)
def test_a_read_only_lock_on_what_is_written(scope: str, blocks: bool) -> None:
    there = empty_snapshot(PRIVATE, cluster=NODES, locks=(Lock("hands-off", scope, "ReadOnly"),))
    every = found(PRIVATE, there, needed(PRIVATE))
    assert ("scope-locked" in every) is blocks
    if blocks:
        assert every["scope-locked"].level == "error"
        assert "hands-off" in every["scope-locked"].message
        assert scope in every["scope-locked"].remedy
    assert "scope-locked" not in found(PRIVATE, there), "where nothing is written, no lock is in the way"


@pytest.mark.parametrize("locks", [(), (Lock("keep", SUBSCRIPTION, "CanNotDelete"),)])
def test_locks_that_block_no_write(locks: tuple[Lock, ...]) -> None:
    assert "scope-locked" not in found(PRIVATE, empty_snapshot(PRIVATE, locks=locks), needed(PRIVATE))


@pytest.mark.parametrize(
    ("state", "level"),
    [("Disabled", "error"), ("Deleted", "error"), ("Warned", "warning"), ("PastDue", "warning")],
)
def test_a_subscription_that_is_not_enabled_is_reported_if_the_plan_writes_in_it(
    state: str, level: str
) -> None:
    """vscode-azureappservice#1646."""
    there = empty_snapshot(PRIVATE, subscription_states={PRODUCTION: state})
    finding = found(PRIVATE, there, needed(PRIVATE))["subscription-disabled"]
    assert (finding.level, state in finding.message) == (level, True)
    assert "subscription-disabled" not in found(PRIVATE, there)
    assert "subscription-disabled" not in found(
        PRIVATE, empty_snapshot(PRIVATE, subscription_states={PRODUCTION: "Enabled"}), needed(PRIVATE)
    )


def test_vcpus_that_suffice_or_are_unknown_are_no_problem() -> None:
    size = NodeSize("Standard_D4ds_v5", True, "standardDDSv5Family", 4)
    enough = empty_snapshot(NEW, node_size=size, vcpus={"standardddsv5family": Vcpus(20, 8)})
    assert "vcpu-quota-reached" not in found(NEW, enough)


ADVISORY = [each for each in vars(reads).values() if isinstance(each, Read) and not each.needed]


@pytest.mark.parametrize("read", ADVISORY, ids=lambda read: read.name)
def test_an_advisory_read_that_failed_is_one_finding(read: Read) -> None:
    forbidden = Problem(
        "input", "A could not be read.", "No role.", "Ask.", "AuthorizationFailed", "No\nright."
    )
    others = (
        replace(forbidden, summary="B could not be read."),
        replace(forbidden, summary="C could not be read."),
    )
    unknown = tuple(Unknown(read, each) for each in (forbidden, *others))
    finding = found(PRIVATE, empty_snapshot(PRIVATE, unknown=unknown))[f"{read.name}-unknown"]
    assert finding.level == read.level
    assert finding.message == (
        "A could not be read. B could not be read. 1 more could not be read. "
        f"Azure said: AuthorizationFailed: No right. {read.absence}"
    )
    assert finding.remedy == ("Ask." if read.level == "warning" else "")


def test_findings_about_advisory_reads_leave_the_digest_unchanged() -> None:
    slow = Unknown(reads.LOCKS, Problem("transient", "No locks.", "Too slow.", "Try again.", "Timeout"))
    before, after = (
        plan_from(target(PRIVATE), empty_snapshot(PRIVATE, unknown=each)) for each in ((), (slow,))
    )
    assert before.digest == after.digest
    assert [f.remedy for f in after.findings if f.code == "locks-unknown"] == ["Try again."]
    assert not after.errors


def test_permissions_on_a_resource_that_could_not_be_read_are_not_missing() -> None:
    """A role on the resource itself adds to those on its group."""
    known = empty_snapshot(PRIVATE, permissions_at={GROUP: ONLY_ROLES, cluster_id().casefold(): None})
    assert known.may("Microsoft.ContainerService/managedClusters/write", cluster_id()) is None
    assert known.may("Microsoft.ContainerService/managedClusters/read", cluster_id()) is True
    assert known.may("Microsoft.KeyVault/vaults/write", vault_id()) is False


def test_errors_come_first() -> None:
    many = complete_snapshot(
        PRIVATE,
        cluster=cluster(provisioningState="Failed", currentKubernetesVersion="1.29.1"),
        feature="Registering",
        groups={GROUP: {"location": "eastus"}},
    )
    levels = [finding.level for finding in findings(target(PRIVATE), many)]
    assert set(levels) == {"error", "warning", "info"}
    assert levels == sorted(levels, key=["error", "warning", "info"].index)

"""One scenario for each rule that refuses: the plan has an error and nothing is written; and with the rule switched off, Azure
itself refuses. So no rule is imaginary, and none is missing its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import PRODUCTION, answers, scenario_file, signed_in
from wizard import rules
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.rules import cluster, governance, identity, key, regions, vault

PLATFORM, PRIVATE, PUBLIC = (
    answers("platform-managed"),
    answers("customer-managed-private"),
    answers("customer-managed-public"),
)
LETTER = answers("customer-managed-private", key={"create_through": "key-vault"})
PERMISSION = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
SHORT = Timeouts(operation=120, registration=60, role_assignment=120, cluster_retry=60)


def new(version: str | None = None, key_option: str = "platform-managed", **changes: Any) -> Answers:
    create = {"kubernetes_version": version} if version else {}
    return answers(key_option, cluster={"name": "aks-new", "create": create}, **changes)  # type: ignore[arg-type]


def demo(**group: Any) -> Json:
    """Changes to the group `rg-demo` of `contoso`."""
    return {"subscriptions": {PRODUCTION: {"groups": {"rg-demo": group}}}}


def key_is(**spec: Any) -> Json:
    return demo(vaults={"kv-demo": {"keys": {"aks-kms": spec}}})


@dataclass(frozen=True)
class Case:
    """What a rule refuses, in a scenario (a built-in one, or one with changes), and what Azure says without it."""

    code: str
    rule: Callable[..., Any]
    chosen: Answers
    world: str | Json
    refusal: str


NO_ASSIGN: Json = {"extends": "no-assign", **demo(identities={"id-aks-demo": {}})}
"""Everything may be done, but assigning the identity that is there."""
HERE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
DENIED: Json = {
    **demo(
        identities={"id-aks-demo": {}},
        vaults={"kv-demo": {"keys": {"aks-kms": {}}, "access": {"id-aks-demo": ["Key Vault Crypto User"]}}},
    ),
    "deny_assignments": {
        "no-keys": {
            "scope": HERE,
            "data_actions": ["Microsoft.KeyVault/vaults/keys/*"],
            "exclude": ["operator"],
        }
    },
}
OFFICER: Json = {
    **key_is(deleted=True),
    "principals": {
        "operator": {"roles": {HERE: ["Key Vault Crypto Officer"], f"/subscriptions/{PRODUCTION}": ["Owner"]}}
    },
}
"""A deleted key, and an operator who may look into the vault."""

CASES = [
    Case("cluster-version-too-old", cluster.version, PLATFORM, "too-old", "BadRequest"),
    Case("cluster-version-too-old", cluster.new_version, new("1.32"), {}, "K8sVersionNotSupported"),
    Case("legacy-kms-v1", cluster.version, PRIVATE, "legacy-kms-v1", "BadRequest"),
    Case("version-not-offered", cluster.new_version, new("1.37"), {}, "K8sVersionNotSupported"),
    Case("version-lts-only", cluster.new_version, new("1.33"), {"kubernetes_versions": {"1.33": {"lts_only": True}}}, "K8sVersionNotSupported"),
    Case("region-unknown", regions.exists, answers("customer-managed-private", location="marsnorth"), {}, "LocationNotAvailableForResourceType"),
    Case("region-not-offered", regions.aks_available, new("1.34"), {"not_offered": {"Microsoft.ContainerService/managedClusters": ["westus2"]}}, "LocationNotAvailableForResourceType"),
    Case("cluster-stopped", cluster.state, PLATFORM, "stopped", "OperationNotAllowed"),
    Case("quota-reached", cluster.quota, new(), "quota-reached", "ManagedClusterCountExceedsQuotaLimit"),
    Case("vm-size-not-available", cluster.node_size, answers("platform-managed", cluster={"name": "aks-new", "create": {"node_vm_size": "Standard_Nope_v9"}}), {}, "BadRequest"),
    Case("vcpu-quota-reached", cluster.node_size, new(), {"quotas": {"vcpus": {"westus2": {"cores": 14}}}}, "ErrCode_InsufficientVCPUQuota"),
    Case("subscription-disabled", governance.subscriptions_enabled, PLATFORM, {"subscriptions": {PRODUCTION: {"state": "Disabled"}}}, "ReadOnlyDisabledSubscription"),
    Case("cluster-service-principal", identity.kind, PLATFORM, "service-principal", "BadRequest"),
    Case("identity-gone", identity.deleted, PLATFORM, "identity-deleted", "FailedIdentityOperation"),
    Case("provider-not-registered", governance.providers_registered, PRIVATE, "unregistered-provider", "MissingSubscriptionRegistration"),
    Case("policy-denies", governance.policies_deny, PRIVATE, "policy-denies-vault", "RequestDisallowedByPolicy"),
    Case("vault-soft-deleted", vault.name_available, PRIVATE, "vault-soft-deleted", "ConflictError"),
    Case("vault-name-taken", vault.name_available, PRIVATE, "vault-name-taken", "VaultAlreadyExists"),
    Case("vault-firewall-denies", vault.firewall, PUBLIC, "vault-firewall", PERMISSION),
    Case("vault-firewall-bars-key", vault.key_creation, LETTER, demo(vaults={"kv-demo": {"default_action": "Deny"}}), "ForbiddenByFirewall"),
    Case("vault-perimeter", vault.usable, PRIVATE, "vault-perimeter", "InternalOperationError"),
    Case("vault-other-tenant", vault.usable, PRIVATE, "vault-other-tenant", "BadRequest"),
    Case("key-hsm-needs-premium", vault.hsm_support, answers("customer-managed-private", key={"type": "RSA-HSM"}), demo(vaults={"kv-demo": {}}), "BadRequest"),
    Case("key-type", key.usable, PUBLIC, "key-elliptic", PERMISSION),
    Case("key-operations", key.usable, PUBLIC, "key-without-encrypt", PERMISSION),
    Case("key-disabled", key.usable, PUBLIC, "key-disabled", PERMISSION),
    Case("key-expired", key.usable, PUBLIC, "key-expired", PERMISSION),
    Case("key-not-yet-valid", key.usable, PUBLIC, "key-not-yet-valid", PERMISSION),
    Case("key-deleted", key.deleted, PRIVATE, OFFICER, "ObjectIsDeletedButRecoverable"),
    Case("identity-denied", identity.role, PUBLIC, DENIED, PERMISSION),
    Case("rights-missing", governance.missing_permissions, PRIVATE, "no-rights", "AuthorizationFailed"),
    Case("rights-missing", governance.missing_permissions, PRIVATE, NO_ASSIGN, "LinkedAuthorizationFailed"),
    Case("rights-missing", governance.missing_permissions, PRIVATE, "no-grant", "AuthorizationFailed"),
    Case("rights-denied", governance.deny_assignments, PRIVATE, "deny-assignment", "DenyAssignmentAuthorizationFailed"),
    Case("scope-locked", governance.read_only_locks, PRIVATE, "read-only-lock", "ScopeLocked"),
    Case("scope-locked", governance.read_only_locks, PRIVATE, "node-group-lock", "ScopeLocked"),
]  # fmt: skip

IDS = [f"{case.code}-{case.rule.__name__}-{index}" for index, case in enumerate(CASES)]


def place(case: Case, folder: Path) -> str | Path:
    return case.world if isinstance(case.world, str) else scenario_file(folder, **case.world)


@pytest.mark.sampled(9)
@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_the_plan_refuses_and_nothing_is_written(case: Case, tmp_path: Path) -> None:
    async with signed_in(place(case, tmp_path)) as (simulator, azure):
        plan = await make_plan(azure, case.chosen)
        finding = next(finding for finding in plan.errors if finding.code == case.code)
        assert finding.message
        assert finding.remedy
        with pytest.raises(Exception, match=r".") as refusal:
            await Run(azure, case.chosen, plan, timeouts=SHORT).execute(plan.digest)
        assert type(refusal.value).__name__ == "RefusedError"
        assert simulator.writes() == []


@pytest.mark.sampled(9)
@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_without_the_rule_azure_refuses(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "RULES", tuple(rule for rule in rules.RULES if rule is not case.rule))
    monkeypatch.setattr(
        rules, "ACTION_RULES", tuple(each for each in rules.ACTION_RULES if each is not case.rule)
    )

    async def does_not_look(*_: object) -> None:
        """The gate is passed once more before AKS is asked."""

    monkeypatch.setattr("wizard.procedure.run.revalidate", does_not_look)
    async with signed_in(place(case, tmp_path)) as (_, azure):
        plan = await make_plan(azure, case.chosen)
        assert plan.errors == (), "no other rule foresees it"
        run = Run(azure, case.chosen, plan, timeouts=SHORT)
        assert await run.execute(plan.digest) == "failed"
        assert {problem.code for problem in run.problems.values()} == {case.refusal}
        assert all(problem.summary and problem.cause and problem.remedy for problem in run.problems.values())
        if (
            case.refusal == PERMISSION
        ):  # AKS has one message for many causes; which one it is has been found out
            assert (run.problems["cluster"].kind, run.problems["cluster"].retryable) == ("input", False)


NOT_AZURES_TO_REFUSE = {
    "cluster-not-found": "reading it is the refusal: ResourceNotFound",
    "cluster-exists": "Azure would change the cluster that exists, which nobody asked for",
    "cluster-deleting": "the cluster is gone before Azure could refuse",
    "cluster-busy": "the run would wait until the other operation has ended, however long",
    "no-version-offered": "without a version AKS takes its default, which may be one that cannot be encrypted",
    "vault-shared": "Azure closes the vault, and the other clusters lose their key",
    "identity-other-tenant": "an identity keeps the tenant of before when its subscription is moved; AKS's words are not known",
    "region-without-identities": "the regions are of other clouds",
}
"""Errors of rules that no refusal of Azure stands behind, and why they are there all the same."""


def test_every_rule_that_refuses_has_a_scenario() -> None:
    import inspect
    import re

    modules = {inspect.getmodule(rule) for rule in (*rules.RULES, *rules.ACTION_RULES)}
    sources = "".join(Path(inspect.getfile(module)).read_text() for module in modules if module)
    errors = set(re.findall(r'"error",\s+"([a-z0-9-]+)",', sources))
    assert errors == {case.code for case in CASES} | NOT_AZURES_TO_REFUSE.keys()

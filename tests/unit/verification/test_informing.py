"""The checks that inform: access to the key, its log, signs of infrastructure code, and code that took the key away."""

from dataclasses import replace
from typing import Any

import pytest

from tests.facts import (
    CUSTOMER_MANAGED,
    PLATFORM_MANAGED,
    PRINCIPAL,
    SUFFIX,
    SYSTEM_ASSIGNED,
    cluster,
    key,
    user_assigned,
    vault,
)
from tests.support import PRODUCTION, answers, cluster_id, identity_id, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption
from wizard.cloud.key_access import BUILT_IN, KeyAccess, LogSetting
from wizard.cloud.ownership import CodeSigns, Deployment, LastWrite, Stack
from wizard.cloud.reads import DEPLOYMENTS, LOG_SETTINGS, Unknown
from wizard.cloud.rights import Permission, RoleDefinition
from wizard.cloud.roles import Grant
from wizard.errors import Problem
from wizard.verification.access import access_checks
from wizard.verification.code import code_checks, reverted_check
from wizard.verification.evidence import Evidence
from wizard.verification.report import Check

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-demo"
FORBIDDEN = Problem("input", "It could not be read.", code="AuthorizationFailed", azure_said="You may not.")
GUIDS = {role.name: guid for guid, role in BUILT_IN.items()}
WISH = answers("customer-managed-private")


def evidence(body: Json | None = None, **changes: Any) -> Evidence:
    body = body or cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))
    e = Evidence(body, Encryption.of(body), None, SUFFIX, vault=vault(), key=key(), code=CodeSigns())
    return replace(e, **changes)


def held(*roles: tuple[str, str, str, str], **own: RoleDefinition) -> KeyAccess:
    """Return the access of roles: principal, its type, the name of the role, scope; `own` are custom roles."""
    guids = GUIDS | {name: name for name in own}
    return KeyAccess(
        tuple(
            Grant(scope, guids[role], principal, None, principal_type=kind)
            for principal, kind, role, scope in roles
        ),
        {**BUILT_IN, **own},
    )


def access(e: Evidence) -> dict[str, Check]:
    return {check.code: check for check in access_checks(e)}


def named(check: Check) -> set[str]:
    return {part.split(":")[0].split(" ")[1] for part in check.evidence.split("; ") if " " in part}


EVERYBODY = held(
    (PRINCIPAL, "ServicePrincipal", "Key Vault Crypto User", vault_id()),
    ("officer", "User", "Key Vault Crypto Officer", f"{vault_id()}/keys/aks-kms"),
    ("admin", "Group", "Key Vault Administrator", SUBSCRIPTION),
    ("wrapper", "ServicePrincipal", "Key Vault Crypto Service Encryption User", vault_id()),
    ("owner", "User", "Owner", GROUP),
    ("root", "User", "Owner", "/providers/Microsoft.Management/managementGroups/all"),
    ("contributor", "User", "Contributor", SUBSCRIPTION),
    ("helper", "User", "Key Vault Data Access Administrator", vault_id()),
    ("purger", "User", "Key Vault Purge Operator", SUBSCRIPTION),
    ("reader", "User", "Reader", SUBSCRIPTION),
    ("manager", "User", "Key Vault Contributor", GROUP),
)
"""Scopes matter: who purges a deleted vault needs that in its subscription, so the owner of the group may not."""


def test_everybody_who_can_use_destroy_or_hand_out_the_key_is_named() -> None:
    found = access(evidence(key_access=EVERYBODY))
    assert named(found["access-key-use"]) == {PRINCIPAL, "officer", "admin"}, "this key cannot unwrap"
    assert "3 principals can decrypt with the key: the cluster's identity, 1 user, 1 group." in found["access-key-use"].message  # fmt: skip
    assert named(found["access-key-destroy"]) == {"officer", "admin", "root", "contributor", "purger"}
    assert found["access-key-destroy"].message.endswith("Purge protection prevents it until the retention ends.")  # fmt: skip
    assert named(found["access-grant"]) == {"owner", "root", "helper"}
    assert {check.outcome for code, check in found.items() if code != "vault-audit-log"} == {"note"}


def test_to_unwrap_is_to_decrypt_if_the_key_allows_it() -> None:
    e = evidence(key_access=EVERYBODY, key=key(keyOps=["encrypt", "decrypt", "unwrapKey"]))
    assert "wrapper" in named(access(e)["access-key-use"])


def test_in_a_vault_with_access_policies_these_count_and_who_can_change_them() -> None:
    policies = [
        {"objectId": "friend", "permissions": {"keys": ["Decrypt"]}},
        {"objectId": "cleaner", "permissions": {"keys": ["purge"]}},
        {"objectId": "other", "permissions": {"secrets": ["get"]}},
    ]
    old = vault(enableRbacAuthorization=False, accessPolicies=policies, enablePurgeProtection=None)
    found = access(evidence(key_access=EVERYBODY, vault=old))
    assert named(found["access-key-use"]) == {"friend"}
    assert named(found["access-key-destroy"]) == {"cleaner", "root", "contributor", "purger"}
    assert found["access-key-destroy"].message.endswith("Purge protection is off.")
    assert named(found["access-grant"]) == {"owner", "root", "helper", "contributor", "manager"}


def test_a_custom_role_counts_and_one_that_cannot_be_read_is_unknown() -> None:
    own = RoleDefinition("Own", (), (Permission(("Microsoft.KeyVault/vaults/keys/decrypt/action",), ()),))
    seen = held(("someone", "User", "own", vault_id()), own=own)
    assert named(access(evidence(key_access=seen))["access-key-use"]) == {"someone"}
    unread = replace(seen, unread={"ffff": FORBIDDEN})
    check = access(evidence(key_access=unread))["access-key-use"]
    assert check.outcome == "unknown"
    assert not check.leaves_open
    assert "At least: 1 principal can decrypt" in check.message


def test_what_could_not_be_read_is_unknown_and_leaves_the_verdict_alone() -> None:
    e = evidence(
        key_access=None,
        unreadable={"roles": FORBIDDEN},
        log_settings=Unknown(LOG_SETTINGS, FORBIDDEN),
        code=CodeSigns(unread=(Unknown(DEPLOYMENTS, FORBIDDEN),)),
    )
    found = [*access_checks(e), *code_checks(e)]
    assert {check.outcome for check in found} == {"unknown"}
    assert len(found) == 6
    assert not any(check.leaves_open for check in found)
    unread = evidence(code=None)
    assert {check.outcome for check in access_checks(unread)} == {"unknown"}


def test_the_log_of_the_vault_is_on_or_off() -> None:
    on = access(evidence(log_settings=(LogSetting("a", audits=False), LogSetting("b", audits=True))))
    assert on["vault-audit-log"].outcome == "passed"
    off = access(evidence(log_settings=(LogSetting("a", audits=False),)))["vault-audit-log"]
    assert off.outcome == "note"
    assert "az monitor diagnostic-settings create" in off.remedy


def signs(e: Evidence) -> dict[str, Check]:
    return {check.code: check for check in code_checks(e)}


def test_signs_of_infrastructure_code_are_named() -> None:
    tags = {"sigs.k8s.io_cluster-api-provider-azure_cluster_prod": "owned", "provisioner": "x", "team": "a"}
    mine = Deployment("main", "rg-demo", complete=False, at="2026-11-01", resources=(cluster_id().upper(),))
    other = Deployment("other", "rg-demo", complete=False, at="2026-11-02", resources=())
    stack = Stack("estate", "rg-demo", denies=True, deletes=False, resources=(cluster_id(),))
    body = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id())) | {"tags": tags}
    found = signs(evidence(body, code=CodeSigns((mine, other), (stack,))))
    assert found["code-signs"].outcome == "note"
    assert found["code-signs"].evidence == (
        "tag of Cluster API Provider Azure: sigs.k8s.io_cluster-api-provider-azure_cluster_prod; tag provisioner=x; "
        "deployment main of rg-demo (2026-11-01); deployment stack estate of rg-demo, which denies changes by others"
    )
    assert found["code-complete-mode"].outcome == "note"
    assert "code-signs" not in signs(evidence(code=None)), "nothing is said of what was not read"
    elsewhere = Stack("x", "the subscription", denies=False, deletes=True, resources=(cluster_id("a"),))
    assert signs(evidence(code=CodeSigns(stacks=(elsewhere,))))["code-complete-mode"].outcome == "note"
    nothing = signs(evidence())["code-signs"]
    assert "Terraform and Pulumi leave none" in nothing.message


@pytest.mark.parametrize(
    "found",
    [
        CodeSigns((Deployment("all", "rg-demo", complete=True, at="2026-11-01", resources=()),)),
        CodeSigns(stacks=(Stack("all", "rg-demo", denies=False, deletes=True, resources=(vault_id(),)),)),
    ],
)
def test_what_deletes_vault_and_identity_is_an_alarm(found: CodeSigns) -> None:
    check = signs(evidence(code=found))["code-complete-mode"]
    assert (check.outcome, "all of rg-demo" in check.evidence) == ("warning", True)
    assert "aks-kms export" in check.remedy


TAKEN = cluster({**PLATFORM_MANAGED, "azureKeyVaultKms": {"enabled": False}})
COMPLETE = CodeSigns((Deployment("all", "rg-demo", complete=True, at="2026-11-01", resources=()),))
CASES = (
    evidence(log_settings=()),
    evidence(code=COMPLETE),
    evidence(TAKEN, expect=WISH, last_write=LastWrite("ops", by_application=True, at="")),
)
"""One for each remedy."""


def remedies() -> set[str]:
    found = (check for e in CASES for check in (*access_checks(e), *code_checks(e), *reverted_check(e)))
    return {check.remedy for check in found if check.remedy}


def test_every_remedy_has_a_case() -> None:
    assert len({remedy for remedy in remedies() if "could not be read" not in remedy}) >= len(CASES)


def reverted(body: Json, write: LastWrite | Unknown | None) -> Check | None:
    return next(reverted_check(evidence(body, expect=WISH, last_write=write)), None)


def test_code_that_took_the_key_away_is_named_with_the_lines_to_add() -> None:
    old: Json = {**PLATFORM_MANAGED, "azureKeyVaultKms": {"enabled": False}}
    write = LastWrite("00000000-0000-0000-0000-0000000000cc", by_application=True, at="2026-11-29T10:00:00Z")
    check = reverted(cluster(old, identity=SYSTEM_ASSIGNED), write)
    assert check
    assert check.outcome == "failed"
    assert check.message.startswith(
        "The cluster had a customer-managed key, and has a platform-managed key and a system-assigned identity again."
    )
    assert "by an application" in check.message
    assert "ignore_changes = [key_management_service]" in check.remedy
    assert f'identity_ids = ["{identity_id()}"]' in check.remedy
    assert write.caller in check.evidence
    user = reverted(cluster(old), replace(write, by_application=False, caller="ops@contoso.example"))
    assert user
    assert (user.outcome, "ops@contoso.example" in user.message) == ("warning", True)
    unseen = reverted(cluster(PLATFORM_MANAGED), None)
    assert unseen
    assert unseen.outcome == "unknown"
    assert "instead of the customer-managed key" in unseen.message


def test_a_cluster_that_never_had_a_key_lost_none() -> None:
    assert reverted(cluster({}), None) is None
    assert reverted(cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id())), None) is None

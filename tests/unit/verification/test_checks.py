"""Each check passes with one evidence, and fails, warns or is unknown with another."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.facts import (
    BRACKETED,
    CUSTOMER_MANAGED,
    IDENTITY_GRANTS,
    KEY_ID,
    LEGACY,
    PLATFORM_MANAGED,
    PRINCIPAL,
    SUFFIX,
    bracketed,
    cluster,
    grant,
    identity,
    key,
    shouted,
    unquoted,
    user_assigned,
    vault,
)
from tests.support import PRODUCTION, TENANT, answers, cluster_id, identity_id, vault_id
from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption
from wizard.cloud.key_access import KeyAccess, LogSetting
from wizard.cloud.locks import Lock
from wizard.cloud.ownership import CodeSigns
from wizard.cloud.rights import Deny, Permission
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_OFFICER, CRYPTO_USER, Role
from wizard.errors import Problem
from wizard.procedure.steps.key import rotation_policy
from wizard.verification.checks import checks
from wizard.verification.evidence import Evidence
from wizard.verification.report import Check

OURS = user_assigned(identity_id())
PRIVATE = CUSTOMER_MANAGED
PUBLIC: Json = {
    **PLATFORM_MANAGED,
    "azureKeyVaultKms": {**CUSTOMER_MANAGED["azureKeyVaultKms"], "keyVaultNetworkAccess": "Public"},
}
NAMELESS: Json = {
    **PLATFORM_MANAGED,
    "azureKeyVaultKms": {**CUSTOMER_MANAGED["azureKeyVaultKms"], "keyVaultResourceId": ""},
}
DAY, HOUR = 86400, 3600
LEGACY_VERSION = "0123456789abcdef0123456789abcdef"


def version(name: str = LEGACY_VERSION, age: float = 30 * DAY, **attributes: Any) -> Json:
    """Return one version of the key, created `age` seconds ago."""
    made = {"enabled": True, "created": time.time() - age, **attributes}
    return {"name": name, "properties": {"attributes": made, "keyUriWithVersion": f"{KEY_ID}/{name}"}}


def evidence(profile: Json, *, body: Json | None = None, **changes: Any) -> Evidence:
    """Return the evidence of a cluster with that profile, whose dependencies are all correct."""
    body = body or cluster(profile, identity=OURS)
    encryption = Encryption.of(body)
    denies = encryption.network_access == "Private"
    there = Evidence(
        body,
        encryption,
        None,
        SUFFIX,
        vault=vault(denies=denies),
        key=key(),
        key_versions=(version(),),
        identity_grants=IDENTITY_GRANTS,
        deny_assignments=(),
        identities={identity_id(): identity()},
        locks=(),
        key_access=KeyAccess(),
        log_settings=(LogSetting("key-use", audits=True),),
        code=CodeSigns() if encryption.kms_enabled else None,
    )
    return replace(there, **changes)


def checks_of(e: Evidence) -> dict[str, Check]:
    found = checks(e)
    assert len({check.code for check in found}) == len(found), "each code occurs once"
    return {check.code: check for check in found}


def gone(code: str) -> Problem:
    return Problem("input", "It could not be read.", code=code, azure_said="It was not found.")


FORBIDDEN = Problem("input", "It could not be read.", code="AuthorizationFailed", azure_said="You may not.")
ELSEWHERE = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-x/providers/Microsoft.KeyVault/vaults/kv-x"
WRAPPER = Role("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6")
CUSTOM = Role("Our own role", "00000000-0000-0000-0000-0000000000ff")
EVERYONE = (("00000000-0000-0000-0000-000000000000", "SystemDefined"),)
ROTATES: Json = {"lifetimeActions": [{"trigger": {"timeAfterCreate": "P18M"}, "action": {"type": "rotate"}}]}

BEFORE_EXPIRY: Json = {
    "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Rotate"}}]
}


def key_with(**attributes: Any) -> Json:
    return key(attributes={"enabled": True, **attributes})


def lock(level: str, scope: str) -> tuple[Lock, ...]:
    return (Lock("of-operations", scope, level),)


def denial(*principals: tuple[str, str], excluded: str = "", action: str = "*") -> tuple[Deny, ...]:
    left_out = (excluded,) if excluded else ()
    return (Deny("keep-out", vault_id(), principals, left_out, data_actions=(Permission((action,), ()),)),)


def policy(*permissions: str, principal: str = PRINCIPAL) -> Json:
    entry = {"objectId": principal, "permissions": {"keys": list(permissions)}}
    return vault(enableRbacAuthorization=False, accessPolicies=[entry])


WISH = answers("customer-managed-private")
ROTATED = answers("customer-managed-private", key={"rotate_every": "P1Y"})
TWO = cluster(
    PRIVATE,
    identity={
        "type": "UserAssigned",
        "userAssignedIdentities": {
            **OURS["userAssignedIdentities"],
            identity_id("id-other"): {"principalId": "other"},
        },
    },
)
TWO_THERE = {identity_id(): identity(), identity_id("id-other"): identity(principalId="other")}

CASES: list[tuple[str, str, Evidence]] = [
    ("cluster-healthy", "failed", evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Failed"))),
    ("cluster-healthy", "warning", evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Updating"))),
    ("cluster-healthy", "passed", evidence(PRIVATE)),
    ("cluster-running", "warning", evidence({}, body=cluster(PRIVATE, identity=OURS, powerState={"code": "Stopped"}))),
    ("cluster-running", "passed", evidence(PRIVATE)),
    ("cluster-version", "unknown", evidence(PRIVATE, body=cluster(PRIVATE, identity=OURS, currentKubernetesVersion=None, kubernetesVersion=None))),
    ("cluster-version", "warning", evidence({}, body=cluster(LEGACY, identity=OURS, currentKubernetesVersion="1.29.9"))),
    ("cluster-version", "passed", evidence(PRIVATE)),
    ("encryption-enabled", "failed", evidence({})),
    ("encryption-enabled", "warning", evidence(LEGACY)),
    ("encryption-enabled", "unknown", evidence({}, body=cluster(PLATFORM_MANAGED, provisioningState="Updating"))),
    ("encryption-enabled", "unknown", evidence({}, body=cluster(PLATFORM_MANAGED, provisioningState="Failed"))),
    ("encryption-enabled", "passed", evidence(PLATFORM_MANAGED)),
    ("infrastructure-encryption", "warning", evidence(LEGACY)),
    ("infrastructure-encryption", "passed", evidence(PLATFORM_MANAGED)),
    ("builtin-policy", "note", evidence(PLATFORM_MANAGED)),
    ("cluster-unlocked", "warning", evidence(PRIVATE, locks=lock("ReadOnly", cluster_id()))),
    ("cluster-unlocked", "warning", evidence(PRIVATE, locks=lock("ReadOnly", f"/subscriptions/{PRODUCTION}"))),
    ("cluster-unlocked", "passed", evidence(PRIVATE, locks=lock("CanNotDelete", cluster_id()))),
    ("cluster-unlocked", "unknown", evidence(PRIVATE, locks=None, unreadable={"locks": FORBIDDEN})),
    ("key-id-versionless", "warning", evidence(LEGACY)),
    ("key-id-versionless", "passed", evidence(PRIVATE)),
    ("vault-exists", "failed", evidence(PRIVATE, vault=None, unreadable={"vault": gone("ResourceNotFound")})),
    ("vault-exists", "failed", evidence(PRIVATE, vault=None, unreadable={"vault": gone("ResourceNotFound")},
                                        deleted={"vault": {"properties": {"scheduledPurgeDate": "2030-01-01T00:00:00Z"}}})),
    ("vault-exists", "unknown", evidence(PRIVATE, vault=None, unreadable={"vault": FORBIDDEN})),
    ("vault-exists", "unknown", evidence(PRIVATE, vault=None)),
    ("vault-exists", "passed", evidence(PRIVATE)),
    ("vault-named", "failed", evidence(NAMELESS)),
    ("vault-named", "failed", evidence(PRIVATE, vault={**vault(vaultUri="https://kv-other.vault.azure.net/"), "name": "kv-other"})),
    ("vault-named", "passed", evidence(PUBLIC)),
    ("vault-named", "passed", evidence(LEGACY)),
    ("vault-tenant", "failed", evidence(PRIVATE, vault=vault(tenantId="other"), identities={identity_id(): {"properties": {"tenantId": TENANT}}})),
    ("vault-tenant", "passed", evidence(PRIVATE, identities={identity_id(): {"properties": {"tenantId": TENANT.upper()}}})),
    ("vault-rbac", "warning", evidence(PRIVATE, vault=vault(enableRbacAuthorization=False))),
    ("vault-rbac", "passed", evidence(PRIVATE)),
    ("vault-soft-delete", "failed", evidence(PRIVATE, vault=vault(enableSoftDelete=False))),
    ("vault-soft-delete", "passed", evidence(PRIVATE)),
    ("vault-purge-protection", "warning", evidence(PRIVATE, vault=vault(enablePurgeProtection=None))),
    ("vault-purge-protection", "passed", evidence(PRIVATE)),
    ("vault-lock", "warning", evidence(PRIVATE, vault=vault(enablePurgeProtection=None))),
    ("vault-lock", "passed", evidence(PRIVATE, vault=vault(enablePurgeProtection=None), locks=lock("CanNotDelete", vault_id()))),
    ("vault-lock", "passed", evidence(PRIVATE)),
    ("vault-lock", "unknown", evidence(PRIVATE, locks=None, unreadable={"locks": FORBIDDEN})),
    ("vault-reachable", "failed", evidence(PRIVATE, vault=vault(networkAcls={"bypass": "None"}))),
    ("vault-reachable", "failed", evidence(PRIVATE, vault=vault(publicNetworkAccess="SecuredByPerimeter"))),
    ("vault-reachable", "failed", evidence(PUBLIC, vault=vault(denies=True))),
    ("vault-reachable", "failed", evidence(PUBLIC, vault=vault(denies=False, publicNetworkAccess="Disabled"))),
    ("vault-reachable", "failed", evidence(PUBLIC, vault=vault(denies=False, publicNetworkAccess="SecuredByPerimeter"))),
    ("vault-reachable", "passed", evidence(PRIVATE, vault=vault(publicNetworkAccess="Disabled"))),
    ("vault-reachable", "passed", evidence(PUBLIC)),
    ("vault-private", "warning", evidence(PRIVATE, vault=vault(denies=False))),
    ("vault-private", "passed", evidence(PRIVATE)),
    ("key-exists", "failed", evidence(PRIVATE, key=None, unreadable={"key": gone("KeyNotFound")})),
    ("key-exists", "failed", evidence(PRIVATE, key=None, unreadable={"key": gone("KeyNotFound")},
                                      deleted={"key": {"recoveryId": "https://x", "scheduledPurgeDate": time.time() + DAY}})),
    ("key-exists", "failed", evidence(PRIVATE, key=None, unreadable={"key": gone("KeyNotFound")}, deleted={"key": FORBIDDEN})),
    ("key-exists", "unknown", evidence(PRIVATE, key=None, unreadable={"key": FORBIDDEN})),
    ("key-exists", "passed", evidence(PRIVATE)),
    ("key-type", "failed", evidence(PRIVATE, key=key(kty="EC"))),
    ("key-type", "passed", evidence(PRIVATE, key=key(kty="RSA-HSM"))),
    ("key-operations", "failed", evidence(PRIVATE, key=key(keyOps=["wrapKey", "encrypt"]))),
    ("key-operations", "failed", evidence(PRIVATE, key=key(keyOps=None))),
    ("key-operations", "passed", evidence(PRIVATE)),
    ("key-enabled", "failed", evidence(PRIVATE, key=key_with(enabled=False))),
    ("key-enabled", "passed", evidence(PRIVATE)),
    ("key-not-before", "failed", evidence(PRIVATE, key=key_with(nbf=time.time() + HOUR))),
    ("key-not-before", "passed", evidence(PRIVATE, key=key_with(nbf=time.time() - HOUR))),
    ("key-expiry", "failed", evidence(PRIVATE, key=key_with(exp=time.time() - DAY))),
    ("key-expiry", "warning", evidence(PRIVATE, key=key_with(exp=time.time() + 30 * DAY))),
    ("key-expiry", "passed", evidence(PRIVATE, key=key(attributes={"exp": time.time() + 400 * DAY}, rotationPolicy=None))),
    ("key-pickup", "warning", evidence(PRIVATE, key_versions=(version("b", HOUR), version("a")))),
    ("key-pickup", "failed", evidence(PRIVATE, key_versions=(version("b", HOUR), version("a", enabled=False)))),
    ("key-pickup", "warning", evidence(LEGACY, key=key_with(created=time.time() - 60 * DAY), key_versions=(version("b"), version()))),
    ("key-pickup", "unknown", evidence(PRIVATE, key_versions=None, unreadable={"key-versions": FORBIDDEN})),
    ("key-pickup", "passed", evidence(PRIVATE, key_versions=(version("b", 7 * HOUR), version("a")))),
    ("key-pickup", "passed", evidence(PRIVATE, key_versions=(version("a", HOUR),))),
    ("key-pickup", "passed", evidence(LEGACY)),
    ("key-rotation-policy", "warning", evidence(PRIVATE, key=key(attributes={"exp": time.time() + 400 * DAY}, rotationPolicy=None))),
    ("key-rotation-policy", "warning", evidence(LEGACY, key=key(rotationPolicy=ROTATES))),
    ("key-rotation-policy", "passed", evidence(PRIVATE, key=key(rotationPolicy=ROTATES))),
    ("key-rotation-policy", "warning", evidence(PRIVATE, key=key_with(created=time.time() - 65 * DAY, exp=time.time() + 25 * DAY))),
    ("key-rotation-policy", "passed", evidence(PRIVATE, key=key_with(created=time.time() - 300 * DAY, exp=time.time() + 100 * DAY))),
    ("key-rotation-policy", "unknown", evidence(PRIVATE, key=key_with(exp=time.time() + 25 * DAY))),
    ("key-rotation-policy", "warning", evidence(PRIVATE, key=key(rotationPolicy=BEFORE_EXPIRY))),
    ("identity-attached", "failed", evidence({}, body=cluster(PRIVATE))),
    ("identity-attached", "passed", evidence(PRIVATE)),
    ("identity-exists", "failed", evidence(PRIVATE, identities={identity_id(): gone("ResourceNotFound")})),
    ("identity-exists", "unknown", evidence(PRIVATE, identities={identity_id(): FORBIDDEN})),
    ("identity-exists", "passed", evidence(PRIVATE)),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=())),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(grant(CONTRIBUTOR),))),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(grant(WRAPPER),), key_roles={WRAPPER.guid: (WRAPPER.name, False)})),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(), grants_elsewhere=(grant(CRYPTO_OFFICER, scope=ELSEWHERE),))),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(grant(CRYPTO_OFFICER, scope=f"{vault_id()}/keys/other"),))),
    ("identity-role", "unknown", evidence(PRIVATE, identity_grants=None, unreadable={"roles": FORBIDDEN})),
    ("identity-role", "passed", evidence(PRIVATE, identity_grants=(replace(grant(CRYPTO_OFFICER), group_id="a group"),))),
    ("identity-role", "passed", evidence(PRIVATE, identity_grants=(grant(CRYPTO_OFFICER, scope=f"{vault_id()}/keys/aks-kms"),))),
    ("identity-role", "passed", evidence(PRIVATE, identity_grants=(grant(CRYPTO_OFFICER, scope=f"/subscriptions/{PRODUCTION}"),))),
    ("identity-role", "passed", evidence(PRIVATE, identity_grants=(grant(CUSTOM),), key_roles={CUSTOM.guid: (CUSTOM.name, True)})),
    ("identity-not-denied", "failed", evidence(PRIVATE, deny_assignments=denial((PRINCIPAL, "ServicePrincipal")))),
    ("identity-not-denied", "failed", evidence(PRIVATE, deny_assignments=denial(*EVERYONE))),
    ("identity-not-denied", "unknown", evidence(PRIVATE, deny_assignments=denial(("a group", "Group")))),
    ("identity-not-denied", "unknown", evidence(PRIVATE, deny_assignments=None, unreadable={"deny-assignments": FORBIDDEN})),
    ("identity-not-denied", "passed", evidence(PRIVATE, deny_assignments=denial(*EVERYONE, excluded=PRINCIPAL))),
    ("identity-not-denied", "passed", evidence(PRIVATE, deny_assignments=denial(*EVERYONE, action="Microsoft.KeyVault/vaults/secrets/*"))),
    ("identity-not-denied", "passed", evidence(PRIVATE)),
    ("identity-access-policy", "failed", evidence(PRIVATE, vault=policy("get", "encrypt"))),
    ("identity-access-policy", "failed", evidence(PRIVATE, vault=policy("encrypt", "decrypt", principal="somebody else"))),
    ("identity-access-policy", "passed", evidence(PRIVATE, vault=policy("Encrypt", "Decrypt"))),
    ("expected-key-option", "failed", evidence(PLATFORM_MANAGED, expect=WISH)),
    ("expected-key-option", "failed", evidence(PRIVATE, expect=answers("platform-managed"))),
    ("expected-key-option", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-key", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", key={"name": "other"}))),
    ("expected-key", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", vault={"name": "kv-x"}))),
    ("expected-key", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-network-access", "failed", evidence(PRIVATE, expect=answers("customer-managed-public"))),
    ("expected-network-access", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-identity", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", identity={"name": "id-x"}))),
    ("expected-identity", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", identity={"resource_group": "rg-x"}))),
    ("expected-identity", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-vault", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", vault={"resource_group": "rg-x"}))),
    ("expected-vault", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-purge-protection", "warning", evidence(PRIVATE, expect=WISH, vault=vault(enablePurgeProtection=None))),
    ("expected-purge-protection", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-key-kind", "passed", evidence(PRIVATE, expect=WISH)),
    ("expected-key-kind", "warning", evidence(PRIVATE, expect=answers("customer-managed-private", key={"size": 4096}))),
    ("expected-key-kind", "warning", evidence(PRIVATE, expect=answers("customer-managed-private", key={"type": "RSA-HSM"}))),
    ("expected-rotation", "passed", evidence(PRIVATE, expect=ROTATED, key=key(rotationPolicy=rotation_policy("P1Y")))),
    ("expected-rotation", "warning", evidence(PRIVATE, expect=ROTATED, key=key(rotationPolicy=rotation_policy("P2Y")))),
    ("expected-rotation", "warning", evidence(PRIVATE, expect=ROTATED, key=key(rotationPolicy=None))),
    ("key-id-versionless", "failed", evidence({**PRIVATE, "azureKeyVaultKms": {**PRIVATE["azureKeyVaultKms"], "keyId": ""}})),
    ("identity-exists", "failed", evidence(PRIVATE, identities={identity_id(): identity(principalId="another")})),
    ("identity-role", "unknown", evidence(PRIVATE, identity_grants=(replace(grant(CRYPTO_USER), conditional=True),))),
    ("identity-role", "unknown", evidence(PRIVATE, body=TWO, identities=TWO_THERE)),
    ("identity-attached", "unknown", evidence(PRIVATE, body={**cluster(PRIVATE), "identity": None})),
    ("identity-attached", "unknown", evidence(PRIVATE, body=cluster(PRIVATE, identity={"type": "UserAssigned"}))),
    ("identity-attached", "failed", evidence(PRIVATE, body={**cluster(PRIVATE, servicePrincipalProfile={"clientId": "x"}), "identity": None})),
]  # fmt: skip


@pytest.mark.parametrize(
    "profile", [PRIVATE, PUBLIC, PLATFORM_MANAGED], ids=["private", "public", "platform"]
)
def test_a_correct_setup_passes_every_check(profile: Json) -> None:
    for check in checks_of(evidence(profile)).values():
        assert check.outcome in {"passed", "note"}, check
        assert check.passed
        assert check.message
        assert check.remedy == ""


@pytest.mark.parametrize("profile", [PRIVATE, PUBLIC], ids=["private", "public"])
def test_azures_words_in_capitals_say_the_same(profile: Json) -> None:
    quiet = evidence(profile)
    loud = evidence(
        profile,
        body=shouted(quiet.cluster),
        vault=shouted(quiet.vault),
        key=shouted(quiet.key),
        identities={name.upper(): shouted(body) for name, body in quiet.identities.items()},
    )
    assert {code: check.outcome for code, check in checks_of(loud).items()} == {
        code: check.outcome for code, check in checks_of(quiet).items()
    }


def test_a_missing_provisioning_state_is_succeeded() -> None:
    body = cluster(PRIVATE, identity=OURS)
    del body["properties"]["provisioningState"]
    assert checks_of(evidence(PRIVATE, body=body))["cluster-healthy"].outcome == "passed"


@pytest.mark.parametrize(("code", "outcome", "e"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_each_check_has_the_outcome_of_its_case(code: str, outcome: str, e: Evidence) -> None:
    check = checks_of(e)[code]
    assert check.outcome == outcome
    assert check.passed == (outcome not in {"failed", "unknown"})
    assert check.message
    assert bool(check.remedy) == (outcome not in {"passed", "note"})


def test_remedies_quote_names_for_a_shell() -> None:
    remedies = {check.remedy for _, _, e in CASES for check in checks_of(bracketed(e)).values()}
    assert sum(BRACKETED in remedy for remedy in remedies) > 5
    assert [remedy for remedy in remedies if unquoted(remedy)] == []


def test_every_check_has_a_passing_and_a_failing_case() -> None:
    informing = ("builtin-policy", "access-", "vault-audit-log", "code-")  # tests of their own
    every = {code for _, _, e in CASES for code in checks_of(e) if not code.startswith(informing)}
    assert every == {code for code, outcome, _ in CASES if outcome == "passed"}
    assert every == {code for code, outcome, _ in CASES if outcome not in {"passed", "note"}}


def test_comparison_with_answers_ignores_letter_case() -> None:
    shouted = json.loads(json.dumps(PRIVATE).replace("kv-demo.vault", "KV-Demo.vault"))
    found = checks_of(evidence(shouted, expect=answers("customer-managed-private")))
    assert [c.outcome for code, c in found.items() if code.startswith("expected-")] == ["passed"] * 7


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "nonsense",
        "https://kv/",
        "https://kv/keys",
        "https://kv/secrets/x",
        "http://kv/keys/x",
        "https://kv/keys//v",
    ],
)
def test_an_invalid_key_identifier_fails(odd: str) -> None:
    names = {**PRIVATE, "azureKeyVaultKms": {**PRIVATE["azureKeyVaultKms"], "keyId": odd}}
    found = checks_of(evidence(names))["key-id-versionless"]
    assert (found.outcome, "names no key" in found.message) == ("failed", True)


def test_answers_for_another_cluster_warn() -> None:
    other = answers("customer-managed-private", cluster={"name": "aks-other"})
    found = checks_of(evidence(PRIVATE, expect=other))
    assert found["expected-cluster"].outcome == "warning"
    assert "aks-other" in found["expected-cluster"].message


@pytest.mark.parametrize(
    ("e", "said"),
    [
        (evidence(PRIVATE, identity_grants=(grant(CONTRIBUTOR),)), CONTRIBUTOR.guid),
        (
            evidence(
                PRIVATE,
                identity_grants=(grant(WRAPPER),),
                key_roles={WRAPPER.guid: (WRAPPER.name, False)},
            ),
            "It has Key Vault Crypto Service Encryption User, which does not.",
        ),
        (
            evidence(
                PRIVATE,
                identity_grants=(),
                grants_elsewhere=(grant(CRYPTO_OFFICER, scope=ELSEWHERE),),
            ),
            f"It has Key Vault Crypto Officer on another scope, {ELSEWHERE}.",
        ),
    ],
)
def test_a_wrong_role_and_a_wrong_scope_are_named(e: Evidence, said: str) -> None:
    assert said in checks_of(e)["identity-role"].message


def test_a_pending_rotation_names_its_latest_end() -> None:
    e = evidence(PRIVATE, key_versions=(version("b", HOUR), version("a")))
    by = e.now.timestamp() + 5 * HOUR
    stamps = {f"{datetime.fromtimestamp(by + off, UTC):%H:%M} UTC" for off in (-30, 0)}
    assert any(stamp in checks_of(e)["key-pickup"].message for stamp in stamps)


def test_a_platform_managed_key_has_only_checks_on_the_cluster() -> None:
    assert {check.group for check in checks_of(evidence(PLATFORM_MANAGED)).values()} == {"cluster"}


def test_the_false_positive_of_the_built_in_policy_is_explained() -> None:
    check = checks_of(evidence(PLATFORM_MANAGED))["builtin-policy"]
    assert "false positive" in check.message
    assert "dbbdc317-9734-4dd8-9074-993b29c69008" in check.evidence
    assert "builtin-policy" not in checks_of(evidence(PRIVATE))


def test_messages_and_evidence_are_sanitized() -> None:
    evil = evidence(
        PRIVATE,
        body=cluster(
            PRIVATE, identity=OURS, provisioningState="\x1b[2JOdd", currentKubernetesVersion="\x1b[31m1.2"
        ),
        vault={**vault(), "name": "\x1b]0;x\x07kv"},
        key=key(kty="\x1b[0mEC", keyOps=["\x1b[1msign"]),
        expect=answers("customer-managed-private"),
    )
    assert "\\u001b" not in json.dumps([check.to_json() for check in checks(evil)])

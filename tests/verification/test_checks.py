"""Each check passes on one evidence and fails, warns or cannot tell on another; the report's shape is a promise."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.facts import (
    CUSTOMER_MANAGED,
    IDENTITY_GRANTS,
    LEGACY,
    PLATFORM_MANAGED,
    SUFFIX,
    cluster,
    grant,
    key,
    user_assigned,
    vault,
)
from tests.support import PRODUCTION, answers, cluster_id, identity_id
from wizard.cloud.arm import Json, dig
from wizard.cloud.encryption import Encryption
from wizard.cloud.problems import Problem
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_OFFICER
from wizard.verification.checks import Evidence, checks
from wizard.verification.report import Check, ClusterReport, Report

OURS = user_assigned(identity_id())
PRIVATE = CUSTOMER_MANAGED
PUBLIC: Json = {
    **PLATFORM_MANAGED,
    "azureKeyVaultKms": {**CUSTOMER_MANAGED["azureKeyVaultKms"], "keyVaultNetworkAccess": "Public"},
}
DAY = 86400


def evidence(profile: Json, *, body: Json | None = None, **changes: Any) -> Evidence:
    """A cluster with that profile, and all it depends on as it should be."""
    body = body or cluster(profile, identity=OURS)
    encryption = Encryption.of(body)
    denies = encryption.network_access == "Private"
    there = Evidence(
        body, encryption, None, SUFFIX, vault=vault(denies=denies), key=key(), identity_grants=IDENTITY_GRANTS
    )
    return replace(there, **changes)


def looked(e: Evidence) -> dict[str, Check]:
    found = checks(e)
    assert len({check.code for check in found}) == len(found), "a code is there once"
    return {check.code: check for check in found}


@pytest.mark.parametrize(
    "profile", [PRIVATE, PUBLIC, PLATFORM_MANAGED], ids=["private", "public", "platform"]
)
def test_all_is_well(profile: Json) -> None:
    for check in looked(evidence(profile)).values():
        assert check.outcome == "passed", check
        assert check.passed
        assert check.message
        assert check.remedy == ""


def gone(code: str) -> Problem:
    return Problem("input", "It could not be read.", code=code, azure_said="It was not found.")


FORBIDDEN = Problem("input", "It could not be read.", code="AuthorizationFailed", azure_said="You may not.")


def key_with(**attributes: Any) -> Json:
    return key(attributes={"enabled": True, **attributes})


CASES: list[tuple[str, str, Evidence]] = [
    ("cluster-healthy", "failed", evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Failed"))),
    ("cluster-healthy", "warning", evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Updating"))),
    ("cluster-version", "warning", evidence({}, body=cluster(LEGACY, identity=OURS, currentKubernetesVersion="1.29.9"))),
    ("encryption-enabled", "failed", evidence({})),
    ("encryption-enabled", "warning", evidence(LEGACY)),
    ("key-id-versionless", "warning", evidence(LEGACY)),
    ("vault-exists", "failed", evidence(PRIVATE, vault=None, unreadable={"vault": gone("ResourceNotFound")})),
    ("vault-exists", "unknown", evidence(PRIVATE, vault=None, unreadable={"vault": FORBIDDEN})),
    ("vault-exists", "unknown", evidence(PRIVATE, vault=None)),
    ("vault-rbac", "warning", evidence(PRIVATE, vault=vault(enableRbacAuthorization=False))),
    ("vault-purge-protection", "warning", evidence(PRIVATE, vault=vault(enablePurgeProtection=None))),
    ("vault-reachable", "failed", evidence(PRIVATE, vault=vault(networkAcls={"bypass": "None"}))),
    ("vault-reachable", "failed", evidence(PUBLIC, vault=vault(denies=True))),
    ("vault-reachable", "failed", evidence(PUBLIC, vault=vault(denies=False, publicNetworkAccess="Disabled"))),
    ("vault-private", "warning", evidence(PRIVATE, vault=vault(denies=False))),
    ("key-exists", "failed", evidence(PRIVATE, key=None, unreadable={"key": gone("KeyNotFound")})),
    ("key-exists", "unknown", evidence(PRIVATE, key=None, unreadable={"key": FORBIDDEN})),
    ("key-type", "failed", evidence(PRIVATE, key=key(kty="EC"))),
    ("key-operations", "failed", evidence(PRIVATE, key=key(keyOps=["wrapKey", "encrypt"]))),
    ("key-operations", "failed", evidence(PRIVATE, key=key(keyOps=None))),
    ("key-enabled", "failed", evidence(PRIVATE, key=key_with(enabled=False))),
    ("key-expiry", "failed", evidence(PRIVATE, key=key_with(exp=time.time() - DAY))),
    ("key-expiry", "warning", evidence(PRIVATE, key=key_with(exp=time.time() + 30 * DAY))),
    ("identity-attached", "failed", evidence({}, body=cluster(PRIVATE))),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=())),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(grant(CONTRIBUTOR),))),
    ("identity-role", "failed", evidence(PRIVATE, identity_grants=(grant(CRYPTO_OFFICER, "somebody else"),))),
    ("identity-role", "unknown", evidence(PRIVATE, identity_grants=None, unreadable={"roles": FORBIDDEN})),
    ("expected-key-option", "failed", evidence(PLATFORM_MANAGED, expect=answers("customer-managed-private"))),
    ("expected-key-option", "failed", evidence(PRIVATE, expect=answers("platform-managed"))),
    ("expected-key", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", key={"name": "other"}))),
    ("expected-key", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", vault={"name": "kv-x"}))),
    ("expected-network-access", "failed", evidence(PRIVATE, expect=answers("customer-managed-public"))),
    ("expected-identity", "failed", evidence(PRIVATE, expect=answers("customer-managed-private", identity={"name": "id-x"}))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "outcome", "e"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_a_check_speaks_in_the_case_it_is_for(code: str, outcome: str, e: Evidence) -> None:
    check = looked(e)[code]
    assert check.outcome == outcome
    assert check.passed == (outcome != "failed")
    assert check.message
    assert check.remedy


def test_every_check_has_a_case_in_which_it_does_not_pass() -> None:
    every = looked(evidence(PRIVATE, expect=answers("customer-managed-private"))).keys()
    assert every == {case[0] for case in CASES}


def test_a_cluster_as_asked_for_agrees_with_its_answers_whatever_the_case() -> None:
    shouted = json.loads(json.dumps(PRIVATE).replace("kv-demo.vault", "KV-Demo.vault"))
    found = looked(evidence(shouted, expect=answers("customer-managed-private")))
    assert [c.outcome for code, c in found.items() if code.startswith("expected-")] == ["passed"] * 4


def test_a_role_from_above_counts() -> None:
    officer = grant(CRYPTO_OFFICER, scope=f"/subscriptions/{PRODUCTION}")
    assert looked(evidence(PRIVATE, identity_grants=(officer,)))["identity-role"].outcome == "passed"


def test_platform_managed_keys_have_nothing_else_to_look_at() -> None:
    assert looked(evidence(PLATFORM_MANAGED)).keys() == {
        "cluster-healthy",
        "cluster-version",
        "encryption-enabled",
    }


def test_evidence_and_words_are_cleaned() -> None:
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


def report(e: Evidence) -> ClusterReport:
    profile = dig(e.cluster, "properties", "securityProfile")
    found = checks(e)
    return ClusterReport(
        cluster_id(),
        "aks-demo",
        "rg-demo",
        PRODUCTION,
        "1.34.2",
        e.encryption.kind,
        found,
        profile,
        ("The key.",),
    )


def test_the_shape_that_programs_rely_on() -> None:
    good, bad = report(evidence(PRIVATE)), report(evidence({}))
    body = json.loads(json.dumps(Report((good, bad)).to_json()))
    assert body["summary"] == {"total": 2, "passed": 1, "failed": 1}
    one = body["clusters"][0]
    assert one["id"] == cluster_id()
    assert (one["name"], one["resource_group"], one["subscription"]) == ("aks-demo", "rg-demo", PRODUCTION)
    assert (one["kubernetes_version"], one["encryption"], one["passed"]) == (
        "1.34.2",
        "customer-managed",
        True,
    )
    assert one["security_profile"] == PRIVATE
    for check in one["checks"]:
        assert check.keys() >= {"code", "passed", "message", "remedy"}
    assert body["clusters"][1]["passed"] is False


@pytest.mark.parametrize(
    ("profile", "passed", "said"),
    [
        ({}, False, "not encrypted"),
        (PLATFORM_MANAGED, True, "a key that AKS manages"),
        (PRIVATE, True, "encrypted with kv-demo/aks-kms."),
        (LEGACY, True, "legacy KMS"),
    ],
)
def test_the_verdict_is_one_sentence(profile: Json, passed: bool, said: str) -> None:
    verdict = report(evidence(profile))
    assert verdict.passed is passed
    assert verdict.verdict.startswith("aks-demo: ")
    assert said in verdict.verdict


def test_all_clusters_pass_only_together() -> None:
    good, bad = report(evidence(PRIVATE)), report(evidence(PRIVATE, key=key_with(enabled=False)))
    assert Report((good,)).passed
    assert not Report((good, bad)).passed

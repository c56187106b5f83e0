"""The report: the shape that programs rely on, its verdict and its headline."""

import json
from dataclasses import replace

import pytest

from tests.facts import CUSTOMER_MANAGED as PRIVATE
from tests.facts import LEGACY, PLATFORM_MANAGED, cluster, key
from tests.support import PRODUCTION, answers, cluster_id
from tests.unit.verification.test_checks import FORBIDDEN, OURS, evidence, key_with, policy
from wizard.cloud.arm import Json, dig
from wizard.verification.checks import checks
from wizard.verification.evidence import Evidence
from wizard.verification.report import Check, ClusterReport, Outcome
from wizard.verification.verdict import ESSENTIAL, OPTIONAL, is_essential


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


def test_json_has_the_keys_that_programs_rely_on() -> None:
    one, bad = (json.loads(json.dumps(report(evidence(now)).to_json())) for now in (PRIVATE, {}))
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
    assert bad["passed"] is False


def test_a_report_survives_a_json_round_trip() -> None:
    whole = report(evidence(PRIVATE)).with_more(
        [Check("inside-x", "inside", "passed", "It is so.", proves="That.")]
    )
    assert ClusterReport.from_json(json.loads(json.dumps(whole.to_json()))) == whole


@pytest.mark.parametrize(
    ("profile", "passed", "said"),
    [
        ({}, False, "not encrypted"),
        (PLATFORM_MANAGED, True, "a platform-managed key"),
        (PRIVATE, True, "encrypted with the customer-managed key kv-demo/aks-kms."),
        (LEGACY, True, "legacy KMS"),
    ],
)
def test_the_headline_is_one_sentence(profile: Json, passed: bool, said: str) -> None:
    found = report(evidence(profile))
    assert found.headline.count(".") == 1
    assert found.passed is passed
    assert found.headline.startswith("aks-demo: ")
    assert said in found.headline


@pytest.mark.parametrize(
    ("e", "said"),
    [
        (
            evidence(PRIVATE, key=key_with(enabled=False)),
            "encrypted with the customer-managed key kv-demo/aks-kms, but they are at risk: a check failed.",
        ),
        (evidence(PRIVATE, key=key(kty="EC", keyOps=[])), "but they are at risk: 2 checks failed."),
        (
            evidence(PRIVATE, expect=answers("platform-managed")),
            "encrypted with the customer-managed key kv-demo/aks-kms, but not as configured in the answers file.",
        ),
        (
            evidence({}, expect=answers("customer-managed-private")),
            "aks-demo: secrets are not encrypted with a KMS key.",
        ),
        (
            evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Failed")),
            (
                "aks-demo: its settings report that secrets are encrypted with the customer-managed key kv-demo/aks-kms, but the "
                "cluster's last operation failed, so they might not be."
            ),
        ),
    ],
)
def test_the_headline_says_why_the_verdict_is_not_verified(e: Evidence, said: str) -> None:
    assert said in report(e).headline


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("passed", "customer-managed key kv-demo/aks-kms, and encryption of a canary secret was observed."),
        ("failed", "but a check inside the cluster found that they are not."),
        ("unknown", "secrets are encrypted with the customer-managed key kv-demo/aks-kms."),
    ],
)
def test_the_headline_includes_what_was_observed_inside(outcome: Outcome, said: str) -> None:
    seen = Check("inside-canary-encrypted", "inside", outcome, "A canary was watched.")
    assert report(evidence(PRIVATE)).with_more([seen]).headline.endswith(said)


def test_a_missing_essential_check_makes_the_verdict_not_certain() -> None:
    whole = report(evidence(PRIVATE))
    assert whole.verdict == "verified"
    for code in ESSENTIAL["customer-managed"]:
        partial = replace(whole, checks=tuple(check for check in whole.checks if check.code != code))
        assert (partial.verdict, partial.transient) == ("not-certain", False), code
        assert f"this is not certain: {code} is inconclusive." in partial.headline
        glance = replace(partial, depth="basic")
        assert glance.verdict == ("not-certain" if code == "encryption-enabled" else "verified")


def test_an_access_policy_takes_the_place_of_a_role_assignment() -> None:
    allowed = policy("encrypt", "decrypt")
    assert report(evidence(PRIVATE, vault=allowed)).verdict == "verified"


@pytest.mark.parametrize(("outcome", "verdict"), [("unknown", "verified"), ("failed", "not-verified")])
def test_a_check_inside_the_cluster_counts_only_if_it_fails(outcome: Outcome, verdict: str) -> None:
    seen = Check("inside-canary-written", "inside", outcome, "A canary was written.")
    assert report(evidence(PRIVATE)).with_more([seen]).verdict == verdict


def test_an_essential_check_cannot_be_left_out() -> None:
    unread = {"vault": None, "unreadable": {"vault": FORBIDDEN}}
    whole = report(evidence(PRIVATE, **unread))
    left = whole.leaving_out(OPTIONAL)
    assert (whole.verdict, left.verdict) == ("not-certain", "not-certain")
    assert not any(is_essential(code) for code in OPTIONAL)


def test_kms_v1_cannot_be_migrated_directly() -> None:
    old = cluster(LEGACY, identity=OURS, currentKubernetesVersion="1.26.15")
    found = {check.code: check for check in checks(evidence({}, body=old))}
    assert "--disable-azure-keyvault-kms" in found["encryption-enabled"].remedy

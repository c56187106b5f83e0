"""The report: its shape is a promise, and its verdict one sentence."""

import json

import pytest

from tests.facts import CUSTOMER_MANAGED as PRIVATE
from tests.facts import LEGACY, PLATFORM_MANAGED, cluster, key
from tests.support import PRODUCTION, answers, cluster_id
from tests.unit.verification.test_checks import OURS, evidence, key_with
from wizard.cloud.arm import Json, dig
from wizard.verification.checks import checks
from wizard.verification.evidence import Evidence
from wizard.verification.report import Check, ClusterReport, Outcome


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


def test_a_report_is_the_same_when_it_is_read_again() -> None:
    whole = report(evidence(PRIVATE)).with_more(
        [Check("inside-x", "inside", "passed", "It is so.", proves="That.")]
    )
    assert ClusterReport.from_json(json.loads(json.dumps(whole.to_json()))) == whole


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
    assert verdict.verdict.count(".") == 1
    assert verdict.passed is passed
    assert verdict.verdict.startswith("aks-demo: ")
    assert said in verdict.verdict


@pytest.mark.parametrize(
    ("e", "said"),
    [
        (
            evidence(PRIVATE, key=key_with(enabled=False)),
            "encrypted with kv-demo/aks-kms, but that is at risk: a check failed.",
        ),
        (evidence(PRIVATE, key=key(kty="EC", keyOps=[])), "but that is at risk: 2 checks failed."),
        (
            evidence(PRIVATE, expect=answers("platform-managed")),
            "encrypted with kv-demo/aks-kms, but not as asked for.",
        ),
        (
            evidence({}, expect=answers("customer-managed-private")),
            "aks-demo: secrets are not encrypted with a KMS key.",
        ),
        (
            evidence({}, body=cluster(PRIVATE, identity=OURS, provisioningState="Failed")),
            (
                "aks-demo: its settings say that secrets are encrypted with kv-demo/aks-kms, but the cluster's last operation "
                "failed, so that is not certain."
            ),
        ),
    ],
)
def test_the_verdict_says_what_stands_against_it(e: Evidence, said: str) -> None:
    assert said in report(e).verdict


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("passed", "secrets are encrypted with kv-demo/aks-kms, and one was seen being encrypted."),
        ("failed", "but from inside that was seen not to be so."),
        ("unknown", "secrets are encrypted with kv-demo/aks-kms."),
    ],
)
def test_the_verdict_knows_what_was_seen_from_inside(outcome: Outcome, said: str) -> None:
    seen = Check("inside-canary-encrypted", "inside", outcome, "A canary was watched.")
    assert report(evidence(PRIVATE)).with_more([seen]).verdict.endswith(said)


def test_kms_v1_cannot_be_migrated_at_once() -> None:
    old = cluster(LEGACY, identity=OURS, currentKubernetesVersion="1.26.15")
    found = {check.code: check for check in checks(evidence({}, body=old))}
    assert "--disable-azure-keyvault-kms" in found["encryption-enabled"].remedy

"""What other tools and standards will say, for each kind of encryption."""

import re
from typing import Any

import pytest

from tests.facts import CUSTOMER_MANAGED, LEGACY, PLATFORM_MANAGED, cluster
from wizard.cloud.arm import Json, dig
from wizard.reports.evidence import evidence_text
from wizard.verification.audit import audit_checks, evidence_table
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import at_a_glance

PROFILES: dict[str, Json] = {
    "none": {},
    "platform-managed": PLATFORM_MANAGED,
    "customer-managed": CUSTOMER_MANAGED,
    "legacy-kms": LEGACY,
}
GOOD, BAD = "compliant", "non-compliant"
BY_RULE = {
    "azure-policy-dbbdc317": (BAD, BAD, GOOD, GOOD),
    "kubescape-c-0066": (BAD, GOOD, GOOD, GOOD),
    "kubescape-c-0244": (BAD, GOOD, GOOD, GOOD),
    "mondoo-aks-etcd-kms-encryption": (BAD, BAD, GOOD, GOOD),
    "prowler-pull-request-12863": (BAD, BAD, GOOD, GOOD),
}


def found(kind: str, *checks: Check, **body: Any) -> ClusterReport:
    """Return the report on a cluster with this encryption, with these checks in place of its own of the same codes."""
    report = at_a_glance(cluster(PROFILES[kind], **body), ".vault.azure.net")
    codes = {check.code for check in checks}
    kept = tuple(check for check in report.checks if check.code not in codes)
    return ClusterReport.from_json({**report.to_json(), "checks": [c.to_json() for c in (*kept, *checks)]})


def rows(report: ClusterReport) -> dict[str, tuple[str, str]]:
    return {row.check.id: (row.says, row.why) for row in evidence_table(report)}


@pytest.mark.parametrize("id_", BY_RULE)
def test_a_tool_says_what_its_own_rule_says(id_: str) -> None:
    assert tuple(rows(found(kind))[id_][0] for kind in PROFILES) == BY_RULE[id_]


def test_a_platform_managed_key_fails_the_builtin_policy_by_rule_and_not_by_fact() -> None:
    report = found("platform-managed")
    says, why = rows(report)["azure-policy-dbbdc317"]
    assert (report.passed, says) == (True, BAD)
    assert why.startswith("A false alarm")
    assert rows(found("none"))["azure-policy-dbbdc317"] == (BAD, ""), "both say no, so nothing differs"


def test_encryption_at_host_satisfies_kubescape_but_not_this_program() -> None:
    pools = [{"name": "a", "enableEncryptionAtHost": True}, {"name": "b", "enableEncryptionAtHost": True}]
    says, why = rows(found("none", agentPoolProfiles=pools))["kubescape-c-0066"]
    assert says == GOOD
    assert "stay without a KMS key" in why
    one = rows(found("none", agentPoolProfiles=[*pools, {"name": "c"}]))
    assert one["kubescape-c-0066"][0] == BAD, "all pools, not some"


def test_what_was_not_seen_is_not_certain() -> None:
    unseen = rows(found("none", agentPoolProfiles=[]))["kubescape-c-0066"]
    assert unseen == ("not-certain", "Not seen: host-encryption.")
    assert rows(found("platform-managed"))["cis-kubernetes-1.2.27"][0] == "not-certain", (
        "without a look inside"
    )
    assert rows(found("platform-managed"))["pci-dss-3.6"][0] == "not-certain", "Microsoft's key"
    unknown = Check("key-type", "key", "unknown", "The key could not be read.")
    says, why = rows(found("customer-managed", unknown))["pci-dss-3.6"]
    assert says == "not-certain"
    assert "key-type, unknown: The key could not be read. vault-reachable: not made." in why


def test_a_judgement_rests_on_the_checks_of_this_program() -> None:
    seen = Check("inside-canary-encrypted", "inside", "passed", "Encrypted.")
    assert rows(found("platform-managed", seen))["cis-kubernetes-1.2.27"][0] == "manual-for"
    missed = Check("inside-canary-encrypted", "inside", "failed", "In plain text.")
    assert rows(found("platform-managed", missed))["cis-kubernetes-1.2.27"][0] == "manual-against"
    assert rows(found("none"))["pci-dss-3.5"][0] == "manual-against"


def test_settings_alone_never_speak_for_procedures() -> None:
    codes = next(check.judged_by for check in audit_checks() if check.id == "pci-dss-3.7")
    good = [Check(code, "key", "passed", "Good.") for code in codes]
    assert rows(found("customer-managed", *good))["pci-dss-3.7"][0] == "manual"


def test_a_tool_that_reads_settings_alone_does_not_see_what_this_program_sees() -> None:
    gone = Check("key-enabled", "key", "failed", "The key is disabled.")
    says, why = rows(found("customer-managed", gone))["azure-policy-dbbdc317"]
    assert says == GOOD
    assert "because of" in why
    assert "key-enabled" in why


def test_every_fact_has_a_source_a_date_and_checks_that_exist() -> None:
    from wizard.verification.verdict import CODES

    for check in audit_checks():
        assert check.source.startswith("https://"), check.id
        assert re.fullmatch(r"2026-\d\d-\d\d", check.read), check.id
        assert bool(check.passes_if) != bool(check.judged_by), check.id
        assert set(check.judged_by) <= CODES, check.id


def test_the_text_names_each_check_its_answer_and_its_source() -> None:
    text = evidence_text(found("platform-managed"))
    for check in audit_checks():
        assert check.title in text
        assert check.source in text
    assert "says    non-compliant" in text
    assert dig(cluster(), "name") in text

"""What the verification shows: problems first, groups that open, one check in full."""

from screens.pages.verification_text import about, counts, detail, listed, next_problem, verdict
from wizard.verification.report import Check, ClusterReport

ROLE = Check(
    "identity-role",
    "identity",
    "failed",
    "The identity has no role.",
    "none",
    remedy="az role assignment create",
)
CHECKS = (
    Check("cluster-healthy", "cluster", "failed", "The last operation failed."),
    Check("cluster-running", "cluster", "passed", "The cluster is running.", "powerState: Running"),
    Check("vault-lock", "vault", "warning", "No lock."),
    Check("key-type", "key", "passed", "The key is RSA 2048.", proves="that it can encrypt"),
    Check("key-expiry", "key", "unknown", "The expiry could not be read."),
    ROLE,
)
PROFILE = {
    "azureKeyVaultKms": {
        "enabled": True,
        "keyId": "https://kv-demo.vault.azure.net/keys/aks-kms",
        "keyVaultNetworkAccess": "Private",
    },
    "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
}
REPORT = ClusterReport(
    "/managedClusters/aks-demo",
    "aks-demo",
    "rg-demo",
    "sub",
    "1.34.2",
    "customer-managed",
    CHECKS,
    PROFILE,
    ("The key.",),
)


def keys(**options: object) -> list[str]:
    return [each.key for each in listed(REPORT, 60, **options)]  # type: ignore[arg-type]


def test_what_did_not_pass_comes_first_and_causes_before_symptoms() -> None:
    assert keys()[:7] == [
        "head-failed",
        "identity-role",
        "cluster-healthy",
        "head-unknown",
        "key-expiry",
        "head-warning",
        "vault-lock",
    ]


def test_passed_checks_are_in_groups_that_are_closed_at_first() -> None:
    assert keys()[7:] == [
        "head-passed",
        "group-cluster",
        "group-vault",
        "group-key",
        "group-identity",
        "keep",
        "code",
    ]
    opened = keys(opened={"group-key"})
    assert opened[opened.index("group-key") + 1] == "key-type"


def test_only_problems_leaves_out_what_passed() -> None:
    assert keys(only_problems=True)[-1] == "vault-lock"


def test_next_problem_skips_headings_and_starts_again_after_the_last() -> None:
    rows = listed(REPORT, 60)
    assert [next_problem(rows, here) for here in (None, 1, 2, 4, 6, 9)] == [1, 2, 4, 6, 1, 1]


def test_verdict_says_not_verified_first_and_names_the_cause() -> None:
    first, *others = verdict(REPORT, 90).plain.splitlines()
    assert first.startswith("✗ NOT VERIFIED   2 of 6 checks passed, 2 failed, 1 unknown, 1 warning")
    assert any("Cause: The identity has no role." in line for line in others)
    assert counts(REPORT) == "2 of 6 checks passed, 2 failed, 1 unknown, 1 warning"
    assert all(len(line) <= 70 for line in verdict(REPORT, 70).plain.splitlines())


def test_a_check_in_full_has_what_was_found_and_its_fix() -> None:
    text = detail(ROLE, 60).plain
    assert "✗ failed  identity-role" in text
    assert "Found   none" in text
    assert "Fix     az role assignment create" in text
    assert "The identity has no role." not in detail(ROLE, 60, brief=True).plain
    assert "Proves  that it can encrypt" in detail(CHECKS[3], 60).plain
    said = about(REPORT, 40, str).plain
    assert "kv-demo/aks-kms" in said
    assert "Portal  aks-demo ↗" in said
    assert "Portal" not in about(REPORT, 40, lambda _: "").plain

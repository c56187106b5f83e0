"""Sample findings with every outcome, a subscription that could not be read, a deleted cluster and hostile text."""

from dataclasses import replace
from datetime import UTC, datetime

from wizard.cloud.arm import Json
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.endpoints import CLOUDS
from wizard.errors import Problem
from wizard.reports.findings import Findings, Missed
from wizard.verification.provenance import Provenance
from wizard.verification.report import Check, ClusterReport

SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
HARM = "a|b `c` <script>alert(1)</script> *d* [e](https://x) \x1b[31mred\x1b[0m \u202eevil\x00\ufffe &amp; $f$\nnext | line"


def report(name: str, encryption: EncryptionKind, checks: tuple[Check, ...], profile: Json) -> ClusterReport:
    """Return the report on one cluster."""
    id_ = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-{name}/providers/Microsoft.ContainerService/managedClusters/{name}"
    keep = (
        ("The key kv-one/kms, all its versions, enabled and unexpired.",)
        if encryption == "customer-managed"
        else ()
    )
    return ClusterReport(id_, name, f"rg-{name}", SUBSCRIPTION, "1.34.2", encryption, checks, profile, keep)


def findings() -> Findings:
    """Return the sample findings with their tally."""
    healthy = Check(
        "cluster-healthy",
        "cluster",
        "passed",
        "The cluster's last operation succeeded.",
        "provisioningState: Succeeded",
    )
    off = Check(
        "encryption-enabled",
        "cluster",
        "failed",
        "Secrets are not encrypted with a KMS key.",
        "azureKeyVaultKms.enabled: false",
        "Run the wizard on this cluster.",
    )
    on = Check(
        "encryption-enabled",
        "cluster",
        "passed",
        "Secrets are encrypted with a KMS key.",
        "infrastructureEncryption: Enabled",
    )
    purge = Check(
        "vault-purge-protection",
        "vault",
        "warning",
        "Without purge protection, secrets may be lost.",
        "enablePurgeProtection: not set",
        "az keyvault update --name kv-one --enable-purge-protection true",
    )
    unseen = Check(
        "key-exists",
        "key",
        "unknown",
        "The key could not be read (AuthorizationFailed).",
        "You do not have authorization.",
        "Sign in with an identity that can read the key.",
        unread="the key",
    )
    skipped = Check(
        "cluster-unlocked",
        "cluster",
        "unknown",
        "The locks could not be read (HTTP 500).",
        "Try later.",
        "Try again.",
        unread="the locks",
        transient=True,
        left_out=True,
    )
    canary = Check("inside-canary-read", "inside", "unknown", "The canary secret could not be read back.")
    underway = Check(
        "encryption-enabled",
        "cluster",
        "unknown",
        "The settings ask for encryption with a KMS key. That is not certain yet.",
        "provisioningState: Updating",
        "Wait until the operation has ended.",
    )
    harm = Check("vault-reachable", "vault", "failed", HARM, HARM, HARM)
    kms = {"azureKeyVaultKms": {"enabled": True, "keyId": "https://kv-one.vault.azure.net/keys/kms"}}
    read = Provenance(
        datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        {"name": "ops@contoso.example", "object_id": "00000000-0000-0000-0000-0000000000aa", "tenant_id": "11111111-1111-1111-1111-111111111111"},
        CLOUDS["AzureCloud"].to_json(),
        {"name": "aks-kms", "version": "1.2.3"},
    )  # fmt: skip
    found = Findings(
        provenance=read,
        reports=[
            report("plain", "none", (healthy, off), {}),
            report("own", "customer-managed", (healthy, purge, unseen), kms),
            report("harm", "customer-managed", (harm,), {"note": "``` </pre> | \u202e"}),
            report(
                "fine", "platform-managed", (healthy, on, skipped, canary), {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
            ),
            report("busy", "platform-managed", (underway,), {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}),
        ],
        missed=[
            Missed(
                "/subscriptions/33333333-3333-3333-3333-333333333333",
                "Contoso Development",
                Problem("input", "The clusters of Contoso Development could not be listed.", "", "Ask for a role.", "AuthorizationFailed", HARM),
            )
        ],
        gone=[f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-old/providers/microsoft.containerservice/managedclusters/old"],
    )  # fmt: skip
    found.reports = [replace(each, provenance=read) for each in found.reports]
    for each in found.reports:
        found.tally.count(each)
    found.tally.unreadable = 1
    return found

"""The outcome of verifying a cluster: checks with their evidence, and a verdict in one sentence."""

from dataclasses import dataclass
from typing import Any, Literal

from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption, EncryptionKind

Group = Literal["cluster", "key", "vault", "identity", "expectation"]
Outcome = Literal["passed", "failed", "warning", "unknown"]


@dataclass(frozen=True)
class Check:
    """One thing looked at on a live cluster."""

    code: str
    """Stable, in kebab-case: `key-id-versionless`."""
    group: Group
    outcome: Outcome
    message: str
    """What was found, in a sentence."""
    evidence: str = ""
    """What Azure returned that shows it."""
    remedy: str = ""

    @property
    def passed(self) -> bool:
        """Whether this check does not stand against the cluster: a warning or an unknown does not fail it."""
        return self.outcome != "failed"

    def to_json(self) -> dict[str, Any]:
        """The shape of a check in `verify -o json`."""
        return {
            "code": self.code,
            "group": self.group,
            "passed": self.passed,
            "outcome": self.outcome,
            "message": self.message,
            "evidence": self.evidence,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class ClusterReport:
    """All that was found on one managed cluster."""

    id: str
    name: str
    resource_group: str
    subscription: str
    kubernetes_version: str
    encryption: EncryptionKind
    checks: tuple[Check, ...]
    security_profile: Json
    """As Azure returned it."""
    keep: tuple[str, ...] = ()
    """What must be kept for ever, one sentence each."""

    @property
    def passed(self) -> bool:
        """Whether the secrets are encrypted as asked: no check failed, and there is an encryption at all."""
        return self.encryption != "none" and all(check.passed for check in self.checks)

    @property
    def verdict(self) -> str:
        """One sentence that a manager understands."""
        encryption = Encryption.of({"properties": {"securityProfile": self.security_profile}})
        return f"{self.name}: {_VERDICTS[self.encryption].format(key=encryption.key_name)}"

    def to_json(self) -> dict[str, Any]:
        """The shape of a cluster in `verify -o json`."""
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription": self.subscription,
            "kubernetes_version": self.kubernetes_version,
            "encryption": self.encryption,
            "passed": self.passed,
            "verdict": self.verdict,
            "checks": [check.to_json() for check in self.checks],
            "security_profile": self.security_profile,
            "keep": list(self.keep),
        }


_VERDICTS = {
    "none": "secrets are not encrypted with a KMS key.",
    "platform-managed": "secrets are encrypted with a key that AKS manages.",
    "customer-managed": "secrets are encrypted with {key}.",
    "legacy-kms": "secrets are encrypted with {key} by the legacy KMS experience.",
}


@dataclass(frozen=True)
class Report:
    """The outcome for one or more clusters."""

    clusters: tuple[ClusterReport, ...]

    @property
    def passed(self) -> bool:
        """Whether every cluster passed."""
        return all(cluster.passed for cluster in self.clusters)

    def to_json(self) -> dict[str, Any]:
        """The shape of `verify -o json`."""
        passed = sum(cluster.passed for cluster in self.clusters)
        total = len(self.clusters)
        return {
            "clusters": [cluster.to_json() for cluster in self.clusters],
            "summary": {"total": total, "passed": passed, "failed": total - passed},
        }

"""The outcome of verifying a cluster: checks with their evidence, and a verdict in one sentence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption, EncryptionKind

Group = Literal["cluster", "key", "vault", "identity", "expectation", "inside"]
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
    proves: str = ""
    """What follows from it and what does not, where that is not plain."""

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
            "proves": self.proves,
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

    def with_more(self, more: Iterable[Check]) -> "ClusterReport":
        """The same report with these checks added, in the place of earlier ones of their groups."""
        added = tuple(more)
        groups = {check.group for check in added}
        return replace(self, checks=(*(c for c in self.checks if c.group not in groups), *added))

    @property
    def passed(self) -> bool:
        """Whether the secrets are encrypted as asked: no check failed, and there is an encryption at all."""
        return self.encryption != "none" and all(check.passed for check in self.checks)

    @property
    def verdict(self) -> str:
        """One sentence that a manager understands."""
        encryption = Encryption.of({"properties": {"securityProfile": self.security_profile}})
        sentence = _VERDICTS[self.encryption].format(key=encryption.key_name)
        failed = [check for check in self.checks if not check.passed]
        outcomes = {check.code: check.outcome for check in self.checks}
        if self.encryption == "none":
            return f"{self.name}: {sentence}."
        if outcomes.get("inside-canary-encrypted") == "failed":
            return (
                f"{self.name}: its settings say that {sentence}, but from inside that was seen not to be so."
            )
        if outcomes.get("cluster-healthy") == "failed":
            return (
                f"{self.name}: its settings say that {sentence}, but the cluster's last operation failed, so that is not "
                "certain."
            )
        if outcomes.get("inside-canary-encrypted") == "passed":
            sentence += ", and one was seen being encrypted"
        if not failed:
            return f"{self.name}: {sentence}."
        if all(check.group == "expectation" for check in failed):
            return f"{self.name}: {sentence}, but not as asked for."
        checks = "a check" if len(failed) == 1 else f"{len(failed)} checks"
        return f"{self.name}: {sentence}, but that is at risk: {checks} failed."

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

    @classmethod
    def from_json(cls, body: Json) -> "ClusterReport":
        """A report that `to_json` has written."""
        names = (
            "id",
            "name",
            "resource_group",
            "subscription",
            "kubernetes_version",
            "encryption",
            "security_profile",
        )
        checks = tuple(
            Check(*(check[name] for name in ("code", "group", "outcome", "message", "evidence", "remedy")))
            for check in body["checks"]
        )
        return cls(**{name: body[name] for name in names}, checks=checks, keep=tuple(body["keep"]))


_VERDICTS = {
    "none": "secrets are not encrypted with a KMS key",
    "platform-managed": "secrets are encrypted with a key that AKS manages",
    "customer-managed": "secrets are encrypted with {key}",
    "legacy-kms": "secrets are encrypted with {key} by the legacy KMS experience",
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

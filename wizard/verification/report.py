"""The outcome of verifying a cluster: checks with their evidence, and a verdict in one sentence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption, EncryptionKind
from wizard.verification.provenance import Provenance

Group = Literal["cluster", "key", "vault", "identity", "expectation", "inside"]
Outcome = Literal["passed", "failed", "warning", "unknown", "note"]
"""`note`: nothing was looked at; it says what is to be known."""

CENTRAL = "encryption-enabled"
"""The code of the check that all is about: where its outcome is unknown, the answer is not yes."""


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
        """Whether this check does not stand against the cluster: a warning does not fail it, and an unknown only where
        that leaves open whether secrets are encrypted at all."""
        return self.outcome != "failed" and not self.leaves_open

    @property
    def leaves_open(self) -> bool:
        """Whether it leaves open whether secrets are encrypted at all."""
        return self.code == CENTRAL and self.outcome == "unknown"

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
    provenance: Provenance | None = None
    """When, by whom, where and with what it was read; None in a report of an earlier version."""

    def with_more(self, more: Iterable[Check]) -> "ClusterReport":
        """The same report with these checks added, in the place of earlier ones of their groups."""
        added = tuple(more)
        groups = {check.group for check in added}
        return replace(self, checks=(*(c for c in self.checks if c.group not in groups), *added))

    @property
    def passed(self) -> bool:
        """Whether the secrets are encrypted as asked: no check stands against it, and there is an encryption at all."""
        return self.outcome in {"passed", "warning"}

    @property
    def outcome(self) -> Outcome:
        """The worst that its checks came to. `unknown`: nothing failed, but it is not certain that secrets are encrypted at
        all; a check that could not be made for another reason leaves it as it is."""
        found = {check.outcome for check in self.checks}
        if self.encryption == "none" or "failed" in found:
            return "failed"
        return "unknown" if not self.certain else "warning" if "warning" in found else "passed"

    @property
    def against(self) -> tuple[Check, ...]:
        """What stands against it, or, where nothing does, what warns."""
        failed = tuple(check for check in self.checks if not check.passed)
        return failed or tuple(check for check in self.checks if check.outcome == "warning")

    @property
    def certain(self) -> bool:
        """Whether its settings are what is, and not only what was asked for: an operation on the cluster that is under way,
        or that did not come to its end, leaves that open."""
        return not any(check.leaves_open for check in self.checks)

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
        if not self.certain:
            return (
                f"{self.name}: its settings say that {sentence}, but an operation on the cluster is under way, so that is "
                "not certain yet."
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
            "outcome": self.outcome,
            "verdict": self.verdict,
            "checks": [check.to_json() for check in self.checks],
            "security_profile": self.security_profile,
            "keep": list(self.keep),
            "provenance": self.provenance.to_json() if self.provenance else None,
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
        told = body.get("provenance")
        of_a_check = ("code", "group", "outcome", "message", "evidence", "remedy", "proves")
        return cls(
            **{name: body[name] for name in names},
            checks=tuple(Check(*(check[name] for name in of_a_check)) for check in body["checks"]),
            keep=tuple(body["keep"]),
            provenance=Provenance.from_json(told) if told else None,
        )


_VERDICTS = {
    "none": "secrets are not encrypted with a KMS key",
    "platform-managed": "secrets are encrypted with a key that AKS manages",
    "customer-managed": "secrets are encrypted with {key}",
    "legacy-kms": "secrets are encrypted with {key} by the legacy KMS experience",
}

"""The report on a cluster: checks with their evidence, the verdict, and the verdict in one sentence."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption, EncryptionKind
from wizard.verification.provenance import Provenance
from wizard.verification.verdict import Verdict, decides, missing

Depth = Literal["basic", "full"]
"""`basic`: only the cluster's own settings are read. `full`: also the key vault, key, identity, role assignments and locks
that it depends on."""

Group = Literal["cluster", "key", "vault", "identity", "access", "code", "expectation", "inside"]
Outcome = Literal["passed", "failed", "warning", "unknown", "note"]
"""`note`: not a check, only information."""

CENTRAL = "encryption-enabled"
"""The code of the check whether secrets are encrypted at all."""


@dataclass(frozen=True)
class Check:
    """One check on a live cluster."""

    code: str
    """Stable, in kebab-case: `key-id-versionless`."""
    group: Group
    outcome: Outcome
    message: str
    """The result, in a sentence."""
    evidence: str = ""
    """The values that Azure returned."""
    remedy: str = ""
    proves: str = ""
    """What a pass proves and what it does not, if that is not obvious."""

    unread: str = ""
    """What could not be read, if that is why the outcome is unknown: `the key vault`."""
    transient: bool = False
    """Whether it could not be read because of a transient error."""
    left_out: bool = False
    """Whether the operator left it out of the verdict, should it be unknown."""

    @property
    def passed(self) -> bool:
        """Whether the check was made and did not fail. A warning passes; an unknown outcome does not."""
        return self.outcome in {"passed", "warning", "note"}

    @property
    def leaves_open(self) -> bool:
        """Whether the verdict is not certain because of this check."""
        return self.outcome == "unknown" and not self.left_out and decides(self.code)

    def to_json(self) -> dict[str, Any]:
        """Return a check as in `verify -o json`."""
        return {
            "code": self.code,
            "group": self.group,
            "passed": self.passed,
            "outcome": self.outcome,
            "message": self.message,
            "evidence": self.evidence,
            "remedy": self.remedy,
            "proves": self.proves,
            "unread": self.unread,
            "transient": self.transient,
            "left_out": self.left_out,
        }


@dataclass(frozen=True)
class ClusterReport:
    """The report on one managed cluster."""

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
    """What must never be deleted, one sentence each."""
    provenance: Provenance | None = None
    """None if the cluster was judged without a connection."""
    depth: Depth = "full"
    host_encryption: bool | None = None
    """Whether encryption at host is enabled on all node pools, which other tools ask for; None if that was not read."""

    def with_more(self, more: Iterable[Check]) -> "ClusterReport":
        """Return the same report with these checks added, in the place of earlier ones of their groups."""
        added = tuple(more)
        groups = {check.group for check in added}
        return replace(self, checks=(*(c for c in self.checks if c.group not in groups), *added))

    def leaving_out(self, codes: Container[str]) -> "ClusterReport":
        """Return the same report with these checks left out of the verdict if their outcome is unknown."""
        left = (
            replace(c, left_out=True) if c.outcome == "unknown" and c.code in codes else c
            for c in self.checks
        )
        return replace(self, checks=tuple(left))

    @property
    def passed(self) -> bool:
        """Whether the verdict is `verified`."""
        return self.verdict == "verified"

    @property
    def verdict(self) -> Verdict:
        """Whether the secrets are encrypted as required: `verified` only if every check that decides was made."""
        match self.outcome:
            case "failed":
                return "not-verified"
            case "unknown":
                return "not-certain"
            case _:
                return "verified"

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of the checks that count: `failed`, `unknown`, `warning` or `passed`."""
        found = {check.outcome for check in self.checks}
        if self.encryption == "none" or "failed" in found:
            return "failed"
        if not self.certain:
            return "unknown"
        return "warning" if "warning" in found or self.left_out else "passed"

    @property
    def against(self) -> tuple[Check, ...]:
        """The checks that failed and those that leave the verdict open; if there are none, those that warn."""
        failed = tuple(check for check in self.checks if check.outcome == "failed")
        warned = tuple(check for check in self.checks if check.outcome == "warning")
        return (*failed, *self.uncertain) or (*warned, *self.left_out)

    @property
    def uncertain(self) -> tuple[Check, ...]:
        """The checks that leave the verdict open."""
        return tuple(check for check in self.checks if check.leaves_open)

    @property
    def left_out(self) -> tuple[Check, ...]:
        """The checks that could not be made and that the operator left out."""
        return tuple(check for check in self.checks if check.left_out)

    @property
    def certain(self) -> bool:
        """Whether every check that decides was made. At depth `basic`, those on the cluster itself decide."""
        if self.uncertain:
            return False
        needed = missing(self.encryption, (check.code for check in self.checks))
        return not needed & {CENTRAL} if self.depth == "basic" else not needed

    @property
    def transient(self) -> bool:
        """Whether the verdict is not certain because of transient errors alone."""
        return (
            self.verdict == "not-certain"
            and all(c.transient for c in self.uncertain)
            and bool(self.uncertain)
        )

    @property
    def headline(self) -> str:
        """The verdict in one sentence that a manager understands."""
        encryption = Encryption.of({"properties": {"securityProfile": self.security_profile}})
        sentence = _SENTENCES[self.encryption].format(
            key=f" {encryption.key_name}" if encryption.key_name else ""
        )
        failed = [check for check in self.checks if check.outcome == "failed"]
        outcomes = {check.code: check.outcome for check in self.checks}
        if self.encryption == "none":
            return f"{self.name}: {sentence}."
        settings = f"{self.name}: its settings report that {sentence}, but"
        if outcomes.get("inside-canary-encrypted") == "failed":
            return f"{settings} a check inside the cluster found that they are not."
        if outcomes.get("cluster-healthy") == "failed":
            return f"{settings} the cluster's last operation failed, so they might not be."
        if outcomes.get(CENTRAL) == "unknown":
            return f"{settings} this is not certain yet because an operation on the cluster is in progress."
        if not failed and not self.certain:
            return f"{settings} this is not certain: {self._doubts()}."
        if outcomes.get("inside-canary-encrypted") == "passed":
            sentence += ", and encryption of a canary secret was observed"
        if not failed:
            return f"{self.name}: {sentence}{self._reservations()}."
        if all(check.group == "expectation" for check in failed):
            return f"{self.name}: {sentence}, but not as configured in the answers file."
        checks = "a check" if len(failed) == 1 else f"{len(failed)} checks"
        return f"{self.name}: {sentence}, but they are at risk: {checks} failed."

    def _doubts(self) -> str:
        """Why the verdict is not certain: what could not be read, and which checks are inconclusive."""
        unread = dict.fromkeys(check.unread for check in self.uncertain if check.unread)
        vague = [check.code for check in self.uncertain if not check.unread]
        if not self.uncertain:
            vague = sorted(missing(self.encryption, (check.code for check in self.checks)))
        parts = [f"{_listed(list(unread))} could not be read"] if unread else []
        parts += [f"{_listed(vague)} {'is' if len(vague) == 1 else 'are'} inconclusive"] if vague else []
        return ", and ".join(parts)

    def _reservations(self) -> str:
        """What a verdict of `verified` does not cover."""
        said = ", according to the cluster's settings" if self.depth == "basic" else ""
        left = [check.code for check in self.left_out]
        return said + (f" (left out: {', '.join(left)})" if left else "")

    def to_json(self) -> dict[str, Any]:
        """Return a cluster as in `verify -o json`."""
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription": self.subscription,
            "kubernetes_version": self.kubernetes_version,
            "encryption": self.encryption,
            "passed": self.passed,
            "verdict": self.verdict,
            "headline": self.headline,
            "outcome": self.outcome,
            "depth": self.depth,
            "host_encryption": self.host_encryption,
            "checks": [check.to_json() for check in self.checks],
            "security_profile": self.security_profile,
            "keep": list(self.keep),
            "provenance": self.provenance.to_json() if self.provenance else None,
        }

    @classmethod
    def from_json(cls, body: Json) -> "ClusterReport":
        """Return a report that `to_json` has written."""
        names = (
            "id",
            "name",
            "resource_group",
            "subscription",
            "kubernetes_version",
            "encryption",
            "security_profile",
        )
        provenance = body.get("provenance")
        of_a_check = [each.name for each in fields(Check)]
        return cls(
            **{name: body[name] for name in names},
            checks=tuple(Check(**{name: check[name] for name in of_a_check}) for check in body["checks"]),
            keep=tuple(body["keep"]),
            provenance=Provenance.from_json(provenance) if provenance else None,
            depth=body["depth"],
            host_encryption=body["host_encryption"],
        )


def _listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


_SENTENCES: dict[EncryptionKind, str] = {
    "none": "secrets are not encrypted with a KMS key",
    "platform-managed": "secrets are encrypted with a platform-managed key",
    "customer-managed": "secrets are encrypted with the customer-managed key{key}",
    "legacy-kms": "secrets are encrypted by legacy KMS with the key{key}",
}

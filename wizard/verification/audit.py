"""The evidence table: what other tools and standards will say of a cluster, and why that differs from this program's verdict.

The rules of these checks are facts in `audit_checks.toml`, each with its source and the date on which it was read. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from wizard.cloud.encryption import Encryption
from wizard.verification.report import ClusterReport

Says = Literal["compliant", "non-compliant", "manual-for", "manual-against", "manual", "not-certain"]
"""`manual…`: a person judges, and the checks of this program are evidence for it, against it, or to be weighed."""


@dataclass(frozen=True)
class AuditCheck:
    """A check of another tool or of a standard."""

    id: str
    title: str
    tests: str
    source: str
    read: str
    """The date on which its rule was read at the source."""
    passes_if: tuple[str, ...] = ()
    judged_by: tuple[str, ...] = ()
    differs: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    procedures: bool = False
    """Whether it asks for procedures, for which settings alone never speak."""

    def to_json(self) -> dict[str, Any]:
        """Return the check as in `audit_checks` of `verify -o json`."""
        return {
            "id": self.id,
            "title": self.title,
            "tests": self.tests,
            "source": self.source,
            "read": self.read,
        }


@dataclass(frozen=True)
class AuditRow:
    """What one check will say of one cluster."""

    check: AuditCheck
    says: Says
    why: str
    """The evidence, or why it differs from this program's verdict; empty if it agrees."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as in `evidence` of a cluster in `verify -o json`."""
        return {"id": self.check.id, "says": self.says, "why": self.why}


@cache
def audit_checks() -> tuple[AuditCheck, ...]:
    """Return the checks that are known, in the order in which they are shown."""
    import tomllib  # late, as the next one: only the evidence table needs them
    from importlib.resources import files

    text = files("wizard.verification").joinpath("audit_checks.toml").read_text("utf-8")
    return tuple(
        AuditCheck(
            id=each["id"],
            title=each["title"],
            tests=each["tests"],
            source=each["source"],
            read=str(each["read"]),
            passes_if=tuple(each.get("passes_if", ())),
            judged_by=tuple(each.get("judged_by", ())),
            differs=each.get("differs", {}),
            unseen=each.get("unseen", {}),
            note=each.get("note", ""),
            procedures=each.get("procedures", False),
        )
        for each in tomllib.loads(text)["check"]
    )


def evidence_table(report: ClusterReport) -> tuple[AuditRow, ...]:
    """Return what each check will say of a cluster."""
    facts = _facts(report)
    return tuple(
        _by_rule(check, report, facts) if check.passes_if else _by_judgement(check, report)
        for check in audit_checks()
    )


def _facts(report: ClusterReport) -> dict[str, bool | None]:
    """Return what the rules of other tools ask for; None if it was not seen."""
    found = Encryption.of({"properties": {"securityProfile": report.security_profile}})
    return {
        "kms-enabled": found.kms_enabled,
        "key-id": bool(found.key_id),
        "infrastructure-encryption": found.infrastructure,
        "host-encryption": report.host_encryption,
    }


def _by_rule(check: AuditCheck, report: ClusterReport, facts: Mapping[str, bool | None]) -> AuditRow:
    asked = [facts[name] for name in check.passes_if]
    if any(asked):
        return AuditRow(check, "compliant", _sentences(_beyond_settings(check, report), check.note))
    if None in asked:
        unseen = ", ".join(name for name in check.passes_if if facts[name] is None)
        return AuditRow(check, "not-certain", _sentences(f"Not seen: {unseen}.", check.note))
    differs = "" if report.encryption == "none" else check.differs.get(report.encryption, "")
    return AuditRow(check, "non-compliant", _sentences(differs, check.note))


def _beyond_settings(check: AuditCheck, report: ClusterReport) -> str:
    """Return why this program's verdict is worse than that of a tool that reads the cluster's settings alone."""
    if report.passed:
        return ""
    if report.encryption == "none":
        return check.differs.get("none", "")
    codes = ", ".join(check.code for check in report.against)
    return f"It reads the cluster's settings alone. This program is {report.verdict.replace('-', ' ')} because of {codes}."


def _by_judgement(check: AuditCheck, report: ClusterReport) -> AuditRow:
    if unseen := check.unseen.get(report.encryption):
        return AuditRow(check, "not-certain", unseen)
    made = {each.code: each for each in report.checks if each.code in check.judged_by}
    if report.encryption == "none":
        return AuditRow(check, "manual-against", "Secrets are not encrypted with a KMS key.")
    outcomes = {each.outcome for each in made.values()}
    says: Says = "manual-for" if outcomes == {"passed"} and not check.procedures else "manual"
    if "failed" in outcomes:
        says = "manual-against"
    elif len(made) < len(check.judged_by) or "unknown" in outcomes:
        says = "not-certain"
    seen = " ".join(
        f"{code}, {made[code].outcome}: {made[code].message}" if code in made else f"{code}: not made."
        for code in check.judged_by
    )
    return AuditRow(check, says, _sentences(seen, check.note if says == "not-certain" else ""))


def _sentences(*parts: str) -> str:
    return " ".join(filter(None, parts))

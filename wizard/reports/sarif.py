"""Findings as SARIF 2.1.0, for code scanning and security dashboards. Written as plain dictionaries because the only object
model (sarif-om) has not been maintained since 2019; a test validates the result against the official schema.

Only checks that did not pass become results. Failures and warnings have the kind `fail`, which dashboards show. A check
that leaves the verdict open is a warning too: its kind would be `open` (SARIF, section 3.27.9), which has no level, so dashboards would
hide it. `open` remains for unknown outcomes that do not affect the verdict. A cluster that could not be read is a
notification of the run.
"""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from wizard import __version__
from wizard.reports.findings import Findings, Missed
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, ClusterReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOW_TO = "https://learn.microsoft.com/azure/aks/kms-data-encryption"
_KINDS = {"failed": ("fail", "error"), "warning": ("fail", "warning"), "unknown": ("open", "none")}


def sarif(findings: Findings) -> str:
    """Return the findings as one run."""
    shown = [
        (report, check) for report in findings.reports for check in report.checks if check.outcome in _KINDS
    ]
    codes = sorted({check.code for report in findings.reports for check in report.checks})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "aks-kms",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": HOW_TO,
                "rules": [_rule(code) for code in codes],
            }
        },
        "invocations": [
            {
                **_invocation(findings),
                "executionSuccessful": not findings.missed
                and not any(check.unread for report in findings.reports for check in report.uncertain),
                "toolExecutionNotifications": [_notification(missed) for missed in findings.missed],
            }
        ],
        "originalUriBaseIds": {"ARM": {"uri": f"{findings.arm.rstrip('/')}/"}},
        "columnKind": "unicodeCodePoints",
        "properties": {"summary": findings.tally.to_json()},
        "results": [_result(report, check, codes.index(check.code)) for report, check in shown],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _invocation(findings: Findings) -> dict[str, Any]:
    """Return when, by whom and where the findings were read (SARIF, section 3.20), if known."""
    told = findings.provenance
    if told is None:
        return {}
    return {
        "startTimeUtc": f"{told.read_at:%Y-%m-%dT%H:%M:%SZ}",
        "account": sanitize(str(told.signed_in["name"])),
        "properties": {"cloud": told.cloud, "signedIn": told.signed_in},
    }


def _rule(code: str) -> dict[str, Any]:
    words = code.replace("-", " ")
    return {
        "id": code,
        "name": words.title().replace(" ", ""),
        "shortDescription": {"text": f"{words.capitalize()}."},
        "helpUri": HOW_TO,
    }


def _result(report: ClusterReport, check: Check, rule: int) -> dict[str, Any]:
    kind, level = ("fail", "warning") if check.leaves_open else _KINDS[check.outcome]
    said = " ".join(filter(None, (f"{report.name}: {check.message}", check.remedy)))
    return {
        "ruleId": check.code,
        "ruleIndex": rule,
        "kind": kind,
        "level": level,
        "message": {"text": sanitize(said)},
        "locations": [_location(report.id, report.name)],
        "partialFingerprints": {"clusterAndCheck/v1": _fingerprint(report.id, check.code)},
        "properties": {
            "evidence": sanitize(check.evidence),
            "encryption": report.encryption,
            "verdict": report.verdict,
        },
    }


def _location(id_: str, name: str) -> dict[str, Any]:
    """Return a location. A resource has no file, but some readers require one: its Azure Resource Manager URL."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(sanitize(id_).lstrip("/")), "uriBaseId": "ARM"},
        },
        "logicalLocations": [
            {"name": sanitize(name), "fullyQualifiedName": sanitize(id_), "kind": "resource"}
        ],
    }


def _notification(missed: Missed) -> dict[str, Any]:
    problem = missed.problem
    said = " ".join(filter(None, (problem.summary, problem.azure_said, problem.remedy)))
    return {
        "level": "error",
        "message": {"text": sanitize(said)},
        "locations": [_location(missed.id, missed.name)],
    }


def _fingerprint(id_: str, code: str) -> str:
    """Return a hash that is the same for the same check on the same cluster in every run, so that dashboards track it."""
    return hashlib.sha256(f"{id_.casefold()}#{code}".encode()).hexdigest()

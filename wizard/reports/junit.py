"""Findings as JUnit XML, by junitparser: a test suite for each cluster, a test case for each check."""

import re
from typing import cast

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from wizard.reports.findings import Findings, Missed
from wizard.reports.wording import details
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, ClusterReport

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow (production Char)."""


def junit(findings: Findings) -> str:
    """Return the findings as JUnit XML.

    A failed check is a failure. A check that leaves the verdict open, and a cluster that could not be read, is an error.
    An unknown outcome that does not affect the verdict is skipped. A warning passes, with its text as output.
    """
    root = JUnitXml("aks-kms verify")
    for report in findings.reports:
        root.add_testsuite(_suite(report))
    if findings.missed:
        suite = TestSuite("could not be read")
        for missed in findings.missed:
            suite.add_testcase(_missed(missed))
        root.add_testsuite(suite)
    root.update_statistics()  # type: ignore[no-untyped-call]  # junitparser leaves it untyped
    return cast("bytes", root.tostring()).decode()  # type: ignore[no-untyped-call]


def _suite(report: ClusterReport) -> TestSuite:
    suite = TestSuite(_text(f"{report.resource_group}/{report.name}"))
    told = report.provenance
    if told:
        suite.timestamp = f"{told.read_at:%Y-%m-%dT%H:%M:%S}"  # UTC; the format has no time zone
    for name, value in (
        *(told.rows if told else ()),
        ("id", report.id),
        ("encryption", report.encryption),
        ("kubernetes_version", report.kubernetes_version),
        ("verdict", report.verdict),
        ("headline", report.headline),
    ):
        suite.add_property(name, _text(value))
    for check in report.checks:
        if check.outcome == "note":
            suite.add_property(check.code, _text(check.message))
        else:
            suite.add_testcase(_case(report, check))
    return suite


def _case(report: ClusterReport, check: Check) -> TestCase:
    case = TestCase(check.code, _text(report.id), 0)
    said = _text(check.message)
    more = "\n".join(_text(f"{label}: {text}") for label, text in details(check))
    match check.outcome:
        case "failed":
            failure = Failure(said, check.code)
            failure.text = more
            case.result = [failure]
        case "unknown" if check.leaves_open:
            error = Error(said, check.code)
            error.text = more
            case.result = [error]
        case "unknown":
            case.result = [Skipped(said)]
            case.system_out = more
        case _:
            case.system_out = "\n".join(filter(None, (f"{check.outcome}: {said}", more)))
    return case


def _missed(missed: Missed) -> TestCase:
    case = TestCase("readable", _text(missed.id), 0)
    error = Error(_text(missed.problem.summary), _text(missed.problem.code or missed.problem.kind))
    error.text = _text("\n".join(filter(None, (missed.problem.azure_said, missed.problem.remedy))))
    case.result = [error]
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("", sanitize(text))

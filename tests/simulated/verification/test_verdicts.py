"""The verdict if a read fails: what could not be read is never verified. Each read of a verification, with each fault."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import get_args

import pytest

from tests.simulated.verification.test_scenarios import encrypted_in
from tests.support import answers, cluster_id, signed_in
from wizard.cloud.arm import Json
from wizard.cloud.encryption import EncryptionKind
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.reports.findings import Findings
from wizard.reports.json_report import document
from wizard.reports.junit import junit
from wizard.reports.markdown import markdown
from wizard.reports.sarif import sarif
from wizard.reports.text import report_text
from wizard.simulator import Simulator
from wizard.verification.report import ClusterReport
from wizard.verification.verdict import (
    CODES,
    ESSENTIAL,
    EXPECTED,
    INSTEAD,
    OPTIONAL,
    SUPPLEMENTARY,
    Verdict,
    is_essential,
)
from wizard.verification.verify import verify

VAULT = "/subscriptions/*/providers/Microsoft.KeyVault/vaults/kv-demo"
READS: dict[str, tuple[str, frozenset[str]]] = {
    "vault": (VAULT, frozenset({"vault-exists"})),
    "key": (f"{VAULT}/keys/aks-kms", frozenset({"key-exists"})),
    "key versions": (f"{VAULT}/keys/aks-kms/versions", frozenset({"key-pickup"})),
    "identity": ("*/userAssignedIdentities/id-aks-demo", frozenset({"identity-exists", "vault-tenant"})),
    "role assignments": (f"{VAULT}/*/roleAssignments", frozenset({"identity-role"})),
    "role definition": ("*/roleDefinitions/*", frozenset({"identity-role"})),
    "deny assignments": (f"{VAULT}/*/denyAssignments", frozenset({"identity-not-denied"})),
    "locks": ("/subscriptions/*/providers/Microsoft.Authorization/locks", frozenset({"cluster-unlocked", "vault-lock"})),
}  # fmt: skip
"""By what is read: its path, and the checks that cannot be made without it."""


def refusal(status: int, code: str) -> Json:
    return {"answer": {"status": status, "code": code, "message": "Refused by the test.", "headers": {"Retry-After": "0"}}}  # fmt: skip


FAULTS: dict[str, tuple[Json, bool]] = {
    "400": (refusal(400, "BadRequest"), False),
    "403": (refusal(403, "AuthorizationFailed"), False),
    "404": (refusal(404, "InvalidResourceType"), False),
    "405": (refusal(405, "MethodNotAllowed"), False),
    "429": (refusal(429, "TooManyRequests"), True),
    "500": (refusal(500, "InternalServerError"), True),
    "501": (refusal(501, "NotImplemented"), True),
    "closed": ({"reset": True}, True),
    "garbage": ({"malformed": True}, True),
    "empty": ({"raw": {"text": "{}"}}, True),
}
"""By name: the fault, and whether it is transient."""


def custom_role(folder: Path) -> Path:
    """Return a scenario in which the identity holds a custom role, so that its definition has to be read."""
    return encrypted_in(
        folder,
        access=False,
        vault={"access": {"id-aks-demo": ["Key user"]}},
        custom_roles={"Key user": {"data_actions": ["Microsoft.KeyVault/vaults/keys/*"]}},
    )


def failing(simulator: Simulator, fault: Json, *reads: str) -> None:
    simulator.inject_faults(
        *({"match": {"method": "GET", "path": READS[read][0]}, **fault} for read in reads)
    )


A_FEW = ("403", "500", "empty")
"""Of the faults: a refusal, one that is transient, and a response that says nothing."""


@pytest.mark.parametrize(
    "faults", [A_FEW, pytest.param(FAULTS, marks=pytest.mark.matrix)], ids=["few", "all"]
)
@pytest.mark.parametrize("read", READS)
async def test_a_failed_read_makes_the_verdict_not_certain(
    tmp_path: Path, read: str, faults: Collection[str]
) -> None:
    codes = READS[read][1]
    found = {}
    async with signed_in(custom_role(tmp_path)) as (simulator, azure):
        for fault in faults:
            spec = FAULTS[fault][0]
            failing(simulator, spec, read)
            report = await verify(azure, cluster_id())
            assert simulator.fault_counts() != [0], "it is not read"
            found[fault] = (report.verdict, report.passed, report.transient)
            assert {check.code for check in report.uncertain} == codes
            assert "could not be read" in report.headline
            for check in report.uncertain:
                assert not check.passed
                assert check.unread in check.message.lower()
                assert check.evidence
                assert check.remedy
        simulator.inject_faults()
        assert (await verify(azure, cluster_id())).verdict == "verified"
    assert found == {fault: ("not-certain", False, FAULTS[fault][1]) for fault in faults}


@pytest.mark.parametrize("read", ["vault", "key", "identity"])
async def test_a_missing_resource_makes_the_verdict_not_verified(tmp_path: Path, read: str) -> None:
    async with signed_in(custom_role(tmp_path)) as (simulator, azure):
        failing(simulator, refusal(404, "ResourceNotFound"), read)
        report = await verify(azure, cluster_id())
    assert report.verdict == "not-verified"


async def test_every_output_is_not_certain_if_only_the_cluster_can_be_read(tmp_path: Path) -> None:
    """Every output says so, and none says that the cluster is verified."""
    async with signed_in(custom_role(tmp_path)) as (simulator, azure):
        for fault, (spec, transient) in FAULTS.items():
            failing(simulator, spec, *READS)
            report = await verify(azure, cluster_id())
            assert (report.verdict, report.transient) == ("not-certain", transient), fault
            told_as_not_certain(report)


def told_as_not_certain(report: ClusterReport) -> None:
    """Each way of writing a report has the verdict."""
    found = Findings.of_one(report, "https://management.azure.com")
    assert (found.tally.passed, found.tally.uncertain) == (0, 1)
    assert found.tally.transient_only == report.transient
    body = json.loads(document(found))
    assert body["clusters"][0]["verdict"] == "not-certain"
    assert body["clusters"][0]["passed"] is False
    assert body["summary"].items() >= {"passed": 0, "failed": 1, "uncertain": 1}.items()
    assert report_text(report).startswith("? aks-demo: its settings report that secrets are encrypted with")
    assert "? not certain" in markdown(found)
    written = junit(found)
    assert f'errors="{len(report.uncertain)}"' in written
    assert "<skipped" not in written
    [run] = json.loads(sarif(found))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    shown = {result["ruleId"] for result in run["results"] if result["level"] == "warning"}
    assert shown >= {check.code for check in report.uncertain}


async def test_one_permanent_error_among_transient_ones_is_not_transient(tmp_path: Path) -> None:
    async with signed_in(custom_role(tmp_path)) as (simulator, azure):
        simulator.inject_faults(
            {"match": {"path": READS["vault"][0]}, **FAULTS["500"][0]},
            {"match": {"path": READS["locks"][0]}, **FAULTS["403"][0]},
        )
        report = await verify(azure, cluster_id())
    assert (report.verdict, report.transient) == ("not-certain", False)


@pytest.mark.parametrize("fault", ["403", "500"])
async def test_a_vault_that_cannot_be_searched_makes_the_verdict_not_certain(
    tmp_path: Path, fault: str
) -> None:
    lists = {"method": "GET", "path": "/subscriptions/*/providers/Microsoft.KeyVault/vaults"}
    async with signed_in(encrypted_in(tmp_path)) as (simulator, azure):
        nameless = {"azureKeyVaultKms": {"keyVaultResourceId": ""}}
        simulator.change(cluster_id(), {"properties": {"securityProfile": nameless}})
        simulator.inject_faults({"match": lists, **FAULTS[fault][0]})
        report = await verify(azure, cluster_id())
    assert (report.verdict, report.transient) == ("not-certain", FAULTS[fault][1])


async def test_only_the_named_checks_are_left_out(tmp_path: Path) -> None:
    async with signed_in(custom_role(tmp_path)) as (simulator, azure):
        failing(simulator, FAULTS["403"][0], "locks", "deny assignments")
        report = await verify(azure, cluster_id())
    assert report.leaving_out({"cluster-unlocked", "vault-lock"}).verdict == "not-certain"
    allowed = report.leaving_out({"cluster-unlocked", "vault-lock", "identity-not-denied"})
    assert (allowed.verdict, allowed.outcome) == ("verified", "warning")
    assert allowed.headline.endswith("(left out: cluster-unlocked, vault-lock, identity-not-denied).")
    assert ClusterReport.from_json(json.loads(json.dumps(allowed.to_json()))) == allowed
    assert "left out" in junit(Findings.of_one(allowed, ""))


@pytest.mark.parametrize(
    ("fault", "kind"), [("403", "azure"), ("500", "transient")], ids=["permanent", "transient"]
)
async def test_a_run_does_not_succeed_if_its_verification_is_not_certain(fault: str, kind: str) -> None:
    chosen = answers("platform-managed")
    async with signed_in("feature-gone") as (simulator, azure):
        plan = await make_plan(azure, chosen)

        def disturb(event: Event) -> None:
            if (event.type, event.step) == ("step-started", "verify"):
                failing(simulator, FAULTS[fault][0], "locks")

        run = Run(azure, chosen, plan, listeners=[disturb])
        assert await run.execute(plan.digest) == "failed"
    assert [key for key, status in run.statuses.items() if status == "failed"] == ["verify"]
    problem = run.problems["verify"]
    assert problem.kind == kind
    assert "could not be read" in problem.summary
    assert "cluster-unlocked" in problem.cause
    assert run.report is not None
    assert run.report.verdict == "not-certain"


# -- the table -------------------------------------------------------------------------------------------------------


def test_every_check_has_one_place_in_the_table() -> None:
    assert set(ESSENTIAL) == set(get_args(EncryptionKind))
    essential = frozenset().union(*ESSENTIAL.values(), INSTEAD, EXPECTED)
    assert sorted([*essential, *OPTIONAL, *SUPPLEMENTARY]) == sorted(CODES), "no check is in two places"
    assert {code for code in CODES if is_essential(code)} == essential


def test_the_table_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "verification.md").read_text("utf-8")
    kinds: tuple[EncryptionKind, ...] = ("none", "platform-managed", "customer-managed", "legacy-kms")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    table = {row[0].split("`")[1]: {kind for kind, cell in zip(kinds, row[1:], strict=True) if cell} for row in rows if len(row) == 5}  # fmt: skip
    essential = {code: {kind for kind in kinds if code in ESSENTIAL[kind]} for kind in kinds for code in ESSENTIAL[kind]}  # fmt: skip
    assert table == essential
    optional = text.partition("Optional are ")[2].partition(".")[0]
    assert re.findall("`([^`]+)`", optional) == sorted(OPTIONAL)


def test_the_verdicts_are_those_that_programs_rely_on() -> None:
    assert get_args(Verdict) == ("verified", "not-verified", "not-certain")

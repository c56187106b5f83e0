"""Many clusters from the command line: discovery, filters, verification, output formats, exit codes."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.facts import PLATFORM_MANAGED, cluster
from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id, scenario_file, vault_id

LIST = "/providers/microsoft.containerservice/managedclusters"


def small_fleet(folder: Path, **changes: Any) -> Path:
    """Write a scenario with sixty clusters in three subscriptions, in addition to Contoso's."""
    path = folder / "fleet.yaml"
    body = {"description": "A small fleet.", "extends": "fleet", "page_size": 7, "fleet": {"clusters": 60, "subscriptions": 3}}  # fmt: skip
    path.write_text(json.dumps(body | changes))
    return path


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["-g", "RG-BANK"], {"bank-ledger", "bank-cards"}),
        (["--location", "Sweden Central"], {"lab-principal"}),
        (["--encryption", "legacy-kms", "--encryption", "platform-managed"], {"batch-eu", "web-stage"}),
        (["--subscription", DEVELOPMENT, "-g", "rg-dev"], {"dev-sandbox", "dev-payments", "dev-broken"}),
        (
            ["--failed", "--location", "northeurope"],
            {"web-night", "dev-sandbox", "dev-payments", "dev-broken"},
        ),
        (["-g", "rg-bank", "--failed"], set()),
    ],
)
def test_clusters_are_filtered(filters: list[str], names: set[str], start_shell: StartShell):
    shell = start_shell()
    done = shell.run("clusters", *filters, "-o", "json")
    assert done.code == 0, done.err
    assert {row["name"] for row in done.json["clusters"]} == names
    lines = shell.run("clusters", *filters, "-o", "jsonl").lines
    assert {row["name"] for row in lines} == names
    table = shell.run("clusters", *filters).out
    assert all(name in table for name in names)
    assert table.startswith("No matching cluster in ") == (not names)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("filters", "meant"),
    [
        (["--location", "westeurop"], "Did you mean --location westeurope?"),
        (["-g", "rg-bnak"], "Did you mean -g rg-bank?"),
        (["--location", "mars"], "Check the filters."),
    ],
)
@pytest.mark.parametrize("command", [["clusters"], ["verify", "--all"]])
def test_a_filter_that_matches_nothing_is_an_error(
    command: list[str], filters: list[str], meant: str, start_shell: StartShell
):
    done = start_shell().run(*command, *filters)
    assert done.code == 1
    assert f"What to do: {meant}" in done.err


def test_verify_all_exits_with_the_result_of_the_worst_cluster(start_shell: StartShell):
    shell = start_shell()
    done = shell.run("verify", "--all", "-o", "json")
    assert done.code == 1
    assert done.json["summary"].items() >= {"total": 13, "passed": 4, "failed": 9, "warned": 1}.items()
    assert [row["id"] for row in done.json["clusters"]] == sorted(row["id"] for row in done.json["clusters"])
    assert "13 clusters in 2 subscriptions read in" in done.err
    assert "4 of 13 verified, 1 of them with warnings" in done.err
    good = shell.run("verify", "--all", "-g", "rg-bank")
    assert good.code == 0
    assert "2 of 2 verified" in good.out
    failed = shell.run("verify", "--all", "--failed", "-o", "json")
    assert failed.code == 1
    assert failed.json["summary"] == done.json["summary"]
    assert len(failed.json["clusters"]) == 9


def test_only_full_depth_checks_the_vault(start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    shell.simulator.change(
        vault_id("kv-bank-ledger", "rg-bank"), {"properties": {"networkAcls": {"bypass": "None"}}}
    )
    asked = ("verify", "--all", "-g", "rg-bank")
    assert shell.run(*asked).code == 0
    full = shell.run(*asked, "--depth", "full", "-v")
    assert full.code == 1
    assert "does not allow trusted Azure services" in full.out


def test_a_cluster_with_an_operation_in_progress_is_uncertain_and_fails(start_shell: StartShell):
    shell = start_shell()
    assert shell.simulator is not None
    shell.simulator.change(
        cluster_id("bank-ledger", "rg-bank"), {"properties": {"provisioningState": "Updating"}}
    )
    one = shell.run("verify", "-g", "rg-bank", "-n", "bank-ledger")
    assert one.code == 1
    assert one.out.startswith("? bank-ledger: its settings report that secrets are encrypted with ")
    both = shell.run("verify", "--all", "-g", "rg-bank", "-o", "json")
    assert both.code == 1
    assert both.json["summary"].items() >= {"passed": 1, "failed": 1, "uncertain": 1}.items()
    assert "1 of 2 verified; 1 not certain" in both.err
    assert [
        row["name"] for row in shell.run("clusters", "--failed", "-g", "rg-bank", "-o", "jsonl").lines
    ] == ["bank-ledger"]


def test_every_output_format_of_a_fleet(start_shell: StartShell, tmp_path: Path):
    shell = start_shell(small_fleet(tmp_path))
    done = shell.run("verify", "--all", "-o", "json")
    total, failed = done.json["summary"]["total"], done.json["summary"]["failed"]
    assert (done.code, total) == (1, 73)
    lines = shell.run("verify", "--all", "-o", "jsonl").lines
    assert sum(not line["passed"] for line in lines) == failed
    assert {line["id"] for line in lines} == {row["id"] for row in done.json["clusters"]}
    root = ET.fromstring(shell.run("verify", "--all", "-o", "junit").out)
    assert len(root) == total
    sarif = json.loads(shell.run("verify", "--all", "-o", "sarif").out)
    errors = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
        for result in sarif["runs"][0]["results"]
        if result["level"] == "error"
    }
    assert len(errors) == failed
    assert f"{total - failed} of {total} verified, " in shell.run("verify", "--all", "-o", "markdown").out
    table = shell.run("verify", "--all").out
    assert len(re.findall("^✗", table, re.MULTILINE)) == failed


def test_a_subscription_that_cannot_be_listed_is_an_error(start_shell: StartShell, tmp_path: Path):
    faults = [
        {
            "match": {"method": "GET", "path": f"/subscriptions/{DEVELOPMENT}{LIST}"},
            "answer": {"status": 403, "code": "AuthorizationFailed", "message": "You may not list them."},
        }
    ]
    shell = start_shell(scenario_file(tmp_path, faults=faults))
    asked = ("verify", "--all", "-g", "rg-bank")
    done = shell.run(*asked, "-o", "json")
    assert done.code == 1
    assert done.json["summary"].items() >= {"total": 3, "passed": 2, "failed": 1, "unreadable": 1}.items()
    assert [row["id"] for row in done.json["unreadable"]] == [f"/subscriptions/{DEVELOPMENT}"]
    assert "Contoso Development cannot be listed as a whole" in done.err
    [missed] = [line for line in shell.run(*asked, "-o", "jsonl").lines if "problem" in line]
    assert missed["passed"] is False
    listed = shell.run("clusters", "-o", "json")
    assert listed.code == 1
    assert [row["subscription"] for row in listed.json["unreadable"]] == [DEVELOPMENT]


def test_a_malformed_cluster_does_not_affect_the_others(start_shell: StartShell, tmp_path: Path):
    odd = {**cluster(PLATFORM_MANAGED), "id": cluster_id("odd")}
    odd["properties"] = {**odd["properties"], "agentPoolProfiles": "x"}
    listed = {"text": json.dumps({"value": [odd, cluster(PLATFORM_MANAGED)]})}
    match = {"method": "GET", "path": f"/subscriptions/{PRODUCTION}{LIST}"}
    shell = start_shell(scenario_file(tmp_path, faults=[{"match": match, "raw": listed}]))
    done = shell.run("verify", "--all", "--subscription", PRODUCTION, "-o", "json")
    assert done.code == 3
    counted = {"total": 2, "passed": 1, "failed": 1, "unreadable": 1}
    assert counted.items() <= done.json["summary"].items()
    (missed,) = done.json["unreadable"]
    assert missed["id"] == cluster_id("odd")
    assert "its agentPoolProfiles is text, not a list" in missed["problem"]["cause"]
    assert "itself failed" not in done.err


def test_a_stale_resource_graph_row_is_reported(start_shell: StartShell):
    shell = start_shell("stale-graph", speed=20)
    assert shell.simulator is not None
    shell.simulator.remove(cluster_id("bank-cards", "rg-bank"))
    done = shell.run("verify", "--all", "-g", "rg-bank", "-o", "json")
    assert done.code == 0
    assert done.json["gone"] == [cluster_id("bank-cards", "rg-bank").lower()]
    assert "1 cluster listed by Resource Graph no longer exists." in done.err


def test_throttling_is_reported(start_shell: StartShell):
    done = start_shell("throttled").run("clusters")
    assert done.code == 0
    assert re.search(r"throttled by Azure \d+ times? \(429\)", done.err)


def test_verify_all_reads_only_the_selected_subscription(start_shell: StartShell):
    shell = start_shell()
    done = shell.run("verify", "--all", "--subscription", "contoso production", "-o", "json")
    assert {row["subscription"] for row in done.json["clusters"]} == {PRODUCTION}
    assert shell.simulator is not None
    listed = {r.path.lower() for r in shell.simulator.requests if r.path.lower().endswith(LIST)}
    assert listed == {f"/subscriptions/{PRODUCTION}{LIST}"}


def test_progress_is_shown_on_a_terminal(start_shell: StartShell, tmp_path: Path):
    shell: Shell = start_shell(small_fleet(tmp_path, durations={}, page_size=2))
    with shell.terminal("verify", "--all", "-o", "jsonl") as terminal:
        assert terminal.ends() == 1
        assert "clusters in 5 subscriptions read in" in terminal.shown

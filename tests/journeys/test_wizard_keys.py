"""Single keys: verify only, save, help, the palette; and a sign-in that fails."""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import pytest
from textual.app import App
from textual.widgets import Input, Static

from screens.app import WizardApp
from screens.cli.wizard import _check_scenario
from screens.pages.prerequisites import PrerequisitesScreen
from screens.widgets.dialogs import SaveDialog
from screens.widgets.frame import StepRail
from screens.wizard_steps import ORDER
from tests.journeys.test_wizard_existing import pick
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.support import DEVELOPMENT
from wizard.cloud.azure import Azure
from wizard.errors import internal_error
from wizard.simulator import Simulator


async def test_verify_only_shows_the_verdict_and_the_evidence(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("v")
        footer = await operator.sees("Verify which cluster?", "legacy-erp", "enter select", "^q quit")
        assert "n new" not in footer
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.choose("legacy-erp")
        await operator.sees("legacy-erp: secrets are not encrypted with a KMS key.")
        await operator.sees("✗ NOT VERIFIED", "✗ failed encryption-enabled", "Found", "▸ ")
        await operator.press("f")
        await operator.until(lambda: "▸ " not in operator.frame(), "only what did not pass")
        await operator.press("escape", "down", "f8", "c")
        await operator.sees("✗ failed encryption-enabled", "▸ ", "Copied")
        await operator.press("f3")
        await operator.until(lambda: "▾ " in operator.frame() and "▸ " not in operator.frame(), "all groups")
        assert operator.app.session.exit_code == 1
        assert simulator.writes() == []
        await operator.press("e")
        await operator.sees("Verify which cluster?")


async def test_report_is_saved_as_json_and_markdown_and_never_overwrites_a_file(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("v")
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.choose("bank-ledger")
        await operator.sees("bank-ledger: secrets are encrypted with")
        assert operator.app.session.exit_code == 0
        for _ in range(2):
            await operator.press("s")
            await operator.sees("Save the report")
            await operator.press("ctrl+a", "ctrl+k")
            await operator.paste(str(tmp_path / "report"))
            await operator.press("enter", "enter")
            await operator.pilot.pause()
        await operator.sees("report.json already exists and is not")
        await operator.type("-2")
        await operator.press("enter", "enter")
        await operator.until(
            (tmp_path / "report-2.md").exists, "what is typed after a refusal to be the name"
        )
        saved = json.loads((tmp_path / "report.json").read_text("utf-8"))
        assert saved["clusters"][0]["encryption"] == "customer-managed"
        assert saved["provenance"]["cloud"]["simulated"] is True
        report = (tmp_path / "report.md").read_text("utf-8")
        assert "verified: bank-ledger: secrets are encrypted" in report
        for words in (
            "- read: 20",
            "- by: application 44444444",
            "- cloud: simulated Azure at",
            "- tool: aks-kms",
        ):
            assert words in report


async def test_invalid_file_name_is_refused_with_the_reason() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        dialog = SaveDialog("Save", "report", {".json": "{}", ".md": "#"})
        await app.push_screen(dialog)
        for typed, why in (
            (".", "is not a valid file name"),
            ("/", "is not a valid file name"),
            ("~nobody-of-that-name/x", "is not a valid file name: Could not determine home directory"),
            ("x" * 300, "is not a valid file name: File name too long"),
            ("nowhere/x", "nowhere is not a directory"),
        ):
            dialog.query_one(Input).value = typed
            await pilot.press("enter")
            await pilot.pause()
            assert app.screen is dialog
            assert why in str(dialog.query_one(".message", Static).visual)
            assert isinstance(app.focused, Input)


async def test_internal_error_can_be_copied_and_saved(tmp_path: Path) -> None:
    async with Simulator() as simulator, wizard(simulator, tmp_path) as operator:
        await operator.sees("Signed in to")
        operator.app.show_problem(internal_error(ValueError("it fell over"), "looking"))
        await operator.sees("ValueError", "c copy all", "s save")
        await operator.press("s")
        await operator.sees("Save as")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.paste(str(tmp_path / "problem.txt"))
        await operator.press("enter", "enter")
        await operator.until((tmp_path / "problem.txt").exists, "the file")
    assert "ValueError" in (tmp_path / "problem.txt").read_text("utf-8")


async def test_invalid_scenario_is_refused_before_the_wizard_starts(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text("a: [", "utf-8")
    with pytest.raises(click.UsageError, match="is not YAML"):
        _check_scenario(str(path))


async def test_unexpected_connection_error_is_shown_and_can_be_retried() -> None:
    @asynccontextmanager
    async def broken(_: object) -> AsyncIterator[Azure]:
        raise ValueError("nobody foresaw this")
        yield

    app = WizardApp(broken, environment={})
    async with app.run_test() as pilot:
        await Operator(app, pilot).sees("aks-kms itself failed at connection: ValueError", "r try again")
        assert app.session.exit_code == 3


async def test_version_of_a_new_cluster_is_kept_when_going_back(tmp_path: Path) -> None:
    async with Simulator("contoso", speed=math.inf) as simulator, wizard(simulator, tmp_path) as operator:
        await operator.to_clusters(register=False)
        await operator.create("orders-eu", "rg-orders", "westeurope")
        await operator.sees("Who manages the encryption key of orders-eu?")
        await operator.press("escape")
        await operator.press("down")  # the region still has the focus
        await operator.sees("West Europe", "Germany West Central")
        await operator.type("west us 2")
        await operator.sees("matches 1 of 12", "westus2 West US 2")
        await operator.press("enter")
        await operator.sees("westus2 offers")
        await pick(operator, "version", "1.33")
        assert operator.app.session.draft.new_cluster.version == "1.33"
        await operator.press("escape")
        await operator.sees("Which cluster?")
        match = {"method": "GET", "path": "*/kubernetesVersions"}
        refusal = {"status": 403, "code": "Forbidden", "message": "Not the versions."}
        simulator.inject_faults({"match": match, "answer": refusal})
        await operator.press("n")
        await operator.sees(
            "Create a cluster with encryption enabled", "By default, the run selects the version."
        )
        await operator.press("ctrl+n")
        await operator.sees("Who manages the encryption key of orders-eu?")
        assert operator.app.session.draft.new_cluster.version == "1.33"


async def test_feature_pending_approval_cannot_be_registered(tmp_path: Path) -> None:
    async with (
        Simulator("feature-pending", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, AKS_KMS_TIMEOUTS="registration=60") as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("enter")
        await operator.sees("Which subscription?", "Contoso Production")
        await operator.press("end", "enter")
        await operator.sees("not registered yet")
        await operator.press("enter")
        await operator.sees("is waiting for Microsoft's approval")
        assert not operator.app.screen.query_one("#register").display
        await operator.press("r")
        await operator.sees("requires approval by Microsoft")
        assert not operator.app.screen.query_one("#register").display


async def test_unreachable_azure_is_shown_and_can_be_retried(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL, AKS_KMS_ARM_ENDPOINT="https://localhost:9") as operator,
    ):
        await operator.sees(
            "The metadata document of https://localhost:9 could not be read", "What to do", "r try again"
        )
        assert operator.app.session.exit_code == 3
        await operator.press("r")
        await operator.sees("The metadata document of https://localhost:9 could not be read")


async def test_click_on_the_step_rail_goes_only_to_reachable_steps(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        assert not operator.app.screen.query(StepRail), "the first page is no step"
        await operator.press("enter")
        await operator.sees("Which subscription?", "Contoso Production")
        for step in ("review", "run", "verify"):
            await operator.pilot.click(StepRail, offset=(3, 1 + 2 * ORDER.index(step)))
            await operator.pilot.pause()
            assert isinstance(operator.app.screen, PrerequisitesScreen), step
        for line in (0, 1):  # a step has two lines: its name, and a note
            await operator.press("enter")
            await operator.sees("The preview feature")
            await operator.pilot.click(StepRail, offset=(3, 1 + line + 2 * ORDER.index("prerequisites")))
            await operator.sees("Which subscription?")


async def test_throttled_request_shows_a_notice(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.sees("Signed in to")
        busy = {
            "status": 429,
            "code": "TooManyRequests",
            "message": "Slow down.",
            "headers": {"Retry-After": "2"},
        }
        match = {"method": "GET", "path": "*/managedclusters/bank-ledger", "count": 1}
        simulator.inject_faults({"match": match, "answer": busy})
        await operator.press("v")
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.choose("bank-ledger")
        await operator.sees("Azure asks to wait 2 s", "GET bank-ledger: HTTP 429")
        await operator.sees("bank-ledger: secrets are encrypted with")


async def test_wide_top_line_shows_the_whole_application_name(tmp_path: Path) -> None:
    async with Simulator("contoso") as simulator, wizard(simulator, tmp_path, (200, 40)) as operator:
        await operator.sees("Signed in to")
        name = operator.app.session.azure.signed_in.name
        assert name.startswith("application ")
        assert name in operator.frame().splitlines()[0]


async def test_cluster_of_another_subscription_is_confirmed_and_the_subscription_stays_selected(
    tmp_path: Path,
) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.press("slash")
        await operator.paste("contoso dev")
        await operator.sees("4 of 13 found in 2 subscriptions", "dev-sandbox")
        await operator.press("enter", "enter")
        draft = operator.app.session.draft
        await operator.sees("dev-sandbox is in Contoso Development (selected: Contoso Production).")
        await operator.press("escape")
        await operator.until(lambda: "(selected:" not in operator.frame(), "the question to go")
        assert operator.app.session.draft == draft
        await operator.press("enter", "enter")
        await operator.sees("Who manages the encryption key of dev-sandbox?", "Contoso Development")
        operator.app.go_to("prerequisites")
        await operator.sees("Which subscription?", "Contoso Production")
        await operator.press("enter")
        assert operator.app.session.draft.subscription is not None
        assert operator.app.session.draft.subscription.id == DEVELOPMENT
        assert operator.app.session.draft.cluster is not None

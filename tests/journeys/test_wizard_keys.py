"""What single keys do: verify only, save, help, the palette's way back; and a sign-in that fails."""

import json
import math
from pathlib import Path

from screens.frame import Spine
from screens.steps import ORDER
from screens.welcome import WelcomeScreen
from tests.screens.operator import LARGE, SMALL, wizard
from wizard.answers import load
from wizard.simulator import Simulator


async def test_verify_only_says_no_and_shows_the_evidence(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("v")
        await operator.sees("Which cluster is to be verified?", "legacy-erp")
        await operator.until(lambda: operator.app.found_all, "all clusters")
        await operator.choose("legacy-erp")
        await operator.sees("legacy-erp: secrets are not encrypted with a KMS key.")
        await operator.press("enter")
        await operator.sees("Azure returned:")
        assert operator.app.exit_code == 1
        assert simulator.writes() == []
        await operator.press("n")
        await operator.sees("Which cluster is to be verified?")


async def test_a_report_is_saved_as_json_and_markdown_and_nothing_is_overwritten(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("v")
        await operator.until(lambda: operator.app.found_all, "all clusters")
        await operator.choose("bank-ledger")
        await operator.sees("bank-ledger: secrets are encrypted with")
        assert operator.app.exit_code == 0
        for _ in range(2):
            await operator.press("s")
            await operator.sees("Save the report")
            await operator.press("ctrl+a", "ctrl+k")
            await operator.type(str(tmp_path / "report"))
            await operator.press("enter", "enter")
            await operator.pilot.pause()
        await operator.sees("report.json exists already; nothing is")
        saved = json.loads((tmp_path / "report.json").read_text("utf-8"))
        assert saved["clusters"][0]["encryption"] == "customer-managed"
        assert saved["provenance"]["cloud"]["simulated"] is True
        report = (tmp_path / "report.md").read_text("utf-8")
        assert "passed: bank-ledger: secrets are encrypted" in report
        for words in (
            "- read: 20",
            "- by: application 44444444",
            "- cloud: simulated Azure at",
            "- tool: aks-kms",
        ):
            assert words in report


async def test_saved_answers_are_the_answers_of_the_plan(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.choose("payments-prod")
        await operator.to_review("Private")
        await operator.press("s")
        await operator.sees("Save the answers")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.type(str(tmp_path / "answers.yaml"))
        await operator.press("enter", "enter")
        await operator.until((tmp_path / "answers.yaml").exists, "the file")
        assert load(tmp_path / "answers.yaml") == operator.app.draft.answers()
        await operator.press("f2")
        await operator.sees("The same with the Azure CLI", "az account set --subscription")
        await operator.press("escape", "f1")
        await operator.sees("Help", "The plan was made from what Azure says now")


async def test_an_azure_that_does_not_answer_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL, AKS_KMS_ARM_ENDPOINT="https://localhost:9") as operator,
    ):
        await operator.sees("did not say which cloud it is", "What to do", "r try again")
        assert operator.app.exit_code == 3
        await operator.press("r")
        await operator.sees("did not say which cloud it is")


async def test_a_click_on_the_spine_goes_where_one_may_and_nowhere_else(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        for step in ("review", "run", "verify"):
            await operator.pilot.click(Spine, offset=(3, 1 + 2 * ORDER.index(step)))
            await operator.pilot.pause()
            assert isinstance(operator.app.screen, WelcomeScreen), step
        await operator.pilot.click(Spine, offset=(3, 1 + 2 * ORDER.index("prerequisites")))
        await operator.sees("Which subscription?")


async def test_an_azure_that_asks_to_wait_is_waited_for_with_a_word(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.sees("Signed in to")
        busy = {
            "status": 429,
            "code": "TooManyRequests",
            "message": "Slow down.",
            "headers": {"Retry-After": "4"},
        }
        match = {"method": "GET", "path": "*/managedclusters/bank-ledger", "count": 1}
        simulator.strike_with({"match": match, "answer": busy})
        await operator.press("v")
        await operator.until(lambda: operator.app.found_all, "all clusters")
        await operator.choose("bank-ledger")
        await operator.sees("Azure asks to wait 4 s", "GET bank-ledger: HTTP 429")
        await operator.sees("bank-ledger: secrets are encrypted with")

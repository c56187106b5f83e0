"""Resuming: runs that were not completed are offered when the wizard starts, and resumed from the current state in Azure."""

import asyncio
import json
import math
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Log, Static

from screens.cli.options import Settings
from screens.cli.wizard import print_interruption_notice
from screens.pages.welcome import WelcomeScreen
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.support import DEVELOPMENT, MovedClock, answers, scenario_file, wait_until
from wizard.answers.model import Answers
from wizard.cloud.azure import connect
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.runs.journal import EVENTS, Journal, list_runs
from wizard.simulator import Simulator
from wizard.system.signals import END_SIGNALS


async def cut_short(
    simulator: Simulator, root: Path, chosen: Answers, when: Callable[[Event], bool], *, killed: bool = False
) -> str:
    """Run until an event holds, and end there; `killed`: without a word about it. The run's id."""
    async with connect(simulator.environment) as azure:
        plan = await make_plan(azure, chosen)
        journal = Journal.begin(chosen, plan, root=root)
        heard: list[Event] = []
        run = Run(azure, chosen, plan, listeners=[heard.append, journal])
        running = asyncio.create_task(run.execute(plan.digest))
        await wait_until(lambda: any(when(event) for event in heard))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        journal.close()
    if killed:
        events = journal.path / EVENTS
        lines = events.read_text("utf-8").splitlines(keepends=True)
        ended = [n for n, line in enumerate(lines) if json.loads(line).get("status") == "interrupted"]
        events.write_text("".join(lines[: ended[0]]), "utf-8")
    return journal.id


def updating(event: Event) -> bool:
    return event.message.startswith("cluster is being updated")


async def carried_to_review(operator: Operator) -> str:
    """From the first frame to the review of the newest run."""
    await operator.sees("Signed in to", "r Resume aks-demo")
    await operator.press("enter")  # the first entry of the list
    return await operator.sees("resumed", "plan ")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_killed_run_is_resumed_and_its_update_is_followed_not_sent_again(
    size: tuple[int, int], tmp_path: Path
) -> None:
    slow, clock = scenario_file(tmp_path, durations={"cluster_update": 3_600_000}), MovedClock()
    chosen = answers("customer-managed-private", tags={"team": "a, b"})
    async with Simulator(slow, speed=600, clock=clock) as simulator:
        run = await cut_short(simulator, tmp_path / "runs", chosen, updating, killed=True)
        before = len(simulator.writes())
        async with wizard(simulator, tmp_path, size) as operator:
            await operator.sees("Unfinished run", "ended unexpectedly", "now in Azure Updating")
            await carried_to_review(operator)
            await operator.sees(f"run {run}", "when it ended", "✓ completed")
            assert operator.app.session.draft.answers() == chosen
            await operator.sees("an operation on it is in progress")
            await operator.press("enter")
            await operator.sees("aks-demo", "not certain yet", "checks passed")
            await operator.press("w")
            clock.ahead += 6000
            await operator.sees(
                "aks-demo: secrets are encrypted with the customer-managed key kv-demo/aks-kms"
            )
            assert re.search(r"(\d+) of \1 checks passed", operator.frame())
            assert len(simulator.writes()) == before, "it was followed, not sent again"
            assert operator.app.session.exit_code == 0
        async with wizard(simulator, tmp_path, size) as operator:
            await operator.sees("Signed in to")
            await read(operator)
            assert operator.app.session.resumable == [], "it is done, and offered no more"
            await operator.press("h")
            await operator.sees("History of runs", "1 run", "! aks-demo", "unfinished")
            await operator.press("enter")
            await operator.sees("Run 20")
            await operator.scrolls_to("Answers", "resource_group: rg-demo")
            await operator.press("escape", "t")
            await operator.sees("Report of run", "outcome: unfinished")


async def read(operator: Operator) -> None:
    await operator.until(lambda: operator.app.session.resumable is not None, "the journal to be read")


async def test_review_of_a_resumed_run_shows_what_has_changed_and_changed_answers_start_a_new_run(
    tmp_path: Path,
) -> None:
    chosen = answers("customer-managed-public", key={"rotate_every": "P180D"})
    async with Simulator("contoso", speed=600) as simulator:
        await cut_short(simulator, tmp_path / "runs", chosen, lambda event: event.step == "crypto-role")
        async with wizard(simulator, tmp_path, LARGE) as operator:
            await operator.sees("was interrupted", "Resume aks-demo")
            await carried_to_review(operator)
            await operator.sees("✓ completed", "Create the key vault", "Create the key")
            operator.app.go_to("vault")
            await operator.sees("every 180 days")
            operator.app.go_to("key")
            await operator.take_key("platform-managed")
            screen = await operator.sees("Enter, then type")
            assert operator.app.session.draft.answers().key_option == "platform-managed"
            assert "resumed" not in screen


async def test_resuming_shows_its_progress_and_cannot_be_started_twice(
    tmp_path: Path,
) -> None:
    async with Simulator("contoso", speed=600) as simulator:
        orders = answers("platform-managed", resource_group="rg-orders", cluster={"name": "orders-prod"})
        for chosen in (orders, answers("platform-managed")):
            await cut_short(simulator, tmp_path / "runs", chosen, lambda event: event.step == "feature")
        async with wizard(simulator, tmp_path, LARGE) as operator:
            await operator.sees("Signed in to", "Choose one of 2 runs.", "1 other run can be resumed")
            simulator.inject_faults({"match": {"method": "GET", "path": "*/managedclusters/*"}, "hang": True})
            await operator.press("r")
            await operator.sees("Which run do you want to resume?", "Nothing is written before you type")
            await operator.press("enter")
            await operator.sees("Reading the current state of ")
            await operator.press("r")
            await operator.pilot.pause()
            assert isinstance(operator.app.screen, WelcomeScreen)


@pytest.mark.matrix
async def test_second_run_replaces_the_first_on_its_page_and_in_the_review(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    match = {"method": "PUT", "path": "*/managedclusters/aks-demo", "count": 2}
    refused = {"match": match, "answer": {"status": 400, "code": "BadRequest", "message": "Not now."}}
    async with Simulator(scenario_file(tmp_path, faults=[refused]), speed=600) as simulator:
        await cut_short(
            simulator, tmp_path / "runs", answers("platform-managed"), lambda event: event.step == "feature"
        )
        async with wizard(simulator, tmp_path, LARGE) as operator:
            await carried_to_review(operator)
            await operator.start("aks-demo")
            await operator.sees("✗ Encrypt the managed cluster", "Not now.")
            screen, first = operator.app.screen, operator.app.session.active
            await operator.press("m")
            await operator.sees("Which cluster?", "aks-demo")
            await operator.choose("aks-demo")
            await operator.to_review("Public")
            await operator.start("aks-demo")
            await operator.until(lambda: operator.app.session.active is not first, "another run")
            await operator.sees("Create the key vault", "✗ Encrypt the managed cluster", "Not now.")
            second = operator.app.session.active
            assert operator.app.screen is screen
            assert second is not None
            assert second.journal is not None
            assert second.journal.id in str(screen.query_one("#log-path", Static).visual)
            await operator.press("l", "l")
            await operator.sees("log: all")
            begun = [line for line in screen.query_one(Log).lines if not line.startswith(" ")]
            assert len(begun) == second.lines
            await operator.press("right_square_bracket")
            await operator.sees("only feature")
            await operator.press("left_square_bracket", "left_square_bracket")
            await operator.sees("only verify")
            await operator.press("r")
            await operator.sees("kv-aks-demo-kms/aks-kms (Public)", "Enter, then type aks-demo")
            operator.app.start_over()
            operator.app.go_to("run")
            await operator.press("r")
            await operator.sees("You have selected another cluster since.", "to resume this run.")
            assert operator.app.screen.query_one("#outcome").display
        print_interruption_notice(operator.app, Settings())
        told = capsys.readouterr().err
        assert "The run on aks-demo failed." in told
        assert f"To resume: aks-kms runs resume {second.journal.id}" in told


async def test_only_runs_of_visible_subscriptions_can_be_resumed(tmp_path: Path) -> None:
    here, elsewhere = (
        answers("platform-managed"),
        answers(
            "platform-managed",
            subscription=DEVELOPMENT,
            resource_group="rg-dev",
            cluster={"name": "dev-sandbox"},
        ),
    )
    async with Simulator("contoso", speed=600) as simulator:
        for chosen in (here, elsewhere):
            await cut_short(simulator, tmp_path / "runs", chosen, lambda event: event.step == "feature")
    async with (
        Simulator("empty", speed=math.inf, port=int(simulator.arm_endpoint.rsplit(":", 1)[1])) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Resume aks-demo", "it does not exist")
        assert [run.answers for run in operator.app.session.resumable or ()] == [here]
        await operator.press("r")
        await operator.sees("The cluster aks-demo could not be read", "What to do")
        await operator.press("escape", "v")
        await operator.sees("0 found in 1 subscription", "There are no clusters that you can access.")


async def test_run_of_another_simulated_azure_cannot_be_resumed(tmp_path: Path) -> None:
    async with Simulator("contoso", speed=600) as simulator:
        chosen = answers("platform-managed")
        await cut_short(simulator, tmp_path / "runs", chosen, lambda event: event.step == "feature")
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.sees("Signed in to")
        await read(operator)
        assert operator.app.session.resumable == []


async def test_new_simulated_environment_has_no_runs_to_resume(tmp_path: Path) -> None:
    async with Simulator("contoso", speed=600) as simulator:
        await cut_short(
            simulator, tmp_path / "runs", answers("platform-managed"), lambda event: event.step == "feature"
        )
        async with wizard(simulator, tmp_path, LARGE) as operator:
            await operator.sees("Resume aks-demo")
            operator.app.session.resumable, operator.app.session.can_resume = None, False
            operator.app.session.find_resumable()
            assert operator.app.session.resumable is None
            assert not [
                each for each in operator.app.workers if each.group == "journal" and not each.is_finished
            ]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("how", [*sorted(END_SIGNALS, key=lambda each: each.name != "SIGHUP"), "ctrl+q"])
async def test_quitting_during_a_run_prints_how_to_resume_and_the_next_wizard_resumes_it(
    how: signal.Signals | str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGHUP, which the kernel sends when the terminal is closed, is the one of every run."""
    slow, clock = scenario_file(tmp_path, durations={"feature": 3_600_000}), MovedClock()
    async with Simulator(slow, speed=600, clock=clock) as simulator:
        async with wizard(simulator, tmp_path, SMALL) as operator:
            await operator.to_clusters(register=False)
            await operator.choose("aks-demo")
            await operator.to_review("platform-managed")
            await operator.start("aks-demo")
            await operator.sees("Azure is registering the feature")
            if isinstance(how, signal.Signals):
                os.kill(os.getpid(), how)
            else:
                await operator.press(how)
                await operator.sees("A run is in progress. Quit anyway?")
                await operator.press("tab", "enter")
            await operator.until(lambda: operator.app.return_value is not None, "the wizard to have ended")
            assert operator.app.return_value == 130
        print_interruption_notice(
            operator.app, Settings()
        )  # the app has ended, and no longer takes what is printed
        [run] = list_runs(tmp_path / "runs")
        assert run.status == "interrupted"
        told = capsys.readouterr().err
        assert "The run on aks-demo was interrupted." in told
        assert "Still running in Azure: the preview feature KMSPMKPreview is being registered." in told
        assert f"To resume: aks-kms runs resume {run.id}" in told
        clock.ahead += 6000
        async with wizard(simulator, tmp_path, SMALL) as operator:
            await carried_to_review(operator)
            await operator.start("aks-demo")
            await operator.sees("✓ aks-demo is encrypted", "checks passed")


async def test_answers_that_were_not_applied_are_offered_by_the_next_wizard(tmp_path: Path) -> None:
    async with Simulator("contoso", speed=math.inf) as simulator:
        async with wizard(simulator, tmp_path, LARGE) as operator:
            await operator.to_clusters(register=False)
            await operator.choose("orders-prod")
            await operator.take_key("Private")
            await operator.sees("Vault, key and identity for")
            await operator.press("ctrl+a", "ctrl+k")
            await operator.paste("kv-typed")
            await operator.press("ctrl+q")
            assert operator.app.kept == "orders-prod"
        async with wizard(simulator, tmp_path, SMALL) as operator:
            await operator.sees("Not applied", "your answers for orders-prod", "r Resume orders-prod")
            await operator.press("r")
            await operator.sees("Completed: Prerequisites, Feature, Cluster, Key.", "delete these answers")
            await operator.press("enter")
            await operator.sees("Vault, key and identity for orders-prod", "kv-typed")
        async with wizard(simulator, tmp_path, SMALL) as operator:
            await operator.sees("continue with your answers")
            await operator.press("r", "delete")
            await operator.until(lambda: isinstance(operator.app.screen, WelcomeScreen), "the first page")
            assert not operator.app.session.drafts
            assert not list((tmp_path / "drafts").iterdir())

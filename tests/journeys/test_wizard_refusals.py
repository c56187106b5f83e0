"""What the wizard refuses, and how it explains that."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from screens.pages.cluster import ClusterScreen
from screens.widgets.frame import StepRail
from screens.widgets.signals import TerminalSignals
from tests.operator import LARGE, SMALL, Operator, wizard
from wizard.simulator import Simulator

ORDERS = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-orders"
    "/providers/Microsoft.ContainerService/managedClusters/orders-prod"
)
HOSTILE = "[/] [@click=app.quit]x[/] [bold"

World = Callable[..., AbstractAsyncContextManager[tuple[Simulator, Operator]]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A simulator with a wizard on it: a built-in scenario's name, or YAML text merged into contoso."""

    @asynccontextmanager
    async def begin(
        scenario: str = "contoso", size: tuple[int, int] = LARGE
    ) -> AsyncIterator[tuple[Simulator, Operator]]:
        chosen: str | Path = scenario
        if "\n" in scenario:
            chosen = tmp_path / "world.yaml"
            chosen.write_text(f"description: A test.\nextends: contoso\n{scenario}", "utf-8")
        async with (
            Simulator(chosen, speed=math.inf) as simulator,
            wizard(simulator, tmp_path, size) as operator,
        ):
            yield simulator, operator

    return begin


def cluster_writes(simulator: Simulator) -> list[str]:
    """The writes that touched a managed cluster."""
    return [r.path for r in simulator.writes() if "/managedclusters/" in r.path.lower()]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        ("legacy-erp", "needs 1.33 or later"),
        ("web-night", "it is stopped"),
        ("lab-principal", "it uses a service principal"),
    ],
)
async def test_cluster_that_cannot_be_changed_cannot_be_selected_and_shows_why(
    world: World, cluster: str, why: str
) -> None:
    async with world() as (_, operator):
        await operator.to_clusters(register=False)
        await operator.choose(cluster)
        await operator.sees("It cannot be changed now", why, "Press v to verify it.")
        await operator.sees("cannot be", cluster)
        assert operator.app.session.draft.cluster is None
        assert isinstance(operator.app.screen, ClusterScreen)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_failed_run_shows_what_azure_returned_and_can_be_retried(
    world: World, size: tuple[int, int]
) -> None:
    async with world("update-fails", size) as (simulator, operator):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("Private")
        said: list[str] = []
        operator.app.signals = TerminalSignals(said.append, {"TERM": "xterm"})
        await operator.start("orders-prod")
        await operator.sees(
            "✗ Encrypt the managed cluster",
            "The cluster orders-prod could not be updated.",
            "InternalOperationError: Internal server error",
            "Likely cause",
            "State now Failed. It is not certain whether its secrets are encrypted",
            "Next v verify: shows whether",
        )
        assert operator.app.session.exit_code == 1
        assert said[-2] == "\x1b]2;aks-kms ✗ orders-prod\x1b\\"
        assert said[-1].startswith("\x1b]9;aks-kms: ✗ The run on orders-prod failed after ")
        await operator.until(
            lambda: not operator.app.session.is_deferred("feature"), "the feature that the run registered"
        )
        await operator.press("v")
        await operator.sees("NOT VERIFIED", "checks passed")
        await operator.press("escape", "r")
        await operator.sees("update re-applied to repair it", "Enter, then type orders-prod")
        assert operator.app.session.active is not None
        assert operator.app.session.active.status == "failed"
        assert len(cluster_writes(simulator)) == 1


async def test_editing_after_a_failed_run_shows_the_current_state_of_the_cluster(world: World) -> None:
    async with world("update-fails", SMALL) as (_, operator):
        await operator.to_clusters(register=False)
        await operator.choose("aks-demo")
        await operator.to_review("platform-managed")
        await operator.start("aks-demo")
        shown = await operator.sees("✗ Encrypt the managed cluster", "Likely cause", "Next")
        assert "with a private vault" not in shown, "there is no vault"
        await operator.press("m")
        await operator.sees("Which cluster?", "aks-demo", "platform-managed key", "failed: can be repaired")
        await operator.until(lambda: operator.app.session.clusters_complete, "all clusters")
        await operator.press("enter")
        await operator.sees(
            "now a platform-managed key",
            "Last operation failed",
            "Selecting it re-applies the cluster update, which often repairs it",
        )
        assert "until verified inside the cluster" not in operator.frame()


async def test_gate_refuses_a_wrong_name_drift_and_an_operation_in_progress(world: World) -> None:
    async with world() as (simulator, operator):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("platform-managed")
        await operator.start("orders-prd")
        await operator.sees("That is not orders-prod. Nothing was started.")
        assert operator.app.session.active is None
        hardened = {"workloadIdentity": {"enabled": True}}
        simulator.change(ORDERS, {"properties": {"securityProfile": hardened}})
        await operator.press("ctrl+a", "ctrl+k")
        await operator.type("orders-prod")
        await operator.press("enter")
        await operator.sees("Run not started: the state in Azure has changed since the plan was created.")
        assert simulator.writes() == []
        await operator.press("r")
        await operator.sees("Enter, then type orders-prod")
        simulator.change(ORDERS, {"properties": {"provisioningState": "Updating"}})
        await operator.start("orders-prod")
        await operator.sees(
            "Run not started: preflight checks failed.",
            "Another operation on orders-prod is in progress",
            "r plan again",
        )
        await operator.press("r")
        await operator.sees("Not applicable: 1 problem", "✗ 1 cluster-busy")
        assert simulator.writes() == []


async def test_missing_permissions_are_shown_in_the_review(world: World) -> None:
    async with world("no-rights") as (simulator, operator):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.take_key("platform-managed")
        await operator.sees(
            "This plan cannot be applied: 2 problems", "Not applicable: 2 problems", "Fix Ask an owner"
        )
        screen = operator.frame()
        assert screen.index("✗ 1  rights-missing") < screen.index("Plan, for information")
        await operator.press("f8", "ctrl+y")
        await operator.sees("Copied", "az role assignment create --role Contributor")
        await operator.press("enter", *"orders-prod", "enter")
        assert operator.app.session.active is None
        assert operator.app.screen.query_one("#typed", Input).value == ""
        assert simulator.writes() == []


async def test_going_back_keeps_input_and_a_change_requires_another_review(
    world: World,
) -> None:
    async with world() as (_, operator):
        await operator.walk_to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.take_key("Public")
        await operator.sees("Vault, key and identity for orders-prod")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.paste("kv-mine")
        await operator.press("escape")
        await operator.sees("Who manages the encryption key of orders-prod?", "✓ selected")
        await operator.press("enter")
        await operator.sees("kv-mine", "any identity with a role")
        await operator.press("ctrl+n")
        await operator.sees("kv-mine", "Enter, then type orders-prod")
        await operator.press("escape")
        await operator.sees("Vault, key and identity for orders-prod")
        operator.app.screen.query_one("#vault-name-input", Input).value = "k"
        await operator.press("escape")
        await operator.sees("✗ Vault", "not valid")
        await operator.press("enter")
        await operator.sees("Vault, key and identity for orders-prod")
        operator.app.screen.query_one("#vault-name-input", Input).value = "kv-mine"
        await operator.press("ctrl+n")
        await operator.sees("kv-mine", "Enter, then type orders-prod", "✓ Vault")
        await operator.press("escape", "escape", "escape")
        await operator.sees("Which cluster?")
        await operator.press("escape", "escape")
        await operator.sees("The preview feature", "not registered yet")
        await operator.press("enter")
        await operator.sees("Which cluster?")
        await operator.choose("payments-prod")
        await operator.sees("Who manages the encryption key of payments-prod?")
        spine = operator.app.screen.query_one(StepRail)
        assert str(spine.visual).count("review again") >= 1
        assert {"vault", "review"} <= operator.app.session.draft.needs_review
        await operator.press("enter")
        await operator.sees("kv-mine")


async def test_field_message_appears_on_leaving_and_disappears_on_the_keystroke_that_fixes_it(
    world: World,
) -> None:
    async with world() as (_, operator):
        await operator.to_clusters(register=False)
        await operator.press("n")
        await operator.sees("Create a cluster with encryption enabled", "Required: name, group, region")
        await operator.type("-bad")
        assert "is not a valid managed cluster name" not in operator.frame()
        await operator.press("tab")
        await operator.sees("✗ '-bad' is not a valid managed cluster name")
        await operator.press("shift+tab", "home", "delete")
        await operator.until(lambda: "cannot name" not in operator.frame(), "the message to go")
        assert operator.app.screen.query_one("#name-input", Input).value == "bad"


async def test_external_text_is_never_interpreted_as_markup(world: World) -> None:
    scenario = f"""\
subscriptions:
  22222222-2222-2222-2222-222222222222: {{name: "Contoso Production {HOSTILE}"}}
faults:
  - match: {{method: GET, path: "*/subscriptions/33333333*/managedclusters"}}
    answer: {{status: 403, code: Forbidden, message: "No {HOSTILE}"}}
  - match: {{method: PUT, path: "*/managedclusters/orders-prod"}}
    answer: {{status: 400, code: BadRequest, message: "{HOSTILE}"}}
"""
    async with world(scenario) as (_, operator):
        await operator.to_clusters(register=False)
        await operator.sees(HOSTILE, "not readable")
        await operator.press(*["down"] * 9)
        await operator.sees(f"No {HOSTILE}")
        await operator.choose("orders-prod")
        await operator.to_review("platform-managed")
        await operator.start("orders-prod")
        await operator.sees(f"BadRequest: {HOSTILE}")


async def test_incomplete_journal_is_reported_and_quitting_during_a_run_asks_for_confirmation(
    world: World,
) -> None:
    scenario = """\
faults:
  - match: {method: PUT, path: "*/managedclusters/orders-prod"}
    hang: true
"""
    async with world(scenario) as (_, operator):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("platform-managed")
        await operator.start("orders-prod")
        await operator.sees("Encrypt the managed cluster", "orders-prod · ", "full log:")
        assert operator.app.session.active is not None
        assert operator.app.session.active.journal is not None
        operator.app.session.active.journal.write_error = "the disk is full"
        await operator.sees("! this log is incomplete: the disk is full")
        await operator.press("escape")
        await operator.sees("The run continues in the background", "Stay here")
        await operator.press("ctrl+q")
        await operator.sees("A run is in progress. Quit anyway?")
        await operator.press("escape")
        await operator.sees("The run continues in the background", "Stay here")
        await operator.press("right", "enter")
        await operator.sees("Enter, then type orders-prod")
        assert operator.app.session.active.in_flight
        await operator.press("ctrl+q")
        await operator.sees(
            "A run is in progress. Quit anyway?", "Azure completes operations that have started"
        )
        await operator.press("escape")
        assert operator.app.session.active.in_flight
        assert operator.app.session.exit_code == 130
        await operator.press("ctrl+q")
        await operator.sees("A run is in progress. Quit anyway?")
        operator.app.workers.cancel_group(operator.app, "run")
        shown = await operator.sees("The run has ended: interrupted.", "shows the result", "Stay")
        assert "in progress" not in shown
        await operator.press("escape")
        await operator.sees("Enter, then type orders-prod")


async def test_run_continues_without_a_journal(world: World, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the directory should be", "utf-8")
    async with world() as (_, operator):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("platform-managed")
        await operator.start("orders-prod")
        await operator.sees("Apply without a journal?", "The journal of this run cannot be written")
        await operator.press("tab", "enter")
        await operator.sees("Continuing without a journal.")
        await operator.sees("Done in", "! this log is not saved")
        await operator.press("c")
        await operator.sees("Copied, if your terminal allows it.")
        assert "None" not in operator.frame()

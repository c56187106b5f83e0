"""Each wait has a timeout, which is logged, can be changed, and is named when it has passed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from screens.cli.main import cli
from tests.support import answers, child_environment, run_plan, scenario_file, signed_in, wait_until
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.azure import connect
from wizard.cloud.timeouts import Timeouts, budgets, parse_timeouts
from wizard.errors import AzureError, Problem
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import Simulator

PRIVATE, PUBLIC = answers("customer-managed-private"), answers("customer-managed-public")
NEVER = 1e9
REGISTERED: Json = {
    "subscriptions": {
        PRIVATE.subscription: {"features": {"Microsoft.ContainerService/KMSPMKPreview": "Registered"}}
    }
}
PUT_CLUSTER: Json = {"method": "PUT", "path": "*/managedclusters/aks-demo"}


def refused(code: str, status: int, match: Json, **headers: str) -> Json:
    return {
        "match": match,
        "answer": {"status": status, "code": code, "message": f"{code}.", "headers": headers},
    }


USED_UP: dict[str, tuple[Any, Json]] = {
    "role-assignment": (PUBLIC, {**REGISTERED, "durations": {"role_propagation": NEVER}}),
    "principal": (
        PRIVATE, {"faults": [refused("PrincipalNotFound", 400, {"method": "PUT", "path": "*/roleassignments/*"})]},
    ),
    "vault": (PRIVATE, {**REGISTERED, "durations": {"vault_dns": NEVER}}),
    "registration": (PRIVATE, {"durations": {"feature": NEVER}}),
    "operation": (
        answers("platform-managed"), {**REGISTERED, "faults": [{"match": PUT_CLUSTER, "lro": "never-ends"}]},
    ),
    "update-retry": (answers("platform-managed"), {**REGISTERED, "faults": [refused("EtagMismatch", 409, PUT_CLUSTER)]}),
    "throttling": (
        answers("platform-managed"),
        {**REGISTERED, "faults": [refused("Throttled", 429, PUT_CLUSTER, **{"Retry-After": "3600"})]},
    ),
}  # fmt: skip
"""By timeout: a procedure in which it passes, and its scenario."""


async def run_with(
    timeouts: str, procedure: Any, scenario: Path, speed: float = 3000
) -> tuple[list[Event], Problem | None]:
    events: list[Event] = []
    async with signed_in(scenario, speed=speed, environment={"AKS_KMS_TIMEOUTS": timeouts}) as (_, azure):
        plan = await make_plan(azure, procedure)
        await Run(azure, procedure, plan, listeners=[events.append]).execute(plan.digest)
    return events, events[-1].problem


@pytest.mark.parametrize("budget", USED_UP)
async def test_a_wait_is_logged_with_its_timeout_and_a_timeout_names_the_option_that_extends_it(
    budget: str, tmp_path: Path
) -> None:
    """Those of the feature, the operation and the vault say with each word how long it takes as a rule."""
    procedure, changes = USED_UP[budget]
    events, problem = await run_with(
        f"role-propagation-public=0,role-propagation-private=0,{budget}=121",
        procedure,
        scenario_file(tmp_path, **changes),
    )
    assert problem is not None
    assert problem.kind != "ours"
    assert f"--timeout {budget}=" in problem.remedy
    if budget != "throttling":  # it is Azure that says how long
        told = [event.message for event in events if event.type in {"log", "step-progress"}]
        assert [message for message in told if f"at most 121 s (--timeout {budget})" in message], told


@pytest.mark.parametrize(
    ("budget", "procedure"), [("role-propagation-private", PRIVATE), ("role-propagation-public", PUBLIC)]
)
async def test_role_propagation_is_reported_with_its_timeout_which_can_be_changed(
    budget: str, procedure: Answers, tmp_path: Path
) -> None:
    events: list[Event] = []
    environment = {"AKS_KMS_TIMEOUTS": f"{budget}=40000"}  # longer than any test: it is cancelled
    async with signed_in(scenario_file(tmp_path, **REGISTERED), 200, environment=environment) as (_, azure):
        running = asyncio.create_task(run_plan(azure, procedure, listener=events.append))
        await wait_until(lambda: any(event.expected_seconds == 40000 for event in events) or running.done())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    propagating = [event for event in events if event.message == "role assignments are propagating"]
    assert {event.expected_seconds for event in propagating} == {40000}
    assert any(f"at most 40000 s (--timeout {budget})" in event.message for event in events)


async def test_a_request_without_a_response_times_out() -> None:
    async with Simulator(speed=float("inf")) as simulator:
        simulator.inject_faults(
            {"match": {"method": "GET", "path": "*/resourcegroups/rg-demo"}, "hang": True}
        )
        with pytest.raises(AzureError) as refusal:
            async with connect(child_environment(simulator, {"AKS_KMS_TIMEOUTS": "request=0.5"})) as azure:
                await make_plan(azure, PRIVATE)
    assert refusal.value.problem.kind == "unreachable"
    assert "--timeout request=" in refusal.value.problem.remedy


def test_timeouts_are_set_by_name() -> None:
    given = Timeouts(**parse_timeouts("role-assignment=60, registration=7200", "role-assignment=90"))
    assert (given.role_assignment, given.registration, given.operation) == (90, 7200, 7200)
    assert Timeouts.from_environment({}) == Timeouts()
    assert Timeouts.from_environment({"AKS_KMS_TIMEOUTS": "request=5"}).request == 5
    assert "cluster-retry" not in budgets(), "AKS's own pace is not for sale"
    assert all(seconds > 0 and what for seconds, what in budgets().values())


def test_former_names_are_refused_with_the_new_ones() -> None:
    with pytest.raises(ValueError, match="the timeout role-wait is now role-assignment"):
        parse_timeouts("role-wait=60")
    with pytest.raises(ValueError, match="AKS_KMS_PATIENCE is now AKS_KMS_TIMEOUTS"):
        Timeouts.from_environment({"AKS_KMS_PATIENCE": "request=5"})
    ended = CliRunner().invoke(cli, ["--patience", "role-wait=60", "plan", "-f", "x"])
    assert ended.exit_code == 2
    assert "--timeout NAME=SECONDS" in ended.output


MISTAKES = [
    "wait=5",
    "role-assignment",
    "role-assignment=soon",
    "role-assignment=-1",
    "role-assignment=inf",
    "cluster-retry=1",
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_invalid_timeout_is_named(mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake.partition("=")[0]):
        parse_timeouts(mistake)
    for arguments in (
        ["--timeout", mistake, "plan", "-f", "x"],
        ["apply", "-f", "x", "--yes", "--timeout", mistake],
        ["runs", "resume", "--yes", "--timeout", mistake],
    ):
        ended = CliRunner().invoke(cli, arguments)
        assert ended.exit_code == 2
        assert mistake.partition("=")[0] in ended.output


async def test_an_invalid_timeout_in_the_environment_is_named() -> None:
    with pytest.raises(AzureError) as refusal:
        async with connect({"AKS_KMS_TIMEOUTS": "timeouts=1"}):
            pass
    assert refusal.value.problem.kind == "input"
    assert "AKS_KMS_TIMEOUTS" in refusal.value.problem.summary


def test_the_help_names_the_document_of_timeouts_and_an_error_names_all_timeouts() -> None:
    """tests/unit/test_documents.py compares the document with the code."""
    assert "docs/timeouts.md" in CliRunner().invoke(cli, ["apply", "--help"]).output
    refused = CliRunner().invoke(cli, ["check", "--timeout", "help=1"])
    assert ", ".join(budgets()) in refused.output

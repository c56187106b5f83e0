"""Which recorded run can be resumed, and which operations were in progress when it ended."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import answers, run_plan, signed_in
from tests.survival.begun import ANSWERS, ASKED, BEGUN, NOON, PLAN_OF
from wizard.cloud.endpoints import CLOUDS, Cloud
from wizard.cloud.writes import Write, announce, answered, listener, unanswered
from wizard.procedure.events import Event
from wizard.procedure.in_flight import in_flight
from wizard.procedure.plan import Plan
from wizard.procedure.planning import make_plan
from wizard.runs.journal import Journal
from wizard.runs.resume import resumable_run, resumable_runs

# -- what was in progress -----------------------------------------------------------------------------------------------


def told(*events: Event) -> list[Any]:
    return [json.loads(json.dumps(event.to_json())) for event in events]


def of(write: Write) -> Event:
    return Event(NOON, "log", "cluster", message=str(write), write=write)


def test_an_announced_write_without_a_response_may_have_been_applied() -> None:
    found = in_flight(told(BEGUN, ASKED))
    assert found.unanswered == ("PUT aks-demo",)
    assert found.sentences == (
        "In progress: Encrypt the managed cluster.",
        "Sent to Azure, no response received: PUT aks-demo. It may have been carried out.",
    )


def test_an_accepted_operation_continues_in_azure() -> None:
    heard: list[Write] = []
    token = listener.set(heard.append)
    write = announce("PUT", "localhost", "/x/providers/Microsoft.ContainerService/managedClusters/aks-demo")
    assert write is not None
    answered(write, 201, "c0ffee")
    unanswered(write, "ServiceRequestError")
    listener.reset(token)
    assert [str(each) for each in heard] == [
        "sending to Azure: PUT aks-demo",
        "PUT aks-demo: HTTP 201, correlation ID c0ffee",
        "PUT aks-demo: no response (ServiceRequestError)",
    ]
    found = in_flight(told(BEGUN, of(heard[0]), of(heard[1])))
    assert found.running_in_azure == ("the cluster aks-demo is being created",)
    assert found.unanswered == ()


def test_an_ended_operation_is_not_in_progress() -> None:
    found = in_flight(told(BEGUN, ASKED, Event(NOON, "step-finished", "cluster", "succeeded", 1.0)))
    assert found.sentences == ()
    left = in_flight(told(BEGUN, ASKED, Event(NOON, "step-finished", "cluster", "interrupted", 1.0)))
    assert left.unanswered == ("PUT aks-demo",)


# -- which run is resumed ------------------------------------------------------------------------------------------


def kept(root: Path, name: str, *events: Event, plan: Plan = PLAN_OF) -> str:
    journal = Journal.begin(ANSWERS, plan, root=root)
    for event in events:
        journal(event)
    journal.close()
    journal.path.rename(root / name)
    return name


def ended(status: Any) -> Event:
    return Event(NOON, "run-finished", None, status, 1.0)


def test_the_newest_run_of_each_cluster_is_offered_if_it_did_not_succeed(root: Path) -> None:
    other = replace(PLAN_OF, cluster_id="/subscriptions/s/other", title="Encrypt other")
    kept(root, "20260101-000000-aks-demo", BEGUN, ended("failed"))
    kept(root, "20260102-000000-aks-demo", BEGUN, ended("interrupted"))
    kept(root, "20260103-000000-other", BEGUN, ended("failed"), plan=other)
    kept(root, "20260104-000000-other", BEGUN, ended("succeeded"), plan=other)
    assert [found.id for found in resumable_runs(root)] == ["20260102-000000-aks-demo"]
    assert resumable_runs(root)[0].outcome == "Encrypt aks-demo: was interrupted"
    kept(root, "20260105-000000-aks-demo", BEGUN)
    assert [found.outcome for found in resumable_runs(root)] == [
        "Encrypt aks-demo: ended unexpectedly (process killed or computer shut down)"
    ]
    kept(root, "20260106-000000-aks-demo", BEGUN, ended("succeeded"))
    assert resumable_runs(root) == []


SIMULATED = Cloud("SimulatedAzure", "https://localhost:4433", "", "", ".vault.azure.net")


@pytest.mark.parametrize(
    ("there", "here", "offered", "carried"),
    [
        (CLOUDS["AzureCloud"], CLOUDS["AzureCloud"], True, True),
        (CLOUDS["AzureUSGovernment"], CLOUDS["AzureCloud"], False, False),
        (SIMULATED, CLOUDS["AzureCloud"], False, False),
        (CLOUDS["AzureCloud"], SIMULATED, False, False),
        (SIMULATED, SIMULATED, True, True),
        (SIMULATED, replace(SIMULATED, arm="https://localhost:5544"), False, True),
        (Cloud("Stack", "https://a.example", "", "", ""), Cloud("Stack", "https://b.example", "", "", ""), False, False),
    ],
)  # fmt: skip
def test_a_run_is_resumed_in_its_own_cloud(
    root: Path, there: Cloud, here: Cloud, offered: bool, carried: bool
) -> None:
    run = kept(root, "20260101-000000-aks-demo", BEGUN, ended("failed"), plan=replace(PLAN_OF, cloud=there))
    assert [found.id for found in resumable_runs(root, cloud=here)] == [run] * offered
    problem = resumable_run(root, run).wrong_cloud(here)
    assert (problem is None) == carried
    if there.arm != here.arm:
        kept(root, "20260102-000000-aks-demo", BEGUN, ended("succeeded"), plan=replace(PLAN_OF, cloud=here))
        assert [found.id for found in resumable_runs(root)] == [run], "another cloud supersedes nothing"
    if problem:
        assert problem.cause
        assert "runs resume" in problem.remedy


async def test_a_recorded_plan_is_compared_with_a_fresh_one(root: Path) -> None:
    async with signed_in() as (_, azure):
        before = await make_plan(azure, ANSWERS)
        run = kept(root, "20260101-000000-aks-demo", BEGUN, plan=before)
        assert resumable_run(root, run).differences(await make_plan(azure, ANSWERS)) == ()
        await run_plan(azure, ANSWERS)
        fresh = await make_plan(azure, ANSWERS)
    assert "Create the key vault" in resumable_run(root, run).completed_since(fresh)
    said = resumable_run(root, run).differences(fresh)
    assert any(each.startswith("the cluster's identity is ") for each in said), "it was another one"
    assert not any(each.startswith("security profile") for each in said), "it came with what is done"


async def test_an_encryption_by_another_user_in_the_meantime_is_named(root: Path) -> None:
    """Not what this run did itself: its cluster is still to be encrypted."""
    async with signed_in() as (_, azure):
        before = await make_plan(azure, ANSWERS)
        run = kept(root, "20260101-000000-aks-demo", BEGUN, plan=before)
        assert resumable_run(root, run).changed_by_others(await make_plan(azure, ANSWERS)) == ""
        await run_plan(azure, answers("platform-managed"))
        fresh = await make_plan(azure, ANSWERS)
        told = resumable_run(root, run).changed_by_others(fresh)
        assert told == "the cluster's encryption changed: not encrypted → a platform-managed key"
        assert any(
            said.startswith("security profile ") for said in resumable_run(root, run).differences(fresh)
        )
        await run_plan(azure, ANSWERS)
        assert resumable_run(root, run).changed_by_others(await make_plan(azure, ANSWERS)) == ""

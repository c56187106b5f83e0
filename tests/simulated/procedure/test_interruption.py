"""A run that is interrupted at any moment reports every step in progress, leaves no task behind, and can be resumed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import MovedClock, answers, cluster_id, scenario_file, signed_in, wait_until
from wizard.answers.model import Answers
from wizard.cloud.arm import dig
from wizard.cloud.azure import Azure, connect
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.procedure.step import Work
from wizard.procedure.steps import STEPS
from wizard.simulator import Simulator

CHOSEN = answers("customer-managed-private")


async def interrupted(
    azure: Azure, chosen: Answers, when: Callable[[Event], bool]
) -> tuple[list[Event], dict[str, str]]:
    """Run until an event matches, then cancel; return the events and the status of each step."""
    events: list[Event] = []
    plan = await make_plan(azure, chosen)
    run = Run(azure, chosen, plan, listeners=[events.append])
    running = asyncio.create_task(run.execute(plan.digest))
    await wait_until(lambda: any(when(event) for event in events))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    left = {task.get_name() for task in asyncio.all_tasks()} & {step.key for step in STEPS}
    assert left == set(), "no step continues in the background"
    return events, run.statuses


def check_told(events: list[Event], statuses: dict[str, str]) -> None:
    started = {event.step for event in events if event.type == "step-started"}
    finished = {event.step: event.status for event in events if event.type == "step-finished"}
    assert finished.keys() == started, "whatever began is said to have ended, and how"
    assert "interrupted" in finished.values()
    assert {key: status for key, status in statuses.items() if key in finished} == finished
    assert {statuses[key] for key in statuses.keys() - started} <= {"waiting"}
    assert events[-1].type == "run-finished"
    assert events[-1].status == "interrupted"
    assert "continue" in events[-1].message


async def test_a_second_cancellation_during_cleanup_still_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tidying, never = asyncio.Event(), asyncio.Event()

    async def lingers(_: Work) -> None:
        try:
            await never.wait()
        finally:
            tidying.set()
            await never.wait()

    monkeypatch.setattr(next(step for step in STEPS if step.key == "identity"), "apply", lingers)
    async with signed_in(speed=60) as (_, azure):
        events: list[Event] = []
        plan = await make_plan(azure, CHOSEN)
        run = Run(azure, CHOSEN, plan, listeners=[events.append])
        running = asyncio.create_task(run.execute(plan.digest))
        await wait_until(lambda: {"identity", "feature"} <= {event.step for event in events})
        running.cancel()
        await wait_until(tidying.is_set)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    check_told(events, run.statuses)


async def test_interrupted_during_the_registration_of_the_feature() -> None:
    async with signed_in(speed=60) as (simulator, azure):
        events, statuses = await interrupted(
            azure, CHOSEN, lambda event: event.step == "feature" and event.type == "step-progress"
        )
        check_told(events, statuses)
        assert statuses["feature"] == "interrupted"
        assert statuses["cluster"] == "waiting"
        assert not [request for request in simulator.writes() if request.path.lower().endswith("/aks-demo")]


async def test_interrupted_during_role_propagation(tmp_path: Path) -> None:
    features = {"Microsoft.ContainerService/KMSPMKPreview": "Registered"}
    registered = scenario_file(tmp_path, subscriptions={CHOSEN.subscription: {"features": features}})
    async with signed_in(registered, speed=60) as (simulator, azure):
        events, statuses = await interrupted(azure, CHOSEN, lambda event: "propagating" in event.message)
        check_told(events, statuses)
        assert statuses["cluster"] == "interrupted"
        assert dig(simulator.resource(cluster_id()), "properties", "provisioningState") == "Succeeded"


async def test_interrupted_during_the_cluster_update_the_same_answers_resume(tmp_path: Path) -> None:
    slow, clock = scenario_file(tmp_path, durations={"cluster_update": 3_600_000}), MovedClock()
    async with (
        Simulator(slow, speed=600, clock=clock) as simulator,
        connect(simulator.environment) as azure,
    ):
        events, statuses = await interrupted(
            azure, CHOSEN, lambda event: event.message.startswith("cluster is being updated")
        )
        check_told(events, statuses)
        assert statuses["cluster"] == "interrupted"
        assert dig(simulator.resource(cluster_id()), "properties", "provisioningState") == "Updating"

        before = len(simulator.writes())
        plan = await make_plan(azure, CHOSEN)
        assert "cluster-under-way" in {finding.code for finding in plan.findings}
        assert not plan.errors

        def heard(event: Event) -> None:
            if event.message == "cluster is Updating":
                clock.ahead = 6000  # which completes it

        assert await Run(azure, CHOSEN, plan, listeners=[heard]).execute(plan.digest) == "succeeded"
        assert clock.ahead, "it was followed"
        assert len(simulator.writes()) == before, "it was not sent again"
        assert dig(simulator.resource(cluster_id()), "properties", "provisioningState") == "Succeeded"


async def test_interrupted_before_the_gate_nothing_is_reported_or_written() -> None:
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, CHOSEN)
        events: list[Event] = []
        running = asyncio.create_task(
            Run(azure, CHOSEN, plan, listeners=[events.append]).execute(plan.digest)
        )
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert events == []
        assert simulator.writes() == []

"""An update changes the encryption and, if needed, the identity; no other setting of the cluster, known or unknown."""

from collections.abc import Callable

import pytest

from tests.support import KEY_OPTIONS, KeyOption, answers, cluster_id, run_plan, signed_in
from wizard.answers.model import Answers
from wizard.cloud.arm import Json, dig
from wizard.procedure.events import Event
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

ORDERS = cluster_id("orders-prod", "rg-orders")


def orders(key_option: KeyOption) -> Answers:
    there: Json = {
        "resource_group": "rg-orders",
        "location": "westeurope",
        "cluster": {"name": "orders-prod"},
    }
    if key_option != "platform-managed":
        there |= {"vault": {"name": "kv-orders"}, "identity": {"name": "id-orders"}}
    return answers(key_option, **there)


def truth(body: Json | None) -> Json:
    """Return the cluster without what the update may change: encryption, identity, and Azure's change markers."""
    assert body is not None
    rest = {
        name: value for name, value in body.items() if name.lower() not in {"etag", "identity", "systemdata"}
    }
    ours = {"azureKeyVaultKms", "kubernetesResourceObjectEncryptionProfile"}
    profile = {
        name: value for name, value in body["properties"]["securityProfile"].items() if name not in ours
    }
    rest["properties"] = {**body["properties"], "securityProfile": profile}
    return _without_etags(rest)


def _without_etags(value: Json) -> Json:
    return {
        name: _without_etags(inner)
        if isinstance(inner, dict)
        else [_without_etags(entry) if isinstance(entry, dict) else entry for entry in inner]
        if isinstance(inner, list)
        else inner
        for name, inner in value.items()
        if name.lower() != "etag"
    }


@pytest.mark.sampled(2)
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
async def test_other_settings_are_kept_at_every_level(key_option: KeyOption) -> None:
    async with signed_in() as (simulator, azure):
        before = simulator.resource(ORDERS)
        _, _, status = await run_plan(azure, orders(key_option))
        after = simulator.resource(ORDERS)
    assert status == "succeeded"
    assert truth(after) == truth(before)
    assert dig(after, "futureTopLevel", "orbit") == "low"
    assert dig(after, "properties", "futureProfile", "list") == [1, {"two": 2}]
    assert dig(after, "properties", "networkProfile", "futureMesh", "enabled") is True
    assert dig(after, "properties", "securityProfile", "futureShield", "level") == 3
    assert dig(after, "properties", "securityProfile", "imageCleaner", "intervalHours") == 48
    assert dig(after, "tags", "costcentre") == "4711"
    if key_option == "platform-managed":
        assert before is not None
        assert after is not None
        assert after["identity"] == before["identity"]


async def test_a_cluster_with_only_known_settings_keeps_them_and_the_run_reports_their_number() -> None:
    async with signed_in() as (simulator, azure):
        before = simulator.resource(cluster_id())
        _, events, _ = await run_plan(azure, answers("platform-managed"))
        assert truth(simulator.resource(cluster_id())) == truth(before)
    done = next(e for e in events if e.type == "step-finished" and e.step == "cluster")
    assert "other settings unchanged" in done.message


async def test_a_setting_that_another_user_changes_before_the_update_is_kept() -> None:
    chosen = orders("customer-managed-public")
    events: list[Event] = []
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, chosen)

        def meddle(event: Event) -> None:
            if (event.type, event.step) == ("step-started", "cluster"):
                simulator.change(ORDERS, {"tags": {"added": "meanwhile"}})

        run = Run(azure, chosen, plan, listeners=[meddle, events.append])
        assert await run.execute(plan.digest) == "succeeded"
        assert dig(simulator.resource(ORDERS), "tags", "added") == "meanwhile"
    assert any("tags.added" in event.message for event in events if event.type == "log")


async def test_encryption_that_another_user_has_changed_is_not_overwritten() -> None:
    chosen = orders("customer-managed-private")
    theirs = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, chosen)

        def meddle(event: Event) -> None:
            if (event.type, event.step) == ("step-started", "cluster"):
                simulator.change(ORDERS, {"properties": {"securityProfile": theirs}})

        run = Run(azure, chosen, plan, listeners=[meddle])
        assert await run.execute(plan.digest) == "failed"
        assert dig(simulator.resource(ORDERS), "properties", "securityProfile", "azureKeyVaultKms") is None
        assert not [r for r in simulator.writes() if r.path.lower() == ORDERS.lower()]
    problem = run.problems["cluster"]
    assert "was changed since the plan was created" in problem.summary
    assert "Plan again" in problem.remedy


def at_the_put(id_: str, meddle: Callable[[], object]) -> Callable[[Event], None]:
    """Return a listener that acts between the last read of a cluster and the first request that changes it."""
    left = [meddle]

    def listen(event: Event) -> None:
        write = event.write
        if (
            write
            and left
            and (write.state, write.method) == ("announced", "PUT")
            and id_.endswith(write.name)
        ):
            left.pop()()

    return listen


@pytest.mark.sampled(3)
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
async def test_a_setting_that_another_user_changes_after_the_last_read_is_kept(key_option: KeyOption) -> None:
    """Only the eTag of that read, sent with the request, ensures this."""
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, orders(key_option))
        meddle = at_the_put(ORDERS, lambda: simulator.change(ORDERS, {"tags": {"added": "meanwhile"}}))
        assert (
            await Run(azure, orders(key_option), plan, listeners=[meddle]).execute(plan.digest) == "succeeded"
        )
        assert dig(simulator.resource(ORDERS), "tags", "added") == "meanwhile"
        puts = [r.status for r in simulator.writes() if r.path.lower() == ORDERS.lower()]
    assert puts == [412, 200]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("key_option", KEY_OPTIONS)
async def test_a_cluster_that_another_user_creates_after_the_last_read_is_not_overwritten(
    key_option: KeyOption,
) -> None:
    theirs = cluster_id("aks-new")
    async with signed_in() as (simulator, azure):
        plan = await make_plan(azure, answers(key_option, new=True))

        def created(world: World) -> Json:
            body = {
                **world.get(cluster_id()).body,
                "id": theirs,
                "name": "aks-new",
                "tags": {"whose": "theirs"},
            }
            return world.put(Resource(theirs, body["type"], body)).body

        run = Run(
            azure,
            answers(key_option, new=True),
            plan,
            listeners=[at_the_put(theirs, lambda: simulator.in_world(created))],
        )
        assert await run.execute(plan.digest) == "failed"
        assert dig(simulator.resource(theirs), "tags") == {"whose": "theirs"}
        assert dig(simulator.resource(theirs), "properties", "securityProfile") in (None, {})
        puts = [r.status for r in simulator.writes() if r.path.lower() == theirs.lower()]
    assert puts == [412]
    assert "was changed since the plan was created" in run.problems["cluster"].summary

"""A plan's digest covers its steps and facts, and nothing else; its duration is that of the longest chain."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.facts import (
    CUSTOMER_MANAGED,
    GROUP,
    PLATFORM_MANAGED,
    cluster,
    complete_snapshot,
    empty_snapshot,
    identity,
    key,
    shouted,
    target,
    user_assigned,
    vault,
)
from tests.support import KEY_OPTIONS, KeyOption, answers, identity_id, vault_id
from wizard.cloud.arm import Json
from wizard.procedure.differences import other_differences
from wizard.procedure.plan import Action, Effect, Plan, PlannedStep
from wizard.procedure.planning import plan_from
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

key_options = pytest.mark.parametrize("key_option", KEY_OPTIONS)


def plan(key_option: KeyOption, snapshot: Snapshot | None = None) -> Plan:
    chosen = answers(key_option)
    return plan_from(target(chosen), snapshot or empty_snapshot(chosen))


def reordered(value: object) -> object:
    """Return the same JSON with the members of every object in reverse order."""
    if isinstance(value, dict):
        return {name: reordered(inner) for name, inner in reversed(value.items())}
    return [reordered(inner) for inner in value] if isinstance(value, list) else value


@key_options
def test_letter_case_and_null_do_not_change_the_digest(key_option: KeyOption) -> None:
    chosen = answers(key_option)
    body = cluster(PLATFORM_MANAGED, identity=user_assigned("/subscriptions/s/id-old"))
    loud = cluster(
        {**shouted(PLATFORM_MANAGED), "azureKeyVaultKms": None, "defender": {}},
        identity=shouted(user_assigned("/subscriptions/s/id-old")),
    )
    one, other = (empty_snapshot(chosen, cluster=each) for each in (body, loud))
    shown, fresh = (plan_from(target(chosen), each) for each in (one, other))
    assert shown.digest == fresh.digest
    assert other_differences(shown.to_json(), fresh) == []


@key_options
def test_the_same_facts_give_the_same_plan_and_digest(key_option: KeyOption) -> None:
    first, second = plan(key_option), plan(key_option)
    assert first == second
    assert first.digest == second.digest
    assert len(first.digest) == 64


@key_options
def test_the_order_of_azures_lists_is_no_drift(key_option: KeyOption) -> None:
    chosen = answers(key_option)
    body = cluster(
        {"imageCleaner": {"enabled": True, "intervalHours": 48}, "x": {"b": 1, "a": [1, {"d": 2, "c": 3}]}}
    )
    turned = reordered(body)
    assert isinstance(turned, dict)
    one, other = empty_snapshot(chosen, cluster=body), empty_snapshot(chosen, cluster=turned)
    assert plan_from(target(chosen), one).digest == plan_from(target(chosen), other).digest


@key_options
def test_automatic_changes_by_azure_are_no_drift(key_option: KeyOption) -> None:
    chosen = answers(key_option)
    busy = cluster(
        eTag="another", agentPoolProfiles=[{"name": "nodepool1", "count": 9, "vmSize": "Standard_D4ds_v5"}]
    )
    assert plan(key_option, empty_snapshot(chosen, cluster=busy)).digest == plan(key_option).digest


@pytest.mark.parametrize("change", [{"feature": "Registering"}, {"groups": {GROUP: {"location": "eastus"}}}])
def test_details_of_kept_resources_are_not_in_the_digest(change: Json) -> None:
    """For example, a feature may finish registering between the review and the run."""
    chosen = answers("customer-managed-private")
    assert (
        plan("customer-managed-private", empty_snapshot(chosen, **change)).digest
        == plan("customer-managed-private").digest
    )


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": None},
        {"cluster": cluster(PLATFORM_MANAGED)},
        {"cluster": cluster({"imageCleaner": {"enabled": True}})},
        {"cluster": cluster(identity=user_assigned(identity_id("id-old")))},
        {"cluster": cluster(currentKubernetesVersion="1.35.0")},
        {"cluster": cluster(provisioningState="Failed", securityProfile=CUSTOMER_MANAGED)},
        {"vault": vault()},
        {"vault": vault(), "key": key()},
        {"feature": "NotRegistered"},
        {"feature": None},
        {"groups": {GROUP: None}},
    ],
)
def test_every_fact_of_the_plan_changes_the_digest(change: Json) -> None:
    chosen = answers("customer-managed-private")
    assert (
        plan("customer-managed-private", empty_snapshot(chosen, **change)).digest
        != plan("customer-managed-private").digest
    )


def test_a_new_cluster_is_shown_with_its_node_size() -> None:
    for size, said in (
        ("Standard_B2s", "3 nodes of Standard_B2s"),
        (None, "3 nodes of the default size"),
    ):
        chosen = answers("platform-managed", cluster={"name": "aks-new", "create": {"node_vm_size": size}})
        plan = plan_from(target(chosen), empty_snapshot(chosen))
        step = next(step for step in plan.steps if step.key == "cluster")
        assert step.title == "Create the managed cluster with encryption"
        assert said in step.effects[0].detail
        assert plan.moves[0] == "no cluster yet"


def test_other_answers_change_the_digest() -> None:
    digests = [
        plan_from(target(chosen), empty_snapshot(chosen)).digest
        for chosen in (
            answers("platform-managed"),
            answers("customer-managed-private"),
            answers("customer-managed-public"),
            answers("customer-managed-private", key={"size": 4096}),
            answers("customer-managed-private", key={"create_through": "key-vault"}),
            answers("customer-managed-private", vault={"purge_protection": False}),
            answers("customer-managed-private", vault={"resource_group": "rg-keys"}),
            answers("platform-managed", new=True),
            answers("platform-managed", cluster={"name": "aks-new", "create": {"node_count": 5}}),
            answers(
                "platform-managed", cluster={"name": "aks-new", "create": {"node_vm_size": "Standard_B2s"}}
            ),
            answers("customer-managed-private", tags={"team": "payments"}),
        )
    ]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("index", range(11))
@pytest.mark.parametrize(
    "change",
    [
        {"action": "update"},
        {"needs": ("nothing",)},
        {"commands": ("rm -rf /",)},
        {"effects": (Effect("create", "key vault", "kv-other"),)},
    ],
)
def test_every_part_of_every_step_is_in_the_digest(index: int, change: Json) -> None:
    shown = plan_from(*_everything_there())
    steps = list(shown.steps)
    steps[index] = replace(steps[index], **change)
    assert replace(shown, steps=tuple(steps)).digest != shown.digest


def test_titles_and_sentences_are_not_in_the_digest() -> None:
    shown = plan("customer-managed-private")
    steps = tuple(replace(step, title="Otherwise", sentence="", usually=(0, 1)) for step in shown.steps)
    assert replace(shown, steps=steps, title="", findings=(), keep=(), irreversible=()).digest == shown.digest


def _everything_there() -> tuple[Target, Snapshot]:
    chosen = answers("customer-managed-private")
    held = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()))
    return target(chosen), complete_snapshot(chosen, cluster=held)


def test_a_converged_cluster_requires_no_write() -> None:
    shown = plan_from(*_everything_there())
    assert not shown.writes
    assert {step.action for step in shown.steps} == {"none"}
    assert shown.usually == (0, 0)
    assert shown.title == "aks-demo is already encrypted with a customer-managed key in a private vault"
    assert shown.irreversible == ()


@pytest.mark.parametrize(
    ("state", "title", "writes"),
    [
        ("Succeeded", "aks-demo is already encrypted with a customer-managed key in a private vault", False),
        (
            "Updating",
            "Follow the operation in progress on aks-demo, whose settings request a customer-managed key in a private vault",
            False,
        ),
        (
            "Failed",
            "Repair aks-demo, whose settings request a customer-managed key in a private vault, and whose last operation failed",
            True,
        ),
        (
            "Canceled",
            "Repair aks-demo, whose settings request a customer-managed key in a private vault, and whose last operation failed",
            True,
        ),
    ],
)
def test_settings_that_are_only_requested_are_not_complete(state: str, title: str, writes: bool) -> None:
    whom, there = _everything_there()
    held = cluster(CUSTOMER_MANAGED, identity=user_assigned(identity_id()), provisioningState=state)
    shown = plan_from(whom, replace(there, cluster=held))
    assert (shown.title, shown.writes, shown.follows) == (title, writes, state == "Updating")
    assert shown.to_json()["follows"] is shown.follows
    done = [
        effect
        for step in shown.steps
        if step.key == "cluster"
        for effect in step.effects
        if effect.verb == "keep"
    ]
    assert any("already" in effect.detail for effect in done) == (state == "Succeeded")


def step(key: str, usually: tuple[float, float], *needs: str, action: Action = "create") -> PlannedStep:
    return PlannedStep(key, key, "", action, True, needs, (), (), usually)


def of(*steps: PlannedStep) -> Plan:
    return replace(plan("platform-managed"), steps=steps)


@pytest.mark.parametrize(
    ("steps", "usually"),
    [
        ((), (0, 0)),
        ((step("a", (1, 2)),), (1, 2)),
        ((step("a", (1, 2)), step("b", (3, 4))), (3, 4)),
        ((step("a", (1, 2)), step("b", (3, 4), "a")), (4, 6)),
        ((step("a", (1, 2)), step("b", (3, 4), "a", action="none")), (1, 2)),
        ((step("a", (1, 9)), step("b", (5, 6)), step("c", (1, 1), "a", "b")), (6, 10)),
        (
            (
                step("a", (1, 2)),
                step("b", (10, 20), "a"),
                step("c", (1, 1), "a"),
                step("d", (2, 2), "b", "c"),
            ),
            (13, 24),
        ),
    ],
)
def test_the_duration_is_that_of_the_longest_chain(
    steps: tuple[PlannedStep, ...], usually: tuple[float, float]
) -> None:
    assert of(*steps).usually == usually


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.sets(st.integers(0, 8))), max_size=9))
def test_the_duration_is_at_most_that_of_all_steps_in_sequence(
    drawn: list[tuple[float, float, set[int]]],
) -> None:
    steps = [
        step(str(i), (low, low + more), *(str(n) for n in needs if n < i))
        for i, (low, more, needs) in enumerate(drawn)
    ]
    low, high = of(*steps).usually
    assert low <= sum(s.usually[0] for s in steps) * 1.000001
    assert high <= sum(s.usually[1] for s in steps) * 1.000001
    assert low <= high
    assert all(s.usually[1] <= high * 1.000001 for s in steps)


@key_options
def test_the_json_format_is_stable(key_option: KeyOption) -> None:
    shown = plan(key_option)
    body = json.loads(json.dumps(shown.to_json()))
    assert body["digest"] == shown.digest
    assert body["key_option"] == {
        "now": "none",
        "then": key_option.removesuffix("-private").removesuffix("-public"),
    }
    assert [s["key"] for s in body["steps"]] == [s.key for s in shown.steps]
    for entry in body["steps"]:
        assert entry["action"] in {"create", "update", "register", "none"}
        assert isinstance(entry["reversible"], bool)
        assert entry.keys() >= {"key", "title", "needs", "commands"}
    for finding in body["findings"]:
        assert finding.keys() == {"level", "code", "message", "remedy"}


@key_options
@pytest.mark.parametrize("new", [False, True])
def test_every_step_follows_its_dependencies_and_names_its_resources(
    key_option: KeyOption, new: bool
) -> None:
    chosen = answers(key_option, new=new)
    shown = plan_from(target(chosen), empty_snapshot(chosen))
    seen: set[str] = set()
    for planned in shown.steps:
        assert set(planned.needs) <= seen
        seen.add(planned.key)
        assert planned.effects or planned.key == "verify", "only reading back touches nothing"
        assert (planned.action == "none") == all(effect.verb == "keep" for effect in planned.effects)


def test_the_plan_says_what_is_irreversible_and_what_to_keep() -> None:
    shown = plan("customer-managed-private")
    said = " ".join(shown.irreversible)
    assert "cannot disable this encryption" in said or "cannot be disabled" in said
    assert "kv-demo" in said
    assert "user-assigned identity" in said
    assert any("kv-demo/aks-kms" in sentence for sentence in shown.keep)
    assert any("id-aks-demo" in sentence for sentence in shown.keep)
    assert "cluster" in [s.key for s in shown.steps if not s.reversible]


def test_a_role_of_the_operator_is_listed_for_later_removal() -> None:
    public = plan("customer-managed-public")
    [sentence] = public.clean_up
    assert "The role Key Vault Crypto Officer of" in sentence
    assert 'az role assignment delete --role "Key Vault Crypto Officer" --assignee' in sentence
    assert sentence.endswith(f"--scope {vault_id()}")
    assert plan("customer-managed-private").clean_up == (), "the key is made through Azure Resource Manager"


def test_control_characters_of_names_do_not_reach_the_terminal() -> None:
    chosen = answers("customer-managed-private")
    evil = complete_snapshot(
        chosen,
        vault={**vault(), "location": "\x1b[2Jwest"},
        key=key(kty="\x1b[31mRSA"),
        identity={**identity(), "location": "\x1b[Hwest"},
        groups={GROUP: {"location": "\x1b]0;x\x07west"}},
        feature="\x1b[0mOdd",
    )
    assert "\\u001b" not in json.dumps(plan_from(target(chosen), evil).to_json())


@pytest.mark.parametrize(
    ("name", "after_steps", "said"),
    [
        ("id-aks-demo", True, "the cluster's identity is now id-aks-demo, as set by the run"),
        ("id-aks-demo", False, "the cluster's identity is now id-aks-demo"),
        ("id-of-somebody", True, "the cluster's identity is now id-of-somebody"),
    ],
)
def test_a_changed_identity_is_named_and_whether_the_run_assigned_it(
    name: str, after_steps: bool, said: str
) -> None:
    chosen = answers("customer-managed-private")
    plan = plan_from(target(chosen), empty_snapshot(chosen))
    given = f"/subscriptions/x/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    fresh = replace(plan, basis=plan.basis | {"identity": ["UserAssigned", [given.lower()]]})
    assert other_differences(plan.to_json(), fresh, after_steps=after_steps) == [said]

"""A run succeeds with exactly the permissions that its steps name; if one is missing, the plan names it.

The table in docs/permissions.md is compared with the steps, and its roles with Azure's definitions of them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.journeys.test_transitions import EXISTING, laid_over
from tests.support import PRODUCTION, KeyOption, answers, run_plan, scenario_file, signed_in
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.errors import AzureError
from wizard.procedure.events import Event
from wizard.procedure.order import applicable_steps
from wizard.procedure.planning import make_plan, read_snapshot
from wizard.procedure.run import Run
from wizard.procedure.steps import STEPS
from wizard.rules import RequiredAction
from wizard.simulator import Simulator
from wizard.simulator.arm.rbac import may_data, role_definitions
from wizard.simulator.state.world import World
from wizard.state.target import Target

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
PERMISSIONS = Path(__file__).parents[3] / "docs" / "permissions.md"
BY_POLICY = {"subscriptions": {PRODUCTION: {"groups": {"rg-demo": {"vaults": {"kv-demo": {"rbac": False}}}}}}}
OPEN_VAULT: Json = {"subscriptions": {PRODUCTION: {"groups": {"rg-demo": {"vaults": {"kv-demo": {}}}}}}}


@dataclass(frozen=True)
class Way:
    """One way to enable encryption: the answers, and the simulated environment."""

    key_option: KeyOption
    new: bool = False
    changes: str = "{}"
    """The changes to the answers, as JSON."""
    world: str = "{}"
    """The changes to the simulated environment, as JSON."""

    @property
    def answers(self) -> Answers:
        return answers(self.key_option, new=self.new, **json.loads(self.changes))


FRESH = json.dumps({"resource_group": "rg-fresh"})
WAYS = {
    "platform": Way("platform-managed"),
    "platform, new": Way("platform-managed", new=True),
    "platform, new group": Way("platform-managed", new=True, changes=FRESH),
    "private": Way("customer-managed-private"),
    "private, new": Way("customer-managed-private", new=True),
    "private, new group": Way("customer-managed-private", new=True, changes=FRESH),
    "private, open vault": Way("customer-managed-private", world=json.dumps(OPEN_VAULT)),
    "private, access policies": Way("customer-managed-private", world=json.dumps(BY_POLICY)),
    "public": Way("customer-managed-public"),
    "public, new": Way("customer-managed-public", new=True),
    "public, access policies": Way("customer-managed-public", world=json.dumps(BY_POLICY)),
    "public, key through ARM": Way(
        "customer-managed-public", changes=json.dumps({"key": {"create_through": "resource-manager"}})
    ),
}


_found: dict[str, dict[str, tuple[RequiredAction, ...]]] = {}


async def rights(name: str) -> dict[str, tuple[RequiredAction, ...]]:
    """Return the required actions of each acting step, by its key; computed once."""
    if name not in _found:
        way = WAYS[name]
        with TemporaryDirectory() as place:
            async with signed_in(scenario_file(Path(place), **json.loads(way.world))) as (_, azure):
                target = Target(way.answers, azure.cloud.vault_suffix)
                snapshot = await read_snapshot(azure, target)
                _found[name] = {
                    step.key: step.required_actions(target, snapshot)
                    for step in applicable_steps(target, snapshot)
                    if step.inspect(target, snapshot).action != "none"
                }
    return _found[name]


async def needed(name: str) -> list[RequiredAction]:
    found = {right for of_step in (await rights(name)).values() for right in of_step}
    return sorted(found, key=lambda right: (right.scope, right.action))


def held_where(right: RequiredAction) -> str:
    """Return the scope of a role that grants it: the subscription, or the resource group."""
    parts = right.scope.strip("/").split("/")
    making_a_group = right.action == "Microsoft.Resources/subscriptions/resourceGroups/write"
    fresh = len(parts) > 3 and parts[3] == "rg-fresh"
    return SUBSCRIPTION if len(parts) < 4 or making_a_group or fresh else "/" + "/".join(parts[:4])


def holding(folder: Path, name: str, held: Iterable[RequiredAction]) -> Path:
    """Return the scenario in which the signed-in identity may read, and has just these permissions."""
    by_scope: dict[str, list[str]] = {SUBSCRIPTION: []}
    for right in held:
        by_scope.setdefault(held_where(right), []).append(right.action)
    roles = {f"just this {number}": scope for number, scope in enumerate(by_scope)}
    operator: Json = {
        "roles": {
            scope: [role, *(["Reader"] if scope == SUBSCRIPTION else [])] for role, scope in roles.items()
        }
        | {"/subscriptions/33333333-3333-3333-3333-333333333333": None}
    }
    changes: dict[str, Any] = json.loads(WAYS[name].world)
    return scenario_file(
        folder,
        **changes,
        custom_roles={role: {"actions": by_scope[scope]} for role, scope in roles.items()},
        principals={"operator": operator},
    )


@pytest.mark.sampled(7)
@pytest.mark.parametrize("name", WAYS)
async def test_with_exactly_these_permissions_the_run_succeeds(name: str, tmp_path: Path) -> None:
    async with signed_in(holding(tmp_path, name, await needed(name))) as (_, azure):
        plan, events, status = await run_plan(azure, WAYS[name].answers)
    assert not [finding for finding in plan.findings if finding.level == "error"]
    assert status == "succeeded", [event.problem for event in events if event.problem]


@pytest.mark.sampled(7)
@pytest.mark.parametrize("name", WAYS)
async def test_the_plan_names_a_missing_permission(name: str, tmp_path: Path) -> None:
    every = await needed(name)
    for right in every:
        held = [each for each in every if each != right]
        async with signed_in(holding(tmp_path, name, held)) as (simulator, azure):
            plan = await make_plan(azure, WAYS[name].answers)
            assert not list(simulator.writes())
        named = [finding.message for finding in plan.errors if finding.code == "rights-missing"]
        assert [message for message in named if right.action in message], (right, named, plan.findings)


@pytest.mark.sampled(len(WAYS))
@pytest.mark.parametrize("name", WAYS)
async def test_azure_refuses_the_run_if_any_permission_is_missing(name: str, tmp_path: Path) -> None:
    """Every one is required: if it is removed after the gate (or the revalidation), Azure's error names it."""
    every = await needed(name)
    by_step = await rights(name)
    for right in every:
        async with signed_in(holding(tmp_path, name, every)) as (simulator, azure):
            plan = await make_plan(azure, WAYS[name].answers)
            late = {step.key for step in plan.steps if step.key == "cluster" or "cluster" in step.needs}
            soon = {right for key, of_step in by_step.items() if key not in late for right in of_step}
            when = "step-started" if right in soon else "sending the cluster update"
            left = [right]

            def take(
                event: Event,
                simulator: Simulator = simulator,
                left: list[RequiredAction] = left,
                when: str = when,
            ) -> None:
                if left and (event.type == when or event.message.endswith(when)):
                    taken = left.pop()
                    simulator.in_world(lambda world_: taken_from(world_, taken))

            run = Run(azure, WAYS[name].answers, plan, listeners=[take])
            assert await run.execute(plan.digest) == "failed", right
        refused = [p for p in run.problems.values() if right.action.casefold() in p.azure_said.casefold()]
        assert [p for p in refused if p.code.endswith("AuthorizationFailed")], (right, run.problems)


def taken_from(world_: World, right: RequiredAction) -> None:
    """Remove it from the custom roles of `holding`."""
    for role in world_.scenario.custom_roles.values():
        if right.action in role.actions:
            role.actions.remove(right.action)


BY_THE_SCRIPT = "Microsoft.KeyVault/vaults/keys/read"
"""`az keyvault key show` uses the data plane; the run itself uses Azure Resource Manager."""


async def test_the_data_actions_of_the_table_are_those_that_a_vault_requires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = set()

    def noted(world_: World, principal_id: str, action: str, scope: str) -> bool:
        if principal_id == world_.principal_of("operator").object_id:
            asked.add(action)
        return may_data(world_, principal_id, action, scope)

    monkeypatch.setattr("wizard.simulator.arm.rbac.may_data", noted)
    async with signed_in() as (_, azure):
        _, _, status = await run_plan(azure, answers("customer-managed-public", key={"rotate_every": "P1Y"}))
    assert status == "succeeded"
    named = table()["key"][1] - {BY_THE_SCRIPT}
    assert {action.casefold() for action in asked} == {action.casefold() for action in named}


async def test_permissions_on_the_group_do_not_count_for_the_subscription(tmp_path: Path) -> None:
    """Permissions in a group do not include the subscription, on which the feature is registered."""
    operator: Json = {
        "roles": {SUBSCRIPTION: ["Reader"], f"{SUBSCRIPTION}/resourceGroups/rg-demo": ["Owner"]}
    }
    async with signed_in(scenario_file(tmp_path, principals={"operator": operator})) as (_, azure):
        plan = await make_plan(azure, answers("customer-managed-private"))
    missing = [finding for finding in plan.errors if finding.code == "rights-missing"]
    assert [f"in the subscription {PRODUCTION}" in finding.message for finding in missing] == [True]
    assert "Microsoft.Features/providers/features/register/action" in missing[0].message


READS = sorted(
    {
        "Microsoft.Authorization/denyAssignments/read",
        "Microsoft.Authorization/locks/read",
        "Microsoft.Authorization/permissions/read",
        "Microsoft.Authorization/roleAssignments/read",
        "Microsoft.Authorization/roleDefinitions/read",
        "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
        "Microsoft.ContainerService/locations/kubernetesVersions/read",
        "Microsoft.ContainerService/managedClusters/read",
        "Microsoft.Features/providers/features/read",
        "Microsoft.KeyVault/checkNameAvailability/read",
        "Microsoft.KeyVault/deletedVaults/read",
        "Microsoft.KeyVault/locations/deletedVaults/read",
        "Microsoft.KeyVault/vaults/keys/read",
        "Microsoft.KeyVault/vaults/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
        "Microsoft.Quota/quotas/read",
        "Microsoft.Quota/usages/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    }
)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("unread", READS)
@pytest.mark.parametrize("name", ["platform", "private, new", "public"])
async def test_an_unreadable_resource_is_unknown_or_named(name: str, unread: str, tmp_path: Path) -> None:
    """A plan is made without it, or says what it needs to read; it never counts it as missing."""
    denied = {"no-read": {"scope": SUBSCRIPTION, "actions": [unread]}}
    there = {PRODUCTION: {"groups": {"rg-demo": laid_over(EXISTING, {"clusters": {"aks-new": {}}})}}}
    async with signed_in(scenario_file(tmp_path, deny_assignments=denied, subscriptions=there)) as (
        simulator,
        azure,
    ):
        problem = None
        try:
            plan = await make_plan(azure, WAYS[name].answers)
        except AzureError as error:
            problem = error.problem
        assert not list(simulator.writes())
    if problem is None:
        made = {effect.what for step in plan.steps for effect in step.effects if effect.verb == "create"}
        assert not made & {
            "resource group",
            "key vault",
            "key",
            "user-assigned identity",
            "managed cluster",
        }, plan.steps
        return
    assert problem.code == "DenyAssignmentAuthorizationFailed"
    assert re.search(r"could not be (read|listed|asked)\.$", problem.summary)
    assert unread.split("/")[-2].casefold() in problem.azure_said.casefold()


def table() -> Mapping[str, tuple[set[str], set[str], list[str]]]:
    """Return the table of docs/permissions.md: by step, its actions, its data actions, and the roles that grant them."""
    rows = {}
    section = PERMISSIONS.read_text("utf-8").split("## Least privilege")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            actions, data, roles = cells[1:]
            for step in re.findall(r"`([a-z-]+)`", cells[0]):
                rows[step] = (
                    set(re.findall(r"`([^`]+)`", actions)),
                    set(re.findall(r"`(Microsoft[^`]+)`", data)),
                    re.findall(r"\*([^*]+)\*", roles),
                )
    return rows


async def test_the_table_names_every_step_and_its_required_actions() -> None:
    rows = table()
    found = [await rights(name) for name in WAYS]
    assert set(rows) == {step.key for step in STEPS}
    for key, (actions, _, _) in rows.items():
        named = {right.action for way in found for right in way.get(key, ())}
        assert actions == named, key


def test_the_roles_of_the_table_grant_its_actions() -> None:
    roles = {role.name: role for role in role_definitions().values()}
    for key, (actions, data_actions, names) in table().items():
        for action in actions:
            assert any(roles[name].allows(action) for name in names), (key, action)
        for action in data_actions:
            assert any(roles[name].allows_data(action) for name in names), (key, action)
        for name in names:  # and each one that is named is needed
            assert (
                any(map(roles[name].allows, actions))
                or any(map(roles[name].allows_data, data_actions))
                or not actions
            )

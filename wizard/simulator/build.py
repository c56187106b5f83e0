"""A world's first state, from its scenario."""

from wizard.simulator import rbac
from wizard.simulator.ids import name_of
from wizard.simulator.providers.resource_groups import new_group
from wizard.simulator.providers.resource_providers import NAMESPACES
from wizard.simulator.problems import ScenarioError
from wizard.simulator.scenario import GroupSpec, Scenario
from wizard.simulator.state import Assignment, Principal
from wizard.simulator.world import World, iso, new_secret

import uuid

BEFORE = 30 * 24 * 3600.0
_NAMESPACE = uuid.UUID("6f0d0a6c-6a2b-4d5e-9a5c-5a1d5a4f3c11")


def stable_guid(*parts: str) -> str:
    """The same GUID for the same parts in every run, so that demos and documents can name it."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts).lower()))


def populate(world: World) -> None:
    """Fill an empty world with what its scenario says.

    Raises ScenarioError where the scenario names something that it does not have.
    """
    scenario = world.scenario
    _principals(world, scenario)
    for subscription, specification in scenario.subscriptions.items():
        for namespace in NAMESPACES:
            state = {name.lower(): value for name, value in specification.providers.items()}.get(
                namespace.lower(), "Registered"
            )
            world.state.registrations[f"{subscription}/{namespace.lower()}"] = state
        for feature, feature_state in specification.features.items():
            world.state.features[f"{subscription}/{feature}".lower()] = feature_state
        for name, group in specification.groups.items():
            group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
            world.put(new_group(group_id, group.location, group.tags))
            _fill(world, group_id, group)
    world.state.refreshed.update(world.state.features)


def _principals(world: World, scenario: Scenario) -> None:
    for name, specification in scenario.principals.items():
        principal = world.add_principal(
            Principal(
                specification.object_id, specification.kind, name, app_id=specification.app_id, upn=specification.upn,
                secret=specification.secret or new_secret(),
            )
        )  # fmt: skip
        for scope, roles in specification.roles.items():
            for role in roles:
                assign(world, scope, role, principal)


def assign(world: World, scope: str, role: str, principal: Principal) -> None:
    """A role assignment made long ago, in effect since."""
    try:
        definition = rbac.role_named(role)
    except KeyError as problem:
        known = ", ".join(sorted(entry.name for entry in rbac.role_definitions().values()))
        raise ScenarioError(
            f"The scenario gives '{principal.name}' the role '{role}' at {scope}, which is no built-in role. Known: {known}."
        ) from problem
    name = stable_guid(scope, principal.object_id, definition.guid)
    created = world.now() - BEFORE
    world.grant(
        Assignment(
            id=f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", name=name, scope=scope.rstrip("/") or "/",
            role_guid=definition.guid, principal_id=principal.object_id, principal_type=principal.type, created_by="", created_on=iso(created),
            effective_at=created,
        )
    )  # fmt: skip


def _fill(world: World, group_id: str, group: GroupSpec) -> None:
    del world, group
    name_of(group_id)

"""Azure RBAC: role definitions, wildcards, notActions, inheritance, and the propagation of role assignments.

A role assignment takes effect immediately on the management plane, and after the propagation delay on the data plane of
Key Vault (docs/azure.md#role-assignments).
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wizard.simulator.arm import deny
from wizard.simulator.protocol.actions import matches
from wizard.simulator.protocol.ids import stable_guid, within
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.world import World


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role definition; the GUID of a built-in one is the same in every tenant."""

    guid: str
    name: str
    description: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]
    custom: bool = False

    @property
    def permissions(self) -> Json:
        """The permissions of the role in ARM's form."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }

    def allows(self, action: str) -> bool:
        """Return whether the role grants the management action."""
        return matches(action, self.actions) and not matches(action, self.not_actions)

    def allows_data(self, action: str) -> bool:
        """Return whether the role grants the data action."""
        return matches(action, self.data_actions) and not matches(action, self.not_data_actions)


@cache
def role_definitions() -> dict[str, RoleDefinition]:
    """Return the built-in roles of the simulated cloud, by GUID."""
    document = tomllib.loads(files("wizard.simulator.arm").joinpath("roles.toml").read_text("utf-8"))
    shared = tuple(document["shared_actions"])
    return {
        entry["guid"]: RoleDefinition(
            guid=entry["guid"],
            name=name,
            description=entry.get("description", name),
            actions=(*entry.get("actions", ()), *(shared if entry.get("shared", False) else ())),
            not_actions=tuple(entry.get("not_actions", ())),
            data_actions=tuple(entry.get("data_actions", ())),
            not_data_actions=tuple(entry.get("not_data_actions", ())),
        )
        for name, entry in document["roles"].items()
    }


def known_roles(world: World) -> dict[str, RoleDefinition]:
    """Return the built-in roles and the custom roles of the scenario, by GUID."""
    custom = world.scenario.custom_roles
    if not custom:
        return role_definitions()
    return role_definitions() | {
        (guid := stable_guid("custom role", name)): RoleDefinition(
            guid=guid,
            name=name,
            description=name,
            actions=tuple(role.actions),
            not_actions=tuple(role.not_actions),
            data_actions=tuple(role.data_actions),
            not_data_actions=tuple(role.not_data_actions),
            custom=True,
        )
        for name, role in custom.items()
    }


def role_named(world: World, name: str) -> RoleDefinition:
    """Return the role with this display name.

    Raise KeyError if there is none.
    """
    for role in known_roles(world).values():
        if role.name.lower() == name.lower():
            return role
    raise KeyError(name)


def roles_at(
    world: World, principal_id: str, scope: str, *, propagated: bool = False
) -> list[RoleDefinition]:
    """Return the roles of a principal at a scope: direct, through groups, and inherited.

    With `propagated`, only those that are in effect on the data plane.
    """
    now = world.now()
    roles = known_roles(world)
    return [
        roles[held.role_guid]
        for held in world.assignments_for(principal_id)
        if within(scope, held.scope) and (not propagated or held.effective_at <= now)
    ]


def may(world: World, principal_id: str, action: str, scope: str) -> bool:
    """Return whether the principal may perform a management action at the scope."""
    return any(role.allows(action) for role in roles_at(world, principal_id, scope)) and not deny.denying(
        world, principal_id, action, scope
    )


def may_data(world: World, principal_id: str, action: str, scope: str) -> bool:
    """Return whether the principal may perform a data action at the scope now, considering propagation."""
    return any(
        role.allows_data(action) for role in roles_at(world, principal_id, scope, propagated=True)
    ) and not deny.denying(world, principal_id, action, scope, data=True)


def sees(world: World, principal_id: str, subscription: str) -> bool:
    """Return whether the principal can see a subscription: with any role on it, above it, or on anything in it."""
    scope = f"/subscriptions/{subscription}"
    return any(
        within(scope, held.scope) or within(held.scope, scope) for held in world.assignments_for(principal_id)
    )


def require(world: World, principal_id: str, action: str, scope: str) -> None:
    """Raise ARM's 403 if the principal may not do this: AuthorizationFailed (docs/azure.md#role-assignments), or that of a deny assignment."""
    if any(role.allows(action) for role in roles_at(world, principal_id, scope)):
        deny.check(world, principal_id, action, scope)
        return
    principal = world.state.principals[principal_id]
    raise Refusal(
        403,
        "AuthorizationFailed",
        f"The client '{principal.client_name}' with object id '{principal_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials.",
    )

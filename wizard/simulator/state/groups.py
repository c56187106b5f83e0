"""Membership of groups in the directory, as the scenario defines it. Clients cannot change it."""

from collections.abc import Iterator

from wizard.simulator.protocol.ids import stable_guid
from wizard.simulator.scenario.model import Scenario


def object_id_of(scenario: Scenario, name: str) -> str:
    """Return the object id of a principal by its name in the scenario, or of a user-assigned identity by its resource id."""
    return stable_guid(name, "principal") if name.startswith("/") else scenario.principals[name].object_id


def groups_by_member(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Return, by object id of a member, the object ids of the groups that contain it, directly or through other groups."""
    held: dict[str, list[str]] = {}
    for name, principal in scenario.principals.items():
        if principal.kind == "group":
            for member in dict.fromkeys(_members(scenario, name, (name,))):
                held.setdefault(member, []).append(principal.object_id)
    return {member: tuple(groups) for member, groups in held.items()}


def _members(scenario: Scenario, group: str, seen: tuple[str, ...]) -> Iterator[str]:
    for member in scenario.principals[group].members:
        yield object_id_of(scenario, member)
        if member not in seen and member in scenario.principals:
            yield from _members(scenario, member, (*seen, member))

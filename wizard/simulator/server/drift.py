"""Reads and changes of the state without a request, by which tests simulate drift."""

import uuid
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from wizard.simulator.protocol.wire import Json, merge
from wizard.simulator.providers.authorization import show_assignment
from wizard.simulator.providers.vault_keys import show
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import find_key, vault_name


def _existing(world: World, resource_id: str) -> Resource:
    found = world.find(resource_id)
    if found is None:
        raise KeyError(f"The simulated Azure has no resource {resource_id}")
    return found


def complete_state(world: World, resource_id: str) -> Json | None:
    """Return the complete state of a resource, a role assignment, or a key of a vault; None if it does not exist."""
    if found := world.find(resource_id):
        return deepcopy(found.body)
    if held := world.state.assignments.get(resource_id.lower()):
        return show_assignment(held)
    vault_id, _, key_name = resource_id.lower().rpartition("/keys/")
    vault = world.find(vault_id)
    key = find_key(world, vault_name(vault), key_name) if vault else None
    return show(world, vault, key) if vault and key else None


def change(world: World, resource_id: str, patch: Mapping[str, Any]) -> Json:
    """Merge `patch` into the resource, and change its eTag if it has one."""
    resource = _existing(world, resource_id)
    resource.body = merge(resource.body, dict(patch))
    if "eTag" in resource.body:
        resource.body["eTag"] = str(uuid.uuid4())
    return deepcopy(world.put(resource).body)


def stored_inside(world: World, resource_id: str) -> dict[str, bytes]:
    """Return the current content of the etcd of a managed cluster, by key."""
    from wizard.simulator.kubernetes.lifecycle import stored  # not needed by most runs

    return stored(world, _existing(world, resource_id))


def remove(world: World, resource_id: str) -> None:
    """Remove the resource or role assignment."""
    if held := world.state.assignments.get(resource_id.lower()):
        world.revoke(held)
        return
    world.remove(_existing(world, resource_id).id)

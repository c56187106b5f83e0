"""Changes behind the clients' back, for those who need to see how drift is met."""

import uuid
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from wizard.simulator.scenario import merge
from wizard.simulator.state import Resource
from wizard.simulator.wire import Json
from wizard.simulator.world import World


def _existing(world: World, resource_id: str) -> Resource:
    found = world.find(resource_id)
    if found is None:
        raise KeyError(f"The simulated Azure has no resource {resource_id}")
    return found


def change(world: World, resource_id: str, patch: Mapping[str, Any]) -> Json:
    """Lay `patch` over the resource; its eTag, where it has one, changes."""
    resource = _existing(world, resource_id)
    resource.body = merge(resource.body, dict(patch))
    if "eTag" in resource.body:
        resource.body["eTag"] = str(uuid.uuid4())
    return deepcopy(world.put(resource).body)


def remove(world: World, resource_id: str) -> None:
    """Let the resource be gone."""
    world.remove(_existing(world, resource_id).id)

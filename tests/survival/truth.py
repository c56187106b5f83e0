"""The complete state of a simulated Azure, without generated values and times."""

import re
from collections import Counter
from typing import Any

from wizard.cloud.arm import Json
from wizard.simulator import Recorded, Simulator

_PASSING = {
    "etag",
    "systemdata",
    "createdat",
    "lastmodifiedat",
    "createdon",
    "updatedon",
    "created",
    "updated",
    "changedtime",
    "eventtimestamp",
    "provisioningtime",
    "starttime",
}
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"\b[0-9a-f]{32}\b|(?<=-)[0-9a-f]{8}(?=\.)|\b[0-9a-f]{24}\b")
"""Versions of keys, what is in the addresses of a cluster, and its own id."""


def complete_state(simulator: Simulator) -> Json:
    """Resources, roles, keys with their versions, features and registrations, by name and in order."""

    def told(world: Any) -> Json:
        state = world.state
        names = {who.object_id: who.name for who in state.principals.values()}
        names |= {who.app_id: f"{who.name} (application)" for who in state.principals.values()}

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {
                    plain(name): plain(each)
                    for name, each in sorted(value.items())
                    if name.casefold() not in _PASSING
                }
            if isinstance(value, list):
                return [plain(each) for each in value]
            if not isinstance(value, str):
                return value
            known = _GUID.sub(lambda found: names.get(found[0], _scenario(found[0])), value)
            return _HEX.sub("(hex)", known)

        return {
            "resources": {key: plain(resource.body) for key, resource in sorted(state.resources.items())},
            "assignments": sorted(
                [plain(a.scope), a.role_guid, plain(a.principal_id), a.principal_type]
                for a in state.assignments.values()
            ),
            "keys": {
                key: [
                    [
                        [v.kty, v.size, sorted(v.ops), v.enabled, v.expires, dict(v.tags)]
                        for v in each.versions
                    ],
                    plain(each.rotation_policy),
                ]
                for key, each in sorted(state.keys.items())
            },
            "deleted": [*sorted(state.deleted_vaults), *sorted(state.deleted_keys)],
            "features": dict(sorted(state.features.items())),
            "registrations": dict(sorted(state.registrations.items())),
        }

    return simulator.in_world(told)


def _scenario(guid: str) -> str:
    """A GUID of a scenario differs from a generated one by its form."""
    return guid if len(set(guid.replace("-", ""))) <= 2 else "(guid)"


def doubled(world: Json) -> list[str]:
    """Roles that the same principal was given twice in the same place."""
    return [str(list(a)) for a, n in Counter(tuple(a) for a in world["assignments"]).items() if n > 1]


def difference(one: Json, other: Json, path: str = "") -> list[str]:
    """Where two such truths differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        return [
            d
            for name in names
            for d in difference(one.get(name, "—"), other.get(name, "—"), f"{path}/{name}")
        ]
    return [] if one == other else [f"{path}: {one!r} ≠ {other!r}"]


def started(requests: list[Recorded]) -> int:
    """How many operations on clusters Azure has started."""
    return sum(
        r.method == "PUT" and r.status < 300 and "/managedclusters/" in r.path.casefold() for r in requests
    )

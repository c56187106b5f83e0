"""Faults as data: which requests go wrong, and how."""

import re
from collections.abc import Sequence
from fnmatch import translate
from random import Random

from wizard.simulator.protocol.ids import group_of, segments
from wizard.simulator.scenario.faults import FaultMatch, FaultSpec
from wizard.simulator.state.world import World

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def operation_of(method: str, path: str, *, vault: bool = False) -> tuple[str, str]:
    """The Azure action that a request asks for, and the name of the resource that it is about.

    >>> operation_of("POST", "/subscriptions/S/resourceGroups/G/providers/Microsoft.ContainerService/managedClusters/c/stop")
    ('Microsoft.ContainerService/managedClusters/stop/action', 'c')
    """
    parts = segments(path)
    lowered = [part.lower() for part in parts]
    verb = _VERBS.get(method, "action")
    if vault:
        kind, names = ["Microsoft.KeyVault/vaults", *parts[::2]], parts[1::2]
    elif "providers" in lowered:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        kind, names = [*parts[at + 1 : at + 2], *parts[at + 2 :: 2]], parts[at + 3 :: 2]
        if lowered[:at][-1:] == ["microsoft.features"]:  # whose features are of that namespace, not it
            kind[:1] = ["Microsoft.Features/providers"]
    else:
        inside = bool(group_of(path)) or lowered[2:3] == ["resourcegroups"]
        kind = ["Microsoft.Resources", "resourceGroups" if inside else "subscriptions"]
        names = parts[3:4] if inside else parts[1:2]
    return "/".join([*kind, verb]), names[-1] if names else ""


class Faults:
    """Counts the requests that each fault of the scenario matches, and says which fault strikes.

    The tally is kept with the world, so a restart does not start the count again.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.inject_faults(world.scenario.faults, afresh=False)

    def inject_faults(self, faults: Sequence[FaultSpec], *, afresh: bool = True) -> None:
        """From now on these, and no others; `afresh`: counted from the beginning."""
        self._faults = [(index, fault, _Matcher(fault.match)) for index, fault in enumerate(faults)]
        if afresh:
            for name in [name for name in self._world.state.tally if name.startswith("fault ")]:
                del self._world.state.tally[name]

    def matching(self, method: str, path: str, *, vault: bool = False) -> FaultSpec | None:
        """The fault that strikes this request, if any; the first in the scenario's order."""
        struck = None
        for index, fault, matcher in self._faults:
            if not matcher.fits(method, path, vault=vault):
                continue
            name = f"fault {index}"
            number = self._world.state.tally[name] = self._world.state.tally.get(name, 0) + 1
            self._world.changed = True
            if struck is None and _due(fault.match, index, number - fault.match.skip):
                struck, name = fault, f"fault {index} struck"
                self._world.state.tally[name] = self._world.state.tally.get(name, 0) + 1
        return struck

    def struck(self) -> list[int]:
        """How often each fault has struck, in the scenario's order."""
        return [self._world.state.tally.get(f"fault {index} struck", 0) for index, _, _ in self._faults]


class _Matcher:
    def __init__(self, match: FaultMatch) -> None:
        self._match = match
        self._method, self._path, self._operation, self._name = (
            re.compile(translate(glob.lower()))
            for glob in (match.method, match.path, match.operation, match.name)
        )

    def fits(self, method: str, path: str, *, vault: bool) -> bool:
        if not self._method.fullmatch(method.lower()) or not self._path.fullmatch(path.lower()):
            return False
        if self._match.operation == self._match.name == "*":
            return True
        operation, name = operation_of(method, path, vault=vault)
        return bool(self._operation.fullmatch(operation.lower()) and self._name.fullmatch(name.lower()))


def _due(match: FaultMatch, index: int, number: int) -> bool:
    if number < 1:
        return False
    if match.nth is not None:
        return number == match.nth
    if match.count is not None:
        return number <= match.count
    if match.probability is not None:
        # Drawn for each number by itself: a restart in between changes nothing.
        return Random(f"{match.seed}/{index}/{number}").random() < match.probability  # noqa: S311 - chance, no secret
    return match.every is None or number % match.every == 0

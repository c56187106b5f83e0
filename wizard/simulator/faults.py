"""Faults as data: which requests go wrong, and how."""

import re
from fnmatch import translate

from wizard.simulator.scenario_faults import FaultMatch, FaultSpec
from wizard.simulator.world import World


class Faults:
    """Counts the requests that each fault of the scenario matches, and says which fault strikes.

    The tally is kept with the world, so a restart does not start the count again.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = [
            (index, fault, re.compile(translate(fault.match.path.lower())))
            for index, fault in enumerate(world.scenario.faults)
        ]

    def strike(self, method: str, path: str) -> FaultSpec | None:
        """The fault that strikes this request, if any; the first in the scenario's order."""
        struck = None
        for index, fault, pattern in self._faults:
            if fault.match.method not in {"*", method} or not pattern.fullmatch(path.lower()):
                continue
            tally = self._world.state.tally
            name = f"fault {index}"
            tally[name] = tally.get(name, 0) + 1
            if struck is None and _due(fault.match, tally[name]):
                struck = fault
        return struck


def _due(match: FaultMatch, number: int) -> bool:
    if match.nth is not None:
        return number == match.nth
    if match.count is not None:
        return number <= match.count
    return match.every is None or number % match.every == 0

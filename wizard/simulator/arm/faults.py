"""The faults of a scenario, matched with requests."""

import re
from collections.abc import Sequence
from fnmatch import translate
from random import Random

from wizard.simulator.protocol.ids import group_of, segments
from wizard.simulator.scenario.faults import FaultMatch, FaultSpec
from wizard.simulator.state.world import World

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def operation_of(method: str, path: str, *, vault: bool = False) -> tuple[str, str]:
    """Return the Azure action of a request, and the name of its resource.

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
        if lowered[:at][-1:] == ["microsoft.features"]:  # `parts[at + 1]` is the namespace of the feature
            kind[:1] = ["Microsoft.Features/providers"]
    else:
        inside = bool(group_of(path)) or lowered[2:3] == ["resourcegroups"]
        kind = ["Microsoft.Resources", "resourceGroups" if inside else "subscriptions"]
        names = parts[3:4] if inside else parts[1:2]
    return "/".join([*kind, verb]), names[-1] if names else ""


class Faults:
    """Counts the requests that match each fault, and selects the fault that applies.

    The counts are stored in the state, so a restart does not reset them.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.inject_faults(world.scenario.faults, reset=False)

    def inject_faults(self, faults: Sequence[FaultSpec], *, reset: bool = True) -> None:
        """Replace all faults; `reset` also resets the counts."""
        self._faults = [(index, fault, _Matcher(fault.match)) for index, fault in enumerate(faults)]
        if reset:
            for name in [name for name in self._world.state.tally if name.startswith("fault ")]:
                del self._world.state.tally[name]

    def matching(
        self, method: str, path: str, *, vault: bool = False, audience: str = ""
    ) -> FaultSpec | None:
        """Count this request, and return the first fault that applies to it, or None.

        `audience` is the scope or resource if the request is one for a token.
        """
        applied = None
        for index, fault, matcher in self._faults:
            if not matcher.fits(method, path, audience, vault=vault):
                continue
            name = f"fault {index}"
            number = self._world.state.tally[name] = self._world.state.tally.get(name, 0) + 1
            self._world.changed = True
            if applied is None and _applies(fault.match, index, number - fault.match.skip):
                applied, name = fault, f"fault {index} struck"
                self._world.state.tally[name] = self._world.state.tally.get(name, 0) + 1
        return applied

    def counts(self) -> list[int]:
        """Return how often each fault was applied, in order."""
        return [self._world.state.tally.get(f"fault {index} struck", 0) for index, _, _ in self._faults]


class _Matcher:
    def __init__(self, match: FaultMatch) -> None:
        self._match = match
        self._method, self._path, self._operation, self._name, self._audience = (
            re.compile(translate(glob.lower()))
            for glob in (match.method, match.path, match.operation, match.name, match.audience)
        )

    def fits(self, method: str, path: str, audience: str, *, vault: bool) -> bool:
        if not self._audience.fullmatch(audience.lower()):
            return False
        if not self._method.fullmatch(method.lower()) or not self._path.fullmatch(path.lower()):
            return False
        if self._match.operation == self._match.name == "*":
            return True
        operation, name = operation_of(method, path, vault=vault)
        return bool(self._operation.fullmatch(operation.lower()) and self._name.fullmatch(name.lower()))


def _applies(match: FaultMatch, index: int, number: int) -> bool:
    if number < 1:
        return False
    if match.nth is not None:
        return number == match.nth
    if match.count is not None:
        return number <= match.count
    if match.probability is not None:
        # Drawn independently for each request, so that a restart has no influence.
        return Random(f"{match.seed}/{index}/{number}").random() < match.probability  # noqa: S311 - not a secret
    return match.every is None or number % match.every == 0

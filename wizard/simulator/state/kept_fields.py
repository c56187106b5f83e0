"""What a PUT of a cluster cannot change: the properties that only Azure writes, and the nulls that Azure shows.

See docs/azure.md#round-trip-through-the-sdk.
"""

from collections.abc import Iterator
from copy import deepcopy

from wizard.simulator.protocol.wire import Json

AZURE_WRITES = (
    "status",
    "resourceUID",
    "maxAgentPools",
    "agentPoolProfiles.*.status",
    "agentPoolProfiles.*.localDNSProfile.state",
    "addonProfiles.*.identity",
    "podIdentityProfile.userAssignedIdentities.*.provisioningState",
    "podIdentityProfile.userAssignedIdentities.*.provisioningInfo",
    "oidcIssuerProfile.issuerURL",
    "networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "networkProfile.natGatewayProfile.effectiveOutboundIPs",
    "privateLinkResources.*.privateLinkServiceID",
    "ingressProfile.webAppRouting.identity",
)
"""Read-only properties (SDK, visibility `read`), as paths; `*` is every entry of a map, or of a list by name."""


def _entries(value: object) -> dict[str, Json]:
    """Return the objects in a map or a list, by name."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if isinstance(each, dict)}
    if isinstance(value, list):
        return {str(each.get("name")): each for each in value if isinstance(each, dict)}
    return {}


def _pairs(new: Json, old: Json, parts: list[str]) -> Iterator[tuple[Json, Json]]:
    """Yield the objects in both bodies to which a path, without its last part, leads."""
    if not parts:
        yield new, old
        return
    first, *rest = parts
    inner, before = new.get(first), old.get(first)
    if rest and rest[0] == "*":
        held = _entries(before)
        for name, each in _entries(inner).items():
            yield from _pairs(each, held.get(name, {}), rest[1:])
    elif isinstance(inner, dict):
        yield from _pairs(inner, before if isinstance(before, dict) else {}, rest)


def keep_what_azure_writes(properties: Json, old: Json) -> None:
    """Replace the read-only properties by those that the cluster has; what a client sends for them is ignored."""
    for path in AZURE_WRITES:
        *parents, last = path.split(".")
        for new, held in _pairs(properties, old, parents):
            new.pop(last, None)
            if last in held:
                new[last] = deepcopy(held[last])


def keep_nulls(new: Json, old: Json) -> None:
    """Show null for what the cluster has as null, and what the request left out."""
    for name, value in old.items():
        if value is None:
            new.setdefault(name, None)
        elif isinstance(value, dict) and isinstance(new.get(name), dict):
            keep_nulls(new[name], value)
        elif isinstance(value, list) and isinstance(new.get(name), list):
            held = _entries(value)
            for entry, each in _entries(new[name]).items():
                keep_nulls(each, held.get(entry, {}))


def overlay(under: Json, over: Json) -> Json:
    """Return `under` with the values of `over`, nulls included; lists of named objects are merged by name."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[name] = overlay(below, value)
        elif (
            isinstance(value, list)
            and isinstance(below, list)
            and all("name" in each for each in _entries(value).values())
        ):
            held = _entries(below)
            merged[name] = [
                overlay(held.get(str(each.get("name")), {}), each) if isinstance(each, dict) else each
                for each in value
            ]
        else:
            merged[name] = deepcopy(value)
    return merged

"""The regions of the cloud."""

from wizard.simulator.wire import Refusal
from wizard.simulator.world import World


def offered(world: World, kind: str) -> list[str]:
    """The short names of the regions in which a resource type is offered."""
    without = {
        short
        for name, regions in world.scenario.not_offered.items()
        if name.lower() == kind.lower()
        for short in regions
    }
    return [short for short in world.scenario.locations if short not in without]


def check_location(world: World, location: object, kind: str) -> str:
    """The region's short name, whether given so or by its display name.

    Raises ARM's 400 LocationRequired or LocationNotAvailableForResourceType.
    """
    if not isinstance(location, str) or not location:
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    short = location.lower().replace(" ", "")
    known = offered(world, kind)
    if short not in known:
        raise Refusal(
            400, "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the resource type is '{','.join(known)}'.",
        )  # fmt: skip
    return short

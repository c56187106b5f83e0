"""The regions of the cloud."""

from wizard.simulator.wire import Refusal
from wizard.simulator.world import World


def check_location(world: World, location: object, kind: str) -> str:
    """The region's short name, whether given so or by its display name.

    Raises ARM's 400 LocationRequired or LocationNotAvailableForResourceType.
    """
    if not isinstance(location, str) or not location:
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    short = location.lower().replace(" ", "")
    if short not in world.scenario.locations:
        known = ",".join(world.scenario.locations)
        raise Refusal(
            400, "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the resource type is '{known}'.",
        )  # fmt: skip
    return short

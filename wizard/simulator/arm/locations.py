"""The regions of the simulated cloud."""

from wizard.simulator.protocol.ids import group_of
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.world import World


def offered(world: World, kind: str) -> list[str]:
    """Return the short names of the regions in which a resource type is offered."""
    without = {
        short
        for name, regions in world.scenario.not_offered.items()
        if name.lower() == kind.lower()
        for short in regions
    }
    return [short for short in world.scenario.locations if short not in without]


def check_location(world: World, location: object, kind: str) -> str:
    """Return the short name of a region that is given by its short or display name.

    Raise ARM's 400 LocationRequired or LocationNotAvailableForResourceType.
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


def check_unmoved(held: Json | None, location: str) -> None:
    """Raise ARM's 409 InvalidResourceLocation if an existing resource would move to another region."""
    if held is not None and held["location"] != location:
        raise Refusal(
            409,
            "InvalidResourceLocation",
            f"The resource '{held['name']}' already exists in location '{held['location']}' in resource group '{group_of(held['id'])}'. "
            f"A resource with the same name cannot be created in location '{location}'. Please select a new resource name.",
        )

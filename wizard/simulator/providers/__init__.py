"""The resource providers of the simulated cloud, one file each."""

from wizard.simulator.arm import Routes


def all_providers() -> list[Routes]:
    """The routes of every resource provider."""
    from wizard.simulator.providers import (  # noqa: PLC0415 - they register themselves with the clock when they are loaded
        features,
        resource_groups,
        resource_providers,
        subscriptions,
    )

    modules = (subscriptions, resource_groups, resource_providers, features)
    return [module.routes for module in modules]

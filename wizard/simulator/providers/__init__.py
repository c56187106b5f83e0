"""The resource providers of the simulated cloud, one file each."""

from wizard.simulator.arm import Routes


def all_providers() -> list[Routes]:
    """The routes of every resource provider."""
    from wizard.simulator.providers import (
        authorization,
        container_service,
        features,
        key_vault,
        managed_identity,
        resource_groups,
        resource_providers,
        subscriptions,
        vault_keys,
    )

    modules = (
        subscriptions,
        resource_groups,
        resource_providers,
        features,
        authorization,
        container_service,
        managed_identity,
        key_vault,
    )
    del vault_keys  # its routes are Key Vault's
    return [module.routes for module in modules]

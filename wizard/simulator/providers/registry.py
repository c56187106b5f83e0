"""Every resource provider, for the router. A new one is added here."""

from wizard.simulator.arm import Routes
from wizard.simulator.providers import (
    authorization,
    container_service,
    deleted_vaults,
    features,
    key_vault,
    managed_identity,
    resource_groups,
    resource_providers,
    subscriptions,
    vault_keys,
)

ALL: tuple[Routes, ...] = (
    subscriptions.routes,
    resource_groups.routes,
    resource_providers.routes,
    features.routes,
    authorization.routes,
    managed_identity.routes,
    key_vault.routes,
    deleted_vaults.routes,
    vault_keys.routes,
    container_service.routes,
)

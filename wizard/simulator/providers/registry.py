"""Every resource provider, for the router. A new one is added here."""

from wizard.simulator.arm import Routes
from wizard.simulator.providers import (
    authorization,
    cluster_credentials,
    container_service,
    deleted_vaults,
    features,
    key_vault,
    locks,
    managed_hsms,
    managed_identity,
    policies,
    resource_graph,
    resource_groups,
    resource_listing,
    resource_providers,
    subscriptions,
    upgrade_profiles,
    vault_keys,
)

ALL: tuple[Routes, ...] = (
    subscriptions.routes,
    resource_groups.routes,
    resource_listing.routes,
    resource_providers.routes,
    features.routes,
    authorization.routes,
    locks.routes,
    managed_identity.routes,
    key_vault.routes,
    deleted_vaults.routes,
    vault_keys.routes,
    managed_hsms.routes,
    container_service.routes,
    cluster_credentials.routes,
    policies.routes,
    resource_graph.routes,
    upgrade_profiles.routes,
)

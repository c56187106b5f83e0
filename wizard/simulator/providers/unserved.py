"""Namespaces of a subscription that can be registered, and have no operations in the simulator."""

from wizard.simulator.arm.provider import Provider

_VERSIONS = ("2024-11-01",)

insights = Provider("Microsoft.Insights", _VERSIONS, types=("components", "metricAlerts"))
network = Provider(
    "Microsoft.Network", _VERSIONS, types=("virtualNetworks", "privateEndpoints", "loadBalancers")
)
operational_insights = Provider("Microsoft.OperationalInsights", _VERSIONS, types=("workspaces",))
operations_management = Provider("Microsoft.OperationsManagement", _VERSIONS, types=("solutions",))
storage = Provider("Microsoft.Storage", _VERSIONS, types=("storageAccounts",))

UNSERVED = frozenset(
    each.namespace.lower()
    for each in (insights, network, operational_insights, operations_management, storage)
) | {"microsoft.compute"}
"""The namespaces whose resources are not served, in lower case; of Microsoft.Compute only sizes and quotas are."""

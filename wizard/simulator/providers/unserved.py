"""Namespaces of a subscription that can be registered, and have no operations in the simulator."""

from wizard.simulator.arm.provider import Provider

_VERSIONS = ("2024-11-01",)

compute = Provider(
    "Microsoft.Compute", _VERSIONS, types=("virtualMachines", "virtualMachineScaleSets", "disks")
)
insights = Provider("Microsoft.Insights", _VERSIONS, types=("components", "metricAlerts"))
network = Provider(
    "Microsoft.Network", _VERSIONS, types=("virtualNetworks", "privateEndpoints", "loadBalancers")
)
operational_insights = Provider("Microsoft.OperationalInsights", _VERSIONS, types=("workspaces",))
operations_management = Provider("Microsoft.OperationsManagement", _VERSIONS, types=("solutions",))
storage = Provider("Microsoft.Storage", _VERSIONS, types=("storageAccounts",))

UNSERVED = frozenset(
    each.namespace.lower()
    for each in (compute, insights, network, operational_insights, operations_management, storage)
)
"""The namespaces, in lower case."""

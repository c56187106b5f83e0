"""The resource providers of the simulated cloud, and their resource types."""

NAMESPACES = {
    "Microsoft.Authorization": ("roleAssignments", "roleDefinitions", "permissions", "locks"),
    "Microsoft.Compute": ("virtualMachines", "virtualMachineScaleSets", "disks"),
    "Microsoft.ContainerService": (
        "managedClusters",
        "managedClusters/agentPools",
        "locations/kubernetesVersions",
        "locations/operations",
    ),
    "Microsoft.Features": ("features", "providers"),
    "Microsoft.Insights": ("components", "metricAlerts"),
    "Microsoft.KeyVault": (
        "vaults",
        "vaults/keys",
        "deletedVaults",
        "checkNameAvailability",
        "locations/deletedVaults",
    ),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.Network": ("virtualNetworks", "privateEndpoints", "loadBalancers"),
    "Microsoft.OperationalInsights": ("workspaces",),
    "Microsoft.OperationsManagement": ("solutions",),
    "Microsoft.PolicyInsights": ("checkPolicyRestrictions",),
    "Microsoft.Quota": ("quotas", "usages"),
    "Microsoft.ResourceGraph": ("resources",),
    "Microsoft.Resources": ("subscriptions", "resourceGroups", "providers"),
    "Microsoft.Storage": ("storageAccounts",),
}

// The encryption of the cluster aks-demo (customer-managed), exported by aks-kms.
// Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo
// Merge the fragment into your own managedClusters resource, with apiVersion 2026-08-01 or later.
// Never deploy the fragment alone.
// What-if must show no change of networkAcls, accessPolicies or identity, and nothing to delete. Otherwise do not deploy.
// Never deploy in complete mode: it deletes a vault and an identity that the template does not name, and with them the cluster's key.
// The identity also holds Key Vault Reader on /subscriptions/22222222-2222-2222-2222-222222222222, which other code owns.
// Deploy to the resource group rg-demo (az deployment group create --subscription 22222222-2222-2222-2222-222222222222 --resource-group rg-demo --mode Incremental).

targetScope = 'resourceGroup'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-aks-demo'
  location: 'westus2'
}


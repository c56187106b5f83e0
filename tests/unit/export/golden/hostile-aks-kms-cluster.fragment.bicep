// The encryption of the cluster aks-demo (customer-managed), exported by aks-kms.
// Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg(prod)"${x}/providers/Microsoft.ContainerService/managedClusters/aks-demo
// Merge the fragment into your own managedClusters resource, with apiVersion 2026-08-01 or later.
// Never deploy the fragment alone.

var mergeIntoManagedCluster = {
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-demo': {}
    }
  }
  properties: {
    securityProfile: {
      kubernetesResourceObjectEncryptionProfile: {
        infrastructureEncryption: 'Enabled'
      }
      azureKeyVaultKms: {
        enabled: true
        keyId: 'https://kv-demo.vault.azure.net/keys/aks-kms'
        keyVaultNetworkAccess: 'Private'
        keyVaultResourceId: '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo'
      }
    }
  }
}


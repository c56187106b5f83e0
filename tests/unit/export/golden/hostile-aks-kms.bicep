// The encryption of the cluster aks-demo (customer-managed), exported by aks-kms.
// Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg(prod)"${x}/providers/Microsoft.ContainerService/managedClusters/aks-demo
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

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: 'kv-demo'
  location: 'westus2'
  tags: {
    'a"b\\c\${d}%{e}\'f\u{a}# g\u{9}[h]': 'a"b\\c\${d}%{e}\'f\u{a}# g\u{9}[h]'
    '[concat(\'x\')]': '[parameters(\'y\')]'
    'it\'s': '\${v}'
  }
  properties: {
    tenantId: '11111111-1111-1111-1111-111111111111'
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      ipRules: [
        {
          value: '203.0.113.7/32'
        }
      ]
      virtualNetworkRules: []
    }
  }
}

resource key 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: 'aks-kms'
  properties: {
    kty: 'RSA'
    keySize: 2048
    keyOps: [
      'encrypt'
      'decrypt'
    ]
  }
}

resource assignment1 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: '9e587c9f-5827-557d-a88f-cdabc7a82981'
  scope: vault
  properties: {
    principalId: '8a398cdd-02b6-5783-81e3-c96937e58f7c'
    principalType: 'ServicePrincipal'
    roleDefinitionId: '/subscriptions/22222222-2222-2222-2222-222222222222/providers/Microsoft.Authorization/roleDefinitions/12338af0-0e69-4776-bea7-57ae8d297424'
    condition: 'a"b\\c\${d}%{e}\'f\u{a}# g\u{9}[h]'
    conditionVersion: '2.0'
  }
}


# The encryption of the cluster aks-demo (customer-managed), exported by aks-kms.
# Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo
#
# Requires Terraform 1.5, azurerm >= 4.42.0, azapi >= 2.0.0.
# The next plan must show: 4 to import, 1 to add, 0 to change, 0 to destroy.
# DO NOT APPLY a plan that shows "- key_management_service", a change of "identity", or a replacement:
# it would take the cluster's key away. Correct the code first, then plan again.
#
# Merge into your resource azurerm_kubernetes_cluster of this cluster (do not duplicate the resource):
#   identity {
#     type         = "UserAssigned"
#     identity_ids = [azurerm_user_assigned_identity.aks_kms.id]
#   }
#   # azurerm cannot express a key without a version; without this it would send enabled = false
#   lifecycle {
#     ignore_changes = [key_management_service]
#   }
# If the identity was changed, replace principal_id of the cluster in other code with
# azurerm_user_assigned_identity.aks_kms.principal_id.
#
# Merge into your provider block, so that no destroy purges the vault or its keys:
#   provider "azurerm" {
#     features {
#       key_vault {
#         purge_soft_delete_on_destroy       = false
#         purge_soft_deleted_keys_on_destroy = false
#       }
#     }
#   }
# The identity also holds Key Vault Reader on /subscriptions/22222222-2222-2222-2222-222222222222, which other code owns.

import {
  to = azurerm_user_assigned_identity.aks_kms
  id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-demo"
}

resource "azurerm_user_assigned_identity" "aks_kms" {
  name                = "id-aks-demo"
  resource_group_name = "rg-demo"
  location            = "westus2"

  lifecycle {
    prevent_destroy = true
  }
}

import {
  to = azurerm_key_vault.aks_kms
  id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo"
}

resource "azurerm_key_vault" "aks_kms" {
  name                          = "kv-demo"
  resource_group_name           = "rg-demo"
  location                      = "westus2"
  tenant_id                     = "11111111-1111-1111-1111-111111111111"
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = true
  tags = {
    owner = "platform"
  }

  network_acls {
    bypass         = "AzureServices"
    default_action = "Deny"
    ip_rules       = ["203.0.113.7/32"]
  }

  lifecycle {
    prevent_destroy = true
  }
}

import {
  to = azurerm_role_assignment.aks_kms_crypto_user
  id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo/providers/Microsoft.Authorization/roleAssignments/9e587c9f-5827-557d-a88f-cdabc7a82981"
}

resource "azurerm_role_assignment" "aks_kms_crypto_user" {
  scope                = azurerm_key_vault.aks_kms.id
  role_definition_name = "Key Vault Crypto User"
  principal_id         = azurerm_user_assigned_identity.aks_kms.principal_id

  lifecycle {
    prevent_destroy = true
  }
}

import {
  to = azurerm_role_assignment.aks_kms_role_2
  id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo/keys/aks-kms/providers/Microsoft.Authorization/roleAssignments/2b9c9ae8-fedb-5e51-8cbf-c33e26357c87"
}

resource "azurerm_role_assignment" "aks_kms_role_2" {
  scope              = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo/keys/aks-kms"
  role_definition_id = "/subscriptions/22222222-2222-2222-2222-222222222222/providers/Microsoft.Authorization/roleDefinitions/0a0a0a0a-0000-0000-0000-000000000000"
  principal_id       = azurerm_user_assigned_identity.aks_kms.principal_id

  lifecycle {
    prevent_destroy = true
  }
}

# The key is a data source, so that no destroy can delete it
data "azapi_resource" "aks_kms_key" {
  type                   = "Microsoft.KeyVault/vaults/keys@2024-11-01"
  resource_id            = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.KeyVault/vaults/kv-demo/keys/aks-kms"
  response_export_values = ["properties.keyUri"]
}

# Add depends_on with your cluster resource, so that this is applied after it. Never write a key version here
resource "azapi_update_resource" "aks_kms" {
  type        = "Microsoft.ContainerService/managedClusters@2026-08-01"
  resource_id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo"
  locks       = ["/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo"]
  body = {
    properties = {
      securityProfile = {
        kubernetesResourceObjectEncryptionProfile = {
          infrastructureEncryption = "Enabled"
        }
        azureKeyVaultKms = {
          enabled = true
          keyId = "https://kv-demo.vault.azure.net/keys/aks-kms"
          keyVaultNetworkAccess = "Private"
          keyVaultResourceId = azurerm_key_vault.aks_kms.id
        }
      }
    }
  }
}


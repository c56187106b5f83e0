# The encryption of the cluster aks-demo (platform-managed), exported by aks-kms.
# Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo
#
# Requires Terraform 1.5, azurerm >= 4.42.0, azapi >= 2.0.0.
# The next plan must show: 0 to import, 1 to add, 0 to change, 0 to destroy.
# DO NOT APPLY a plan that shows "- key_management_service", a change of "identity", or a replacement:
# it would take the cluster's key away. Correct the code first, then plan again.

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
      }
    }
  }
}


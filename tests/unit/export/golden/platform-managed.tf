# The encryption of the cluster aks-demo (platform-managed), exported by aks-kms.
# Read 2026-11-29 12:00:00 UTC from /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo
#
# Requires Terraform 1.5, azurerm >= 4.42.0, azapi >= 2.0.0.
# The next plan must show: 0 to import, 0 to add, 0 to change, 0 to destroy.
# DO NOT APPLY a plan that shows "- key_management_service", a change of "identity", or a replacement:
# it would take the cluster's key away. Correct the code first, then plan again.

# Reports drift on every plan and apply; writes nothing
check "aks_kms" {
  data "azapi_resource" "aks_kms" {
    type                   = "Microsoft.ContainerService/managedClusters@2026-08-01"
    resource_id            = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo"
    response_export_values = ["properties.securityProfile"]
  }

  assert {
    condition     = try(data.azapi_resource.aks_kms.output.properties.securityProfile.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption, "") == "Enabled"
    error_message = "The encryption of the cluster's secrets has changed. Run: aks-kms verify --id /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-demo/providers/Microsoft.ContainerService/managedClusters/aks-demo"
  }
}


"""Behaviour of Azure that is not documented or not confirmed (docs/azure.md): a scenario chooses it with these rules."""

from typing import Literal

from pydantic import Field

from wizard.simulator.scenario.base import Model


class Rules(Model):
    """The rules; the defaults follow the documentation and the Azure CLI."""

    feature_required_for: list[Literal["platform-managed", "customer-managed"]] = [
        "platform-managed",
        "customer-managed",
    ]
    feature_needs_provider_refresh: bool = False
    feature_needs_approval: bool = False
    unknown_feature_code: Literal["FeatureNotFound", "ResourceNotFound"] = "FeatureNotFound"
    feature_name: Literal["full", "bare"] = Field(
        "full",
        description="Whether the `name` of a feature includes the namespace (docs/azure.md#preview-features).",
    )
    private_access_validated: bool = Field(
        False,
        description="Whether AKS checks the identity's permissions on a Private vault before it starts.",
    )
    aks_is_trusted_service: bool = Field(
        True, description="Whether AKS is a trusted service for a vault with `bypass: AzureServices`."
    )
    public_vault_id: Literal["accepted", "refused"] = Field(
        "accepted",
        description="Whether AKS accepts a keyVaultResourceId together with Public (docs/azure.md#vault-id-with-a-public-vault).",
    )
    disabled_key_shown: bool = Field(
        True,
        description="Whether responses still contain azureKeyVaultKms, as disabled, after it was turned off.",
    )
    versioned_key_in_the_new_way: Literal["accepted", "refused"] = Field(
        "accepted",
        description="Whether AKS accepts a key version together with infrastructureEncryption (docs/azure.md#shape-of-the-key-id, docs/azure.md#request-bodies).",
    )
    identity_must_be_there_first: bool = Field(
        False,
        description="Whether a customer-managed key is refused in the same PUT that adds the user-assigned identity (docs/azure.md#how-an-update-works).",
    )
    hardware_keys: Literal["accepted", "refused"] = Field(
        "accepted", description="Whether AKS accepts an RSA-HSM key (docs/azure.md#rotation-expiry-and-hsms)."
    )
    etag_in_answers: bool = Field(
        True,
        description="Whether responses contain the eTag of a cluster (docs/azure.md#round-trip-through-the-sdk).",
    )
    repeated_assignment: Literal["accepted", "refused"] = Field(
        "accepted",
        description="The response to the same role assignment with the same name again: 200 or 409 (docs/azure.md#role-assignments).",
    )
    default_key_ops: list[str] | None = Field(
        None,
        description="The operations of a key created through ARM without keyOps. Default: all (docs/azure.md#keys-through-resource-manager).",
    )
    closed_vault_inner_code: Literal["ForbiddenByConnection", ""] = Field(
        "ForbiddenByConnection",
        description="The inner error code of a vault with public network access disabled (docs/azure.md#network-access-of-a-vault).",
    )
    policy_reaches_keys_through_arm: bool = Field(
        True, description="Whether policies on keys apply to keys created through the management plane."
    )
    second_rotation_sticks: bool = Field(
        True,
        description="Whether a second rotation of a legacy key never completes if secrets were not rewritten after the first (docs/azure.md#refusals-of-the-aks-resource-provider).",
    )
    kms_provider: str = Field(
        "azurekmsprovider",
        description="The name of AKS's KMS provider in the metrics of the API server (docs/azure.md#proof-from-inside-a-cluster).",
    )
    graph_shows_the_new_way: bool = Field(
        True,
        description="Whether Resource Graph contains kubernetesResourceObjectEncryptionProfile (docs/azure.md#fleets).",
    )

"""Where Azure's own behaviour is not documented or not confirmed (AZURE.md), a world decides: each rule is such a question."""

from typing import Literal

from pydantic import Field

from wizard.simulator.scenario.base import Model


class Rules(Model):
    """The answers; the defaults are what the documents and the Azure CLI stand on."""

    feature_required_for: list[Literal["platform-managed", "customer-managed"]] = [
        "platform-managed",
        "customer-managed",
    ]
    feature_needs_provider_refresh: bool = False
    feature_needs_approval: bool = False
    unknown_feature_code: Literal["FeatureNotFound", "ResourceNotFound"] = "FeatureNotFound"
    feature_name: Literal["full", "bare"] = Field(
        "full", description="Whether a feature's `name` has the namespace before it (§4)."
    )
    private_access_validated: bool = Field(
        False, description="Whether AKS checks the identity's rights on a Private vault before it starts."
    )
    aks_is_trusted_service: bool = Field(
        True, description="Whether a vault's `bypass: AzureServices` lets AKS through."
    )
    public_vault_id: Literal["accepted", "refused"] = Field(
        "accepted", description="What AKS says to a keyVaultResourceId beside Public (§0 C)."
    )
    leftovers_of_a_disabled_key: Literal["accepted", "refused"] = Field(
        "accepted", description="What AKS says to a keyId and the like beside `enabled: false` (§2a)."
    )
    disabled_key_shown: bool = Field(
        True,
        description="Whether azureKeyVaultKms stays in the answers, as disabled, once it was turned off.",
    )
    versioned_key_in_the_new_way: Literal["accepted", "refused"] = Field(
        "accepted",
        description="What AKS says to a key version together with infrastructureEncryption (§0 B, §2a).",
    )
    identity_must_be_there_first: bool = Field(
        False,
        description="Whether a customer's key is refused in the same PUT that brings the user-assigned identity (§2b).",
    )
    hardware_keys: Literal["accepted", "refused"] = Field(
        "accepted", description="What AKS says to an RSA-HSM key (§3g)."
    )
    etag_in_answers: bool = Field(True, description="Whether clusters show an eTag (§2c).")
    repeated_assignment: Literal["accepted", "refused"] = Field(
        "accepted", description="The same role assignment under the same name again: 200 or 409 (§3d)."
    )
    default_key_ops: list[str] | None = Field(
        None,
        description="Operations of a key made through ARM without keyOps; all where it is not given (§3e).",
    )
    closed_vault_inner_code: Literal["ForbiddenByConnection", ""] = Field(
        "ForbiddenByConnection", description="The inner code of a vault that is closed to the public (§3f)."
    )
    policy_reaches_keys_through_arm: bool = Field(
        True, description="Whether policies on keys count for a key made through the management plane."
    )
    second_rotation_sticks: bool = Field(
        True,
        description="Whether rotating a legacy key twice, with secrets not rewritten in between, never ends (§1a).",
    )
    kms_provider: str = Field(
        "azurekmsprovider", description="What the API server's metrics call AKS's KMS provider (§7)."
    )
    graph_shows_the_new_way: bool = Field(
        True, description="Whether Resource Graph has kubernetesResourceObjectEncryptionProfile (§8)."
    )

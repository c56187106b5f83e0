"""Key vaults, keys and user-assigned identities of a scenario."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from wizard.simulator.scenario.base import Guid, Model
from wizard.simulator.scenario.history import DiagnosticSettingSpec

Duration = Annotated[str, StringConstraints(pattern=r"^P(\d+Y(\d+M)?(\d+D)?|\d+M(\d+D)?|\d+D)$")]
"""An ISO 8601 duration in whole days: `P2Y`, `P18M`, `P30D`."""


class RotationPolicySpec(Model):
    """The rotation policy of a key: when new versions expire, and when Key Vault creates the next version.

    The simulator keeps the policy and uses the expiry for new versions. It never rotates by itself.
    """

    expiry: Duration | Literal[""] = ""
    rotate_after: Duration | Literal[""] = ""
    rotate_before_expiry: Duration | Literal[""] = ""

    @model_validator(mode="after")
    def _one_trigger(self) -> "RotationPolicySpec":
        if self.rotate_after and self.rotate_before_expiry:
            raise ValueError("give `rotate_after` or `rotate_before_expiry`, not both")
        if self.rotate_before_expiry and not self.expiry:
            raise ValueError("`rotate_before_expiry` needs an `expiry`")
        return self


class KeySpec(Model):
    """A key in a vault. `expires` and `not_before` are in days from now, negative for the past. A `deleted` key can be recovered."""

    kty: Literal["RSA", "RSA-HSM", "EC", "EC-HSM"] = "RSA"
    size: Literal[2048, 3072, 4096] = 2048
    curve: Literal["P-256", "P-384", "P-521"] = "P-256"
    ops: list[str] = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
    enabled: bool = True
    expires: float | None = None
    not_before: float | None = None
    versions: int = Field(1, ge=1, le=20)
    rotation_policy: RotationPolicySpec | None = None
    deleted: bool = False


class AccessPolicySpec(Model):
    """The key permissions of one principal in a vault that uses access policies instead of RBAC."""

    principal: str
    keys: list[str]


class VaultSpec(Model):
    """A key vault. `access` maps an identity (of the same group, or a full id) to built-in roles on the vault.

    `tenant` is the id of another tenant if the vault accepts only the tokens of that tenant.
    """

    location: str = ""
    tenant: Guid | Literal[""] = ""
    sku: Literal["standard", "premium"] = "standard"
    rbac: bool = True
    default_action: Literal["Allow", "Deny"] = "Allow"
    bypass: Literal["AzureServices", "None"] = "AzureServices"
    public_network_access: Literal["Enabled", "Disabled", "SecuredByPerimeter"] = "Enabled"
    purge_protection: bool = False
    soft_delete_days: int = Field(90, ge=7, le=90)
    deleted: bool = False
    keys: dict[str, KeySpec] = {}
    access: dict[str, list[str]] = {}
    access_policies: list[AccessPolicySpec] = []
    diagnostic_settings: dict[str, DiagnosticSettingSpec] = {}
    tags: dict[str, str] = {}

    @model_validator(mode="after")
    def _hardware_is_premium(self) -> "VaultSpec":
        if self.sku != "premium" and any(key.kty.endswith("-HSM") for key in self.keys.values()):
            raise ValueError("a key of an HSM type needs `sku: premium`")
        return self


class IdentitySpec(Model):
    """A user-assigned managed identity. A `deleted` one no longer exists, but the clusters that used it still refer to it."""

    location: str = ""
    deleted: bool = False
    tags: dict[str, str] = {}

"""What the infrastructure code of a cluster must say, read from Azure and free of any format."""

from dataclasses import dataclass
from datetime import datetime

from wizard.cloud.arm import Json, ResourceId
from wizard.cloud.encryption import Encryption


@dataclass(frozen=True)
class Identity:
    """A user-assigned identity of the cluster."""

    id: ResourceId
    location: str
    principal_id: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Assignment:
    """A role assignment of the cluster's identity, on the vault itself or on its key."""

    name: str
    """The GUID that Azure has for it, never a formula: another name for the same assignment is refused with 409."""
    scope: str
    role_guid: str
    role_name: str
    """Empty if the role is not one of those that the how-to assigns."""
    principal_id: str
    principal_type: str = "ServicePrincipal"
    condition: str = ""
    """Empty if nothing limits the assignment."""
    condition_version: str = ""

    @property
    def id(self) -> str:
        """The resource ID."""
        return f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{self.name}"


@dataclass(frozen=True)
class Vault:
    """A key vault, with every setting that a PUT or an import would reset if the code left it out."""

    id: ResourceId
    location: str
    tenant_id: str
    sku: str
    rbac: bool
    access_policies: tuple[Json, ...]
    """As Azure returned them; a PUT of the vault replaces them all."""
    purge_protection: bool
    soft_delete_days: int
    public_network_access: bool
    acls: Json | None
    tags: dict[str, str]


@dataclass(frozen=True)
class Key:
    """A key of the vault, by its versionless identifier."""

    name: str
    uri: str
    type: str
    size: int | None
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Setup:
    """One cluster, and for a customer-managed key what it depends on."""

    cluster: ResourceId
    automatic: bool
    """Whether it is an AKS Automatic cluster, which is another resource type in Terraform."""
    encryption: Encryption
    read_at: datetime
    vault: Vault | None = None
    key: Key | None = None
    identity: Identity | None = None
    assignments: tuple[Assignment, ...] = ()
    inherited: tuple[str, ...] = ()
    """Roles that the identity holds from above the vault, in words; they belong to other code."""

    @property
    def customer_managed(self) -> bool:
        """Whether the cluster uses a customer's key, legacy KMS included."""
        return self.encryption.kms_enabled

    @property
    def legacy(self) -> bool:
        """Whether this is legacy KMS, whose key identifier names a version."""
        return self.encryption.kind == "legacy-kms"

    @property
    def imports(self) -> int:
        """How many resources Terraform has to import."""
        found = (self.vault is not None) + (self.identity is not None) + len(self.assignments)
        return found + len(self.own_policies)

    @property
    def own_policies(self) -> tuple[Json, ...]:
        """The access policies of the cluster's identity, if the vault uses access policies."""
        if self.vault is None or self.identity is None or self.vault.rbac:
            return ()
        principal = self.identity.principal_id.casefold()
        return tuple(
            p for p in self.vault.access_policies if str(p.get("objectId", "")).casefold() == principal
        )

    def profile(self, key_id: str, vault_id: str) -> Json:
        """Return the cluster's `securityProfile` in ARM's form, with these expressions for key and vault."""
        kms: Json = {
            "enabled": True,
            "keyId": key_id,
            "keyVaultNetworkAccess": self.encryption.network_access,
        }
        if vault_id:
            kms["keyVaultResourceId"] = vault_id
        own = {"azureKeyVaultKms": kms} if self.customer_managed else {}
        encrypted = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
        return {**(encrypted if self.encryption.infrastructure else {}), **own}

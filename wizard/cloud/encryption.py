"""How a managed cluster's secrets are encrypted, read from what Azure returned of it."""

from dataclasses import dataclass
from typing import Literal

from wizard.cloud.arm import Json, dig
from wizard.cloud.clean import clean

EncryptionKind = Literal["platform-managed", "customer-managed", "legacy-kms", "none"]
"""`none` also stands for a cluster that does not exist yet."""


@dataclass(frozen=True)
class Encryption:
    """A cluster's encryption settings, as they stand."""

    infrastructure: bool
    """`kubernetesResourceObjectEncryptionProfile.infrastructureEncryption` is Enabled."""
    kms_enabled: bool
    """`azureKeyVaultKms.enabled` is true."""
    key_id: str
    network_access: str
    vault_id: str

    @classmethod
    def of(cls, cluster: Json | None) -> "Encryption":
        """Read from a managed cluster's body, or from nothing for one that does not exist."""
        profile = dig(cluster, "properties", "securityProfile")
        return cls(
            infrastructure=str(
                dig(profile, "kubernetesResourceObjectEncryptionProfile", "infrastructureEncryption") or ""
            ).casefold()
            == "enabled",
            kms_enabled=dig(profile, "azureKeyVaultKms", "enabled") is True,
            key_id=clean(str(dig(profile, "azureKeyVaultKms", "keyId") or "")),
            network_access=clean(str(dig(profile, "azureKeyVaultKms", "keyVaultNetworkAccess") or "")),
            vault_id=clean(str(dig(profile, "azureKeyVaultKms", "keyVaultResourceId") or "")),
        )

    @property
    def kind(self) -> EncryptionKind:
        """Which of the experiences this is. Legacy KMS is a customer's key without infrastructure encryption
        (before API 2026-07-01) or with a versioned key id (from then on): AZURE.md §0 B."""
        if self.kms_enabled:
            return "customer-managed" if self.infrastructure and not self.key_version else "legacy-kms"
        return "platform-managed" if self.infrastructure else "none"

    @property
    def key_version(self) -> str:
        """The version named in the key identifier; empty for a versionless one."""
        parts = self.key_id.removeprefix("https://").strip("/").split("/")
        return parts[3] if len(parts) > 3 else ""

    @property
    def key_name(self) -> str:
        """`vault/key`, or an empty string."""
        parts = self.key_id.removeprefix("https://").strip("/").split("/")
        return f"{parts[0].split('.')[0]}/{parts[2]}" if len(parts) > 2 else ""

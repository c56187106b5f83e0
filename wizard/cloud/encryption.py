"""How a managed cluster's secrets are encrypted, read from what Azure returned of it."""

from dataclasses import dataclass
from typing import Literal

from wizard.cloud.arm import Json, dig
from wizard.system.sanitize import sanitize

EncryptionKind = Literal["platform-managed", "customer-managed", "legacy-kms", "none"]
"""`none` also stands for a cluster that does not exist yet."""

Standing = Literal["settled", "under-way", "ended-badly"]
"""What a cluster's settings are worth. `settled`: they are what is. Else Azure shows what was asked for, from the moment
it was asked (AZURE.md §2d), and what is may be different."""

ENDED_BADLY = frozenset({"Failed", "Canceled"})
"""Values of `provisioningState`: the last operation did not come to its end, and the same request repairs that."""
_SETTLED = frozenset({"Succeeded", "Starting", "Stopping", "Deleting"})
"""Values of `provisioningState` in which no settings wait to be carried out; the last three are operations without a body.
Of all others, Updating and Upgrading among them, nobody can tell what they carry out: each is a PUT of the whole cluster,
its encryption included (AZURE.md §2b)."""


def standing(cluster: Json | None) -> Standing:
    """What a managed cluster's settings are worth, by its `provisioningState`; one that is not known is not trusted."""
    state = str(dig(cluster, "properties", "provisioningState") or "")
    return "settled" if state in _SETTLED else "ended-badly" if state in ENDED_BADLY else "under-way"


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
            key_id=sanitize(str(dig(profile, "azureKeyVaultKms", "keyId") or "")),
            network_access=sanitize(str(dig(profile, "azureKeyVaultKms", "keyVaultNetworkAccess") or "")),
            vault_id=sanitize(str(dig(profile, "azureKeyVaultKms", "keyVaultResourceId") or "")),
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
        return self._key[3] if len(self._key) > 3 else ""

    @property
    def names_key(self) -> bool:
        """Whether the key identifier is one: `https://HOST/keys/NAME`, and perhaps a version."""
        host, kind, *rest = [*self._key, "", ""]
        whole = self.key_id.casefold().startswith("https://") and len(self._key) in {3, 4}
        return bool(whole and host and kind == "keys" and all(rest[: len(self._key) - 2]))

    @property
    def key_name(self) -> str:
        """`vault/key`, or an empty string."""
        return f"{self._key[0].split('.')[0]}/{self._key[2]}" if len(self._key) > 2 else ""

    @property
    def _key(self) -> list[str]:
        """The parts of the key identifier: host, `keys`, the key's name, and its version where it names one."""
        return self.key_id.rpartition("://")[2].strip("/").split("/")

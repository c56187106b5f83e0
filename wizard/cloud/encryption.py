"""How a managed cluster's secrets are encrypted, from its body."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wizard.cloud.arm import Json, dig, documented_spelling, host_of
from wizard.system.sanitize import sanitize

EncryptionKind = Literal["platform-managed", "customer-managed", "legacy-kms", "none"]
"""`none` also means a cluster that does not exist yet."""

SettingsState = Literal["effective", "pending", "failed"]
"""Whether a cluster's settings are in effect. If they are `pending` or have `failed`, Azure shows the settings that were
requested, from the moment of the request (docs/azure.md#long-running-operations), and the settings in effect may differ."""

SUCCEEDED = "Succeeded"
FAILED_STATES = frozenset({"Failed", "Canceled"})
"""Values of `provisioningState` after an operation that failed; the same request repairs the cluster."""
_EFFECTIVE_STATES = frozenset({SUCCEEDED, "Starting", "Stopping", "Deleting"})
"""Values of `provisioningState` without settings that are still to be applied; the last three are operations without a
body. All others, including Updating and Upgrading, may apply any setting: each is a PUT of the whole cluster, including its
encryption (docs/azure.md#how-an-update-works)."""


_STATES = FAILED_STATES | _EFFECTIVE_STATES | {"RegisteringDns"}


def provisioning_state(resource: Json | None) -> str:
    """Return the `provisioningState` of a resource, the known ones as Azure documents them; empty if there is no resource.

    Azure's own rules for resource providers make letter case insignificant, and a missing state mean Succeeded.
    """
    if resource is None:
        return ""
    return sanitize(
        documented_spelling(dig(resource, "properties", "provisioningState") or SUCCEEDED, _STATES)
    )


def settings_state(cluster: Json | None) -> SettingsState:
    """Return whether a cluster's settings are in effect, by its `provisioningState`; an unknown one counts as pending."""
    state = provisioning_state(cluster)
    return "effective" if state in _EFFECTIVE_STATES else "failed" if state in FAILED_STATES else "pending"


@dataclass(frozen=True, slots=True)
class Encryption:
    """A cluster's encryption settings."""

    infrastructure: bool
    """`kubernetesResourceObjectEncryptionProfile.infrastructureEncryption` is Enabled."""
    kms_enabled: bool
    """`azureKeyVaultKms.enabled` is true."""
    key_id: str
    network_access: str
    vault_id: str

    @classmethod
    def of(cls, cluster: Json | None) -> "Encryption":
        """Return the settings in a managed cluster's body, or those of a cluster that does not exist for None."""
        profile = dig(cluster, "properties", "securityProfile")
        objects, kms = (
            dig(profile, "kubernetesResourceObjectEncryptionProfile"),
            dig(profile, "azureKeyVaultKms"),
        )
        return cls(
            infrastructure=str(dig(objects, "infrastructureEncryption") or "").casefold() == "enabled",
            kms_enabled=dig(kms, "enabled") is True,
            key_id=sanitize(str(dig(kms, "keyId") or "")),
            network_access=sanitize(str(dig(kms, "keyVaultNetworkAccess") or "")),
            vault_id=sanitize(str(dig(kms, "keyVaultResourceId") or "")),
        )

    @property
    def kind(self) -> EncryptionKind:
        """The kind of encryption. Legacy KMS is a customer-managed key without infrastructure encryption (before API
        2026-07-01) or with a versioned key identifier (from then on): docs/azure.md#shape-of-the-key-id."""
        if self.kms_enabled:
            return "customer-managed" if self.infrastructure and not self.key_version else "legacy-kms"
        return "platform-managed" if self.infrastructure else "none"

    @property
    def key_host(self) -> str:
        """The host of the vault in the key identifier, in lower case."""
        return host_of(self.key_id)

    @property
    def key_version(self) -> str:
        """The version in the key identifier; empty for a versionless one."""
        return self._key[3] if self.names_key and len(self._key) > 3 else ""

    @property
    def names_key(self) -> bool:
        """Whether the key identifier is valid: `https://HOST/keys/NAME`, optionally with a version."""
        host, kind, *rest = [*self._key, "", ""]
        whole = self.key_id.casefold().startswith("https://") and len(self._key) in {3, 4}
        return bool(whole and host and kind.casefold() == "keys" and all(rest[: len(self._key) - 2]))

    @property
    def key_name(self) -> str:
        """`vault/key`; empty if the key identifier is not valid."""
        return f"{self._key[0].split('.')[0]}/{self._key[2]}" if self.names_key else ""

    @property
    def key_label(self) -> str:
        """`vault/key`, or what the settings have instead, in words."""
        return self.key_name or f"(invalid identifier: {self.key_id or 'empty'})"

    @property
    def _key(self) -> list[str]:
        """The parts of the key identifier: host, `keys`, the key's name, and its version if it has one."""
        return _parts(self.key_id)


@lru_cache(256)
def _parts(key_id: str) -> list[str]:
    return key_id.rpartition("://")[2].strip("/").split("/")

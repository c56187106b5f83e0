"""How a cluster's secrets are encrypted, from its body; a partial configuration is never "none"."""

import pytest

from tests.facts import CUSTOMER_MANAGED, KEY_ID, LEGACY, PLATFORM_MANAGED
from wizard.cloud.arm import Json
from wizard.cloud.encryption import Encryption, EncryptionKind

UNVERSIONED = {"azureKeyVaultKms": {"enabled": True, "keyId": KEY_ID}}
OFF = {"azureKeyVaultKms": {"enabled": False, "keyId": KEY_ID}}


def encryption(profile: Json | None) -> Encryption:
    return Encryption.of({"properties": {"securityProfile": profile}})


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        (None, "none"),
        ({}, "none"),
        ({"kubernetesResourceObjectEncryptionProfile": None, "azureKeyVaultKms": None}, "none"),
        ({"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Disabled"}}, "none"),
        (OFF, "none"),
        (PLATFORM_MANAGED, "platform-managed"),
        (
            {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "enabled"}},
            "platform-managed",
        ),
        ({**PLATFORM_MANAGED, **OFF}, "platform-managed"),
        (CUSTOMER_MANAGED, "customer-managed"),
        ({**PLATFORM_MANAGED, **UNVERSIONED}, "customer-managed"),
        (LEGACY, "legacy-kms"),
        ({**PLATFORM_MANAGED, **LEGACY}, "legacy-kms"),
        (UNVERSIONED, "legacy-kms"),
        ({"azureKeyVaultKms": {"enabled": True}}, "legacy-kms"),
    ],
)
def test_kind_of_each_profile(profile: Json | None, kind: EncryptionKind) -> None:
    assert encryption(profile).kind == kind


@pytest.mark.parametrize("cluster", [None, {}, {"properties": None}, {"properties": {"securityProfile": []}}])
def test_kind_is_none_without_settings(cluster: Json | None) -> None:
    assert Encryption.of(cluster).kind == "none"
    assert Encryption.of(cluster).key_name == ""


def test_key_name_is_vault_and_key() -> None:
    assert encryption(CUSTOMER_MANAGED).key_name == "kv-demo/aks-kms"
    assert encryption(CUSTOMER_MANAGED).key_version == ""
    assert encryption(LEGACY).key_name == "kv-demo/aks-kms"
    assert encryption(LEGACY).key_version == "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("key_id", ["", "kv-demo", "https://", "https://kv-demo.vault.azure.net/keys"])
def test_invalid_key_identifier_has_no_name(key_id: str) -> None:
    odd = encryption({"azureKeyVaultKms": {"enabled": True, "keyId": key_id}})
    assert (odd.key_name, odd.key_version, odd.kind) == ("", "", "legacy-kms")

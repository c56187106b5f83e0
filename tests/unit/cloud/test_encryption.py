"""How a cluster's secrets are encrypted, from what Azure returned of it; half-configured is never "none"."""

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
def test_kinds(profile: Json | None, kind: EncryptionKind) -> None:
    assert encryption(profile).kind == kind


@pytest.mark.parametrize("cluster", [None, {}, {"properties": None}, {"properties": {"securityProfile": []}}])
def test_nothing_is_none(cluster: Json | None) -> None:
    assert Encryption.of(cluster).kind == "none"
    assert Encryption.of(cluster).key_name == ""


def test_the_key_is_named_as_people_name_it() -> None:
    assert encryption(CUSTOMER_MANAGED).key_name == "kv-demo/aks-kms"
    assert encryption(CUSTOMER_MANAGED).key_version == ""
    assert encryption(LEGACY).key_name == "kv-demo/aks-kms"
    assert encryption(LEGACY).key_version == "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("key_id", ["", "kv-demo", "https://", "https://kv-demo.vault.azure.net/keys"])
def test_a_key_identifier_that_is_none_has_no_name(key_id: str) -> None:
    odd = encryption({"azureKeyVaultKms": {"enabled": True, "keyId": key_id}})
    assert (odd.key_name, odd.key_version, odd.kind) == ("", "", "legacy-kms")

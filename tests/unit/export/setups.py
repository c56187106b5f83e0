"""Setups to export, one for each kind, and one whose every name is hostile."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.cloud.arm import KEY_VAULT, MANAGED_CLUSTER, USER_ASSIGNED_IDENTITY, ResourceId
from wizard.cloud.encryption import Encryption
from wizard.export.model import Assignment, Identity, Key, Setup, Vault

GOLDEN = Path(__file__).parent / "golden"
SUBSCRIPTION, OTHER = "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333"
CLUSTER = ResourceId(SUBSCRIPTION, "rg-demo", MANAGED_CLUSTER, "aks-demo")
READ_AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PRINCIPAL = "8a398cdd-02b6-5783-81e3-c96937e58f7c"
VAULT_ID = ResourceId(SUBSCRIPTION, "rg-demo", KEY_VAULT, "kv-demo")
KEY_ID = "https://kv-demo.vault.azure.net/keys/aks-kms"

PLATFORM_MANAGED = Setup(CLUSTER, False, Encryption(True, False, "", "", ""), READ_AT)
VAULT = Vault(
    VAULT_ID,
    "westus2",
    "11111111-1111-1111-1111-111111111111",
    "standard",
    True,
    (),
    True,
    90,
    True,
    {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [{"value": "203.0.113.7/32"}],
        "virtualNetworkRules": [],
    },
    {"owner": "platform"},
)
KEY = Key("aks-kms", KEY_ID, "RSA", 2048, ("encrypt", "decrypt"))
IDENTITY = Identity(
    ResourceId(SUBSCRIPTION, "rg-demo", USER_ASSIGNED_IDENTITY, "id-aks-demo"), "westus2", PRINCIPAL, {}
)
ASSIGNMENTS = (
    Assignment(
        "9e587c9f-5827-557d-a88f-cdabc7a82981",
        str(VAULT_ID),
        "12338af0-0e69-4776-bea7-57ae8d297424",
        "Key Vault Crypto User",
        PRINCIPAL,
    ),
    Assignment(
        "2b9c9ae8-fedb-5e51-8cbf-c33e26357c87",
        f"{VAULT_ID}/keys/aks-kms",
        "0a0a0a0a-0000-0000-0000-000000000000",
        "",
        PRINCIPAL,
    ),
)
PRIVATE = Setup(
    CLUSTER,
    False,
    Encryption(True, True, KEY_ID, "Private", str(VAULT_ID)),
    READ_AT,
    VAULT,
    KEY,
    IDENTITY,
    ASSIGNMENTS,
    (f"Key Vault Reader on /subscriptions/{SUBSCRIPTION}",),
)
PUBLIC = replace(PRIVATE, encryption=replace(PRIVATE.encryption, network_access="Public"))
AUTOMATIC = replace(PRIVATE, automatic=True)
LEGACY = replace(
    PRIVATE, encryption=replace(PRIVATE.encryption, infrastructure=False, key_id=f"{KEY_ID}/0123456789abcdef")
)
ELSEWHERE = replace(
    PRIVATE,
    vault=replace(VAULT, id=ResourceId(OTHER, "rg-keys", KEY_VAULT, "kv-demo")),
    assignments=(
        replace(
            ASSIGNMENTS[0],
            scope=f"/subscriptions/{OTHER}/resourceGroups/rg-keys/providers/{KEY_VAULT}/kv-demo",
        ),
    ),
)
POLICIES = replace(
    PRIVATE,
    assignments=(),
    vault=replace(
        VAULT,
        rbac=False,
        access_policies=(
            {
                "tenantId": VAULT.tenant_id,
                "objectId": PRINCIPAL,
                "permissions": {"keys": ["encrypt", "decrypt"]},
            },
            {"tenantId": VAULT.tenant_id, "objectId": OTHER, "permissions": {"secrets": ["get"]}},
        ),
    ),
)
HOSTILE_TEXT = "a\"b\\c${d}%{e}'f\n# g\t[h]"
HOSTILE = replace(
    PRIVATE,
    cluster=replace(CLUSTER, resource_group='rg(prod)"${x}'),
    vault=replace(
        VAULT, tags={HOSTILE_TEXT: HOSTILE_TEXT, "[concat('x')]": "[parameters('y')]", "it's": "${v}"}
    ),
    assignments=(replace(ASSIGNMENTS[0], condition=HOSTILE_TEXT, condition_version="2.0"),),
)
SETUPS = {
    "platform-managed": PLATFORM_MANAGED,
    "private": PRIVATE,
    "public": PUBLIC,
    "automatic": AUTOMATIC,
    "legacy": LEGACY,
    "elsewhere": ELSEWHERE,
    "policies": POLICIES,
    "hostile": HOSTILE,
}

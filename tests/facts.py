"""What Azure returns of each resource, as plain data: the resources of the pure tests, all of them valid."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tests.support import PRODUCTION, TENANT, cluster_id, identity_id, vault_id
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.credential import SignedIn
from wizard.cloud.inventory import VersionRow
from wizard.cloud.rights import Permission
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_OFFICER, CRYPTO_USER, Grant, Role
from wizard.simulator.protocol.wire import merge
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

SUFFIX = ".vault.azure.net"
ME = SignedIn("00000000-0000-0000-0000-0000000000aa", TENANT, "User", "ops@contoso.example")
PRINCIPAL = "00000000-0000-0000-0000-0000000000bb"
KEY_ID = "https://kv-demo.vault.azure.net/keys/aks-kms"
EVERYTHING = Permission(("*",), ())
VERSIONS = (
    VersionRow("1.36", "1.36.0", default=False, preview=True, lts_only=False),
    VersionRow("1.35", "1.35.1", default=False, preview=False, lts_only=False),
    VersionRow("1.34", "1.34.2", default=True, preview=False, lts_only=False),
    VersionRow("1.33", "1.33.6", default=False, preview=False, lts_only=True),
)

PLATFORM_MANAGED: Json = {
    "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
}
CUSTOMER_MANAGED: Json = {
    **PLATFORM_MANAGED,
    "azureKeyVaultKms": {
        "enabled": True,
        "keyId": KEY_ID,
        "keyVaultNetworkAccess": "Private",
        "keyVaultResourceId": vault_id(),
    },
}
LEGACY: Json = {
    "azureKeyVaultKms": {
        "enabled": True,
        "keyId": f"{KEY_ID}/0123456789abcdef0123456789abcdef",
        "keyVaultNetworkAccess": "Public",
        "keyVaultResourceId": "",
    }
}
SYSTEM_ASSIGNED: Json = {"type": "SystemAssigned", "principalId": PRINCIPAL}


def user_assigned(*ids: str) -> Json:
    """A cluster's identity, made of user-assigned ones."""
    return {"type": "UserAssigned", "userAssignedIdentities": {i: {"principalId": PRINCIPAL} for i in ids}}


def cluster(profile: Json | None = None, *, identity: Json | None = None, **properties: Any) -> Json:
    """A managed cluster that runs, with that security profile and identity; `properties` laid over its own."""
    body: Json = {
        "id": cluster_id(),
        "name": "aks-demo",
        "location": "westus2",
        "identity": identity or SYSTEM_ASSIGNED,
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": "1.34",
            "currentKubernetesVersion": "1.34.2",
            "agentPoolProfiles": [{"name": "nodepool1", "count": 3, "vmSize": "Standard_D4ds_v5"}],
            "securityProfile": profile or {},
        },
    }
    return merge(body, {"properties": properties})


def vault(*, denies: bool = True, **properties: Any) -> Json:
    """A key vault that fits: Azure RBAC, purge protection, trusted services may pass."""
    body: Json = {
        "id": vault_id(),
        "name": "kv-demo",
        "location": "westus2",
        "properties": {
            "tenantId": TENANT,
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"defaultAction": "Deny" if denies else "Allow", "bypass": "AzureServices"},
        },
    }
    return merge(body, {"properties": properties})


def key(**properties: Any) -> Json:
    """A key that fits: RSA, enabled, encrypts and decrypts, never expires."""
    body: Json = {
        "id": f"{vault_id()}/keys/aks-kms",
        "name": "aks-kms",
        "properties": {
            "kty": "RSA",
            "keySize": 3072,
            "keyOps": ["encrypt", "decrypt"],
            "rotationPolicy": {
                "lifetimeActions": [{"trigger": {"timeAfterCreate": "P1Y"}, "action": {"type": "rotate"}}]
            },
            "attributes": {"enabled": True},
            "keyUri": KEY_ID,
            "keyUriWithVersion": f"{KEY_ID}/0123456789abcdef0123456789abcdef",
        },
    }
    return merge(body, {"properties": properties})


def identity(**properties: Any) -> Json:
    """The user-assigned identity."""
    given = {"principalId": PRINCIPAL, "tenantId": TENANT, **properties}
    return {"id": identity_id(), "location": "westus2", "properties": given}


def grant(role: Role, principal: str = PRINCIPAL, scope: str | None = None) -> Grant:
    """A role held on the vault since long ago."""
    return Grant(scope or vault_id(), role.guid, principal, datetime(2024, 1, 1, tzinfo=UTC))


IDENTITY_GRANTS = (grant(CRYPTO_USER), grant(CONTRIBUTOR))
OPERATOR_GRANTS = (grant(CRYPTO_OFFICER, ME.object_id),)


GROUP = f"/subscriptions/{PRODUCTION}/resourcegroups/rg-demo"
"""The resource group of all this, as a snapshot keeps it."""


BRACKETED = "rg(demo)"
"""A legal name of a resource group that is a syntax error in a shell, unless it is quoted."""


def bracketed(value: Any) -> Any:
    """The same facts with `rg-demo` called `rg(demo)`, wherever it is named."""
    if isinstance(value, str):
        return value.replace("rg-demo", BRACKETED)
    if isinstance(value, Answers):
        return value.model_copy(update={"resource_group": bracketed(value.resource_group)})
    if isinstance(value, Mapping):
        return {bracketed(key): bracketed(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: bracketed(getattr(value, each.name)) for each in fields(value)})
    if type(value) in {list, tuple, set, frozenset}:
        return type(value)(map(bracketed, value))
    return value


def unquoted(remedy: str) -> bool:
    """Whether the bracketed group stands in a command as a shell would not take it."""
    return "az " in remedy and BRACKETED in re.sub("'[^']*'", "", remedy)


def shouted(value: Any, *, names: bool = False) -> Any:
    """The same JSON with every text in capitals, and with `names` those of its members too."""
    if isinstance(value, dict):
        return {
            name.upper() if names or "/" in name else name: shouted(each, names=names)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [shouted(each, names=names) for each in value]
    return value.upper() if isinstance(value, str) else value


def target(answers: Answers) -> Target:
    """The answers, in Azure itself."""
    return Target(answers, SUFFIX)


def empty_snapshot(answers: Answers, **changes: Any) -> Snapshot:
    """A subscription in which only the cluster exists (none, if it is to be created), and everything is allowed."""
    there = answers.cluster.create is False
    groups = {group.key: {"location": answers.location} for group in target(answers).groups}
    snapshot = Snapshot(
        signed_in=ME,
        feature="Registered",
        provider="Registered",
        groups={**groups},
        cluster=cluster() if there else None,
        versions=() if there else VERSIONS,
        permissions_at=dict.fromkeys(groups, (EVERYTHING,)),
    )
    return replace(snapshot, **changes)


def complete_snapshot(answers: Answers, **changes: Any) -> Snapshot:
    """The same, with vault, key, identity and roles as the answers need them."""
    denies = answers.vault is not None and answers.vault.network_access == "Private"
    everything: Mapping[str, Any] = {
        "vault": vault(denies=denies),
        "key": key(),
        "identity": identity(),
        "identity_grants": IDENTITY_GRANTS,
        "operator_grants": OPERATOR_GRANTS,
    }
    return empty_snapshot(answers, **{**everything, **changes})

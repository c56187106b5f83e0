"""Every refusal that docs/azure.md lists, row by row: the scenario, the request, and HTTP status, code and text.

Long-running operations, propagation and throttling have tests of their own; these refusals are immediate.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.simulated.simulator.clients import (
    AKS,
    CRYPTO_USER,
    KEY_VAULT_CONTRIBUTOR,
    OPERATOR,
    PRODUCTION,
    TENANT,
    Cloud,
    Start,
    cluster_path,
    said,
    vault_path,
)

S = f"/subscriptions/{PRODUCTION}"
GROUP = f"{S}/resourceGroups/rg-demo"
FEATURE = f"{S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/"
AUTHORIZATION = "providers/Microsoft.Authorization"
VAULTS, FEATURES, ROLES, GROUPS = "2026-02-01", "2021-07-01", "2022-04-01", "2024-11-01"
PERMISSION = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError"
NO_PERMISSION = 'The identity does not have keys encrypt/decrypt permission on key vault "https://kv-demo.vault.local.test"'
Reply = tuple[int, Any, Any]
Ask = Callable[[Cloud], Awaitable[Reply]]


class Row(NamedTuple):
    """A row of the document: its section, the scenario (a name, or changes to contoso), the request, the refusal."""

    section: str
    world: str
    ask: Ask
    status: int
    code: str
    text: str


def arm(method: str, path: str, version: str = AKS, body: Any = None, **headers: str) -> Ask:
    """A plain request to ARM."""

    async def ask(cloud: Cloud) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await cloud.raw(method, path, version, body, sent or None)

    return ask


def encrypt(
    access: str | None = "Public", *, identity: bool = True, role: str = CRYPTO_USER, **kms: Any
) -> Ask:
    """PUT aks-demo with kv-demo/aks-kms, from the scenario or created here; `kms` is merged into the settings (None removes)."""

    async def ask(cloud: Cloud) -> Reply:
        if cloud.simulator.resource(vault_path()) is None:
            await cloud.make_vault()
            await cloud.make_key()
        made = await cloud.make_identity()
        if role:
            await cloud.grant(vault_path(), role, made.principal_id)
        await cloud.register_feature()
        wanted = {
            "enabled": True,
            "keyId": "https://kv-demo.vault.local.test/keys/aks-kms",
            "keyVaultNetworkAccess": access,
            "keyVaultResourceId": vault_path(),
        } | kms
        profile: dict[str, Any] = {
            "azureKeyVaultKms": {name: value for name, value in wanted.items() if value is not None},
            "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
        }
        if str(wanted["keyId"]).count("/") == 5:
            del profile["kubernetesResourceObjectEncryptionProfile"]
        who = {"type": "UserAssigned", "userAssignedIdentities": {made.id: {}}}
        changes: dict[str, Any] = {"identity": who} if identity else {}
        return await cloud.put_cluster(security=profile, **changes)

    return ask


def platform(*, registered: bool = True) -> Ask:
    """PUT aks-demo with a platform-managed key."""

    async def ask(cloud: Cloud) -> Reply:
        if registered:
            await cloud.register_feature()
        profile = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
        return await cloud.put_cluster(security=profile)

    return ask


async def update(cloud: Cloud) -> Reply:
    """PUT aks-demo unchanged."""
    return await cloud.put_cluster()


def upgrade(version: str) -> Ask:
    """PUT aks-demo with another Kubernetes version."""

    async def ask(cloud: Cloud) -> Reply:
        return await cloud.put_cluster(properties={"kubernetesVersion": version})

    return ask


def new_cluster(**more: Any) -> Ask:
    """PUT a cluster that does not exist."""
    body = {"location": "westus2", "identity": {"type": "SystemAssigned"}, "properties": {}} | more
    return arm("PUT", cluster_path("aks-new"), AKS, body)


def vault(name: str = "kv-demo", group: str = "rg-demo", **properties: Any) -> Ask:
    """PUT a vault."""
    given = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}} | properties
    return arm("PUT", vault_path(name, group), VAULTS, {"location": "westus2", "properties": given})


def assign(
    role: str = KEY_VAULT_CONTRIBUTOR, principal: str = OPERATOR, *, twice: str = "", **more: Any
) -> Ask:
    """PUT a role assignment; `twice`: again, under `another name` or with `other content`."""

    async def ask(cloud: Cloud) -> Reply:
        reply: Reply = (0, None, None)
        for number in (1, 2) if twice else (1,):
            given = CRYPTO_USER if number == 2 and twice == "other content" else role
            name = f"00000000-0000-4000-8000-00000000000{number if twice == 'another name' else 1}"
            properties = {
                "roleDefinitionId": f"{S}/{AUTHORIZATION}/roleDefinitions/{given}", "principalId": principal,
            } | more  # fmt: skip
            path = f"{GROUP}/{AUTHORIZATION}/roleAssignments/{name}"
            reply = await cloud.raw("PUT", path, ROLES, {"properties": properties})
        return reply

    return ask


def data_plane(
    method: str, path: str, body: Any = None, *, role: str = "Key Vault Crypto Officer", bearer: bool = True
) -> Ask:
    """Send a request to the keys of kv-demo, which are created if the scenario has none."""

    async def ask(cloud: Cloud) -> Reply:
        if cloud.simulator.resource(vault_path()) is None:
            await cloud.make_vault()
            await cloud.make_key()
        if role:
            found = cloud.authorization.role_definitions.list(GROUP, filter=f"roleName eq '{role}'")
            guid = (await anext(found)).name
            await cloud.grant(vault_path(), guid, OPERATOR)
        token = await cloud.token("https://vault.local.test")
        url = f"https://kv-demo.vault.local.test{path}?api-version=7.6"
        headers = {"Authorization": f"Bearer {token}"} if bearer else {}
        async with cloud.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json(), answer.headers

    return ask


async def take_identity(cloud: Cloud) -> Reply:
    """PUT aks-demo with a user-assigned identity."""
    made = await cloud.make_identity()
    who = {"type": "UserAssigned", "userAssignedIdentities": {made.id: {}}}
    return await cloud.put_cluster(identity=who)


async def key_of_its_own(cloud: Cloud) -> Reply:
    """Create a vault, and through ARM a key in it."""
    await cloud.make_vault()
    return await cloud.raw("PUT", vault_path() + "/keys/aks-kms", VAULTS, KEY_BODY)


SLOW = "extends: slow-roles\nrules: {feature_required_for: []}\ndurations: {vault_dns: 0, principal_replication: 0}"
KEY_BODY = {"properties": {"kty": "RSA", "keyOps": ["encrypt", "decrypt"]}}

ROWS = [
    # -- the AKS resource provider --------------------------------------------------------------------------------------
    Row("refusals-of-the-aks-resource-provider: access missing", "contoso", encrypt(None), 400, "BadRequest", "KeyVault network access is unspecified for Azure Key Vault KMS."),
    Row("refusals-of-the-aks-resource-provider: vault id missing", "contoso", encrypt("Private", keyVaultResourceId=None), 400, "BadRequest", "KeyVault resource ID is empty when KeyVault network access is Private."),
    Row("refusals-of-the-aks-resource-provider: legacy private", "legacy-kms", encrypt("Private", role="", keyId="https://kv-demo.vault.local.test/keys/aks-kms/" + "0" * 32), 400, "BadRequest", "Vnet integration should be enabled when KeyVault network access is Private."),
    Row("refusals-of-the-aks-resource-provider: system-assigned", "contoso", encrypt(identity=False), 400, "BadRequest", "AzureKeyVaultKms feature does not support cluster identity type SystemAssigned, supported value is 'UserAssigned'"),
    Row("refusals-of-the-aks-resource-provider: no role", "contoso", encrypt(role=""), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: role not propagated", SLOW, encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: wrong role", "wrong-role", encrypt(role=""), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: role on another vault", "wrong-scope", encrypt(role=""), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: RBAC role on an access-policy vault", "vault-access-policies", encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: elliptic-curve key", "key-elliptic", encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: firewall and Public", "vault-firewall", encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: key operations", "key-without-encrypt", encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: key not yet valid", "key-not-yet-valid", encrypt(), 400, PERMISSION, NO_PERMISSION),
    Row("refusals-of-the-aks-resource-provider: flag missing", "contoso", platform(registered=False), 400, "BadRequest", "Feature Microsoft.ContainerService/KMSPMKPreview is not enabled. Please see https://aka.ms/aks/previews for how to enable features."),
    Row("refusals-of-the-aks-resource-provider: concurrent operation", "busy", update, 409, "OperationNotAllowed", "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details"),
    Row("refusals-of-the-aks-resource-provider: If-Match", "contoso", arm("PUT", cluster_path(), AKS, {"location": "westus2"}, If_Match='"stale"'), 412, "PreconditionFailed", "Etag mismatched"),
    Row("refusals-of-the-aks-resource-provider: If-None-Match", "contoso", arm("PUT", cluster_path(), AKS, {"location": "westus2"}, If_None_Match="*"), 412, "PreconditionFailed", "exists already"),
    Row("refusals-of-the-aks-resource-provider: If-None-Match, neither empty nor *", "contoso", arm("PUT", cluster_path(), AKS, {"location": "westus2"}, If_None_Match='"x"'), 400, "BadRequest", "If-None-Match must be empty or '*'."),
    Row("refusals-of-the-aks-resource-provider: both headers", "contoso", arm("PUT", cluster_path(), AKS, {"location": "westus2"}, If_Match='"x"', If_None_Match="*"), 400, "BadRequest", "cannot be used together"),
    Row("refusals-of-the-aks-resource-provider: quota", "quota-reached", new_cluster(), 400, "ManagedClusterCountExceedsQuotaLimit", "Operation results in exceeding quota limits for managed clusters. Maximum allowed: 1, Current usage: 1, Additional requested: 1. Consider deleting unused clusters or requesting a quota increase."),
    Row("refusals-of-the-aks-resource-provider: policy on nodes", "policy-denies-nodes", update, 400, "RequestDisallowedByPolicy", "Preflight validation check for resource(s) for container service aks-demo in resource group MC_rg-demo_aks-demo_westus2 failed. Message: Resource 'aks-"),
    Row("refusals-of-the-aks-resource-provider: lock on the cluster's group", "read-only-lock", update, 409, "ScopeLocked", f"cannot perform write operation because following scope(s) are locked: '{GROUP}'. Please remove the lock and try again."),
    Row("refusals-of-the-aks-resource-provider: lock on the nodes' group", "node-group-lock", update, 409, "ScopeLocked", "are locked: '" + S + "/resourceGroups/MC_rg-demo_aks-demo_westus2'"),
    Row("refusals-of-the-aks-resource-provider: stopped", "stopped", update, 400, "OperationNotAllowed", "You can only perform start or delete operations on a stopped AKS cluster."),
    Row("refusals-of-the-aks-resource-provider: assign/action", "no-assign", take_identity, 403, "LinkedAuthorizationFailed", "does not have permission to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '"),
    Row("refusals-of-the-aks-resource-provider: not there", "contoso", arm("GET", cluster_path("x")), 404, "ResourceNotFound", "The Resource 'Microsoft.ContainerService/managedClusters/x' under resource group 'rg-demo' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"),
    Row("refusals-of-the-aks-resource-provider: KMS v1 and an upgrade", "legacy-kms-v1", upgrade("1.33.6"), 400, "BadRequest", "KMS v1"),
    Row("refusals-of-the-aks-resource-provider: Kubernetes too old", "too-old", platform(), 400, "BadRequest", "requires Kubernetes version 1.33 or later, the cluster is on 1.32.10"),
    Row("refusals-of-the-aks-resource-provider: vault of another tenant", "vault-other-tenant", encrypt(role=""), 400, "BadRequest", "A key vault of another tenant is not supported."),
    Row("refusals-of-the-aks-resource-provider: policy on vaults", "policy-denies-vault", vault(), 403, "RequestDisallowedByPolicy", "Resource 'kv-demo' was disallowed by policy. Policy identifiers: '[{\"policyAssignment\":{\"name\":"),
    Row("request-bodies: no downgrade", "encrypted", arm("PUT", cluster_path(), AKS, {"location": "westus2", "properties": {}}), 400, "BadRequest", "is not supported once it is enabled"),
    Row("cluster-identities: service principal", "service-principal", platform(), 400, "BadRequest", "service principals are not supported"),
    Row("cluster-identities: identity gone", "identity-deleted", update, 400, "FailedIdentityOperation", "id-aks-demo' was not found"),
    Row("cluster-identities: version for LTS only", "contoso", new_cluster(properties={"kubernetesVersion": "1.32.7"}), 400, "K8sVersionNotSupported", "which is only available for Long-Term Support (LTS)"),
    Row("cluster-identities: unknown version", "contoso", new_cluster(properties={"kubernetesVersion": "1.20.1"}), 400, "K8sVersionNotSupported", "which is not supported in this region"),
    # -- Key Vault ------------------------------------------------------------------------------------------------------
    Row("names-and-soft-delete: name", "contoso", vault("1kv"), 400, "VaultNameNotValid", "must be between 3-24 alphanumeric characters"),
    Row("names-and-soft-delete: soft-deleted", "vault-soft-deleted", vault(), 409, "ConflictError", "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete."),
    Row("names-and-soft-delete: taken", "vault-name-taken", vault(), 409, "VaultAlreadyExists", "The vault name 'kv-demo' is already in use. Vault names are globaly unique"),
    Row("names-and-soft-delete: recover what is not deleted", "contoso", vault(createMode="recover"), 404, "SoftDeletedVaultDoesNotExist", "A soft deleted vault with the given name does not exist."),
    Row("names-and-soft-delete: purge protection", "vault-purge-protected", arm("POST", f"{S}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/kv-demo/purge", VAULTS), 400, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed."),
    Row("names-and-soft-delete: deleted key, through ARM", "key-deleted", arm("PUT", vault_path() + "/keys/aks-kms", VAULTS, KEY_BODY), 409, "Conflict", "is currently in a deleted but recoverable state, and its name cannot be reused"),
    Row("names-and-soft-delete: deleted key, data plane", "key-deleted", data_plane("POST", "/keys/aks-kms/create", {"kty": "RSA"}), 409, "Conflict", "is currently in a deleted but recoverable state, and its name cannot be reused"),
    Row("role-assignments: no data role", "key-expired", data_plane("GET", "/keys", role=""), 403, "Forbidden", "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: appid="),
    Row("role-assignments: no right to assign", "no-grant", assign(), 403, "AuthorizationFailed", "does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '"),
    Row("role-assignments: deny assignment", "deny-assignment", update, 403, "DenyAssignmentAuthorizationFailed", "however, the access is denied because of the deny assignment with name '"),
    Row("role-assignments: unknown principal", "contoso", assign(principal="00000000-0000-0000-0000-000000000001"), 400, "PrincipalNotFound", "does not exist in the directory " + TENANT + ". Check that you have the correct principal ID."),
    Row("role-assignments: another name", "contoso", assign(twice="another name"), 409, "RoleAssignmentExists", "The role assignment already exists."),
    Row("role-assignments: other content", "contoso", assign(twice="other content"), 400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."),
    Row("keys-through-resource-manager: policy, key expiry", "policy-wants-key-expiry", key_of_its_own, 403, "Forbidden", "The operation was disallowed by policy."),
    Row("keys-through-resource-manager: hardware key in a standard vault", "key-expired", arm("PUT", vault_path() + "/keys/new", VAULTS, {"properties": {"kty": "RSA-HSM"}}), 400, "BadRequest", "premium"),
    Row("network-access-of-a-vault: firewall", "vault-firewall", data_plane("GET", "/keys"), 403, "Forbidden", "Client address is not authorized and caller is not a trusted service"),
    Row("network-access-of-a-vault: closed", "vault-private", data_plane("GET", "/keys"), 403, "Forbidden", "Public network access is disabled and request is not from a trusted service nor via an approved private link."),
    Row("network-access-of-a-vault: perimeter", "vault-perimeter", data_plane("GET", "/keys"), 403, "Forbidden", "Public network access is disabled and request is not from a trusted service nor via an approved private link."),
    Row("key-vault: no token", "key-expired", data_plane("GET", "/keys", bearer=False), 401, "Unauthorized", "AKV10000"),
    # -- Features and providers -----------------------------------------------------------------------------------------
    Row("preview-features: unknown feature", "contoso", arm("GET", FEATURE + "StartStopPreview", FEATURES), 404, "FeatureNotFound", "The feature 'StartStopPreview' could not be found."),
    Row("preview-features: no right to register", "no-rights", arm("POST", FEATURE + "KMSPMKPreview/register", FEATURES), 403, "AuthorizationFailed", "Microsoft.Features/providers/features/register/action"),
    Row("round-trip-through-the-sdk: provider not registered", "unregistered-provider", vault(), 409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.KeyVault'. See https://aka.ms/rps-not-found for how to register subscriptions."),
]  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("row", ROWS, ids=[row.section for row in ROWS])
async def test_a_refusal(start: Start, row: Row) -> None:
    """docs/azure.md, the section in the test's name."""
    speed = 1.0 if row.world == SLOW else float("inf")
    cloud = await start(row.world, speed=speed)
    status, answer, _ = await row.ask(cloud)
    refused = said(answer)
    assert (status, refused.get("code")) == (row.status, row.code), refused
    assert row.text in refused["message"]
    if row.status == 404 and row.code == "ResourceNotFound":
        assert (await row.ask(cloud))[2]["x-ms-failure-cause"] == "gateway"

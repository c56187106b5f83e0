"""How the API servers of a cluster encrypt: which key, under which id, and whether the cluster may use it now."""

import hashlib
import re

from wizard.simulator.cluster_kms import Encryption, control_plane_identity
from wizard.simulator.key_store import find_key, key_uri, why_not
from wizard.simulator.kubernetes.memory import ClusterMemory, DataKey
from wizard.simulator.providers.key_vault import find_vault
from wizard.simulator.state import Resource
from wizard.simulator.vault_access import Origin, check_network, check_rights
from wizard.simulator.wire import Refusal
from wizard.simulator.world import World

_KEY_ID = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.[a-z0-9.-]+/keys/(?P<key>[a-z0-9-]+)(?:/(?P<version>[0-9a-f]{32}))?/?",
    re.IGNORECASE,
)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def legacy_key_id(key_identifier: str) -> str:
    """The KMS key id of the open source plugin, which legacy KMS runs: of the whole versioned key identifier (OSS keyvault.go getKeyIDHash)."""
    return _sha256(key_identifier)


def wanted(world: World, cluster: Resource) -> tuple[str, str, DataKey]:
    """How the cluster's ARM body wants secrets encrypted: the kind, the KMS key id, and the wrapping key (its data key empty).

    The key id of the new experience is not documented: here it is stable, opaque, and another one for another key
    version (AZURE.md §7).
    """
    encryption = Encryption.of(cluster.body["properties"])
    uid = str(cluster.body["properties"]["resourceUID"])
    match = _KEY_ID.fullmatch(str(encryption.kms.get("keyId") or "")) if encryption.customer else None
    if match is None:
        if encryption.platform:
            return "platform", _sha256(f"platform-managed/{uid}"), DataKey("")
        return "none", "", DataKey("")
    key = find_key(world, match["vault"], match["key"])
    version = (match["version"] or (key.current.version if key else "")).lower()
    wrapping = DataKey(
        "", match["vault"], match["key"], version, str(encryption.kms.get("keyVaultNetworkAccess"))
    )
    identifier = key_uri(world, match["vault"], match["key"], version)
    if match["version"] and not encryption.platform:
        return "legacy", legacy_key_id(identifier), wrapping
    return "customer", _sha256(f"customer-managed/{uid}/{identifier}"), wrapping


def follows_versions(cluster: Resource) -> bool:
    """Whether the cluster's key id is versionless, so that AKS looks for newer versions itself (how-to, "Key rotation")."""
    match = _KEY_ID.fullmatch(str(Encryption.of(cluster.body["properties"]).kms.get("keyId") or ""))
    return match is not None and not match["version"]


def why_unusable(world: World, cluster: Resource, wrapping: DataKey, operation: str) -> str:
    """Why the KMS plugin cannot `encrypt` or `decrypt` with a wrapping key now, as it says it; "" where it can.

    An expired key still decrypts (AZURE.md §1b).
    """
    if not wrapping.vault:
        return ""
    principal = control_plane_identity(world, cluster.body.get("identity") or {})
    if principal is None:
        return "the identity of the cluster is gone"
    vault, key = find_vault(world, wrapping.vault), find_key(world, wrapping.vault, wrapping.key)
    if vault is None:
        return f"dial tcp: lookup {wrapping.vault}.{world.scenario.vault_suffix}: no such host"
    try:
        trusted = wrapping.network == "Private" and world.scenario.rules.aks_is_trusted_service
        check_network(world, vault, principal, Origin.TRUSTED_SERVICE if trusted else Origin.INTERNET)
        check_rights(world, vault, principal, operation, wrapping.key)
    except Refusal as refusal:
        return _failure(operation, refusal.status, refusal.code, refusal.message, refusal.inner or "")
    version = next((each for each in key.versions if each.version == wrapping.version), None) if key else None
    if version is None:
        text = f"A key with (name/id) {wrapping.key}/{wrapping.version} was not found in this key vault."
        return _failure(operation, 404, "KeyNotFound", text, "")
    if refused := why_not(version, operation, world.now()):
        inner, text = refused
        return _failure(operation, 403, "Forbidden", text, inner)
    return ""


def _failure(operation: str, status: int, code: str, message: str, inner: str) -> str:
    tail = f' InnerError={{"code":"{inner}"}}' if inner else ""
    text = message.replace("\r\n", " ").strip()
    return (
        f"failed to {operation}, error: keyvault.BaseClient#{operation.capitalize()}: Failure responding to request: "
        f'StatusCode={status} -- Original Error: Code="{code}" Message="{text}"{tail}'
    )


def why_unhealthy(world: World, cluster: Resource, memory: ClusterMemory) -> str:
    """Why the KMS plugin is not well: it tries its key both ways; "" where it is well or there is none."""
    wrapping = memory.keys.get(memory.key_id)
    if wrapping is None:
        return ""
    return why_unusable(world, cluster, wrapping, "encrypt") or why_unusable(
        world, cluster, wrapping, "decrypt"
    )

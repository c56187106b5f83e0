"""How the API servers of a cluster encrypt: with which key and key id, and whether the cluster can use the key now."""

import hashlib

from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.cluster_memory import ClusterMemory, DataKey
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import find_key, key_uri
from wizard.simulator.vaults.key_use import KEY_ID, Encryption, Unresolvable, use_key


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def legacy_key_id(key_identifier: str) -> str:
    """Return the KMS key id of the open source plugin, which legacy KMS runs: a hash of the whole versioned key identifier
    (OSS keyvault.go getKeyIDHash).
    """
    return _sha256(key_identifier)


def wanted(world: World, cluster: Resource) -> tuple[str, str, DataKey]:
    """Return how secrets are encrypted according to the ARM body: kind, KMS key id, and wrapping key without its data key.

    The key id of the new experience is not documented. Here it is stable and opaque, and differs for each key version
    (docs/azure.md#proof-from-inside-a-cluster).
    """
    encryption = Encryption.of(cluster.body["properties"])
    uid = str(cluster.body["properties"]["resourceUID"])
    match = KEY_ID.fullmatch(str(encryption.kms.get("keyId") or "")) if encryption.customer else None
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
    """Return whether the cluster's key id is versionless, so that AKS picks up newer versions automatically (how-to, "Key rotation")."""
    match = KEY_ID.fullmatch(str(Encryption.of(cluster.body["properties"]).kms.get("keyId") or ""))
    return match is not None and not match["version"]


def unusable_reason(world: World, cluster: Resource, wrapping: DataKey, operation: str) -> str:
    """Return why the KMS plugin cannot `encrypt` or `decrypt` with a wrapping key now, in its own words, or "" if it can.

    An expired key still decrypts (docs/azure.md#keys-that-expire-are-disabled-or-lost).
    """
    if not wrapping.vault:
        return ""
    identity: Json = cluster.body.get("identity") or {}
    try:
        use_key(world, identity, operation, wrapping.vault, wrapping.key, wrapping.version, wrapping.network)
    except Unresolvable as gone:
        return str(gone)
    except Refusal as refusal:
        return _failure(operation, refusal.status, refusal.code, refusal.message, refusal.inner or "")
    return ""


def _failure(operation: str, status: int, code: str, message: str, inner: str) -> str:
    tail = f' InnerError={{"code":"{inner}"}}' if inner else ""
    text = message.replace("\r\n", " ").strip()
    return (
        f"failed to {operation}, error: keyvault.BaseClient#{operation.capitalize()}: Failure responding to request: "
        f'StatusCode={status} -- Original Error: Code="{code}" Message="{text}"{tail}'
    )


def unhealthy_reason(world: World, cluster: Resource, memory: ClusterMemory) -> str:
    """Return why the KMS plugin is unhealthy: it cannot encrypt or decrypt. Return "" if it is healthy or there is none."""
    wrapping = memory.keys.get(memory.key_id)
    if wrapping is None:
        return ""
    return unusable_reason(world, cluster, wrapping, "encrypt") or unusable_reason(
        world, cluster, wrapping, "decrypt"
    )

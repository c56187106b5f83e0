"""etcd and the transformers in front of it: how objects are stored, in plain text or encrypted, and read back.

Plain objects begin with `k8s` and a zero byte, as those of Kubernetes do (JSON follows here). Encrypted ones begin with
the transformer's prefix, followed by an EncryptedObject of KMS v2 (encrypted data, key id), sealed with AES-GCM.
"""

import base64
import json
import secrets
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wizard.simulator.kubernetes import metrics, protobuf
from wizard.simulator.kubernetes.kms import unusable_reason
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory, EtcdEntry
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

PLAIN = b"k8s\x00"
WRITE_GRACE_PERIOD = 180.0
"""Real-life seconds for which API servers continue to write after the KMS failed (K8S encryptionconfig/config.go)."""
_NONCE = 12


class KmsError(Exception):
    """The API server cannot encrypt or decrypt. The text is its error message."""


def key_of(resource: str, namespace: str, name: str) -> str:
    """Return the etcd key of an object: `/registry/secrets/NAMESPACE/NAME`."""
    return "/registry/" + "/".join(part for part in (resource, namespace, name) if part)


def _encode(data: bytes, key_id: str) -> bytes:
    return protobuf.text(1, data) + protobuf.text(2, key_id)


def _decode(message: bytes) -> tuple[bytes, str]:
    parts = protobuf.parts(message)
    return parts[1], parts[2].decode()


def key_id_of(memory: ClusterMemory, stored: bytes) -> str:
    """Return the KMS key id with which a stored value is encrypted, or "" if it is plain."""
    start = metrics.prefix(memory).encode()
    return _decode(stored[len(start) :])[1] if stored.startswith(start) else ""


class Etcd:
    """The storage of one cluster, as one of its API servers sees it."""

    def __init__(self, world: World, cluster: Resource, memory: ClusterMemory, replica: int) -> None:
        self._world, self._cluster, self._memory, self._replica = world, cluster, memory, replica

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, in order."""
        return sorted(key for key in self._memory.etcd if key.startswith(prefix))

    def has(self, key: str) -> bool:
        """Return whether an object exists, without reading it."""
        return key in self._memory.etcd

    def get(self, key: str) -> Json:
        """Return an object with its resourceVersion. Raise KeyError if there is none, KmsError if it cannot be decrypted."""
        return self._get(key)[0]

    def _get(self, key: str) -> tuple[Json, bool]:
        """Return the object, and whether it is stale: whether it would be stored differently now."""
        entry = self._memory.etcd[key]
        plain, stale = self._from_storage(key, base64.b64decode(entry.value))
        shown: Json = json.loads(plain.removeprefix(PLAIN))
        shown["metadata"]["resourceVersion"] = str(entry.modified)
        return shown, stale

    def put(self, key: str, body: Json) -> Json:
        """Store an object and return it. If it would be stored exactly as it is, nothing is written, as in Kubernetes.

        Raise KmsError.
        """
        before = self._memory.etcd.get(key)
        wanted = body | {
            "metadata": {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
        }
        if before is not None:
            held, stale = self._get(key)
            if not stale and held == body | {
                "metadata": wanted["metadata"] | {"resourceVersion": str(before.modified)}
            }:
                return held
        value = self._to_storage(key, PLAIN + json.dumps(wanted, separators=(",", ":")).encode())
        self._memory.revision += 1
        revision = self._memory.revision
        self._memory.etcd[key] = EtcdEntry(
            base64.b64encode(value).decode(), before.created if before else revision, revision
        )
        self._world.changed = True
        return wanted | {"metadata": wanted["metadata"] | {"resourceVersion": str(revision)}}

    def rewrite(self, key: str) -> None:
        """Store an object again, as the controller does that migrates secrets. Raise KmsError."""
        self.put(key, self.get(key))

    def delete(self, key: str) -> None:
        """Delete an object."""
        del self._memory.etcd[key]
        self._memory.revision += 1
        self._world.changed = True

    # -- transformers -------------------------------------------------------------------------------------------------

    def _from_storage(self, key: str, stored: bytes) -> tuple[bytes, bool]:
        memory, replica = self._memory, self._replica
        if not key.startswith("/registry/secrets/"):
            return stored, False
        start = metrics.prefix(memory).encode()
        if not stored.startswith(start):
            if memory.kind != "none":
                metrics.transformed(memory, replica, "from_storage", "identity")
            return stored, memory.kind not in {"none", "leaving"}
        sealed, key_id = _decode(stored[len(start) :])
        self._unwrap(key_id, key)
        metrics.key_used(memory, replica, "from_storage", key_id, self._world.now())
        metrics.transformed(memory, replica, "from_storage", metrics.prefix(memory))
        plain = AESGCM(base64.b64decode(memory.keys[key_id].dek)).decrypt(
            sealed[:_NONCE], sealed[_NONCE:], key.encode()
        )
        return plain, memory.kind == "leaving" or key_id != memory.key_id

    def _unwrap(self, key_id: str, key: str) -> None:
        """Decrypt a data key with the KMS if the API servers do not have it in memory. Keys in memory stay usable without the KMS.

        Raise KmsError.
        """
        memory = self._memory
        if key_id in memory.unwrapped:
            return
        why = unusable_reason(self._world, self._cluster, memory.keys[key_id], "decrypt")
        metrics.kms_called(memory, self._replica, "Decrypt", "Unknown" if why else "OK", 0.02)
        if why:
            metrics.transformed(memory, self._replica, "from_storage", metrics.prefix(memory), "Unknown")
            raise KmsError(
                f'unable to transform key "{key}": failed to decrypt DEK, error: rpc error: code = Unknown desc = {why}'
            )
        memory.unwrapped.append(key_id)

    def _to_storage(self, key: str, plain: bytes) -> bytes:
        memory, replica = self._memory, self._replica
        if memory.kind == "none" or not key.startswith("/registry/secrets/"):
            return plain
        if memory.kind == "leaving":
            metrics.transformed(memory, replica, "to_storage", "")
            return plain
        if why := self.write_refusal():
            status = "Unknown" if "rpc error" in why else "unknown-non-grpc"
            metrics.transformed(memory, replica, "to_storage", metrics.prefix(memory), status)
            raise KmsError(why)
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(base64.b64decode(memory.keys[memory.key_id].dek)).encrypt(nonce, plain, key.encode())
        metrics.key_used(memory, replica, "to_storage", memory.key_id, self._world.now())
        metrics.transformed(memory, replica, "to_storage", metrics.prefix(memory))
        return metrics.prefix(memory).encode() + _encode(nonce + sealed, memory.key_id)

    def write_refusal(self) -> str:
        """Return why secrets cannot be written now, or "" if they can. Writes continue for three minutes after the KMS fails."""
        memory, world = self._memory, self._world
        if not memory.wrapped:
            why = unusable_reason(world, self._cluster, memory.keys[memory.key_id], "encrypt")
            if why:
                return f"failed to encrypt DEK, error: rpc error: code = Unknown desc = {why}"
            memory.wrapped = True
            if memory.key_id not in memory.unwrapped:
                memory.unwrapped.append(memory.key_id)
        expired = memory.failing_since + world.scaled(WRITE_GRACE_PERIOD)
        if not memory.failing_since or world.now() < expired:
            return ""
        shown = [
            datetime.fromtimestamp(each, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for each in (expired, world.now())
        ]
        return f'encryptedDEKSource with keyID hash "{metrics.key_id_hash(memory.key_id)}" expired at {shown[0]} (current time is {shown[1]})'

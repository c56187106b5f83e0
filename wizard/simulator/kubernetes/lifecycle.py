"""The lifecycle of a cluster's API servers and secrets: their first state, what ARM operations change, and what AKS does automatically.

As everywhere in the simulator, time passes lazily: what is due happens before the next request is answered.
"""

import base64
import secrets

from wizard.simulator.kubernetes import metrics
from wizard.simulator.kubernetes.etcd import Etcd, KmsError, key_id_of, key_of
from wizard.simulator.kubernetes.kms import follows_versions, unhealthy_reason, unusable_reason, wanted
from wizard.simulator.kubernetes.seeds import first_objects
from wizard.simulator.protocol.wire import Json
from wizard.simulator.state.cluster_memory import ClusterMemory, DataKey
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

HEALTHY_POLL_INTERVAL, FAILING_POLL_INTERVAL = 60.0, 10.0
"""Real-life seconds between two status requests of an API server to its KMS plugin (K8S encryptionconfig/config.go)."""
SECRETS = "/registry/secrets/"


def memory_of(world: World, cluster: Resource) -> ClusterMemory:
    """Return the state of a cluster. On first use it is created as if all secrets had always been stored with the current settings."""
    properties = cluster.body["properties"]
    memory = world.state.kubernetes.get(cluster.id.lower())
    if memory is not None and memory.uid == properties["resourceUID"]:
        return memory
    memory = ClusterMemory(
        uid=str(properties["resourceUID"]),
        version=str(properties["currentKubernetesVersion"]),
        started=world.now(),
        tokens={role: secrets.token_hex(64) for role in ("clusterUser", "clusterAdmin")},
        rotation_checked=world.now(),
        provider=world.scenario.rules.kms_provider,
    )
    metrics.restart(memory)
    world.state.kubernetes[cluster.id.lower()] = memory
    kind, key_id, wrapping = wanted(world, cluster)
    if properties["provisioningState"] == "Failed" and unusable_reason(world, cluster, wrapping, "encrypt"):
        kind, key_id = "none", ""  # the attempt had no effect
    _use(memory, kind, key_id, wrapping)
    memory.unwrapped = [key_id] if key_id else []
    etcd = Etcd(world, cluster, memory, 0)
    namespaces, first_secrets = first_objects(world, cluster)
    for namespace in namespaces:
        etcd.put(key_of("namespaces", "", namespace["metadata"]["name"]), namespace)
    for secret in first_secrets:
        etcd.put(key_of("secrets", secret["metadata"]["namespace"], secret["metadata"]["name"]), secret)
    metrics.restart(memory)  # the first secrets do not count as recent writes
    world.changed = True
    return memory


def current_memory(world: World, cluster: Resource) -> ClusterMemory:
    """Return the state of a cluster after everything that is due has happened."""
    memory = memory_of(world, cluster)
    if cluster.body["properties"]["provisioningState"] == "Succeeded":
        follow_arm(world, cluster, memory)
        _check_key_version(world, cluster, memory)
    _poll(world, cluster, memory)
    _migrate(world, cluster, memory)
    return memory


def follow_arm(world: World, cluster: Resource, memory: ClusterMemory) -> None:
    """Apply the ARM body: another version or another encryption restarts the API servers."""
    kind, key_id, wrapping = wanted(world, cluster)
    version = str(cluster.body["properties"]["currentKubernetesVersion"])
    if kind == "none" and memory.kind in {"legacy", "leaving"}:
        kind, key_id = "leaving", memory.key_id
    same_key = _same_key(memory, wrapping)
    if same_key:
        memory.keys[memory.key_id].network = wrapping.network
    newer = kind == memory.kind == "customer" and follows_versions(cluster) and same_key
    changed = (kind, key_id) != (memory.kind, memory.key_id) and not newer
    if not changed and version == memory.version:
        return
    memory.version = version
    if changed:
        _use(memory, kind, key_id, wrapping)
    _restart(world, cluster, memory)
    if changed:
        _start_migration(world, memory)


def leaves_unreadable_secrets(world: World, cluster: Resource, wanted_body: Json) -> bool:
    """Return whether an update leaves secrets that no key slot can decrypt any more (Azure/kubernetes-kms#291).

    Legacy KMS keeps two keys and does not rewrite secrets. After two rotations, secrets that were not rewritten in between are
    encrypted with a third key.
    """
    memory = memory_of(world, cluster)
    kind, key_id, _ = wanted(world, Resource(cluster.id, cluster.type, wanted_body))
    if memory.kind != "legacy" or kind != "legacy" or key_id == memory.key_id:
        return False
    used = {
        key_id_of(memory, base64.b64decode(entry.value))
        for key, entry in memory.etcd.items()
        if key.startswith(SECRETS)
    }
    return bool(used - {"", memory.key_id, key_id})


def _same_key(memory: ClusterMemory, wrapping: DataKey) -> bool:
    """Return whether only the key version differs. API servers notice a new version later, without a restart."""
    now = memory.keys.get(memory.key_id)
    return now is not None and (now.vault, now.key) == (wrapping.vault, wrapping.key)


def _use(memory: ClusterMemory, kind: str, key_id: str, wrapping: DataKey) -> None:
    memory.kind, memory.key_id = kind, key_id
    if key_id and key_id not in memory.keys:
        wrapping.dek = base64.b64encode(secrets.token_bytes(32)).decode()
        memory.keys[key_id] = wrapping


def _restart(world: World, cluster: Resource, memory: ClusterMemory) -> None:
    """Restart the API servers: counters at zero, no data key in memory. They first encrypt a data key with the KMS."""
    memory.restarts += 1
    memory.started, memory.unwrapped, memory.failing_since, memory.polled = world.now(), [], 0.0, 0.0
    metrics.restart(memory)
    if memory.key_id:
        why = unhealthy_reason(world, cluster, memory)
        for replica in range(metrics.REPLICAS):
            metrics.kms_called(memory, replica, "Encrypt", "Unknown" if why else "OK", 0.02)
        memory.wrapped = not why
        if not why:
            memory.unwrapped.append(memory.key_id)
    world.changed = True


def _start_migration(world: World, memory: ClusterMemory) -> None:
    """Start to rewrite the secrets, as the new experience does. Legacy KMS leaves this to the operator (how-to, migration article)."""
    migrates = memory.kind in {"platform", "customer"}
    memory.migrating = sorted(key for key in memory.etcd if key.startswith(SECRETS)) if migrates else []
    memory.migration_began, memory.migration_size = world.now(), len(memory.migrating)


def _migrate(world: World, cluster: Resource, memory: ClusterMemory) -> None:
    if not memory.migrating:
        return
    whole = world.scaled(world.scenario.durations.secret_migration)
    spent = (world.now() - memory.migration_began) / whole if whole else 1.0
    still = memory.migration_size - int(min(1.0, spent) * memory.migration_size)
    while len(memory.migrating) > still:
        key = memory.migrating[0]
        etcd = Etcd(world, cluster, memory, len(memory.migrating) % metrics.REPLICAS)
        if etcd.has(key):
            try:
                etcd.rewrite(key)
            except KmsError:
                return  # the controller tries again before the next request
        memory.migrating.pop(0)
        world.changed = True


def _check_key_version(world: World, cluster: Resource, memory: ClusterMemory) -> None:
    if memory.kind != "customer" or not follows_versions(cluster):
        return
    if world.now() - memory.rotation_checked < world.scaled(world.scenario.durations.key_rotation_detection):
        return
    memory.rotation_checked = world.now()
    kind, key_id, wrapping = wanted(world, cluster)
    if key_id != memory.key_id and wrapping.version:
        before = memory.key_id
        _use(memory, kind, key_id, wrapping)
        if unhealthy_reason(world, cluster, memory):
            memory.key_id = before
            return
        for replica in range(metrics.REPLICAS):
            metrics.kms_called(memory, replica, "Encrypt", "OK", 0.02)
        memory.unwrapped.append(key_id)
        _start_migration(world, memory)


def _poll(world: World, cluster: Resource, memory: ClusterMemory) -> None:
    """Let the API servers request the status of their KMS plugin."""
    every = world.scaled(FAILING_POLL_INTERVAL if memory.failing_since else HEALTHY_POLL_INTERVAL)
    if not memory.key_id or world.now() - memory.polled < every:
        return
    memory.polled = world.now()
    why = unhealthy_reason(world, cluster, memory)
    if not why:
        memory.failing_since = 0.0
    elif not memory.failing_since:
        memory.failing_since = world.now()
    for replica in range(metrics.REPLICAS):
        metrics.kms_called(memory, replica, "Status", "Unknown" if why else "OK", 0.004)
        if not why:
            metrics.status_polled(memory, replica, memory.key_id, world.now())
    world.changed = True


def after_operation(world: World, cluster: Resource, kind: str) -> None:
    """Apply an ARM operation on the cluster that has ended, successfully or with broken API servers."""
    memory = memory_of(world, cluster)
    follow_arm(world, cluster, memory)
    if kind == "Starting":
        _restart(world, cluster, memory)


def stored(world: World, cluster: Resource) -> dict[str, bytes]:
    """Return what etcd holds now, by key."""
    memory = current_memory(world, cluster)
    return {key: base64.b64decode(entry.value) for key, entry in sorted(memory.etcd.items())}

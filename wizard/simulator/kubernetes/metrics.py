"""The `/metrics` of the API servers, as far as they concern the encryption of secrets (docs/azure.md#proof-from-inside-a-cluster).

Several API servers answer at one address. Each has its own counters, which a restart sets to zero.
"""

import hashlib

from wizard.simulator.state.cluster_body import minor_of
from wizard.simulator.state.cluster_memory import ClusterMemory

REPLICAS = 2
_ENVELOPE, _STORAGE = "apiserver_envelope_encryption", "apiserver_storage_transformation"
_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0)
_FAMILIES: dict[str, tuple[str, str]] = {
    f"{_ENVELOPE}_dek_source_cache_size": ("gauge", "Number of records in data encryption key (DEK) source cache."),
    f"{_ENVELOPE}_key_id_hash_last_timestamp_seconds": (
        "gauge", "The last time in seconds when a keyID was used.",
    ),
    f"{_ENVELOPE}_key_id_hash_status_last_timestamp_seconds": (
        "gauge", "The last time in seconds when a keyID was returned by the Status RPC call.",
    ),
    f"{_ENVELOPE}_key_id_hash_total": (
        "counter", "Number of times a keyID is used split by transformation type, provider, and apiserver identity.",
    ),
    f"{_ENVELOPE}_kms_operations_latency_seconds": (
        "histogram", "KMS operation duration with gRPC error code status total.",
    ),
    f"{_STORAGE}_duration_seconds": ("histogram", "Latencies in seconds of value transformation operations."),
    f"{_STORAGE}_operations_total": ("counter", "Total number of transformations."),
    "kubernetes_build_info": ("gauge", "The version, git commit and build date of the server."),
    "process_start_time_seconds": ("gauge", "Start time of the process since unix epoch in seconds."),
}  # fmt: skip


def key_id_hash(key_id: str) -> str:
    """Return the form in which metrics show a KMS key id."""
    return "sha256:" + hashlib.sha256(key_id.encode()).hexdigest()


def server_id_hash(memory: ClusterMemory, replica: int) -> str:
    """Return the form in which metrics show an API server. It changes with every restart."""
    return "sha256:" + hashlib.sha256(f"{memory.uid}/{memory.restarts}/{replica}".encode()).hexdigest()


def restart(memory: ClusterMemory) -> None:
    """Set the counters of all API servers to zero."""
    memory.counters = [{} for _ in range(REPLICAS)]


def _series(name: str, labels: dict[str, str]) -> str:
    shown = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{shown}}}" if shown else name


def _add(memory: ClusterMemory, replica: int, name: str, labels: dict[str, str], by: float = 1.0) -> None:
    counters, series = memory.counters[replica], _series(name, labels)
    counters[series] = counters.get(series, 0.0) + by


def _observe(memory: ClusterMemory, replica: int, name: str, labels: dict[str, str], seconds: float) -> None:
    for bound in _BUCKETS:
        _add(memory, replica, f"{name}_bucket", labels | {"le": f"{bound:g}"}, float(seconds <= bound))
    _add(memory, replica, f"{name}_bucket", labels | {"le": "+Inf"})
    _add(memory, replica, f"{name}_sum", labels, seconds)
    _add(memory, replica, f"{name}_count", labels)


def transformed(memory: ClusterMemory, replica: int, direction: str, prefix: str, status: str = "OK") -> None:
    """Count a secret that was written to or read from storage; `direction` is `to_storage` or `from_storage`.

    The label `resource` exists since Kubernetes 1.32.
    """
    labels = {"transformation_type": direction, "transformer_prefix": prefix}
    resource = {"resource": "secrets"} if minor_of(memory.version) >= (1, 32) else {}
    _add(memory, replica, f"{_STORAGE}_operations_total", labels | resource | {"status": status})
    if status == "OK":
        _observe(memory, replica, f"{_STORAGE}_duration_seconds", labels | resource, 0.0004)


def prefix(memory: ClusterMemory) -> str:
    """Return what the API server writes before everything that its KMS provider encrypted."""
    return f"k8s:enc:kms:v2:{memory.provider}:"


def _key_labels(memory: ClusterMemory, replica: int, key_id: str) -> dict[str, str]:
    identity = (
        {"apiserver_id_hash": server_id_hash(memory, replica)} if minor_of(memory.version) >= (1, 29) else {}
    )
    return {"key_id_hash": key_id_hash(key_id), "provider_name": memory.provider} | identity


def key_used(memory: ClusterMemory, replica: int, direction: str, key_id: str, now: float) -> None:
    """Count a use of the data key of a KMS key id."""
    labels = _key_labels(memory, replica, key_id) | {"transformation_type": direction}
    _add(memory, replica, f"{_ENVELOPE}_key_id_hash_total", labels)
    memory.counters[replica][_series(f"{_ENVELOPE}_key_id_hash_last_timestamp_seconds", labels)] = now


def status_polled(memory: ClusterMemory, replica: int, key_id: str, now: float) -> None:
    """Record that the KMS plugin answered a status call with a key id."""
    series = _series(
        f"{_ENVELOPE}_key_id_hash_status_last_timestamp_seconds", _key_labels(memory, replica, key_id)
    )
    memory.counters[replica][series] = now


def kms_called(memory: ClusterMemory, replica: int, method: str, code: str, seconds: float) -> None:
    """Record a call of the KMS plugin: `method` is Encrypt, Decrypt or Status, `code` is the gRPC status."""
    labels = {
        "grpc_status_code": code,
        "method_name": f"/v2.KeyManagementService/{method}",
        "provider_name": memory.provider,
    }
    _observe(memory, replica, f"{_ENVELOPE}_kms_operations_latency_seconds", labels, seconds)


def exposition(memory: ClusterMemory, replica: int) -> str:
    """Return one API server's metrics in Prometheus' text format."""
    build = {
        "git_version": f"v{memory.version}", "major": "1", "minor": str(minor_of(memory.version)[1]), "platform": "linux/amd64",
    }  # fmt: skip
    every = memory.counters[replica] | {
        _series("kubernetes_build_info", build): 1.0,
        "process_start_time_seconds": memory.started - 0.001 * replica,
    }
    if memory.kind != "none" and minor_of(memory.version) >= (1, 29):
        size = _series(f"{_ENVELOPE}_dek_source_cache_size", {"provider_name": memory.provider})
        every[size] = float(len(memory.unwrapped))
    lines: list[str] = []
    for name, (kind, text) in _FAMILIES.items():
        names = {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
        rows = [
            f"{series} {value:.17g}" for series, value in every.items() if series.partition("{")[0] in names
        ]
        if rows:
            lines += [f"# HELP {name} [ALPHA] {text}", f"# TYPE {name} {kind}", *rows]
    return "\n".join(lines) + "\n"

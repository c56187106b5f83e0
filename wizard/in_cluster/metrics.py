"""The metrics of the API servers about encryption: docs/azure.md#proof-from-inside-a-cluster, kubernetes/apiserver storage/value/metrics.go.

Several API servers respond behind one address, each with its own counters, which a restart resets. Each reading therefore
belongs to one API server, identified by its start time. Readings of different servers cannot be compared.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wizard.cloud.arm import moment
from wizard.in_cluster.kubectl import Kubectl

_STORAGE = "apiserver_storage_transformation_operations_total"
_ENVELOPE = "apiserver_envelope_encryption_"
_STATUS = f"{_ENVELOPE}key_id_hash_status_last_timestamp_seconds"
_CALLS = f"{_ENVELOPE}kms_operations_latency_seconds_count"
_INVALID = f"{_ENVELOPE}invalid_key_id_from_status_total"
_STARTED = "process_start_time_seconds"
_COUNTERS = frozenset({_STORAGE, _CALLS, _INVALID})
_MOST = 2.0**53
"""The largest value up to which a float counts exactly."""
_WANTED = tuple(name.encode() for name in (_STORAGE, _STATUS, _CALLS, _INVALID, _STARTED))

KMS = "k8s:enc:kms:"
"""Start of the prefix of what KMS encrypts, followed by its version (`v2:`; `v1:` before Kubernetes 1.27) and the
provider's name."""
PLAIN = "identity"
_LOOKS = 10
"""The most requests for metrics in search of every API server."""
_QUIET = 2
"""After this many requests without a new API server, all are assumed to be known."""


@dataclass(frozen=True)
class Sample:
    """One line of the metrics."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Reading:
    """The metrics of one API server at one moment."""

    started: float | None
    """Seconds since the epoch; None if missing or not a valid time."""
    samples: tuple[Sample, ...]

    @property
    def server(self) -> str:
        """The identification of its API server: its start time, or else its own id; "" if it reports neither."""
        return f"started {self.started!r}" if self.started is not None else self._id

    @property
    def counters(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """The counters, by name and labels."""
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for sample in self.samples
            if sample.name in _COUNTERS
        }

    @property
    def sound(self) -> bool:
        """Whether all its counters are valid: not NaN, infinite, negative or beyond what a float counts."""
        return all(0 <= value <= _MOST for value in self.counters.values())

    def _sum(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
        )

    def transformed(self, direction: str, *, kms: bool, well: bool = True) -> float:
        """Return how often a secret went `to_storage` or `from_storage`: with KMS or not, successfully or not."""
        return sum(
            sample.value
            for sample in self._of_secrets(direction)
            if sample.labels.get("transformer_prefix", "").startswith(KMS) is kms
            and (sample.labels.get("status") == "OK") is well
        )

    def _of_secrets(self, direction: str) -> Iterator[Sample]:
        """Yield the samples that count secrets. The label `resource` exists since Kubernetes 1.32."""
        for sample in self.samples:
            if (
                sample.name == _STORAGE
                and sample.labels.get("transformation_type") == direction
                and sample.labels.get("resource", "secrets") == "secrets"
            ):
                yield sample

    @property
    def plain_reads(self) -> float:
        """How often a secret that is stored without encryption was read, since this API server started."""
        return sum(
            sample.value
            for sample in self._of_secrets("from_storage")
            if sample.labels.get("transformer_prefix") == PLAIN and sample.labels.get("status") == "OK"
        )

    @property
    def knows_kms(self) -> bool:
        """Whether this API server has a KMS provider: there are no such series without one."""
        return any(
            sample.name in {_STATUS, _CALLS} or sample.labels.get("transformer_prefix", "").startswith(KMS)
            for sample in self.samples
        )

    @property
    def kms_calls(self) -> tuple[float, float]:
        """How often the KMS plugin was called, and how often that failed."""
        whole = self._sum(_CALLS)
        return whole, whole - self._sum(_CALLS, grpc_status_code="OK") + self._sum(_INVALID)

    @property
    def key(self) -> tuple[str, float]:
        """The hash of the key id that the KMS plugin reported last, and when (seconds since the epoch), or empty. A time that
        is not valid may be the last one, and is infinity.
        """
        named = [
            (sample.value if moment(sample.value) else math.inf, sample.labels.get("key_id_hash", ""))
            for sample in self.samples
            if sample.name == _STATUS
        ]
        when, key = max(named, default=(0.0, ""))
        return key, when

    @property
    def name(self) -> str:
        """The API server's id in the metrics, shortened, or else its start time."""
        if found := self._id:
            return found.removeprefix("sha256:")[:8]
        return "unidentified API server" if self.started is None else f"started {self.started:.0f}"

    @property
    def _id(self) -> str:
        """The hash of its API server's id, which some series have since Kubernetes 1.29."""
        ids = (sample.labels.get("apiserver_id_hash", "") for sample in self.samples)
        return next(filter(None, ids), "")


Readings = dict[str, Reading]
"""By `Reading.server`. Readings of unidentified API servers share the key ""."""


async def survey(kubectl: Kubectl, expected: Iterable[str] = ()) -> Readings:
    """Return the newest reading of every API server, requested repeatedly until no new one responds. `expected` are those
    that responded before. Raise KubectlError.
    """
    readings: Readings = {}
    missing, quiet = set(expected), 0
    for _ in range(_LOOKS):
        reading = parse(await kubectl.get("/metrics", _keep))
        quiet = quiet + 1 if reading.server in readings else 0
        readings[reading.server] = reading
        missing.discard(reading.server)
        if quiet >= _QUIET and not missing:
            break
    return readings


def _keep(line: bytes) -> bool:
    return line.startswith(_WANTED)


def parse(text: str) -> Reading:
    """Parse the relevant lines of Prometheus' text format. Lines that cannot be parsed are left out."""
    from prometheus_client.parser import (
        text_string_to_metric_families,  # late: only checks from inside need it
    )

    samples = []
    for line in text.splitlines():
        if _keep(line.encode()):
            try:
                families = list(text_string_to_metric_families(line + "\n"))
            except ValueError:
                continue
            samples += [
                Sample(one.name, dict(one.labels), float(one.value))
                for family in families
                for one in family.samples
            ]
    started = next((sample.value for sample in samples if sample.name == _STARTED), 0.0)
    return Reading(started if started > 0 and moment(started) else None, tuple(samples))

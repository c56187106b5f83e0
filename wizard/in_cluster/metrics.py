"""The metrics of the API servers that tell of encryption: AZURE.md §7, kubernetes/apiserver storage/value/metrics.go.

Several API servers answer behind one address, each with counters of its own that a restart sets to zero; so each
reading belongs to one of them, known by the moment at which it started. Readings of two servers tell nothing together.
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
"""Beyond it, a counter that is a float does not count any more."""
_WANTED = tuple(name.encode() for name in (_STORAGE, _STATUS, _CALLS, _INVALID, _STARTED))

KMS = "k8s:enc:kms:"
"""How the prefix of what KMS encrypts begins; its version (`v2:`; `v1:` on Kubernetes before 1.27) and the provider's name
follow."""
PLAIN = "identity"
_LOOKS = 10
"""How often the metrics are asked for at most, in search of every API server."""
_QUIET = 2
"""After so many looks without a new API server, all have been seen."""


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
    """Seconds since the epoch; None where it does not say, or says what is no moment."""
    samples: tuple[Sample, ...]

    @property
    def server(self) -> str:
        """What its API server is known by: its start, or else its own name; "" where it tells neither."""
        return f"started {self.started!r}" if self.started is not None else self._id

    @property
    def counters(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """What only ever grows, by name and labels."""
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for sample in self.samples
            if sample.name in _COUNTERS
        }

    @property
    def sound(self) -> bool:
        """Whether all its counters can have been counted: not NaN, infinite, negative or beyond what a float counts."""
        return all(0 <= value <= _MOST for value in self.counters.values())

    def _sum(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
        )

    def transformed(self, direction: str, *, kms: bool, well: bool = True) -> float:
        """How often a secret went `to_storage` or came `from_storage`: by KMS or otherwise, well or not."""
        return sum(
            sample.value
            for sample in self._of_secrets(direction)
            if sample.labels.get("transformer_prefix", "").startswith(KMS) is kms
            and (sample.labels.get("status") == "OK") is well
        )

    def _of_secrets(self, direction: str) -> Iterator[Sample]:
        """What counts secrets on their way; the label `resource` is there since Kubernetes 1.32."""
        for sample in self.samples:
            if (
                sample.name == _STORAGE
                and sample.labels.get("transformation_type") == direction
                and sample.labels.get("resource", "secrets") == "secrets"
            ):
                yield sample

    @property
    def plain_reads(self) -> float:
        """How often a secret was read that is stored without encryption, since this API server started."""
        return sum(
            sample.value
            for sample in self._of_secrets("from_storage")
            if sample.labels.get("transformer_prefix") == PLAIN and sample.labels.get("status") == "OK"
        )

    @property
    def knows_kms(self) -> bool:
        """Whether this API server has a KMS provider: without a configuration for one, there are no such series."""
        return any(
            sample.name in {_STATUS, _CALLS} or sample.labels.get("transformer_prefix", "").startswith(KMS)
            for sample in self.samples
        )

    @property
    def kms_calls(self) -> tuple[float, float]:
        """How often the KMS plugin was called, and how often that went wrong."""
        whole = self._sum(_CALLS)
        return whole, whole - self._sum(_CALLS, grpc_status_code="OK") + self._sum(_INVALID)

    @property
    def key(self) -> tuple[str, float]:
        """The hash of the key id that the KMS plugin named last, and when (seconds since the epoch); or nothing. What is
        no moment may have been the last one, and is infinity.
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
        """The API server's own name in the metrics, short; its start where it has none."""
        if found := self._id:
            return found.removeprefix("sha256:")[:8]
        return "one that does not say which" if self.started is None else f"started {self.started:.0f}"

    @property
    def _id(self) -> str:
        """The hash of its API server's own id: some series have it, since Kubernetes 1.29."""
        ids = (sample.labels.get("apiserver_id_hash", "") for sample in self.samples)
        return next(filter(None, ids), "")


Readings = dict[str, Reading]
"""By what the API server is known by (`Reading.server`); all that tell nothing of it share one place, at ""."""


async def survey(kubectl: Kubectl, expected: Iterable[str] = ()) -> Readings:
    """The newest reading of every API server: asked again and again until no other one answers. `expected` are those
    that were there before, and are waited for. Raises KubectlError.
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
    """Prometheus' text format, as far as it is of interest; what is not understood is left out."""
    from prometheus_client.parser import text_string_to_metric_families  # only who looks inside pays for it

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

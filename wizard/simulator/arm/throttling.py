"""Throttling with token buckets: by ARM for each caller and subscription, by AKS (docs/azure.md#refusals-of-the-aks-resource-provider, row 429), and by each vault."""

import math
from dataclasses import dataclass

from wizard.simulator.arm.faults import operation_of
from wizard.simulator.protocol.ids import group_id, subscription_of
from wizard.simulator.protocol.wire import Call, Refusal
from wizard.simulator.scenario.limits import BucketSpec
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.world import World

GLOBAL = 15
"""The factor between the limits of a tenant and of one subscription, as in ARM's headers."""

_REGISTRATION = {"microsoft.containerservice/register", "microsoft.containerservice/unregister"}
"""Operations of Azure Resource Manager itself, not of the namespace."""


@dataclass(slots=True)
class Bucket:
    """The requests that were left at a time; more are added as time passes."""

    left: float
    at: float


class _Buckets:
    """The buckets of a running simulator. They are not stored in the state file."""

    def __init__(self, world: World) -> None:
        self._world, self._limits = world, world.scenario.throttling
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._pace = 1.0 if math.isinf(world.speed) else world.speed
        self.enforced = world.throttles

    def _draw(self, key: tuple[str, ...], limit: BucketSpec) -> tuple[int, int]:
        """Take one request from a bucket. Return how many are left, and how many seconds to wait if there was none."""
        now, rate = self._world.now(), limit.refill / limit.seconds * self._pace
        bucket = self._buckets.setdefault(key, Bucket(limit.size, now))
        bucket.left = min(float(limit.size), bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1:
            return 0, max(1, math.ceil((1 - bucket.left) / rate))
        bucket.left -= 1
        return int(bucket.left), 0


class VaultThrottle(_Buckets):
    """The limits of Key Vault: transactions of a vault, and key creations (not in docs/azure.md; Key Vault service limits)."""

    def take(self, vault: str, *, creates: bool) -> None:
        """Count a call. Raise 429 Throttled (text UNCONFIRMED)."""
        if not self.enforced:
            return
        limits = self._limits
        _, wait = self._draw((vault,), limits.vault_calls)
        if creates and not wait:
            _, wait = self._draw((vault, "create"), limits.vault_key_creations)
        if wait:
            raise Refusal(
                429,
                "Throttled",
                "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
                headers={"Retry-After": str(wait)},
            )


class Throttle(_Buckets):
    """The limits of ARM and of AKS."""

    def take(self, call: Call) -> dict[str, str]:
        """Count a call, and return the headers with the remaining requests.

        Raise 429: ARM's SubscriptionRequestsThrottled, or AKS's Throttled.
        """
        kind = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(call.method, "write")
        limit: BucketSpec = getattr(self._limits, f"{kind}s")
        subscription = subscription_of(call.path)
        scope = "subscription" if subscription else "tenant"
        if not self.enforced:
            return _remaining(scope, kind, limit.size - 1, limit.size * GLOBAL - 1)
        left, wait = self._draw((kind, subscription, call.caller), limit)
        if wait:
            target = f"subscription '{subscription}'" if subscription else "tenant"
            raise Refusal(
                429,
                "SubscriptionRequestsThrottled" if subscription else "TenantRequestsThrottled",
                f"Number of '{kind}' requests for {target} actor '{call.caller}' exceeded. Please try again after '{wait}' seconds after "
                "additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
                headers={"Retry-After": str(wait)} | _remaining(scope, kind, 0, limit.size * GLOBAL - 1),
            )
        self._take_of_aks(call)
        return _remaining(scope, kind, left, limit.size * GLOBAL - (limit.size - left))

    def _take_of_aks(self, call: Call) -> None:
        bucket = self._aks_bucket(call)
        if bucket is None:
            return
        name, place, limit = bucket
        _, wait = self._draw((name, place), limit)
        if wait:
            raise Refusal(
                429,
                "Throttled",
                f"The request is throttled by the rate limit of {name} requests. Please retry after {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )

    def _aks_bucket(self, call: Call) -> tuple[str, str, BucketSpec] | None:
        """Return name, key and size of the AKS bucket for a call; None for a call of another provider."""
        limits, path = self._limits, call.path.lower()
        operation, name = operation_of(call.method, call.path)
        kind = operation.rpartition("/")[0].lower()
        subscription = subscription_of(path)
        if not kind.startswith("microsoft.containerservice/") or kind in _REGISTRATION:
            return None
        if kind == "microsoft.containerservice/locations/operations":
            return "GetOperationStatus", subscription, limits.get_operation
        if kind == CLUSTER.lower() and call.method == "PUT":
            return "PutManagedCluster", path, limits.put_cluster
        if kind == CLUSTER.lower() and call.method == "GET":
            if name:
                return "GetManagedCluster", path, limits.get_cluster
            group = group_id(path)
            return "ListManagedClusters", group or subscription, (limits.list_in_group if group else limits.list_in_subscription)  # fmt: skip
        return "Other", subscription, limits.other_cluster_calls


def _remaining(scope: str, kind: str, left: int, everywhere: int) -> dict[str, str]:
    return {
        f"x-ms-ratelimit-remaining-{scope}-{kind}s": str(left),
        f"x-ms-ratelimit-remaining-{scope}-global-{kind}s": str(everywhere),
    }

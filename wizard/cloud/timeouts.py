"""Timeouts: each wait for Azure has a name, a limit, and an option that changes it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

VARIABLE = "AKS_KMS_TIMEOUTS"
_FORMER_VARIABLE = "AKS_KMS_PATIENCE"
_FORMER_NAMES = {
    "settle-private": "role-propagation-private",
    "settle-public": "role-propagation-public",
    "role-wait": "role-assignment",
    "principal-wait": "principal",
    "vault-wait": "vault",
    "feature-wait": "registration",
    "operation-wait": "operation",
    "refusal-wait": "update-retry",
    "asked-wait": "throttling",
}


def _budget(seconds: float, what: str) -> float:
    limit: float = field(default=seconds, metadata={"what": what})
    return limit


@dataclass(frozen=True)
class Timeouts:
    """The limits of all waits, in seconds of Azure's time, except those of single requests, which are in real time. The
    pauses between retries cannot be changed by the operator."""

    role_propagation_private: float = _budget(
        300, "new role assignments to propagate before AKS uses a private vault"
    )
    """AKS cannot validate a private vault: a role assignment that is missing breaks the cluster instead of being refused."""
    role_propagation_public: float = _budget(60, "the same for a public vault")
    """AKS validates a public vault, and its refusal is retried."""
    role_assignment: float = _budget(
        1800, "a new role assignment to take effect: yours on the vault, and the cluster identity's"
    )
    principal: float = _budget(600, "a new identity to be known to Azure RBAC")
    vault: float = _budget(900, "a new vault's name to be registered; usually 20 to 60")
    registration: float = _budget(3600, "the preview feature and the resource provider to be registered")
    operation: float = _budget(7200, "an operation on the cluster to end, including operations of others")
    update_retry: float = _budget(
        1800, "retries of the cluster update after a refusal or error that is temporary"
    )
    request: float = _budget(90, "one request to be answered")
    throttling: float = _budget(
        600, "one request that Azure throttles: the sum of the waits that it asks for"
    )
    advisory_read: float = _budget(5, "one read that a plan can do without, such as that of locks")
    """In real time, including retries."""
    role_retry: float = 15
    """Between two retries while a role assignment propagates."""
    cluster_retry: float = 60
    """Between two updates of a cluster: AKS allows one more each minute (docs/azure.md#refusals-of-the-aks-resource-provider)."""
    heartbeat: float = 5
    """Between two messages about a long-running operation; in real time, the longest silence of a step."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Timeouts":
        """Return the timeouts set in `AKS_KMS_TIMEOUTS`, and the defaults for the others. Raise ValueError."""
        if _FORMER_VARIABLE in environment:
            raise ValueError(f"{_FORMER_VARIABLE} is now {VARIABLE}")
        return cls(**parse_timeouts(environment.get(VARIABLE, "")))

    def more(self, budget: str) -> str:
        """Return how to wait longer (`budget` is a field's name), as a clause for a remedy."""
        now = getattr(self, budget)
        return f"to wait longer, use --timeout {timeout_name(budget)}={2 * now:.0f} (it was {now:.0f} s)"

    def limit(self, budget: str) -> str:
        """Return a limit for a log line: `at most 1800 s (--timeout role-assignment)`."""
        return f"at most {getattr(self, budget):.0f} s (--timeout {timeout_name(budget)})"


def parse_timeouts(*texts: str) -> dict[str, float]:
    """Return the seconds by field of `Timeouts`, from texts such as `role-assignment=3600,request=30`; the last one wins.

    Raise ValueError that names the mistake.
    """
    given: dict[str, float] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        if part:
            name, _, value = part.partition("=")
            given[_known(name.strip())] = _seconds(part, value)
    return given


def budgets() -> dict[str, tuple[float, str]]:
    """Return the default seconds and the purpose of each timeout that can be given."""
    return {
        timeout_name(each.name): (float(each.default), str(each.metadata["what"]))  # type: ignore[arg-type]
        for each in fields(Timeouts)
        if "what" in each.metadata
    }


def timeout_name(name: str) -> str:
    """Return how a field of `Timeouts` is written in `--timeout` and in the variable: with hyphens."""
    return name.replace("_", "-")


def _known(name: str) -> str:
    if name in _FORMER_NAMES:
        raise ValueError(f"the timeout {name} is now {_FORMER_NAMES[name]}")
    if name not in budgets():
        import difflib  # late: four milliseconds, only needed for this error

        close = difflib.get_close_matches(name, budgets(), n=1)
        nearest = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(f"{name!r} is not a timeout.{nearest} The timeouts are: {', '.join(budgets())}")
    return name.replace("-", "_")


def _seconds(part: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{part!r} is not NAME=SECONDS, for example role-assignment=3600")
    return seconds

"""How long is waited for what Azure does in its own time: each wait has a name, a limit, and a way to change it."""

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
    """The budgets, in seconds of Azure's time, but for those of single requests: these are of the wall. The pauses
    between two tries are not for the operator to change."""

    role_propagation_private: float = _budget(
        300, "new roles to settle before AKS is asked to use a private vault"
    )
    """AKS cannot validate a private vault: a role that is not there yet breaks the cluster instead of being refused."""
    role_propagation_public: float = _budget(60, "the same for a public vault")
    """Here AKS validates, and its refusal is retried."""
    role_assignment: float = _budget(
        1800, "a new role to take effect: yours on the vault, and the identity's for AKS"
    )
    principal: float = _budget(600, "a new identity to be known to Azure's authorization")
    vault: float = _budget(900, "a new vault's name to be registered; usually 20 to 60")
    registration: float = _budget(3600, "the preview feature and the resource provider to be registered")
    operation: float = _budget(7200, "an operation on the cluster to end, ours or another's")
    update_retry: float = _budget(
        1800, "a refusal of the cluster's update, or a fault, that passes by itself"
    )
    request: float = _budget(90, "one request to be answered")
    throttling: float = _budget(
        600, "one request to get through, all the time that Azure asks to wait together"
    )
    role_retry: float = 15
    """Between two tries with a role that has not taken effect."""
    cluster_retry: float = 60
    """Between two updates of a cluster: AKS refills its budget by one a minute (AKS:quotas-skus-regions)."""
    heartbeat: float = 5
    """Between two words about a long-running operation; on the wall's clock, how long a step may be silent."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Timeouts":
        """Return the timeouts set in `AKS_KMS_TIMEOUTS`, and the defaults for the others. Raise ValueError."""
        if _FORMER_VARIABLE in environment:
            raise ValueError(f"{_FORMER_VARIABLE} is now {VARIABLE}")
        return cls(**parse_timeouts(environment.get(VARIABLE, "")))

    def more(self, budget: str) -> str:
        """How to wait longer than a budget (by its field's name) allows: half a sentence for a remedy."""
        now = getattr(self, budget)
        return f"--timeout {timeout_name(budget)}={2 * now:.0f} waits longer (it was {now:.0f} s)"

    def limit(self, budget: str) -> str:
        """A budget as a log line tells it: `at most 1800 s (role-assignment)`."""
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
    """Each budget that can be given: its usual seconds, and what is waited for."""
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
        import difflib  # four milliseconds that nobody else needs

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

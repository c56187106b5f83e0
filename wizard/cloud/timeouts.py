"""How long is waited for what Azure does in its own time: each wait has a name, a limit, and a way to change it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic takes longer than all of --help
    from wizard.answers.model import Answers

VARIABLE = "AKS_KMS_PATIENCE"


def _budget(seconds: float, what: str) -> float:
    limit: float = field(default=seconds, metadata={"what": what})
    return limit


@dataclass(frozen=True)
class Patience:
    """The budgets, in seconds of Azure's time, but for those of single requests: these are of the wall. The pauses
    between two tries are not for the operator to change."""

    settle_private: float = _budget(300, "new roles to settle before AKS is asked to use a private vault")
    """AKS cannot validate a private vault: a role that is not there yet breaks the cluster instead of being refused."""
    settle_public: float = _budget(60, "the same for a public vault")
    """Here AKS validates, and its refusal is retried."""
    role_wait: float = _budget(
        1800, "a new role to take effect: yours on the vault, and the identity's for AKS"
    )
    principal_wait: float = _budget(600, "a new identity to be known to Azure's authorization")
    vault_wait: float = _budget(900, "a new vault's name to be registered; usually 20 to 60")
    feature_wait: float = _budget(3600, "the preview feature and the resource provider to be registered")
    operation_wait: float = _budget(7200, "an operation on the cluster to end, ours or another's")
    refusal_wait: float = _budget(
        1800, "a refusal of the cluster's update, or a fault, that passes by itself"
    )
    request: float = _budget(90, "one request to be answered")
    asked_wait: float = _budget(
        600, "one request to get through, all the time that Azure asks to wait together"
    )
    role_retry: float = 15
    """Between two tries with a role that has not taken effect."""
    cluster_retry: float = 60
    """Between two updates of a cluster: AKS refills its budget by one a minute (AKS:quotas-skus-regions)."""
    heartbeat: float = 5
    """Between two words about a long-running operation; on the wall's clock, how long a step may be silent."""

    def settle(self, answers: "Answers") -> float:
        """How long new roles of the cluster's identity are given before the cluster is touched; 0 where none is."""
        own = answers.customer_managed
        if own is None:
            return 0
        return self.settle_private if own.vault.network_access == "Private" else self.settle_public

    def given(self, *texts: str) -> "Patience":
        """With other limits: `role-wait=3600`, each text one or several with commas between.

        Raises ValueError that names the mistake.
        """
        changes: dict[str, float] = {}
        for part in (part.strip() for text in texts for part in text.split(",")):
            if part:
                name, _, value = part.partition("=")
                changes[_known(name.strip())] = _seconds(part, value)
        return replace(self, **changes)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Patience":
        """The limits that `AKS_KMS_PATIENCE` gives, the usual ones elsewhere. Raises ValueError."""
        return cls().given(environment.get(VARIABLE, ""))

    def more(self, budget: str) -> str:
        """How to wait longer than a budget (by its field's name) allows: half a sentence for a remedy."""
        now = getattr(self, budget)
        return f"--patience {_spelled(budget)}={2 * now:.0f} waits longer (it was {now:.0f} s)"

    def limit(self, budget: str) -> str:
        """A budget as a log line tells it: `at most 1800 s (role-wait)`."""
        return f"at most {getattr(self, budget):.0f} s (--patience {_spelled(budget)})"


def budgets() -> dict[str, tuple[float, str]]:
    """Each budget that can be given: its usual seconds, and what is waited for."""
    return {
        _spelled(each.name): (float(each.default), str(each.metadata["what"]))  # type: ignore[arg-type]
        for each in fields(Patience)
        if "what" in each.metadata
    }


def _spelled(name: str) -> str:
    return name.replace("_", "-")


def _known(name: str) -> str:
    if name not in budgets():
        import difflib  # four milliseconds that nobody else needs

        close = difflib.get_close_matches(name, budgets(), n=1)
        nearest = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(
            f"{name!r} is no wait that is known here.{nearest} There are: {', '.join(budgets())}"
        )
    return name.replace("-", "_")


def _seconds(part: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{part!r} gives no time: write NAME=SECONDS, such as role-wait=3600")
    return seconds

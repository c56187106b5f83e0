"""Revalidation just before the irreversible step, which may be an hour after the gate.

It stops for the same reasons as the gate, except for changes that the run itself has made. The parts of the cluster
that the update replaces are compared when the update is sent, at each try (`steps.cluster`).
"""

from collections.abc import Mapping

from wizard.cloud.azure import Azure
from wizard.errors import AzureError, Problem
from wizard.procedure.differences import changed_by, of_facts, of_step, repeated
from wizard.procedure.plan import Plan
from wizard.procedure.planning import plan_from, read_snapshot
from wizard.rules import Finding
from wizard.state.target import Target

_REPLACED = frozenset({"exists", "security_profile", "identity"})
_WAITED_FOR = frozenset({"cluster-busy"})
"""Findings that resolve without action: AKS rejects the update meanwhile, and it is repeated."""
_ALWAYS_PLANNED = frozenset({"provider"})
"""Azure does not show that a resource provider was refreshed, so plans always include it."""
_OPENED = frozenset({"key", "operator-role"})
"""Steps that may require more changes in a vault that the run itself has opened; the plan does not include them."""


async def revalidate(azure: Azure, target: Target, plan: Plan, statuses: Mapping[str, str]) -> None:
    """Return if the state in Azure is that of the plan plus the finished steps (by their `statuses`).

    Raise AzureError if it is not, or if it cannot be read.
    """
    snapshot = await read_snapshot(azure, target)
    fresh = plan_from(target, snapshot)
    if errors := [finding for finding in fresh.errors if finding.code not in _WAITED_FOR]:
        raise AzureError(_forbidden(target, errors[0]))
    shown = plan.to_json()
    acted = {key for key, status in statuses.items() if status == "succeeded"}
    ours = changed_by(acted)
    if not plan.basis["exists"]:
        ours.add("kubernetes_version")
    found: list[str] = []
    more = _OPENED if "firewall" in acted else frozenset()
    for key in (step.key for step in fresh.steps if step.action != "none"):
        if key in acted - _ALWAYS_PLANNED:
            found.append(repeated(fresh, key))
        elif key not in more and statuses.get(key) == "already":
            found += of_step(shown, fresh, key)
    found += of_facts(shown, fresh, but=_REPLACED | ours)
    if snapshot.cluster is not None and not snapshot.cluster_state.matches(target):
        found += of_step(shown, fresh, "cluster")
    if found:
        raise AzureError(_drifted(target, found))


def _forbidden(target: Target, finding: Finding) -> Problem:
    return Problem(
        "input",
        f"The preflight checks for {target.answers.cluster.name} no longer pass.",
        finding.message,
        finding.remedy,
        code=finding.code,
    )


def _drifted(target: Target, differences: list[str]) -> Problem:
    return Problem(
        "azure",
        f"The state in Azure has changed since the plan for {target.answers.cluster.name} was created.",
        "; ".join(differences) + ".",
        "Plan again and review the differences.",
        retryable=True,
    )

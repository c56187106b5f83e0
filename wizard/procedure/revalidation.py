"""The gate once more, just before the one step that cannot be repeated: it may be an hour after the first time.

Whatever the gate stops for stops here too, but for what the run itself has done since. What of the cluster the update
replaces is compared where the update is sent, with each try (`steps.cluster`).
"""

from collections.abc import Mapping

from wizard.cloud.azure import Azure
from wizard.cloud.problems import AzureError, Problem
from wizard.procedure.differences import STEPS_OF, of_facts, of_step, repeated
from wizard.procedure.plan import Plan
from wizard.procedure.planning import plan_from, read_snapshot
from wizard.rules import Finding
from wizard.state.target import Target

_REPLACED = frozenset({"exists", "security_profile", "identity"})
_WAITED_FOR = frozenset({"cluster-busy"})
"""Findings that pass by themselves: AKS refuses in between, and is asked again."""
_ALWAYS_ASKED = frozenset({"provider"})
"""Nothing in Azure shows that a resource provider was refreshed."""
_OPENED = frozenset({"key", "operator-role"})
"""Steps that may have more to do in a vault which the run itself has opened; its plan does not promise that."""


async def revalidate(azure: Azure, target: Target, plan: Plan, statuses: Mapping[str, str]) -> None:
    """Pass where Azure is as the plan, and the steps that have finished since (by their `statuses`), leave it.

    Raises AzureError where it is not, or where it cannot be read.
    """
    snapshot = await read_snapshot(azure, target)
    fresh = plan_from(target, snapshot)
    if errors := [finding for finding in fresh.errors if finding.code not in _WAITED_FOR]:
        raise AzureError(_forbidden(target, errors[0]))
    shown = plan.to_json()
    acted = {key for key, status in statuses.items() if status == "succeeded"}
    ours = {fact for fact, steps in STEPS_OF.items() if steps & acted}
    if not plan.basis["exists"]:
        ours.add("kubernetes_version")
    found: list[str] = []
    more = _OPENED if "firewall" in acted else frozenset()
    for key in (step.key for step in fresh.steps if step.action != "none"):
        if key in acted - _ALWAYS_ASKED:
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
        f"Azure is no longer as the plan for {target.answers.cluster.name} needs it.",
        finding.message,
        finding.remedy,
        code=finding.code,
    )


def _drifted(target: Target, differences: list[str]) -> Problem:
    return Problem(
        "azure",
        f"Azure has changed since the plan for {target.answers.cluster.name} was made.",
        "; ".join(differences) + ".",
        "Plan again and look at the difference.",
        retryable=True,
    )

"""Wait until the identity's new role assignments have propagated, before the cluster is updated."""

import math

from wizard.answers.model import Answers
from wizard.cloud.roles import CONTRIBUTOR, MAY_ENCRYPT
from wizard.cloud.timeouts import Timeouts
from wizard.procedure.step import Work
from wizard.state.comparison import held_since


def propagation_time(timeouts: Timeouts, answers: Answers) -> float:
    """Return the seconds that new role assignments get before the cluster is updated; 0 if no role is needed."""
    own = answers.customer_managed
    if own is None:
        return 0
    private = own.vault.network_access == "Private"
    return timeouts.role_propagation_private if private else timeouts.role_propagation_public


async def wait_for_roles(work: Work) -> None:
    """Wait until the identity's role assignments are old enough; return at once if they are, or if none is needed.

    The time counts from when each role was assigned, so other work in between counts as waiting. Key Vault
    says "several minutes" (docs/azure.md#role-assignments). With a private vault AKS cannot check, and a missing role breaks
    the cluster instead of being refused (docs/azure.md#refusals-of-the-aks-resource-provider).
    """
    if work.answers.customer_managed is None:
        return
    needed = propagation_time(work.timeouts, work.answers)
    if _youngest(work) < needed:
        private = work.target.own.vault.network_access == "Private"
        limit = work.timeouts.limit("role_propagation_private" if private else "role_propagation_public")
        work.log(f"waiting for the identity's role assignments to propagate, {limit}", "operator")
    started = work.clock.elapsed()
    # An assignment dated in the future (a clock difference) is waited for no longer than one made now.
    while (age := max(_youngest(work), work.clock.elapsed() - started)) < needed:
        work.progress("role assignments are propagating", age, needed)
        await work.clock.sleep(min(work.timeouts.heartbeat, needed - age))


def _youngest(work: Work) -> float:
    """Return the seconds since the newer of the needed roles was assigned: to use the key, and to read the vault."""
    held = (held_since(work.target, work.snapshot, *roles) for roles in (MAY_ENCRYPT, (CONTRIBUTOR,)))
    ages = [
        *(work.clock.elapsed() - when for when in work.granted.values()),
        *(work.clock.age(since[0], work.azure.skew.now()) for since in held if since),
    ]
    return math.inf if math.isinf(work.clock.speed) else min(ages, default=math.inf)

"""Letting the identity's new roles take effect before the cluster is touched."""

import math

from wizard.cloud.roles import CONTRIBUTOR, MAY_ENCRYPT
from wizard.procedure.step import Work
from wizard.state.vault import held_since


async def let_roles_settle(work: Work) -> None:
    """Wait until the identity's roles are old enough; none of it where they are, or where none is needed.

    Counted from when each role was given, so that whatever else took time meanwhile counts as waiting. Key Vault
    says "several minutes" (KV:rbac-guide); with a private vault AKS cannot check, and a role that is not there yet
    breaks the cluster instead of being refused (AKS:use-kms-etcd-encryption).
    """
    if work.answers.customer_managed is None:
        return
    settle = work.patience.settle(work.answers)
    if _youngest(work) < settle:
        private = work.target.own.vault.network_access == "Private"
        limit = work.patience.limit("settle_private" if private else "settle_public")
        work.log(f"waiting for the identity's new roles to settle, {limit}", "operator")
    begun = work.clock.elapsed()
    # What was given at a time that is still to come, by Azure's word, is waited for no longer than what was given just now.
    while (age := max(_youngest(work), work.clock.elapsed() - begun)) < settle:
        work.progress("the identity's new roles are settling", age, settle)
        await work.clock.sleep(min(work.patience.heartbeat, settle - age))


def _youngest(work: Work) -> float:
    """Seconds since the newer of what the identity needs was given: to use the key, and to see the vault."""
    held = (held_since(work.target, work.snapshot, *roles) for roles in (MAY_ENCRYPT, (CONTRIBUTOR,)))
    ages = [
        *(work.clock.elapsed() - when for when in work.granted.values()),
        *(work.clock.age(since[0], work.azure.skew.now()) for since in held if since),
    ]
    return math.inf if math.isinf(work.clock.speed) else min(ages, default=math.inf)

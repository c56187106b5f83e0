"""Letting the identity's new roles take effect before the cluster is touched."""

import math

from wizard.cloud.arm import dig
from wizard.cloud.roles import CONTRIBUTOR, CRYPTO_USER
from wizard.procedure.step import Work


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
    while (age := _youngest(work)) < settle:
        work.progress("the identity's new roles are settling", age, settle)
        await work.clock.sleep(min(work.patience.heartbeat, settle - age))


def _youngest(work: Work) -> float:
    """Seconds since the newest of the roles was given."""
    ages = [work.clock.elapsed() - when for when in work.granted.values()]
    principal = str(dig(work.snapshot.identity, "properties", "principalId") or "")
    for grant in work.snapshot.identity_grants if principal else ():
        needed = any(
            grant.gives(role, principal, work.target.vault_id) for role in (CRYPTO_USER, CONTRIBUTOR)
        )
        if needed and grant.created_on is not None:
            ages.append(work.clock.age(grant.created_on, work.azure.skew.now()))
    return math.inf if math.isinf(work.clock.speed) else min(ages, default=math.inf)

"""Preflight checks: pure rules over the configuration and what exists. No other place decides this.

One function per rule, in a file per subject. The findings are shown in the forms, at the review and in `plan`, and the
rules run again just before the first write.
"""

from collections.abc import Collection
from dataclasses import replace

from wizard.rules import cluster, governance, identity, key, migration, ownership, regions, unread, vault
from wizard.rules.finding import Finding, Guard, Level, RequiredAction, Rule
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

__all__ = ["CHECKS", "GUARDS", "NAMES", "RULES", "Finding", "Level", "RequiredAction", "findings"]

RULES: tuple[Rule, ...] = (
    cluster.exists,
    cluster.version,
    cluster.new_version,
    cluster.state,
    cluster.failed,
    cluster.upgrade,
    cluster.quota,
    cluster.node_size,
    identity.of_the_cluster,
    identity.roles_on_linked,
    identity.fits,
    identity.deleted,
    identity.role,
    identity.fresh,
    migration.from_a_key,
    migration.from_legacy,
    migration.secrets_are_rewritten,
    ownership.cluster_api,
    ownership.deployments,
    governance.providers_registered,
    governance.policies_deny,
    vault.name_is_free,
    vault.permission_model,
    vault.firewall,
    vault.closes_on_others,
    vault.firewall_bars_key,
    vault.fits,
    vault.purge_protection,
    vault.hardware,
    key.deleted,
    key.fits,
    key.dates,
    key.rotates_in_time,
    key.differs,
    key.rotation,
    regions.elsewhere,
    regions.known,
    regions.offered,
    regions.without_identities,
    governance.feature,
    unread.everything_read,
)

GUARDS: tuple[Guard, ...] = (
    governance.missing_permissions,
    governance.deny_assignments,
    governance.read_only_locks,
    governance.subscriptions_enabled,
)


def _name(check: Rule | Guard) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"


NAMES: tuple[str, ...] = (*map(_name, RULES), *map(_name, GUARDS))
"""The names of all preflight checks: the group, a dot, and the function."""

CHECKS = len(NAMES)
"""How many preflight checks are made for a plan; most find nothing."""

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


def findings(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction] = ()
) -> tuple[Finding, ...]:
    """Return all findings, errors first; `needed` are the actions that the plan's steps require."""
    found = [(_name(rule), finding) for rule in RULES for finding in rule(target, snapshot)]
    found += [(_name(guard), finding) for guard in GUARDS for finding in guard(target, snapshot, needed)]
    named = [replace(finding, check=name) for name, finding in found]
    return tuple(sorted(named, key=lambda finding: _ORDER[finding.level]))

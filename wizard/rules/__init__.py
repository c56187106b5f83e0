"""May this work? Pure rules over what the operator chose and what exists; the only place where that is decided.

One function a rule, in a file for what it is about; each is shown where it arises, at the review, in `plan`, and once
more just before anything is written.
"""

from collections.abc import Collection

from wizard.rules import cluster, governance, identity, key, moving, regions, vault
from wizard.rules.finding import Finding, Guard, Level, RequiredAction, Rule
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

__all__ = ["GUARDS", "RULES", "Finding", "Level", "RequiredAction", "findings"]

RULES: tuple[Rule, ...] = (
    cluster.exists,
    cluster.version,
    cluster.new_version,
    cluster.state,
    cluster.failed,
    cluster.quota,
    identity.of_the_cluster,
    identity.fits,
    identity.deleted,
    identity.role,
    identity.fresh,
    moving.from_a_key,
    moving.from_legacy,
    moving.secrets_are_rewritten,
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
    key.differs,
    key.rotation,
    regions.elsewhere,
    regions.known,
    regions.offered,
    regions.without_identities,
    governance.feature,
)

GUARDS: tuple[Guard, ...] = (
    governance.missing_permissions,
    governance.deny_assignments,
    governance.read_only_locks,
)

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


def findings(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction] = ()
) -> tuple[Finding, ...]:
    """All that the rules find, errors first; `needed` are the rights that the plan's steps ask for."""
    found = [finding for rule in RULES for finding in rule(target, snapshot)]
    found += [finding for guard in GUARDS for finding in guard(target, snapshot, needed)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.level]))

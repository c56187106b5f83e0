"""Preflight checks: pure rules over the configuration and what exists. No other place decides this.

One function per rule, marked with `@rule` or `@action_rule`, in a file per subject. The findings are shown in the forms, at the
review and in `plan`, and the rules run again just before the first write.
"""

from collections.abc import Collection
from dataclasses import replace

from wizard.rules import cluster, governance, identity, key, migration, ownership, regions, unread, vault
from wizard.rules.finding import ActionRule, Finding, Level, RequiredAction, Rule, action_rules, rules
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

__all__ = ["ACTION_RULES", "CHECKS", "NAMES", "RULES", "Finding", "Level", "RequiredAction", "findings"]

_GROUPS = (cluster, identity, migration, ownership, governance, vault, key, regions, unread)
"""The files of the preflight checks, in the order of their findings; in a file, the order is that of the functions."""

RULES: tuple[Rule, ...] = tuple(
    each for group in _GROUPS for each in rules if each.__module__ == group.__name__
)
ACTION_RULES: tuple[ActionRule, ...] = tuple(action_rules)


def _name(check: Rule | ActionRule) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"


NAMES: tuple[str, ...] = (*map(_name, RULES), *map(_name, ACTION_RULES))
"""The names of all preflight checks: the group, a dot, and the function."""

CHECKS = len(NAMES)
"""How many preflight checks are made for a plan; most find nothing."""

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


def findings(
    target: Target, snapshot: Snapshot, needed: Collection[RequiredAction] = ()
) -> tuple[Finding, ...]:
    """Return all findings, errors first; `needed` are the actions that the plan's steps require."""
    found = [(_name(rule), finding) for rule in RULES for finding in rule(target, snapshot)]
    found += [(_name(each), finding) for each in ACTION_RULES for finding in each(target, snapshot, needed)]
    named = [replace(finding, check=name) for name, finding in found]
    return tuple(sorted(named, key=lambda finding: _ORDER[finding.level]))

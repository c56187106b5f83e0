"""A preflight check, its finding, and the actions that a plan requires."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One finding of a rule: the problem, and how to fix it."""

    level: Level
    code: str
    """Stable, in kebab-case: `cluster-version-too-old`."""
    message: str
    """A sentence with the resource and the cause."""
    remedy: str = ""
    check: str = field(default="", compare=False)
    """The name of the preflight check that found it; empty if it is not of one."""

    def to_json(self) -> dict[str, str]:
        """Return the finding in the format of `plan -o json`."""
        return {"level": self.level, "code": self.code, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True)
class RequiredAction:
    """An action of the management plane that a step requires, and the id of its scope."""

    action: str
    scope: str


Rule = Callable[[Target, Snapshot], Iterator[Finding]]
"""Checks the answers against what exists."""
ActionRule = Callable[[Target, Snapshot, Collection[RequiredAction]], Iterator[Finding]]
"""Checks the actions that the plan's steps require."""

rules: list[Rule] = []
action_rules: list[ActionRule] = []


def rule(check: Rule) -> Rule:
    """Make a function a preflight check of the answers."""
    rules.append(check)
    return check


def action_rule(check: ActionRule) -> ActionRule:
    """Make a function a preflight check of the actions that a plan requires."""
    action_rules.append(check)
    return check

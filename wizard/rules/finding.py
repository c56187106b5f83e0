"""What a rule says, and what it is told of the plan's needs."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One verdict of a rule: what it found, and what to do about it."""

    level: Level
    code: str
    """Stable, in kebab-case: `cluster-version-too-old`."""
    message: str
    """Names the thing and the cause, in a sentence."""
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """The shape of a finding in `plan -o json`."""
        return {"level": self.level, "code": self.code, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True)
class RequiredAction:
    """An action of the management plane that a step needs, and the id of the group, resource or subscription on which."""

    action: str
    scope: str


Rule = Callable[[Target, Snapshot], Iterator[Finding]]
"""Speaks about the answers and what exists."""
Guard = Callable[[Target, Snapshot, Collection[RequiredAction]], Iterator[Finding]]
"""Speaks about what the plan's steps need to be allowed to do."""

"""May this work? Pure rules over what the operator chose and what exists; the only place where that is decided."""

from dataclasses import dataclass
from typing import Literal

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

"""A key: the facts of its body, each derived once. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from wizard.cloud.arm import Json, dig, moment
from wizard.system.sanitize import sanitize

EXPIRES_SOON = timedelta(days=90)
"""A nearer expiry is a warning: this leaves enough time to notice it and to create a new version."""


@dataclass(frozen=True)
class KeyState:
    """What the body of a key says. Every fact is derived once, when it is first needed."""

    body: Json | None
    """As Azure returned it; None for a key that does not exist."""

    @cached_property
    def kind(self) -> str:
        """`RSA`, `RSA-HSM`, `EC`, …; empty if Azure returned none."""
        return str(self._property("kty") or "")

    @cached_property
    def size(self) -> Any:
        """The size in bits, as Azure returned it."""
        return self._property("keySize")

    @cached_property
    def operations(self) -> frozenset[str]:
        """The permitted operations; empty if Azure returned none."""
        return frozenset(str(operation) for operation in self._property("keyOps") or ())

    @cached_property
    def disabled(self) -> bool:
        """Whether the key is disabled."""
        return self._property("attributes", "enabled") is False

    @cached_property
    def created(self) -> datetime | None:
        """When the key, or this version of it, was created."""
        return moment(self._property("attributes", "created"))

    @cached_property
    def not_before(self) -> datetime | None:
        """When the key becomes valid, if it has such a date."""
        return moment(self._property("attributes", "nbf"))

    @cached_property
    def expires(self) -> datetime | None:
        """When the key expires, if it does."""
        return moment(self._property("attributes", "exp"))

    @cached_property
    def rotates_every(self) -> str:
        """How often the vault creates a new version automatically: `P1Y`, `P30D before expiry`; empty if it does not."""
        for action in self._property("rotationPolicy", "lifetimeActions") or ():
            if str(dig(action, "action", "type") or "").casefold() == "rotate":
                after, before = (
                    dig(action, "trigger", "timeAfterCreate"),
                    dig(action, "trigger", "timeBeforeExpiry"),
                )
                return sanitize(
                    str(after or (f"{before} before expiry" if before else "once, at its expiry"))
                )
        return ""

    def _property(self, *path: str) -> Any:
        return dig(self.body, "properties", *path)

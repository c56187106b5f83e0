"""A key: the facts of its body, each derived once. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from wizard.cloud.arm import Json, dig, documented_spelling, moment, same
from wizard.cloud.bodies import key_kind
from wizard.system.sanitize import sanitize

EXPIRES_SOON = timedelta(days=90)
"""A nearer expiry is a warning: this leaves enough time to notice it and to create a new version."""


_DURATION = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?")


def days_of(duration: str) -> timedelta | None:
    """Return the length of an ISO 8601 duration such as `P1Y` or `P90D`, with 30 days a month; None if it is another text."""
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    return timedelta(days=years * 365 + months * 30 + weeks * 7 + days)


_OPERATIONS = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey", "import", "release")


@dataclass(frozen=True)
class KeyState:
    """What the body of a key says. Every fact is derived once, when it is first needed."""

    body: Json | None
    """As Azure returned it; None for a key that does not exist."""

    @cached_property
    def kind(self) -> str:
        """`RSA`, `RSA-HSM`, `EC`, …; empty if Azure returned none."""
        return key_kind(self.body)

    @cached_property
    def size(self) -> Any:
        """The size in bits, as Azure returned it."""
        return self._property("keySize")

    @cached_property
    def operations(self) -> frozenset[str]:
        """The permitted operations; empty if Azure returned none."""
        return frozenset(documented_spelling(each, _OPERATIONS) for each in self._property("keyOps") or ())

    @property
    def encrypts_and_decrypts(self) -> bool:
        """Whether the key permits both operations that AKS needs."""
        return self.operations >= {"encrypt", "decrypt"}

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
    def rotation_triggers(self) -> tuple[Json, ...]:
        """The triggers of the rotation policy that create a new version: `timeAfterCreate` or `timeBeforeExpiry`."""
        return tuple(
            dig(action, "trigger") or {}
            for action in self._property("rotationPolicy", "lifetimeActions") or ()
            if same(dig(action, "action", "type"), "rotate")
        )

    @cached_property
    def rotates_every(self) -> str:
        """How often the vault creates a new version automatically: `P1Y`, `P30D before expiry`; empty if it does not."""
        for trigger in self.rotation_triggers:
            after, before = trigger.get("timeAfterCreate"), trigger.get("timeBeforeExpiry")
            return sanitize(str(after or (f"{before} before expiry" if before else "once, at its expiry")))
        return ""

    @cached_property
    def next_rotation(self) -> datetime | None:
        """When the vault creates the next version, by its policy and the dates of this one (docs/azure.md#rotation-expiry-and-hsms).

        None if it does not, or if that is not known, as without the date of creation.
        """
        moments = []
        for trigger in self.rotation_triggers:
            after, before = (
                days_of(str(trigger.get(name) or "")) for name in ("timeAfterCreate", "timeBeforeExpiry")
            )
            if after and self.created:
                moments.append(self.created + after)
            elif before and self.expires:
                moments.append(self.expires - before)
            elif self.expires and not any(trigger.values()):
                moments.append(self.expires)
        return min(moments, default=None)

    @property
    def rotates_too_late(self) -> bool:
        """Whether the next automatic rotation comes after the key has expired."""
        return bool(self.expires and self.next_rotation and self.next_rotation > self.expires)

    def _property(self, *path: str) -> Any:
        return dig(self.body, "properties", *path)

"""How long a key lasts as it is: its expiry, and its rotation by the vault itself. Pure."""

from datetime import timedelta

from wizard.cloud.arm import Json, dig
from wizard.cloud.bodies import firewall_denies
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

EXPIRES_SOON = timedelta(days=90)
"""An expiry that is nearer than this is warned of: time enough to notice, and to make a new version."""


def lacks_rotation(target: Target, snapshot: Snapshot) -> bool:
    """Whether the plan gives an existing key the rotation policy that was asked for. Through the vault it is set after the
    key was created, and a run that ended in between has left it out; a vault that is closed lets nobody set it."""
    own = target.own
    if not own.key.rotate_every or own.create_through != "key-vault" or snapshot.key is None:
        return False
    return not rotates_every(snapshot.key) and not firewall_denies(snapshot.vault or {})


def rotates_every(key: Json | None) -> str:
    """How often the vault makes a new version of a key by itself: `P1Y`, `P30D before expiry`; empty where it does not."""
    for action in dig(key, "properties", "rotationPolicy", "lifetimeActions") or ():
        if str(dig(action, "action", "type") or "").casefold() == "rotate":
            after, before = (
                dig(action, "trigger", "timeAfterCreate"),
                dig(action, "trigger", "timeBeforeExpiry"),
            )
            return sanitize(str(after or (f"{before} before expiry" if before else "once, at its expiry")))
    return ""

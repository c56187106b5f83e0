"""Rotation policies of keys on both planes of Key Vault (docs/azure.md#rotation-expiry-and-hsms).

Policies are stored in the form of the data plane. On the management plane, action types are in lower case.
"""

import re

from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.state import Key, KeyVersion
from wizard.simulator.state.world import DAY, World
from wizard.simulator.vaults.key_store import new_version

_SPAN = re.compile(r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?")
_SHORTEST = 7
_TYPES = {"rotate": "Rotate", "notify": "Notify"}


def days_of(span: str) -> int:
    """Return the number of days in `P2Y`, `P18M` or `P90D`; a month has 30 days, and a year 365.

    Raise ValueError for any other text.
    """
    found = _SPAN.fullmatch(span)
    if found is None or not any(found.groups()):
        raise ValueError(span)
    years, months, days = (int(part or 0) for part in found.groups())
    return years * 365 + months * 30 + days


def kept(given: Json, before: Json, now: int) -> Json:
    """Return the policy of a request in the form in which it is stored.

    Raise Refusal 400 for durations and actions that Key Vault does not accept (texts UNCONFIRMED).
    """
    attributes, actions = given.get("attributes") or {}, given.get("lifetimeActions") or []
    expiry = attributes.get("expiryTime")
    life = _checked(expiry, "expiryTime", 28) if expiry else None
    kept_actions: list[Json] = []
    for entry in actions:
        kind = _TYPES.get(str((entry.get("action") or {}).get("type")).lower())
        trigger: Json = {name: span for name, span in (entry.get("trigger") or {}).items() if span}
        if kind is None or len(trigger) != 1:
            raise Refusal(
                400,
                "BadParameter",
                "A lifetime action of a rotation policy has one trigger, and the action type Rotate or Notify.",
            )
        name, span = next(iter(trigger.items()))
        wait = _checked(span, name, _SHORTEST)
        if name == "timeBeforeExpiry" and kind == "Rotate" and life is None:
            raise Refusal(
                400, "BadParameter", "The trigger timeBeforeExpiry of a rotation policy needs an expiryTime."
            )
        if life is not None and wait > life - _SHORTEST:
            raise Refusal(
                400,
                "BadParameter",
                f"The trigger {name} of a rotation policy must leave at least {_SHORTEST} days of its expiryTime.",
            )
        kept_actions.append({"trigger": trigger, "action": {"type": kind}})
    created = before.get("attributes", {}).get("created", now)
    lasting = {"expiryTime": expiry} if expiry else {}
    return {"lifetimeActions": kept_actions, "attributes": {**lasting, "created": created, "updated": now}}


def _checked(span: object, name: str, least: int) -> int:
    try:
        days = days_of(str(span))
    except ValueError as problem:
        raise Refusal(
            400, "BadParameter", f"The {name} '{span}' of a rotation policy is no span of days."
        ) from problem
    if days < least:
        raise Refusal(
            400, "BadParameter", f"The {name} '{span}' of a rotation policy must be at least {least} days."
        )
    return days


def on_management_plane(policy: Json) -> Json:
    """Return a stored policy as ARM shows it."""
    return {
        "attributes": policy["attributes"],
        "lifetimeActions": [
            entry | {"action": {"type": entry["action"]["type"].lower()}}
            for entry in policy["lifetimeActions"]
        ],
    }


def on_data_plane(key: Key, key_id: str) -> Json:
    """Return the policy of a key as the data plane shows it. The default policy notifies before expiry."""
    default: Json = {
        "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
        "attributes": {},
    }
    return {"id": f"{key_id}/rotationpolicy"} | (key.rotation_policy or default)


def expiry_of(policy: Json, created: int) -> int | None:
    """Return when a new version of a key with this stored policy expires, in seconds since the epoch, or None."""
    span = policy.get("attributes", {}).get("expiryTime")
    return created + int(days_of(span) * DAY) if span else None


def next_version(world: World, key: Key) -> KeyVersion:
    """Return the version that a rotation creates: like the newest one, with the expiry of the policy."""
    old = key.current
    version = new_version(world, kty=old.kty, size=old.size or 2048, curve=old.curve or "P-256", ops=old.ops)
    version.tags = dict(old.tags)
    version.expires = expiry_of(key.rotation_policy, version.created)
    return version

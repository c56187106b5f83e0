"""Rotation policies of keys: what both planes of Key Vault read and write, and the rotations that come of them (AZURE.md §3g).

They are kept as the data plane writes them; the management plane has the same with its action types in lower case.
"""

import json
import re

from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.state import Key, KeyVersion
from wizard.simulator.state.world import DAY, World, scheduled_handler
from wizard.simulator.vaults.key_store import new_version

_SPAN = re.compile(r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?")
_SHORTEST = 7
_TYPES = {"rotate": "Rotate", "notify": "Notify"}


def days_of(span: str) -> int:
    """The days in `P2Y`, `P18M` or `P90D`; a month has 30 and a year 365 of them.

    Raises ValueError for anything else.
    """
    found = _SPAN.fullmatch(span)
    if found is None or not any(found.groups()):
        raise ValueError(span)
    years, months, days = (int(part or 0) for part in found.groups())
    return years * 365 + months * 30 + days


def kept(given: Json, before: Json, now: int) -> Json:
    """The policy that a request asks for, as it is kept.

    Raises Refusal 400 for spans and actions that Key Vault does not take (texts UNCONFIRMED).
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
    """A kept policy as ARM shows it."""
    return {
        "attributes": policy["attributes"],
        "lifetimeActions": [
            entry | {"action": {"type": entry["action"]["type"].lower()}}
            for entry in policy["lifetimeActions"]
        ],
    }


def on_data_plane(key: Key, key_id: str) -> Json:
    """A key's policy as the data plane shows it; one that was never set notifies before the end."""
    default: Json = {
        "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
        "attributes": {},
    }
    return {"id": f"{key_id}/rotationpolicy"} | (key.rotation_policy or default)


def expiry_of(policy: Json, created: int) -> int | None:
    """When a new version of a key with this (kept) policy expires; None where that does not say."""
    span = policy.get("attributes", {}).get("expiryTime")
    return created + int(days_of(span) * DAY) if span else None


def next_version(world: World, key: Key) -> KeyVersion:
    """What rotating a key makes: like the newest version, as old as the policy lets it become."""
    old = key.current
    version = new_version(world, kty=old.kty, size=old.size or 2048, curve=old.curve or "P-256", ops=old.ops)
    version.tags = dict(old.tags)
    version.expires = expiry_of(key.rotation_policy, version.created)
    return version


def plan(world: World, key: Key) -> None:
    """Let Key Vault make the next version of a key when its policy says so; to be called whenever key or policy changed.

    One that is overdue is made at once (UNCONFIRMED).
    """
    due = _due(key)
    if due is not None:
        days = max(0.0, due - world.now()) / DAY
        world.after_days(days, "key-rotates", place=f"{key.vault}/{key.name}".lower(), seen=_seen(key))


def _due(key: Key) -> float | None:
    """When the newest version is to have a successor, in seconds since the epoch; None where no policy wants one."""
    version = key.current
    for entry in key.rotation_policy.get("lifetimeActions", ()):
        if entry["action"]["type"] != "Rotate":
            continue
        name, span = next(iter(entry["trigger"].items()))
        if name == "timeAfterCreate":
            return version.created + days_of(span) * DAY
        if version.expires is not None:
            return version.expires - days_of(span) * DAY
    return None


def _seen(key: Key) -> str:
    """All that a rotation depends on: where any of it has changed meanwhile, another one was planned."""
    return json.dumps([key.current.version, key.current.expires, key.rotation_policy], sort_keys=True)


@scheduled_handler("key-rotates")
def _rotates(world: World, facts: dict[str, str]) -> None:
    key = world.state.keys.get(facts["place"])
    if key is not None and _seen(key) == facts["seen"]:
        key.versions.append(next_version(world, key))
        plan(world, key)

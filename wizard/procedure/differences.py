"""The differences between two plans for the same answers, in words: for the gate, and for a run that is resumed."""

from collections.abc import Collection
from typing import Any

from wizard.cloud.arm import Json, canonical, same
from wizard.procedure.plan import Plan
from wizard.system.sanitize import sanitize

_SHORT = 160
"""The maximum length of two values in one sentence."""
_MOST = 4
"""The maximum number of values of one object that are told."""

_NOTHING: tuple[object, ...] = ("", None, [], {})


def changed_by(steps: Collection[str]) -> set[str]:
    """Return the facts of a plan that these steps, by key, may change."""
    from wizard.procedure.steps import STEPS  # late: `runs list` compares no plans and needs no steps

    return {fact for step in STEPS if step.key in steps for fact in step.changes}


def done_since(shown: Json, fresh: Plan) -> list[str]:
    """Return the titles of the steps of a plan (in the format of `Plan.to_json`) that are complete in a later one."""
    done = _done(shown, fresh)
    return [sanitize(step.title) for step in fresh.steps if step.key in done]


def _done(shown: Json, fresh: Plan) -> set[str]:
    """Return the keys of such steps."""
    before = _steps(shown)
    return {
        step.key
        for step in fresh.steps
        if step.action == "none" and before.get(step.key, {}).get("action", "none") != "none"
    }


def other_differences(shown: Json, fresh: Plan, *, after_steps: bool = False) -> list[str]:
    """Return the other differences of a later plan, one sentence each.

    `after_steps`: steps ran between the two plans; a fact that was empty and is now set by one of them is no difference.
    """
    gone = _steps(shown).keys() - {step.key for step in fresh.steps}
    return [
        *(sentence for step in fresh.steps for sentence in of_step(shown, fresh, step.key)),
        *(
            sanitize(f"{step.get('title')}: no longer needed")
            for key, step in _steps(shown).items()
            if key in gone
        ),
        *of_facts(shown, fresh, after_steps=after_steps),
    ]


def of_step(shown: Json, fresh: Plan, key: str) -> list[str]:
    """Return how a step of a later plan differs; nothing if it was only completed in the meantime."""
    step = next(step for step in fresh.to_json()["steps"] if step["key"] == key)
    old = _steps(shown).get(key)
    was, now = (old or {}).get("action"), step["action"]
    if old is None:
        found = f"was not in the plan, {_to_do(step)}"
    elif was == "none" != now:
        found = f"required no change, {_to_do(step)}"
    elif now not in {was, "none"}:
        found = f"{was} → {now}: {_in_words(step)}"
    elif was == now and _told(old) != _told(step):
        found = f"now {_in_words(step)}"
    else:
        return []
    return [sanitize(f"{step['title']}: {found}")]


def _told(step: Json) -> list[Json]:
    """Return a step's effects, without details of kept resources: the plan does not change them, and its digest omits them."""
    effects = step.get("effects") or ()
    return [each | {"detail": ""} if each.get("verb") == "keep" else each for each in effects]


def repeated(fresh: Plan, key: str) -> str:
    """Return that a step which has succeeded has to run again."""
    step = next(step for step in fresh.to_json()["steps"] if step["key"] == key)
    return sanitize(f"{step['title']}: succeeded, but is required again: {_in_words(step)}")


def foreign_change(shown: Json, fresh: Plan) -> str:
    """Return how the encryption changed, if neither the earlier plan nor its goal explains it; else an empty text.

    Another user made that change, and might not want it to be reverted.
    """
    moves = shown.get("moves") or {}
    was, to = str(moves.get("from") or ""), str(moves.get("to") or "")
    now = fresh.moves[0]
    if not was or now.casefold() in {was.casefold(), to.casefold()} or "cluster" in _done(shown, fresh):
        return ""
    return sanitize(f"the cluster's encryption changed: {was} → {now}")


def of_facts(shown: Json, fresh: Plan, *, after_steps: bool = False, but: Collection[str] = ()) -> list[str]:
    """Return the differences in the facts of a later plan, except those named in `but`."""
    facts: Json = shown.get("basis") or {}
    found = []
    made = changed_by(_done(shown, fresh)) if after_steps else set()
    for fact, value in fresh.to_json()["basis"].items() if facts else ():
        old_value = facts.get(fact)
        if (
            canonical(old_value) == canonical(value)
            or fact in but
            or (fact in made and old_value in _NOTHING)
        ):
            continue
        if fact == "identity" and isinstance(value, list):
            found.append(_identity(value, shown if after_steps else {}))
        else:
            found += _changed(fact.replace("_", " "), old_value, value)
    return [sanitize(sentence) for sentence in found]


def differences(shown: Json, fresh: Plan) -> list[str]:
    """Return all differences, one sentence each; never empty."""
    done = [f"{title}: was required, and is already complete" for title in done_since(shown, fresh)]
    return [*done, *other_differences(shown, fresh)] or ["the plan is for another configuration"]


def _steps(plan: Json) -> dict[str, Json]:
    return {str(step.get("key")): step for step in plan.get("steps") or ()}


def _to_do(step: Json) -> str:
    return "now no change" if step["action"] == "none" else f"now required: {_in_words(step)}"


def _in_words(step: Json) -> str:
    return "; ".join(f"{effect['what']} {effect['name']} ({effect['detail']})" for effect in step["effects"])


def _identity(now: list[Any], shown: Json) -> str:
    """Return the cluster's current identity by name; `shown`: the plan whose run may have assigned it."""
    names = [str(each).rsplit("/", 1)[-1] for each in now[-1]] or [
        "system-assigned" if same(now[0], "SystemAssigned") else "none"
    ]
    to = str((shown.get("moves") or {}).get("to", "")).casefold()
    left = ", as set by the run" if to.endswith(f"identity {names[0]}".casefold()) else ""
    return f"the cluster's identity is now {', '.join(names)}{left}"


def _changed(what: str, before: object, now: object) -> list[str]:
    """Return `kubernetes version: 1.34.2 → 1.35.0`; of an object, the same for each value in it; of long values, only that they
    have changed."""
    if isinstance(before, dict) and isinstance(now, dict):
        was, is_ = _leaves(before), _leaves(now)
        names = [name for name in {**was, **is_} if was.get(name) != is_.get(name)]
        told = [
            line
            for name in names[:_MOST]
            for line in _changed(f"{what} {name}", was.get(name), is_.get(name))
        ]
        return told + ([f"{what}: {len(names) - _MOST} more changes"] if len(names) > _MOST else [])
    if len(f"{before}{now}") > _SHORT:
        return [f"{what}: has changed"]
    return [f"{what}: {_value(before)} → {_value(now)}"]


def _leaves(body: Json, path: str = "") -> Json:
    """Return every value that is not an object, by its path."""
    found: Json = {}
    for name, value in body.items():
        way = f"{path}.{name}" if path else str(name)
        found |= _leaves(value, way) if isinstance(value, dict) and value else {way: value}
    return found


def _value(value: object) -> str:
    if value in _NOTHING:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)

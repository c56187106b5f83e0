"""What two plans for the same answers disagree about, in words: for the gate, and for a run that is carried on."""

from collections.abc import Collection, Mapping
from typing import Any

from wizard.cloud.arm import Json
from wizard.procedure.plan import Plan
from wizard.system.sanitize import sanitize

_SHORT = 160
"""Characters of two values that a sentence can bear."""
_MOST = 4
"""Parts of one object that a sentence can bear."""

_NOTHING: tuple[object, ...] = ("", None, [], {})

STEPS_OF: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("exists", "security_profile", "identity", "kubernetes_version"), frozenset({"cluster"})),
    "principal": frozenset({"identity"}),
    "vault_purge_protection": frozenset({"vault"}),
    "vault_public_network_access": frozenset({"vault", "firewall"}),
    "key_expires": frozenset({"key"}),
}
"""By fact that a plan stands on: the steps that may change it."""


def done_since(shown: Json, fresh: Plan) -> list[str]:
    """The titles of what was to be done in a plan (as `Plan.to_json` has it) and is so already in a later one."""
    done = _done(shown, fresh)
    return [sanitize(step.title) for step in fresh.steps if step.key in done]


def _done(shown: Json, fresh: Plan) -> set[str]:
    """The keys of such steps."""
    before = _steps(shown)
    return {
        step.key
        for step in fresh.steps
        if step.action == "none" and before.get(step.key, {}).get("action", "none") != "none"
    }


def other_differences(shown: Json, fresh: Plan, *, after_steps: bool = False) -> list[str]:
    """What else a later plan has other_differences, one sentence each.

    `after_steps`: steps were done between the two, and what was nothing then and is something now came with those of
    them that make it.
    """
    gone = _steps(shown).keys() - {step.key for step in fresh.steps}
    return [
        *(sentence for step in fresh.steps for sentence in of_step(shown, fresh, step.key)),
        *(
            sanitize(f"{step.get('title')}: is not needed any more")
            for key, step in _steps(shown).items()
            if key in gone
        ),
        *of_facts(shown, fresh, after_steps=after_steps),
    ]


def of_step(shown: Json, fresh: Plan, key: str) -> list[str]:
    """What a later plan has otherwise in one of its steps; nothing where it is only done by now."""
    step = next(step for step in fresh.to_json()["steps"] if step["key"] == key)
    old = _steps(shown).get(key)
    was, now = (old or {}).get("action"), step["action"]
    if old is None:
        found = f"was not there, {_to_do(step)}"
    elif was == "none" != now:
        found = f"was so already, {_to_do(step)}"
    elif now not in {was, "none"}:
        found = f"was {was}, is now {now}: {_in_words(step)}"
    elif was == now and _told(old) != _told(step):
        found = f"is now {_in_words(step)}"
    else:
        return []
    return [sanitize(f"{step['title']}: {found}")]


def _told(step: Json) -> list[Json]:
    """A step's effects, without details of what is kept: the plan touches none of it, and its digest leaves them out."""
    effects = step.get("effects") or ()
    return [each | {"detail": ""} if each.get("verb") == "keep" else each for each in effects]


def repeated(fresh: Plan, key: str) -> str:
    """That a step which was done meanwhile is to be done once more."""
    step = next(step for step in fresh.to_json()["steps"] if step["key"] == key)
    return sanitize(f"{step['title']}: was done, and is to be done again: {_in_words(step)}")


def foreign_change(shown: Json, fresh: Plan) -> str:
    """What the cluster was encrypted with for the earlier plan, and is now, where neither that plan nor what it was to
    bring about explains it; empty where it does. Whoever did that may not want it repeated."""
    moves = shown.get("moves") or {}
    was, to = str(moves.get("from") or ""), str(moves.get("to") or "")
    now = fresh.moves[0]
    if not was or now.casefold() in {was.casefold(), to.casefold()} or "cluster" in _done(shown, fresh):
        return ""
    return sanitize(f"the cluster had {was}, and has {now} now")


def of_facts(shown: Json, fresh: Plan, *, after_steps: bool = False, but: Collection[str] = ()) -> list[str]:
    """What a later plan has otherwise in the facts it stands on, `but` for some of them."""
    facts: Json = shown.get("basis") or {}
    found = []
    done = _done(shown, fresh) if after_steps else set()
    for fact, value in fresh.to_json()["basis"].items() if facts else ():
        old_value = facts.get(fact)
        made = bool(STEPS_OF.get(fact, frozenset()) & done)
        if old_value == value or fact in but or (made and old_value in _NOTHING):
            continue
        if fact == "identity" and isinstance(value, list):
            found.append(_identity(value, shown if after_steps else {}))
        else:
            found.append(f"{fact.replace('_', ' ')} {_changed(old_value, value)}")
    return [sanitize(sentence) for sentence in found]


def differences(shown: Json, fresh: Plan) -> list[str]:
    """All of it, one sentence each; never empty."""
    done = [f"{title}: was to be done, is so already" for title in done_since(shown, fresh)]
    return [*done, *other_differences(shown, fresh)] or ["the plan is made for something else"]


def _steps(plan: Json) -> dict[str, Json]:
    return {str(step.get("key")): step for step in plan.get("steps") or ()}


def _to_do(step: Json) -> str:
    return "is so already" if step["action"] == "none" else f"is now to be done: {_in_words(step)}"


def _in_words(step: Json) -> str:
    return "; ".join(f"{effect['what']} {effect['name']} ({effect['detail']})" for effect in step["effects"])


def _identity(now: list[Any], shown: Json) -> str:
    """The identity that the cluster has now, by name; `shown`: the plan whose run may have given it that one."""
    names = [str(each).rsplit("/", 1)[-1] for each in now[-1]] or ["of the system" if now[0] else "none"]
    to = str((shown.get("moves") or {}).get("to", "")).casefold()
    left = ", as the run left it" if to.endswith(f"identity {names[0]}".casefold()) else ""
    return f"the cluster's identity is {', '.join(names)} now{left}"


def _changed(before: object, now: object) -> str:
    """`was 1.34.2, is now 1.35.0`; of an object, the same for what is in it; of what is long, only that it changed."""
    if isinstance(before, dict) and isinstance(now, dict):
        was, is_ = _leaves(before), _leaves(now)
        names = [name for name in {**was, **is_} if was.get(name) != is_.get(name)]
        told = [f"{name} {_changed(was.get(name), is_.get(name))}" for name in names[:_MOST]]
        return "; ".join(told) + (f"; and {len(names) - _MOST} more" if len(names) > _MOST else "")
    if len(f"{before}{now}") > _SHORT:
        return "is another one now"
    return f"was {_value(before)}, is now {_value(now)}"


def _leaves(body: Json, path: str = "") -> Json:
    """Every value that is no object, by its way from the top."""
    found: Json = {}
    for name, value in body.items():
        way = f"{path}.{name}" if path else str(name)
        found |= _leaves(value, way) if isinstance(value, dict) and value else {way: value}
    return found


def _value(value: object) -> str:
    return "nothing" if value in _NOTHING else str(value)

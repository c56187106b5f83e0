"""Answers that no Azure gives, refused at the door: a proxy's page, half an answer, a list where an object belongs.

What gets past is at least shaped as every answer of Azure Resource Manager is, so that whoever reads it need not ask.
"""

from collections.abc import Mapping
from typing import Any

_OBJECTS = ("properties", "identity", "sku", "securityProfile", "powerState", "networkAcls", "error")
_TEXTS = ("id", "type", "location", "provisioningState", "nextLink", "keyId", "kubernetesVersion")
_LISTS = ("agentPoolProfiles", "accessPolicies", "resourceTypes")
"""What these are wherever Azure Resource Manager answers with them: in its resources, its lists, its errors."""


def illegible(method: str, path: str, status: int, body: object) -> str | None:
    """Why a decoded body is no answer of Azure Resource Manager's to such a request; None where it may be one."""
    if status >= 400 and isinstance(body, str | None):
        return None  # a gateway's page; its status says enough
    empty = status not in {200, 201} or method not in _READ
    is_list = (
        status == 200 and method == "GET" and path.rstrip("/").rpartition("/")[2].casefold() in _COLLECTIONS
    )
    return _wrong(body, empty=empty, is_list=is_list)


def illegible_key(method: str, path: str, status: int, body: object) -> str | None:
    """The same for an answer of a vault's own plane: of a key, which is all that is asked of one."""
    parts = path.strip("/").split("/")
    if (
        status >= 400
        or parts[:1] != ["keys"]
        or parts[-1] in {"rotationpolicy", "keys"}
        or method == "DELETE"
    ):
        return None
    if not isinstance(body, Mapping):
        return f"it is {_kind(body)}, not an object"
    for name in ("key", "attributes"):
        if not isinstance(body.get(name), Mapping):
            return f"its {name} is {_kind(body.get(name))}, not an object"
    kid = body["key"].get("kid")
    return None if isinstance(kid, str) else f"its kid is {_kind(kid)}, not text"


_READ = {"GET", "PUT", "PATCH"}
"""What answers with a resource or a list, if it succeeds."""
_COLLECTIONS = {
    *(
        "subscriptions",
        "locations",
        "managedclusters",
        "vaults",
        "deletedvaults",
        "keys",
        "locks",
        "permissions",
    ),
    *("userassignedidentities", "roleassignments", "denyassignments", "roleeligibilityscheduleinstances"),
    *("quotas", "usages"),
}
"""How the path of a list ends, of those that are asked for."""


def _wrong(body: object, *, empty: bool, is_list: bool) -> str | None:
    """What is wrong with a body as a whole; None where it is one. `empty`: it may be. `is_list`: it is to be a list."""
    if body is None and empty:
        return None
    if not isinstance(body, Mapping):
        return f"it is {_kind(body)}, not an object"
    entries = body.get("value", None if is_list else [])
    if not isinstance(entries, list):
        return f"its value is {_kind(entries)}, not a list"
    for entry in entries:
        if not isinstance(entry, Mapping):
            return f"its list holds {_kind(entry)}, not objects alone"
    return next(filter(None, map(_misshapen, [body, *entries])), None)


def _misshapen(found: Mapping[str, Any]) -> str | None:
    """What of a resource, and of the objects in it whose names are known, is not what it is everywhere."""
    for names, wanted, word in (
        (_OBJECTS, Mapping, "an object"),
        (_TEXTS, str, "text"),
        (_LISTS, list, "a list"),
    ):
        for name in names:
            value = found.get(name)
            if value is not None and not isinstance(value, wanted):
                return f"its {name} is {_kind(value)}, not {word}"
    inner = (found[name] for name in _OBJECTS if isinstance(found.get(name), Mapping))
    return next(filter(None, map(_misshapen, inner)), None)


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"

"""Answers that no Azure gives, refused at the door: a proxy's page, half an answer, a list where an object belongs.

What gets past is at least shaped as every answer of Azure Resource Manager is, so that whoever reads it need not ask.
Imports the SDKs' core: late, by the door.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import DecodeError
from azure.core.pipeline.policies import ContentDecodePolicy

_OBJECTS = ("properties", "identity", "sku", "securityProfile", "powerState", "networkAcls", "error")
_TEXTS = ("id", "type", "location", "provisioningState", "nextLink", "keyId", "kubernetesVersion")
_LISTS = ("agentPoolProfiles", "accessPolicies", "resourceTypes")
"""What these are wherever Azure Resource Manager answers with them: in its resources, its lists, its errors."""


class LegiblePolicy(ContentDecodePolicy):
    """Decodes an answer's body, as azure-core does; raises DecodeError (an error of the SDKs, which is what everybody
    expects of a request) where it is not what an answer of Azure Resource Manager is."""

    def on_response(self, request: Any, response: Any) -> None:
        """Called with each answer that is not tried again."""
        answer = response.http_response
        try:
            super().on_response(request, response)
        except (
            ValueError,
            RecursionError,
        ) as error:  # numbers of 5,000 digits, 10,000 brackets in one another
            raise DecodeError(
                f"The body cannot be decoded: {type(error).__name__}.", response=answer
            ) from error
        if ContentDecodePolicy.CONTEXT_NAME not in response.context:
            return  # a stream, which whoever asked for it decodes
        body = response.context[ContentDecodePolicy.CONTEXT_NAME]
        if answer.status_code >= 400 and isinstance(body, str | None):
            return  # a gateway's page; its status says enough
        empty = answer.status_code not in {200, 201} or request.http_request.method not in _READ
        last = urlsplit(request.http_request.url).path.rstrip("/").rpartition("/")[2].casefold()
        is_list = answer.status_code == 200 and request.http_request.method == "GET" and last in _COLLECTIONS
        if (why := _wrong(body, empty=empty, is_list=is_list)) is not None:
            raise DecodeError(f"The body is no answer of Azure's: {why}.", response=answer)


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

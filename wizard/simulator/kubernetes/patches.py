"""The ways to patch an object: JSON merge patch, strategic merge patch (the same for what is here), JSON patch."""

from copy import deepcopy

from wizard.simulator.kubernetes.replies import ApiError, bad_request
from wizard.simulator.protocol.wire import Json, decode_json

MERGE = ("application/merge-patch+json", "application/strategic-merge-patch+json")
JSON_PATCH = "application/json-patch+json"


def patched(body: Json, content_type: str, patch: bytes) -> Json:
    """The object after the patch.

    Raises ApiError: 415 for another kind of patch (server-side apply is not served here), 400, 422.
    """
    if content_type not in {*MERGE, JSON_PATCH}:
        accepted = ", ".join((JSON_PATCH, *MERGE))
        raise ApiError(
            415, "UnsupportedMediaType",
            f"the body of the request was in an unknown format - accepted media types include: {accepted}",
        )  # fmt: skip
    try:
        parsed = decode_json(patch)
    except (ValueError, RecursionError) as problem:
        raise bad_request(f"error decoding patch: {problem}") from problem
    if content_type == JSON_PATCH:
        if not isinstance(parsed, list) or not all(isinstance(each, dict) for each in parsed):
            raise bad_request("error decoding patch: json: cannot unmarshal into a list of operations")
        result = deepcopy(body)
        for operation in parsed:
            _operate(result, operation)
        return result
    if not isinstance(parsed, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal into an object")
    return _merge(body, parsed)


def _merge(body: Json, patch: Json) -> Json:
    merged = dict(body)
    for name, value in patch.items():
        if name.startswith("$"):
            raise bad_request(f"the patch directive {name} is not supported by this server")
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            held = merged.get(name)
            merged[name] = _merge(held if isinstance(held, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _operate(body: Json, operation: Json) -> None:
    path = [part.replace("~1", "/").replace("~0", "~") for part in str(operation.get("path")).split("/")[1:]]
    how, place = operation.get("op"), body
    for part in path[:-1]:
        below = place.get(part)
        if not isinstance(below, dict):
            raise _unprocessable(f"doc is missing path: {operation.get('path')}")
        place = below
    if not path:
        raise _unprocessable("doc is missing path")
    last = path[-1]
    if how in ("remove", "replace", "test") and last not in place:
        raise _unprocessable(f"{how} operation does not apply: doc is missing key: {operation.get('path')}")
    if how in ("add", "replace"):
        place[last] = operation.get("value")
    elif how == "remove":
        del place[last]
    elif how != "test":
        raise _unprocessable(f"Unexpected kind: {how}")
    elif place[last] != operation.get("value"):
        raise _unprocessable(f"testing value {operation.get('path')} failed: test failed")


def _unprocessable(message: str) -> ApiError:
    return ApiError(
        422, "Invalid", f"the server rejected our request due to an error in our request: {message}"
    )

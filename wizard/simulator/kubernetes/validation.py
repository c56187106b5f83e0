"""The rules for a secret in a request, with the API server's own messages."""

import base64
import re

from wizard.simulator.kubernetes.replies import bad_request, invalid
from wizard.simulator.protocol.wire import Json

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_FIELDS = {"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"}
_METADATA = {
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
}  # fmt: skip
_TYPES = {
    **dict.fromkeys(("metadata.name", "metadata.generateName", "metadata.namespace", "metadata.resourceVersion", "metadata.uid", "type"), "string"),
    **dict.fromkeys(("metadata.labels", "metadata.annotations", "stringData"), "map[string]string"),
    "data": "map[string][]uint8",
}  # fmt: skip
"""The Go types of the fields that the server uses."""
_CANNOT = 'Secret in version "v1" cannot be handled as a Secret: '


def checked(parsed: Json, strictness: str) -> Json:
    """Return the secret of a request without the fields that a secret does not have.

    Raise ApiError(400) for another kind, for a value of the wrong type, and for unknown fields if the caller asks for `Strict`.
    """
    given = (parsed.get("kind") or "Secret", parsed.get("apiVersion") or "v1")
    if given != ("Secret", "v1"):
        raise bad_request(
            f"the object provided is unrecognized: {given[1]} {given[0]} does not match the expected v1 Secret"
        )
    if parsed.get("immutable"):
        raise bad_request("immutable secrets are not supported by this server")
    metadata = parsed.get("metadata", {})
    if not isinstance(metadata, dict):
        raise bad_request("json: cannot unmarshal into ObjectMeta")
    unknown = [f'unknown field "{name}"' for name in parsed if name not in _FIELDS]
    unknown += [f'unknown field "metadata.{name}"' for name in metadata if name not in _METADATA]
    if unknown and strictness == "Strict":
        raise bad_request(f"{_CANNOT}strict decoding error: {', '.join(unknown)}")
    body = {name: value for name, value in parsed.items() if name in _FIELDS}
    body |= {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {name: value for name, value in metadata.items() if name in _METADATA},
    }
    for place, kind in _TYPES.items():
        value = (metadata if "." in place else body).get(place.removeprefix("metadata."))
        if value is not None and not _fits(value, kind):
            raise bad_request(
                f"{_CANNOT}json: cannot unmarshal into Go struct field Secret.{place} of type {kind}"
            )
    return body


def _fits(value: object, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def check_name(name: str) -> None:
    """Raise ApiError(422) if the name is not a DNS subdomain."""
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise invalid(
            "Secret", name, "metadata.name",
            f"Invalid value: \"{name}\": must consist of lower case alphanumeric characters, `.` or '-', "
            "and must start and end with an alphanumeric character, and have at most 253 characters",
        )  # fmt: skip


def finish(body: Json, before: Json | None) -> None:
    """Complete a secret as the server does: `stringData` becomes `data`, and `type` has a default.

    Raise ApiError if the data or the type is invalid.
    """
    name = str(body["metadata"].get("name", ""))
    data: Json = dict(body.pop("data", None) or {})
    for value in data.values():
        try:
            base64.b64decode(value, validate=True)
        except ValueError as problem:
            raise bad_request(f"{_CANNOT}illegal base64 data at input byte 0") from problem
    for key, text in (body.pop("stringData", None) or {}).items():
        data[key] = base64.b64encode(text.encode()).decode()
    for key in data:
        if not _DATA_KEY.fullmatch(key):
            raise invalid(
                "Secret", name, f"data[{key}]",
                f"Invalid value: \"{key}\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            )  # fmt: skip
    if data:
        body["data"] = data
    body["type"] = body.get("type") or (before["type"] if before else "Opaque")
    if before is not None and body["type"] != before["type"]:
        raise invalid("Secret", name, "type", f'Invalid value: "{body["type"]}": field is immutable')

"""What a namespace or a secret has to look like, as the API server says it."""

import base64
import re
from collections.abc import Callable

from wizard.simulator.kubernetes.replies import bad_request, invalid
from wizard.simulator.protocol.wire import Json

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_FIELDS = {
    "Secret": {"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"},
    "Namespace": {"apiVersion", "kind", "metadata", "spec", "status"},
}
_METADATA = {
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
}  # fmt: skip
_TYPES = {
    **dict.fromkeys(("metadata.name", "metadata.generateName", "metadata.namespace", "metadata.resourceVersion", "metadata.uid", "type"), "string"),
    **dict.fromkeys(("metadata.labels", "metadata.annotations", "stringData"), "map[string]string"),
    "data": "map[string][]uint8",
    "immutable": "bool",
}  # fmt: skip
"""The Go types of the fields that the server works with."""
_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def of_kind(parsed: Json, kind: str) -> Json:
    """The object of a request, which has to be of this kind.

    Raises ApiError(400).
    """
    given = (parsed.get("kind") or kind, parsed.get("apiVersion") or "v1")
    if given != (kind, "v1"):
        raise bad_request(
            f"the object provided is unrecognized: {given[1]} {given[0]} does not match the expected v1 {kind}"
        )
    return parsed | {"kind": kind, "apiVersion": "v1"}


def _texts_by_name(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


_FITS: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "map[string]string": _texts_by_name,
    "map[string][]uint8": _texts_by_name,
}


def check_fields(body: Json, strictness: str) -> None:
    """Unknown fields: refused where the caller asks for `Strict`, else dropped. Values of the wrong type: refused.

    Raises ApiError(400).
    """
    metadata = body.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise bad_request("json: cannot unmarshal into ObjectMeta")
    unknown = [f'unknown field "{name}"' for name in body if name not in _FIELDS[body["kind"]]]
    unknown += [f'unknown field "metadata.{name}"' for name in metadata if name not in _METADATA]
    if unknown and strictness == "Strict":
        raise bad_request(
            f'{body["kind"]} in version "v1" cannot be handled as a {body["kind"]}: strict decoding error: {", ".join(unknown)}'
        )
    for holder, known in ((body, _FIELDS[body["kind"]]), (metadata, _METADATA)):
        for name in [name for name in holder if name not in known]:
            del holder[name]
    for place, kind in _TYPES.items():
        value = (metadata if "." in place else body).get(place.removeprefix("metadata."))
        if value is not None and not _FITS[kind](value):
            raise bad_request(
                f'{body["kind"]} in version "v1" cannot be handled as a {body["kind"]}: json: cannot unmarshal into Go struct field '
                f"{body['kind']}.{place} of type {kind}"
            )


def check_name(kind: str, name: str) -> None:
    """A DNS name.

    Raises ApiError(422).
    """
    rule, most = (_LABEL, 63) if kind == "Namespace" else (_SUBDOMAIN, 253)
    if not rule.fullmatch(name) or len(name) > most:
        raise invalid(
            kind, name, "metadata.name",
            f"Invalid value: \"{name}\": must consist of lower case alphanumeric characters{'' if kind == 'Namespace' else ', `.`'} or '-', "
            f"and must start and end with an alphanumeric character, and have at most {most} characters",
        )  # fmt: skip


def finish_secret(body: Json, before: Json | None) -> None:
    """Check a secret and fill in what the server fills in; `stringData` goes into `data`.

    Raises ApiError.
    """
    name = str(body["metadata"].get("name", ""))
    data: Json = dict(body.get("data") or {})
    for key, value in data.items():
        try:
            base64.b64decode(value, validate=True)
        except ValueError as problem:
            raise bad_request(
                'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'
            ) from problem
        _check_key(name, key)
    for key, text in (body.pop("stringData", None) or {}).items():
        _check_key(name, key)
        data[key] = base64.b64encode(text.encode()).decode()
    if data:
        body["data"] = data
    else:
        body.pop("data", None)
    body["type"] = body.get("type") or (before["type"] if before else "Opaque")
    for key in _NEEDED.get(body["type"], ()):
        if key not in data:
            raise invalid("Secret", name, f"data[{key}]", "Required value", reason="FieldValueRequired")
    if before is not None:
        if body["type"] != before["type"]:
            raise invalid("Secret", name, "type", f'Invalid value: "{body["type"]}": field is immutable')
        if before.get("immutable") and (data != (before.get("data") or {}) or not body.get("immutable")):
            raise invalid(
                "Secret",
                name,
                "data",
                "Forbidden: field is immutable when `immutable` is set",
                reason="FieldValueForbidden",
            )


def _check_key(name: str, key: str) -> None:
    if not _DATA_KEY.fullmatch(key):
        raise invalid(
            "Secret",
            name,
            f"data[{key}]",
            f"Invalid value: \"{key}\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        )

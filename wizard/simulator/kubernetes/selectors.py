"""Label and field selectors."""

import re
from collections.abc import Callable

from wizard.simulator.kubernetes.replies import bad_request
from wizard.simulator.protocol.wire import Json

Test = Callable[[Json], bool]
_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*"
_SET = re.compile(rf"(?P<name>{_NAME})\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(rf"(?P<name>{_NAME})\s*(?P<how>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)")
_EXISTS = re.compile(rf"(?P<not>!?)\s*(?P<name>{_NAME})")
_FIELDS: dict[str, Callable[[Json], str]] = {
    "metadata.name": lambda body: str(body["metadata"]["name"]),
    "metadata.namespace": lambda body: str(body["metadata"].get("namespace", "")),
    "type": lambda body: str(body.get("type", "")),
    "status.phase": lambda body: str((body.get("status") or {}).get("phase", "")),
}
_OF_KIND = {
    "secrets": ("metadata.name", "metadata.namespace", "type"),
    "namespaces": ("metadata.name", "status.phase"),
}


def _labels(body: Json) -> dict[str, str]:
    return dict(body["metadata"].get("labels") or {})


def _label_test(part: str) -> Test:
    if match := _SET.fullmatch(part):
        return _one_of(match["name"], match["values"].split(","), wanted=match["how"] == "in")
    if match := _EQUAL.fullmatch(part):
        return _one_of(match["name"], [match["value"]], wanted=match["how"] != "!=")
    if match := _EXISTS.fullmatch(part):
        return _exists(match["name"], wanted=not match["not"])
    raise bad_request(f"unable to parse requirement: found '{part}', expected: identifier")


def _one_of(name: str, values: list[str], *, wanted: bool) -> Test:
    allowed = {value.strip() for value in values}
    return lambda body: (_labels(body).get(name) in allowed) == wanted


def _exists(name: str, *, wanted: bool) -> Test:
    return lambda body: (name in _labels(body)) == wanted


def label_selector(text: str) -> Test:
    """`app=web,tier!=db,zone in (a, b),!old` as a test of an object.

    Raises ApiError.
    """
    tests = [_label_test(part.strip()) for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    return lambda body: all(test(body) for test in tests)


def field_selector(text: str, resource: str) -> Test:
    """`metadata.name=x,type!=Opaque` as a test of an object.

    Raises ApiError.
    """
    tests: list[Test] = []
    for part in (each.strip() for each in text.split(",") if each.strip()):
        match = re.fullmatch(r"(?P<name>[a-z.]+)(?P<how>==|=|!=)(?P<value>.*)", part)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if match["name"] not in _OF_KIND[resource]:
            raise bad_request(
                f'Unable to find "/v1, Resource={resource}" that match label selector "", field selector "{text}": field label not supported: {match["name"]}'
            )
        tests.append(_field_test(_FIELDS[match["name"]], match["value"], same=match["how"] != "!="))
    return lambda body: all(test(body) for test in tests)


def _field_test(read: Callable[[Json], str], value: str, *, same: bool) -> Test:
    return lambda body: (read(body) == value) == same

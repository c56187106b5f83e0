"""Protocol Buffers, as far as kubectl sends them: its typed commands write `application/vnd.kubernetes.protobuf`."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from wizard.simulator.protocol.wire import Json

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
Shape = dict[int, "tuple[str, Shape | Sort]"]
Sort = Literal["text", "number", "truth", "bytes", "texts", "text map", "bytes map", "time"]

_METADATA: Shape = {
    1: ("name", "text"), 2: ("generateName", "text"), 3: ("namespace", "text"), 5: ("uid", "text"), 6: ("resourceVersion", "text"),
    8: ("creationTimestamp", "time"), 11: ("labels", "text map"), 12: ("annotations", "text map"), 14: ("finalizers", "texts"),
}  # fmt: skip
_RESOURCE: Shape = {
    1: ("namespace", "text"), 2: ("verb", "text"), 3: ("group", "text"), 4: ("version", "text"), 5: ("resource", "text"),
    6: ("subresource", "text"), 7: ("name", "text"),
}  # fmt: skip
_SHAPES: dict[str, Shape] = {
    "Secret": {
        1: ("metadata", _METADATA), 2: ("data", "bytes map"), 3: ("type", "text"), 4: ("stringData", "text map"), 5: ("immutable", "truth"),
    },
    "Namespace": {
        1: ("metadata", _METADATA), 2: ("spec", {1: ("finalizers", "texts")}), 3: ("status", {1: ("phase", "text")}),
    },
    "SelfSubjectAccessReview": {
        1: ("metadata", _METADATA),
        2: ("spec", {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", {1: ("path", "text"), 2: ("verb", "text")})}),
    },
    "SelfSubjectReview": {1: ("metadata", _METADATA)},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "number"), 2: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")}), 4: ("propagationPolicy", "text"),
    },
}  # fmt: skip


def number(value: int) -> bytes:
    """A varint."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + number(rest) if rest else bytes([low])


def text(field: int, value: bytes | str) -> bytes:
    """A length-delimited field."""
    raw = value.encode() if isinstance(value, str) else value
    return number(field << 3 | 2) + number(len(raw)) + raw


def _number_at(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte, at = message[at], at + 1
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message, in order.

    Raises ValueError where it is none.
    """
    at = 0
    try:
        while at < len(message):
            tag, at = _number_at(message, at)
            if tag & 7 == 0:
                value, at = _number_at(message, at)
                yield tag >> 3, value
            elif tag & 7 == 2:
                length, at = _number_at(message, at)
                if at + length > len(message):
                    raise ValueError("unexpected EOF")
                yield tag >> 3, message[at : at + length]
                at += length
            else:
                raise ValueError(f"wire type {tag & 7} is not expected")
    except IndexError as problem:
        raise ValueError("unexpected EOF") from problem


def parts(message: bytes) -> dict[int, bytes]:
    """The length-delimited fields of a message, the last one of each number.

    Raises ValueError where it is none.
    """
    return {field: value for field, value in fields(message) if isinstance(value, bytes)}


def _moment(seconds: int | bytes) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError) as problem:
        raise ValueError(f"{seconds!r} is no time") from problem


def _read(message: bytes, shape: Shape) -> Json:
    found: Json = {}
    for field, value in fields(message):
        if field not in shape:
            continue
        name, sort = shape[field]
        if (sort in ("truth", "number")) is not isinstance(value, int):
            raise ValueError(f"another wire type is expected for {name}")
        if isinstance(value, int):
            found[name] = bool(value) if sort == "truth" else value
        elif isinstance(sort, dict):
            found[name] = _read(value, sort)
        elif sort in {"text map", "bytes map"}:
            entry = parts(value)
            key, held = entry.get(1, b""), entry.get(2, b"")
            shown = base64.b64encode(held) if sort == "bytes map" else held
            found.setdefault(name, {})[key.decode()] = shown.decode()
        elif sort == "texts":
            found.setdefault(name, []).append(value.decode())
        elif sort == "time":
            seconds = dict(fields(value)).get(1, 0)
            if seconds:
                found[name] = _moment(seconds)
        elif value:
            found[name] = value.decode()
    return found


def read(body: bytes) -> Json:
    """The object in a protobuf body, as its JSON would be.

    Raises ValueError.
    """
    if not body.startswith(MAGIC):
        raise ValueError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    envelope = parts(body[len(MAGIC) :])
    meta = _read(envelope.get(1, b""), {1: ("apiVersion", "text"), 2: ("kind", "text")})
    shape = _SHAPES.get(str(meta.get("kind")))
    if shape is None:
        raise ValueError(f'no kind "{meta.get("kind")}" is registered')
    return meta | _read(envelope.get(2, b""), shape)

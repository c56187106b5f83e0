"""Protocol Buffers, as far as they are needed: what etcd stores, and the secrets that `kubectl create secret` sends."""

import base64
from collections.abc import Iterator

from wizard.simulator.protocol.wire import Json

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_METADATA = {1: "name", 3: "namespace"}
_METADATA_MAPS = {11: "labels", 12: "annotations"}
_CREATION_TIMESTAMP = 8
"""Always sent, and empty in an object to be created."""


def number(value: int) -> bytes:
    """Encode a varint."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + number(rest) if rest else bytes([low])


def text(field: int, value: bytes | str) -> bytes:
    """Encode a length-delimited field."""
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
    """Yield the fields of a message, in order. Raise ValueError if it is not a message of varints and length-delimited fields."""
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
    """Return the length-delimited fields of a message, the last one of each number. Raise ValueError as `fields` does."""
    return {field: value for field, value in fields(message) if isinstance(value, bytes)}


def _entry(message: bytes) -> tuple[str, bytes]:
    """Return the key and the value of one entry of a map."""
    entry = parts(message)
    return entry.get(1, b"").decode(), entry.get(2, b"")


def read_secret(body: bytes) -> Json:
    """Return the secret in a protobuf body, as its JSON would be. Raise ValueError if it is not a supported secret."""
    if not body.startswith(MAGIC):
        raise ValueError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    envelope = parts(body[len(MAGIC) :])
    kind = parts(envelope.get(1, b"")).get(2, b"").decode()
    if kind != "Secret":
        raise ValueError(f'no kind "{kind}" is registered')
    secret: Json = {"apiVersion": "v1", "kind": kind, "metadata": {}}
    for field, value in fields(envelope.get(2, b"")):
        if not isinstance(value, bytes) or field not in {1, 2, 3}:
            raise ValueError(f"field {field} of a secret is not supported")
        if field == 1:
            secret["metadata"] = _metadata(value)
        elif field == 2:
            key, data = _entry(value)
            secret.setdefault("data", {})[key] = base64.b64encode(data).decode()
        else:
            secret["type"] = value.decode()
    return secret


def _metadata(message: bytes) -> Json:
    found: Json = {}
    for field, value in fields(message):
        if isinstance(value, bytes) and field in _METADATA_MAPS:
            key, held = _entry(value)
            found.setdefault(_METADATA_MAPS[field], {})[key] = held.decode()
        elif isinstance(value, bytes) and field in _METADATA:
            if value:
                found[_METADATA[field]] = value.decode()
        elif value and field != _CREATION_TIMESTAMP:  # Go also sends the fields that are empty or zero
            raise ValueError(f"field {field} of the metadata is not supported")
    return found

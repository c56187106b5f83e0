"""The record of requests and responses, without tokens and secrets."""

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import parse_qsl

from wizard.simulator.protocol.ids import API_SERVERS
from wizard.simulator.protocol.wire import Json

SECRETS = frozenset(
    {
        "access_token", "refresh_token", "id_token", "client_info", "client_secret", "password", "device_code", "assertion",
        "client_assertion", "secret", "adminpassword", "serverappsecret", "kubeconfigs", "x-identity-header", "kubeconfig",
    }
)  # fmt: skip
LEFT_OUT = "(left out)"
IN_FORMS = frozenset({"code"})
"""Fields that are secret in a sign-in form; in a response, `code` is an error code."""
_READ_ONLY_ACTIONS = (
    "/checknameavailability",
    "/listclusterusercredential",
    "/listclusteradmincredential",
    "/checkpolicyrestrictions",
    "/microsoft.resourcegraph/resources",
)
"""POST actions that change nothing."""
_SIGN_IN = ("/oauth2/", "/msi/", "/v1.0/")


@dataclass(frozen=True)
class Recorded:
    """One request and its response. `time` is in seconds since the epoch; `host` is localhost for ARM.

    Bodies are parsed on first access, because most are never read.
    """

    time: float
    method: str
    host: str
    path: str
    query: str
    api_version: str
    status: int
    sent: bytes = field(default=b"", repr=False)
    content_type: str = field(default="", repr=False)
    answered: bytes = field(default=b"", repr=False)

    @cached_property
    def request(self) -> Json | None:
        """The request body, without secrets."""
        return parse_body(self.sent, self.content_type)

    @cached_property
    def response(self) -> Json | None:
        """The response body, without secrets."""
        return parse_body(self.answered, "")

    @property
    def size(self) -> int:
        """The size of both bodies in bytes."""
        return len(self.sent) + len(self.answered)

    @property
    def shown(self) -> Json:
        """The entry as it is written to a record file."""
        names = ("time", "method", "host", "path", "query", "api_version", "status", "request", "response")
        return {name: getattr(self, name) for name in names}

    @property
    def writes(self) -> bool:
        """Whether the request asked ARM or a vault to change something."""
        path = self.path.lower()
        if self.host.endswith(API_SERVERS) or self.method not in {"PUT", "PATCH", "POST", "DELETE"}:
            return False
        if self.method == "POST" and path.endswith(_READ_ONLY_ACTIONS):
            return False
        return path != "/device" and not any(part in path for part in _SIGN_IN)


def without_secrets(value: object) -> object:
    """Return the value with all secrets replaced."""
    if isinstance(value, dict):
        return {
            key: LEFT_OUT
            if key.lower() in SECRETS and not isinstance(value[key], dict)
            else without_secrets(value[key])
            for key in value
        }
    return [without_secrets(entry) for entry in value] if isinstance(value, list) else value


def parse_body(raw: bytes, content_type: str) -> Json | None:
    """Return a body for the record: a JSON object, a form, or None."""
    if not raw:
        return None
    if "x-www-form-urlencoded" in content_type:
        form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        parsed: object = {name: LEFT_OUT if name in IN_FORMS else value for name, value in form.items()}
    else:
        try:
            parsed = json.loads(raw)
        except (ValueError, RecursionError):
            return {"(not JSON)": f"{len(raw)} bytes"}
    try:
        clean = without_secrets(parsed)
    except RecursionError:
        return {"(nested too deeply)": f"{len(raw)} bytes"}
    return clean if isinstance(clean, dict) else {"(not an object)": clean}


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


class RecordFile:
    """A file with one JSON object per line; each line is flushed when it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._file = open(self._path, "a", encoding="utf-8", buffering=1, opener=_private_opener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, recorded: Recorded) -> None:
        """Append one request."""
        if self._file is not None:
            self._file.write(json.dumps(recorded.shown) + "\n")

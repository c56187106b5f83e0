"""What was asked and answered, without tokens and secrets."""

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
"""Secret in a form of the sign-in; in an answer it is the code of an error."""
_HARMLESS = (
    "/checknameavailability",
    "/listclusterusercredential",
    "/listclusteradmincredential",
    "/listcredential",
    "/checkpolicyrestrictions",
    "/microsoft.resourcegraph/resources",
    "/encrypt",
    "/decrypt",
    "/wrapkey",
    "/unwrapkey",
)
"""Actions that change nothing; Key Vault's crypto operations are among them."""
_SIGN_IN = ("/oauth2/", "/msi/", "/v1.0/")


@dataclass(frozen=True)
class Recorded:
    """One request and its answer. `time` is seconds since the epoch, `host` tells ARM (localhost) from a vault.

    The bodies are parsed when first looked at: a server that nobody watches has better things to do.
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
        """The body of the request, without secrets."""
        return parse_body(self.sent, self.content_type)

    @cached_property
    def response(self) -> Json | None:
        """The body of the answer, without secrets."""
        return parse_body(self.answered, "")

    @property
    def size(self) -> int:
        """How many bytes its bodies take."""
        return len(self.sent) + len(self.answered)

    @property
    def shown(self) -> Json:
        """The entry as a record file has it."""
        names = ("time", "method", "host", "path", "query", "api_version", "status", "request", "response")
        return {name: getattr(self, name) for name in names}

    @property
    def writes(self) -> bool:
        """Whether it asked ARM or a vault to change something."""
        path = self.path.lower()
        if self.host.endswith(API_SERVERS) or self.method not in {"PUT", "PATCH", "POST", "DELETE"}:
            return False
        if self.method == "POST" and path.endswith(_HARMLESS):
            return False
        return not any(part in path for part in _SIGN_IN)


def without_secrets(value: object) -> object:
    """The value with whatever is secret replaced."""
    if isinstance(value, dict):
        return {
            key: LEFT_OUT
            if key.lower() in SECRETS and not isinstance(value[key], dict)
            else without_secrets(value[key])
            for key in value
        }
    return [without_secrets(entry) for entry in value] if isinstance(value, list) else value


def parse_body(raw: bytes, content_type: str) -> Json | None:
    """A body for the record: a JSON object, a form, or nothing."""
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


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


class RecordFile:
    """One JSON object a line, each written out at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._file = open(self._path, "a", encoding="utf-8", buffering=1, opener=_for_its_owner)
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

"""The canary: a secret that is created only to observe its encryption, and deleted in every case.

Its name is unique, and its labels find the canaries that a killed run has left. No other secret is ever read: the list is
requested by label, so the API server returns no others.
"""

import asyncio
import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from wizard.cloud.arm import dig
from wizard.errors import KubectlError
from wizard.in_cluster.kubectl import Kubectl
from wizard.system.clock import Clock

NAMESPACE = "default"
"""Every cluster has it, and no system component depends on it."""
LABELS = {"app.kubernetes.io/managed-by": "aks-kms", "app.kubernetes.io/component": "canary"}
OPEN_ENDED = frozenset(
    {"TimeLimit", "Unreachable", "Timeout", "ServerTimeout", "ServiceUnavailable", "Unknown"}
)
"""Reasons after which a secret may have been created although the request failed."""
_LATE = 6.0
"""Seconds in which a cancelled request may still take effect: API servers know kubectl's timeout and end a request soon
after it."""
_AGAIN = 2.0
_PREFIX = "aks-kms-canary-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9-]+")
"""Names that may be put into a path and deleted: the names in a list are external input."""
_ALL = f"/api/v1/namespaces/{NAMESPACE}/secrets"


@dataclass(frozen=True)
class Canary:
    """One secret and its value."""

    name: str
    value: str = field(repr=False)

    @property
    def path(self) -> str:
        """Its path on the API server."""
        return f"{_ALL}/{self.name}"

    async def create(self, kubectl: Kubectl) -> None:
        """Create it. Raise KubectlError."""
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name,
                "namespace": NAMESPACE,
                "labels": LABELS,
                "annotations": {
                    "kubernetes.io/description": "Created by aks-kms to verify that secrets are encrypted. May be deleted at any time."
                },
            },
            "type": "Opaque",
            "data": {"canary": base64.b64encode(self.value.encode()).decode()},
        }
        await kubectl.create(_ALL, json.dumps(body))

    async def reads_back(self, kubectl: Kubectl) -> bool:
        """Return whether it is read back unchanged. Raise KubectlError, also if the response is not a secret."""
        held = dig(_object(await kubectl.get(self.path)), "data", "canary")
        try:
            return base64.b64decode(str(held), validate=True).decode() == self.value
        except ValueError:
            return False

    async def remove(self, kubectl: Kubectl, clock: Clock, *, may_appear: bool) -> bool:
        """Delete it, even while this is being cancelled, and return whether it existed. If it may still appear, look for it
        for some seconds. Raise KubectlError.
        """
        removal = asyncio.create_task(self._removal(kubectl, clock, _LATE if may_appear else 0.0))
        try:
            return await asyncio.shield(removal)
        except asyncio.CancelledError:
            await removal
            raise

    async def _removal(self, kubectl: Kubectl, clock: Clock, within: float) -> bool:
        async for _ in clock.tries(_AGAIN, within):
            if await _delete(kubectl, self.name):
                return True
        return False


def new_canary() -> Canary:
    """Return a canary with a unique name."""
    return Canary(f"{_PREFIX}{secrets.token_hex(6)}", secrets.token_hex(16))


async def leftovers(kubectl: Kubectl) -> list[str]:
    """Return the names of the existing canaries. Raise KubectlError, also if the response is not a list."""
    selector = ",".join(f"{name}={value}" for name, value in LABELS.items())
    answer = await kubectl.get(f"{_ALL}?{urlencode({'labelSelector': selector})}")
    items = _object(answer).get("items") or []  # Go writes an empty list as null
    if not isinstance(items, list):
        raise KubectlError("Unreadable", "the API server's response is not a list of secrets")
    names = (str(dig(item, "metadata", "name") or "") for item in items)
    return [name for name in names if _NAME.fullmatch(name)]


def _object(answer: str) -> dict[str, Any]:
    """Return the JSON object of a response. Raise KubectlError if it is not one: a proxy may have answered."""
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        raise KubectlError("Unreadable", "the API server's response is not JSON") from None
    if not isinstance(body, dict):
        raise KubectlError("Unreadable", "the API server's response is not a Kubernetes object")
    return body


async def sweep(kubectl: Kubectl) -> int:
    """Delete the canaries of earlier runs, and return how many there were. Raise KubectlError."""
    names = await leftovers(kubectl)
    for name in names:
        await _delete(kubectl, name)
    return len(names)


async def _delete(kubectl: Kubectl, name: str) -> bool:
    """Delete a canary, and return whether it existed. Raise KubectlError."""
    try:
        await kubectl.delete(f"{_ALL}/{name}")
    except KubectlError as error:
        if error.reason != "NotFound":
            raise
        return False
    return True

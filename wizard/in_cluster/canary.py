"""The canary: a secret made only to see what becomes of it, and removed in every case.

It has a name of its own every time, and labels by which those are found and removed that a killed run left behind.
Nothing but these secrets is ever read: the list is asked for by the labels, so the API server returns no others.
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
"""Every cluster has it, and nothing of the cluster's own depends on it."""
LABELS = {"app.kubernetes.io/managed-by": "aks-kms", "app.kubernetes.io/component": "canary"}
OPEN_ENDED = frozenset({"TimeLimit", "Unreachable", "Timeout", "ServerTimeout", "ServiceUnavailable"})
"""Reasons for which a secret was not made as far as anybody has heard, and may be made all the same."""
_LATE = 6.0
"""Seconds in which a request that was broken off may still be carried out: API servers are told kubectl's own limit, and
end a request soon after it."""
_AGAIN = 2.0
_PREFIX = "aks-kms-canary-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9-]+")
"""What may be put into a path and deleted: a list is an answer from outside, and so are the names in it."""
_ALL = f"/api/v1/namespaces/{NAMESPACE}/secrets"


@dataclass(frozen=True)
class Canary:
    """One secret, and what is written into it."""

    name: str
    value: str = field(repr=False)

    @property
    def path(self) -> str:
        """Where the API server has it."""
        return f"{_ALL}/{self.name}"

    async def create(self, kubectl: Kubectl) -> None:
        """Have it written. Raises KubectlError."""
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name,
                "namespace": NAMESPACE,
                "labels": LABELS,
                "annotations": {
                    "kubernetes.io/description": "Made by aks-kms to see that secrets are encrypted. May be deleted at any time."
                },
            },
            "type": "Opaque",
            "data": {"canary": base64.b64encode(self.value.encode()).decode()},
        }
        await kubectl.create(_ALL, json.dumps(body))

    async def reads_back(self, kubectl: Kubectl) -> bool:
        """Whether it comes back as it was written. Raises KubectlError, also where what comes back is no secret at all."""
        held = dig(_object(await kubectl.get(self.path)), "data", "canary")
        try:
            return base64.b64decode(str(held), validate=True).decode() == self.value
        except ValueError:
            return False

    async def remove(self, kubectl: Kubectl, clock: Clock, *, may_appear: bool) -> bool:
        """Have it deleted, to the end, even while this is being cancelled; whether it was there. Where it may yet appear,
        it is looked for some seconds long. Raises KubectlError.
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
    """A canary that there never was."""
    return Canary(f"{_PREFIX}{secrets.token_hex(6)}", secrets.token_hex(16))


async def leftovers(kubectl: Kubectl) -> list[str]:
    """The names of canaries that there are. Raises KubectlError, also where the answer is no list."""
    selector = ",".join(f"{name}={value}" for name, value in LABELS.items())
    answer = await kubectl.get(f"{_ALL}?{urlencode({'labelSelector': selector})}")
    items = _object(answer).get("items") or []  # Go writes an empty list as null
    if not isinstance(items, list):
        raise KubectlError("Unreadable", "the API server's list of secrets is none")
    names = (str(dig(item, "metadata", "name") or "") for item in items)
    return [name for name in names if _NAME.fullmatch(name)]


def _object(answer: str) -> dict[str, Any]:
    """The JSON object that an API server answers with. Raises KubectlError where it is none: a proxy may have answered."""
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        raise KubectlError("Unreadable", "the API server's answer is not JSON") from None
    if not isinstance(body, dict):
        raise KubectlError("Unreadable", "the API server's answer is not an object of Kubernetes")
    return body


async def sweep(kubectl: Kubectl) -> int:
    """Remove what earlier runs have left; how many there were. Raises KubectlError."""
    names = await leftovers(kubectl)
    for name in names:
        await _delete(kubectl, name)
    return len(names)


async def _delete(kubectl: Kubectl, name: str) -> bool:
    """Have it deleted; whether it was there. Raises KubectlError."""
    try:
        await kubectl.delete(f"{_ALL}/{name}")
    except KubectlError as error:
        if error.reason != "NotFound":
            raise
        return False
    return True

"""`aks-kms` as a real process that costs next to nothing to start, and that can be killed at a request's boundary.

Processes are forked from one that has imported everything already. The one that is to die kills itself with SIGKILL, at
the moment that was chosen, from within the transport: nothing of Python runs after that.
"""

import gc
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from tests.forked import context
from tests.support import LIMIT, wait_for_advisory_reads

Moment = Literal["before", "sent", "answered"]
"""Before request N is sent; after Azure has carried it out, its answer never seen; after its answer was taken note of."""
MOMENTS: tuple[Moment, ...] = ("before", "sent", "answered")

_GUID = re.compile(r"(?<=/)(?<!^/subscriptions/)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True, order=True)
class Asked:
    """One request of a run."""

    method: str
    path: str
    """As `plain` writes it."""
    occurrence: int = 1
    """Which of those with this method and path, counted from 1."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} #{self.occurrence}"


def plain(path: str) -> str:
    """A request's path in lower case; a GUID that is generated each time is `*`, not that of a subscription."""
    return _GUID.sub("*", unquote(path).rstrip("/").lower()) or "/"


@dataclass(frozen=True)
class Kill:
    """At which request, and at which moment of it.

    A request is known by what it asks and the how-manieth of its kind it is: independent ones overtake each other, so
    that a running number would be another request each time.
    """

    asked: Asked
    moment: Moment

    def __str__(self) -> str:
        return f"{self.moment} {self.asked}"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: the signal), and all that it said."""

    code: int
    said: str


def run(
    arguments: list[str], environment: Mapping[str, str], out: Path, *, kill: Kill | None = None
) -> Ended:
    """Run a command to its end, or to its death."""
    if sys.platform == "win32":
        raise NotImplementedError
    process = context.Process(target=_child, args=(arguments, dict(environment), str(out), kill))
    process.start()
    process.join(LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"{arguments} does not end: {out.read_text('utf-8', 'replace')}")
    return Ended(process.exitcode, out.read_text("utf-8", "replace"))


def _child(arguments: list[str], environment: dict[str, str], out: str, kill: Kill | None) -> None:
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["aks-kms", *arguments]
    gc.disable()  # it lives for a second
    if kill:
        die_at(kill)
    from screens.cli.main import main

    wait_for_advisory_reads()
    main()


def die_at(kill: Kill) -> None:
    """Have this process killed at that moment."""
    from wizard.cloud.pipeline import AnnouncingTransport, Transport

    made: Counter[tuple[str, str]] = Counter()
    own: ContextVar[Asked] = ContextVar("own")
    outer, inner = AnnouncingTransport.send, Transport.send

    def now(moment: Moment) -> None:
        if kill.moment == moment and kill.asked == own.get(None):
            if sys.platform == "win32":
                raise NotImplementedError
            os.kill(os.getpid(), signal.SIGKILL)

    async def counted(self: Any, request: Any, **config: Any) -> Any:
        key = request.method, plain(urlsplit(request.url).path)
        made[key] += 1
        own.set(Asked(*key, made[key]))
        answer = await outer(self, request, **config)
        now("answered")
        return answer

    async def sent(self: Any, request: Any, **config: Any) -> Any:
        now("before")
        answer = await inner(self, request, **config)
        now("sent")
        return answer

    AnnouncingTransport.send = counted  # type: ignore[method-assign]
    Transport.send = sent  # type: ignore[method-assign]

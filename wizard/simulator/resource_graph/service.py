"""Resource Graph as a service: which resources a query sees, with what delay, how many rows a page has, and the query quota.

Rows show the resources as they were `durations.graph_lag` ago. Results with several pages are kept, compressed, until
newer results replace them, so that all pages of a result are of the same moment.
"""

import asyncio
import json
import math
import uuid
import zlib
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wizard.simulator.arm import rbac
from wizard.simulator.protocol.ids import group_of, kind_of, subscription_of
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.resource_graph.query import QueryRefusedError, parse_query
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.cluster_body import view
from wizard.simulator.state.state import Changes, Resource
from wizard.simulator.state.world import World, iso

MOST_ROWS = 1000
"""Rows on a page, at most."""
MOST_KEPT = 8
"""Results that are kept for their next pages, at most."""
BEFORE_THE_NEW_WAY = "2026-06-01"
"""An api-version of AKS that does not have `kubernetesResourceObjectEncryptionProfile`."""
ROWS_AT_A_TIME = 100
"""Resources that are read before other requests get their turn."""
_PLAIN = ("name", "kind", "managedBy", "sku", "plan", "properties", "identity", "zones", "extendedLocation")
"""The columns that show the ARM field of the same name unchanged."""
_OF_THE_ID = frozenset({"id", "type", "tenantId", "resourceGroup", "subscriptionId"})
"""The columns for which a generated resource need not be created."""


@runtime_checkable
class _Named(Protocol):
    """What creates a resource and knows its id before."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Result:
    """All rows of a query, in compressed pieces of MOST_ROWS."""

    columns: tuple[str, ...]
    total: int
    pieces: tuple[bytes, ...]

    def rows(self, start: int, count: int) -> list[Json]:
        """Return `count` rows from number `start` on, or as many as there are."""
        first, last = start // MOST_ROWS, (start + count - 1) // MOST_ROWS
        loaded: list[Json] = []
        for piece in self.pieces[first : last + 1]:
            loaded += json.loads(zlib.decompress(piece))
        return loaded[start - first * MOST_ROWS :][:count]


class ResourceGraph:
    """The Resource Graph of one running cloud."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._past: dict[str, deque[bytes | None]] = defaultdict(deque)
        self._ends: deque[tuple[float, str]] = deque()
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._windows: dict[str, tuple[float, int]] = {}
        self._lag = world.scaled(world.scenario.durations.graph_lag)
        if self._lag:
            world.subscribe(self._remember, "resources")

    def _remember(self, changes: Changes) -> None:
        self._forget()
        until = self._world.now() + self._lag
        for change in changes.get("resources", ()):
            self._past[change.key].append(change.before)
            self._ends.append((until, change.key))

    def _forget(self) -> None:
        """Drop the states that ended longer ago than the lag."""
        now = self._world.now()
        while self._ends and self._ends[0][0] <= now:
            _, key = self._ends.popleft()
            self._past[key].popleft()
            if not self._past[key]:
                del self._past[key]

    # -- quota --------------------------------------------------------------------------------------------------------

    def take(self, caller: str) -> dict[str, str]:
        """Count a query of this caller and return the quota headers. Raise 429 RateLimiting if the quota is used up."""
        limits, now = self._world.scenario.throttling, self._world.now()
        enforced = self._world.throttles
        window = self._world.scaled(limits.graph_window) or limits.graph_window
        began, used = self._windows.get(caller, (now, 0))
        if now - began >= window:
            began, used = now, 0
        resets = max(0, math.ceil(window - (now - began)))
        after = f"{resets // 3600:02}:{resets // 60 % 60:02}:{resets % 60:02}"
        if enforced and used >= limits.graph_queries:
            raise refused(
                self._world, "RateLimiting",
                [{"code": "RateLimiting", "message": "Client application has been throttled and should not attempt to repeat the request until an "
                  "amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."}],
                status=429, headers=_quota(0, after) | {"Retry-After": str(max(1, resets))},
            )  # fmt: skip
        used = used + 1 if enforced else 1
        self._windows[caller] = (began, used)
        return _quota(limits.graph_queries - used, after)

    # -- rows ---------------------------------------------------------------------------------------------------------

    async def result(self, text: str, caller: str, subscriptions: list[str], kept: str) -> tuple[str, Result]:
        """Return the result of a query, and the name under which it is kept for the next page.

        Raise 400 if the query is not supported.
        """
        name = kept.partition("/")[0]
        if name in self._kept and kept == f"{name}/{_digest(text, caller, subscriptions)}":
            return kept, self._kept[name]
        try:
            query = parse_query(text)
        except QueryRefusedError as problem:
            raise refused(self._world, "BadRequest", [
                {"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the "
                 "error before retrying."},
                problem.detail,
            ]) from problem  # fmt: skip
        rows = self._rows(query.type, caller, subscriptions, whole=not _OF_THE_ID.issuperset(query.columns))
        finished = query.sort([query.project(row) async for row in rows])
        pieces = (finished[at : at + MOST_ROWS] for at in range(0, len(finished), MOST_ROWS))
        result = Result(
            query.columns,
            len(finished),
            tuple(zlib.compress(json.dumps(piece).encode(), 1) for piece in pieces),
        )
        name = uuid.uuid4().hex[:16]
        self._kept[name] = result
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return f"{name}/{_digest(text, caller, subscriptions)}", result

    async def _rows(
        self, kind: str, caller: str, subscriptions: list[str], *, whole: bool
    ) -> AsyncIterator[Json]:
        """Yield the rows of all resources of a type that the caller may read; unless `whole`, only what follows from the id."""
        # In Azure, these are in tables other than `resources`.
        if kind == "microsoft.resources/resourcegroups" or kind.startswith("microsoft.authorization/"):
            return
        known = dict.fromkeys(self._world.keys_of_type(kind))
        allowed = {
            subscription: rbac.may(self._world, caller, f"{kind}/read", f"/subscriptions/{subscription}")
            for subscription in subscriptions
        }
        looked_at = 0
        for key in [*known, *(key for key in self._past if key not in known)]:
            subscription = subscription_of(key)
            if kind_of(key) != kind or subscription not in allowed:
                continue
            if not allowed[subscription] and not rbac.may(self._world, caller, f"{kind}/read", key):
                continue
            body = self._body(key, whole=whole)
            if body is not None:
                yield self._row(body, kind, subscription)
            looked_at += 1
            if looked_at % ROWS_AT_A_TIME == 0:
                await asyncio.sleep(0)

    def _body(self, key: str, *, whole: bool) -> Json | None:
        """Return the resource as it was before the lag, or None if it did not exist then; unless `whole`, its id suffices."""
        self._forget()
        if key in self._past:
            before = self._past[key][0]
            return None if before is None else dict(json.loads(before)["body"])
        if key not in self._world.state.resources:
            return None
        source = None if whole else self._world.state.resources.source(key)
        if isinstance(source, _Named):
            return {"id": source.id}
        found: Resource = self._world.state.resources.peek(key)
        return found.body

    def _row(self, body: Json, kind: str, subscription: str) -> Json:
        if (
            kind == CLUSTER.lower()
            and "properties" in body
            and not self._world.scenario.rules.graph_shows_the_new_way
        ):
            body = view(body, BEFORE_THE_NEW_WAY)
        row: Json = {name: body.get(name) for name in _PLAIN}
        row |= {
            "id": body["id"],
            "type": kind,
            "tenantId": self._world.scenario.tenant.id,
            "location": body.get("location", ""),
        }
        group = group_of(body["id"]).lower()
        row |= {"resourceGroup": group, "subscriptionId": subscription, "tags": body.get("tags") or None}
        for name in ("kind", "managedBy"):
            row[name] = row[name] or ""
        return row


def _quota(remaining: int, after: str) -> dict[str, str]:
    return {"x-ms-user-quota-remaining": str(remaining), "x-ms-user-quota-resets-after": after}


def _digest(text: str, caller: str, subscriptions: list[str]) -> str:
    return f"{zlib.crc32(json.dumps([text, caller, subscriptions]).encode()):08x}"


def refused(
    world: World, code: str, details: list[Json], *, status: int = 400, headers: dict[str, str] | None = None
) -> Refusal:
    """Return a refusal in Resource Graph's own error format."""
    return Refusal(
        status, code,
        f"Please provide below info when asking for support: timestamp = {iso(world.now())}, correlationId = {uuid.uuid4()}.",
        details=details, headers=headers,
    )  # fmt: skip

"""The simulated cloud: its state, its clock, and the operations that all resource providers use."""

import math
import secrets
import time
import uuid
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar, cast

from wizard.simulator.protocol.ids import group_id, within
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.scenario.model import Scenario
from wizard.simulator.state.groups import groups_by_member
from wizard.simulator.state.state import Assignment, Changes, Pending, Principal, Resource, State
from wizard.simulator.state.type_index import TypeIndex

if TYPE_CHECKING:
    from wizard.simulator.state.synthetic_fleet import Fleet

T = TypeVar("T")
DAY = 24 * 3600.0
"""A day in seconds."""
ScheduledHandler = Callable[["World", dict[str, str]], None]
_scheduled_handlers: dict[str, ScheduledHandler] = {}


def scheduled_handler(name: str) -> Callable[[ScheduledHandler], ScheduledHandler]:
    """Register the function that `World.later` schedules by this name."""

    def register(function: ScheduledHandler) -> ScheduledHandler:
        _scheduled_handlers[name] = function
        return function

    return register


OnDelete = Callable[["World", Resource], None]
_delete_handlers: dict[str, OnDelete] = {}


def on_delete(resource_type: str) -> Callable[[OnDelete], OnDelete]:
    """Register a function that is called whenever a resource of this type was removed."""

    def register(function: OnDelete) -> OnDelete:
        _delete_handlers[resource_type.lower()] = function
        return function

    return register


def iso(moment: float) -> str:
    """Return a time, in seconds since the epoch, as ARM formats it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class World:
    """The state of the simulated cloud and its clock.

    Scheduled changes are applied lazily, by `run_due` before each request. A saved state therefore continues where it
    was, and at infinite speed every change is complete at the next request.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        speed: float,
        state: State | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.scenario, self.speed, self._clock = scenario, speed, clock
        self.state = state or State()
        self.changed = False
        self.active_requests = 0
        self._changed_since_unload = False
        self.subscribers: list[Callable[[Changes], None]] = []
        self.proxy_url = ""
        self._services: dict[type, object] = {}
        self.running = {
            operation.resource_id: key
            for key, operation in self.state.operations.items()
            if operation.status == "InProgress" and not operation.lags
        }
        self._index = TypeIndex()
        self._by_principal: dict[str, list[Assignment]] = defaultdict(list)
        self._groups = groups_by_member(scenario)
        self._index_resources()
        for assignment in self.state.assignments.values():
            self._by_principal[assignment.principal_id.lower()].append(assignment)

    def add_fleet(self, fleet: "Fleet") -> None:
        """Add the clusters of a fleet, which are created when they are read."""
        fleet.add_to(self.state)
        self._index_resources()

    def _index_resources(self) -> None:
        for key in self.state.resources:
            self._index.add(key)

    # -- changes ------------------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Callable[[Changes], None], *tables: str) -> None:
        """Call `subscriber` with the changes of each request to these tables, or to all tables if none is named."""
        self.state.watch(*tables)
        self.subscribers.append(subscriber)

    def commit(self) -> None:
        """Notify the subscribers of the changes of a request. Called before the response is sent.

        Other active requests can still hold the entries that they read, so these are tracked until there are none.
        """
        idle = self.active_requests == 0
        if self.changed and self.subscribers:
            changes = self.state.changes(forget=idle)
            with ExitStack() as stack:  # so that all are called, even if one fails
                for subscriber in self.subscribers:
                    stack.callback(subscriber, changes)
        elif idle and self.subscribers:
            self.state.forget()
        self._changed_since_unload = self._changed_since_unload or self.changed
        self.changed = False
        if idle and self.scenario.fleet:
            self.state.unload(changed=self._changed_since_unload)
            self._changed_since_unload = False

    # -- services -----------------------------------------------------------------------------------------------------

    def provide(self, service: object) -> None:
        """Make a service that the server created available to the resource providers, by its class."""
        self._services[type(service)] = service

    def service(self, kind: type[T]) -> T:
        """Return the service of this class. Raise KeyError if the server did not provide it."""
        return cast("T", self._services[kind])

    # -- time ---------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return self._clock()

    def scaled(self, seconds: float) -> float:
        """Return the simulated duration, in seconds, for a real-life duration; 0 at infinite speed."""
        return 0.0 if math.isinf(self.speed) else seconds / self.speed

    @property
    def throttles(self) -> bool:
        """Whether limits are enforced (see ThrottlingSpec)."""
        enforced = self.scenario.throttling.enforced
        return enforced == "always" or (enforced == "auto" and not math.isinf(self.speed))

    def later(self, seconds: float, what: str, **facts: str) -> None:
        """Schedule the handler `what` after this many real-life seconds."""
        due = self.now() + self.scaled(seconds)
        insort(self.state.pending, Pending(due, what, facts), key=lambda entry: entry.due)
        self.changed = True

    def run_due(self) -> None:
        """Run all scheduled handlers that are due, in order."""
        pending = self.state.pending
        while pending and pending[0].due <= self.now():
            first = pending.pop(0)
            self.changed = True
            _scheduled_handlers[first.scheduled_handler](self, first.facts)

    def retry_headers(self) -> dict[str, str]:
        """Return the polling interval: whole seconds of at least 1 in `Retry-After`, shorter intervals in milliseconds.

        No header was recorded (docs/azure.md#long-running-operations); `poll_interval: 0` is the same.
        """
        if not self.scenario.durations.poll_interval:
            return {}
        wait = self.scaled(self.scenario.durations.poll_interval)
        if wait >= 1:
            return {"Retry-After": str(round(wait))}
        return {"x-ms-retry-after-ms": str(max(2, round(wait * 1000)))}

    # -- resources ----------------------------------------------------------------------------------------------------

    def find(self, resource_id: str) -> Resource | None:
        """Return the resource with this id, which is case-insensitive, or None."""
        return self.state.resources.get(resource_id.rstrip("/").lower())

    def get(self, resource_id: str) -> Resource:
        """Return the resource with this id.

        Raise ARM's 404 for the group or the resource.
        """
        found = self.find(resource_id)
        if found is not None:
            return found
        group = group_id(resource_id)
        self.require_group(resource_id)
        tail = resource_id[len(group) :].removeprefix("/providers/")
        kind, _, name = tail.rpartition("/")
        raise Refusal(
            404,
            "ResourceNotFound",
            f"The Resource '{kind}/{name}' under resource group '{group.rpartition('/')[2]}' was not found. For more details "
            "please go to https://aka.ms/ARMResourceNotFoundFix",
            headers={"x-ms-failure-cause": "gateway"},
        )

    def require_group(self, resource_id: str) -> Resource | None:
        """Return the resource group that contains the id, or None for an id outside of a group.

        Raise ARM's 404 ResourceGroupNotFound.
        """
        group = group_id(resource_id)
        if not group:
            return None
        found = self.find(group)
        if found is None:
            raise Refusal(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{group.rpartition('/')[2]}' could not be found.",
            )
        return found

    def put(self, resource: Resource) -> Resource:
        """Store a new or replaced resource."""
        key = resource.id.lower()
        self.state.resources[key] = resource
        self._index.add(key)
        self.changed = True
        return resource

    def remove(self, resource_id: str) -> None:
        """Remove a resource, everything below it or dependent on it, and its role assignments."""
        parent = resource_id.lower().rstrip("/")
        below, removed = parent + "/", list[Resource]()
        for key in [key for key in self.state.resources if key == parent or key.startswith(below)]:
            removed.append(self.state.resources.pop(key))
            self._index.remove(key)
        for assignment in [
            held for held in self.state.assignments.values() if within(held.scope, resource_id)
        ]:
            self.revoke(assignment)
        for resource in removed:
            if function := _delete_handlers.get(resource.type.lower()):
                function(self, resource)
        self.changed = True

    def of_type(self, resource_type: str, scope: str = "") -> Iterator[Resource]:
        """Yield the resources of a type below a scope, in order of creation."""
        for key in self.keys_of_type(resource_type, scope):
            yield self.state.resources[key]

    def keys_of_type(self, resource_type: str, scope: str = "") -> list[str]:
        """Return the keys of these resources in the state, without creating those that are generated."""
        return self._index.keys(resource_type, scope)

    def in_scope(self, scope: str) -> list[Resource]:
        """Return all resources below a scope."""
        below = scope.lower().rstrip("/") + "/"
        return [self.state.resources[key] for key in list(self.state.resources) if key.startswith(below)]

    def system_data(self, caller: str, before: Json | None = None) -> Json:
        """Return ARM's `systemData` for a change by this caller, now."""
        principal = self.state.principals.get(caller)
        who = principal.client_name if principal else caller
        kind = "User" if principal and principal.kind == "user" else "Application"
        moment = iso(self.now())
        modified = {"lastModifiedBy": who, "lastModifiedByType": kind, "lastModifiedAt": moment}
        return (
            deepcopy(before) | modified
            if before
            else {"createdBy": who, "createdByType": kind, "createdAt": moment} | modified
        )

    # -- principals and roles -----------------------------------------------------------------------------------------

    def add_principal(self, principal: Principal) -> Principal:
        """Store a new principal; it is visible everywhere from `visible_at`."""
        self.state.principals[principal.object_id] = principal
        self.changed = True
        return principal

    def new_identity(self, name: str, resource_id: str) -> Principal:
        """Create a service principal for a managed identity, which the directory replicates after a delay."""
        delay = self.scaled(self.scenario.durations.principal_replication)
        return self.add_principal(
            Principal(
                str(uuid.uuid4()),
                "managed-identity",
                name,
                app_id=str(uuid.uuid4()),
                resource_id=resource_id,
                visible_at=self.now() + delay,
            )
        )

    def drop_principal(self, object_id: str) -> None:
        """Remove a principal. Its role assignments stay, as they do in Azure."""
        self.state.principals.pop(object_id, None)
        self.changed = True

    def principal_of(self, name: str) -> Principal:
        """Return the principal with this name in the scenario."""
        return self.state.principals[self.scenario.principals[name].object_id]

    def grant(self, assignment: Assignment) -> Assignment:
        """Store a role assignment."""
        self.state.assignments[assignment.id.lower()] = assignment
        self._by_principal[assignment.principal_id.lower()].append(assignment)
        self.changed = True
        return assignment

    def revoke(self, assignment: Assignment) -> None:
        """Remove a role assignment."""
        self.state.assignments.pop(assignment.id.lower())
        self._by_principal[assignment.principal_id.lower()].remove(assignment)
        self.changed = True

    def effective_principals(self, principal_id: str) -> tuple[str, ...]:
        """Return the object ids of the principal and of the groups that contain it, directly or through other groups."""
        return (principal_id.lower(), *self._groups.get(principal_id.lower(), ()))

    def assignments_for(self, principal_id: str) -> Iterator[Assignment]:
        """Yield the role assignments of a principal and of its groups, at any scope."""
        for holder in self.effective_principals(principal_id):
            yield from self.assignments_of(holder)

    def assignments_of(self, principal_id: str) -> list[Assignment]:
        """Return the direct role assignments of a principal, at any scope."""
        return self._by_principal.get(principal_id.lower(), [])


def new_secret() -> str:
    """Return a random client secret or password. It has no hyphen, because the Azure CLI would read `--password -x` as an option."""
    return secrets.token_urlsafe(24).replace("-", ".")

"""The simulated cloud itself: its state, its clock, and the questions that every resource provider asks of it."""

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

from wizard.simulator.protocol.ids import group_id, kind_of, within
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.scenario.model import Scenario
from wizard.simulator.state.groups import groups_by_member
from wizard.simulator.state.state import Assignment, Changes, Pending, Principal, Resource, State

if TYPE_CHECKING:
    from wizard.simulator.state.synthetic_fleet import Fleet

T = TypeVar("T")
DAY = 24 * 3600.0
"""In seconds."""
ScheduledHandler = Callable[["World", dict[str, str]], None]
_happenings: dict[str, ScheduledHandler] = {}


def scheduled_handler(name: str) -> Callable[[ScheduledHandler], ScheduledHandler]:
    """Register what `World.later` brings about under this name."""

    def register(function: ScheduledHandler) -> ScheduledHandler:
        _happenings[name] = function
        return function

    return register


OnDelete = Callable[["World", Resource], None]
_farewells: dict[str, OnDelete] = {}


def on_delete(resource_type: str) -> Callable[[OnDelete], OnDelete]:
    """Register what goes with a resource of this type when it is removed, by whomever."""

    def register(function: OnDelete) -> OnDelete:
        _farewells[resource_type.lower()] = function
        return function

    return register


def iso(moment: float) -> str:
    """A time as ARM writes it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class World:
    """The state of the cloud and its clock.

    Time passes lazily: what is due has happened as soon as anyone looks (`settle`, called before every request). So a
    saved world goes on where it was, and at infinite speed everything is done by the next look.
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
        self.busy = 0
        self._may_differ = False
        self.followers: list[Callable[[Changes], None]] = []
        self.proxy_url = ""
        self._services: dict[type, object] = {}
        self.running = {
            operation.resource_id: key
            for key, operation in self.state.operations.items()
            if operation.status == "InProgress" and not operation.lags
        }
        self._by_type: dict[str, dict[str, None]] = defaultdict(dict)
        self._by_principal: dict[str, list[Assignment]] = defaultdict(list)
        self._groups = groups_by_member(scenario)
        self._index_resources()
        for assignment in self.state.assignments.values():
            self._by_principal[assignment.principal_id.lower()].append(assignment)

    def lay(self, fleet: "Fleet") -> None:
        """Let a fleet sleep in the world."""
        fleet.lay(self.state)
        self._index_resources()

    def _index_resources(self) -> None:
        for key in self.state.resources:
            self._by_type[kind_of(key)][key] = None

    # -- changes ------------------------------------------------------------------------------------------------------

    def follow(self, follower: Callable[[Changes], None], *places: str) -> None:
        """Let `follower` know what changed after each request that changed anything in these tables (none named: in any)."""
        self.state.watch(*places)
        self.followers.append(follower)

    def commit(self) -> None:
        """The request is over: tell the followers what it changed. Called before the answer leaves.

        While other requests are at work (`busy`) they may hold what they read, so it is not forgotten yet.
        """
        idle = self.busy == 0
        if self.changed and self.followers:
            changes = self.state.changes(forget=idle)
            with ExitStack() as told:  # all of them, even where one fails
                for follower in self.followers:
                    told.callback(follower, changes)
        elif idle and self.followers:
            self.state.forget()
        self._may_differ = self._may_differ or self.changed
        self.changed = False
        if idle and self.scenario.fleet:
            self.state.rest(changed=self._may_differ)
            self._may_differ = False

    # -- services -----------------------------------------------------------------------------------------------------

    def provide(self, service: object) -> None:
        """Make a service that the server created available to the resource providers, by its class."""
        self._services[type(service)] = service

    def service(self, kind: type[T]) -> T:
        """Return the service of this class. Raise KeyError if the server did not provide it."""
        return cast("T", self._services[kind])

    # -- time ---------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def scaled(self, seconds: float) -> float:
        """How long a real-life duration takes here; 0 at infinite speed."""
        return 0.0 if math.isinf(self.speed) else seconds / self.speed

    @property
    def throttles(self) -> bool:
        """Whether limits are enforced (see ThrottlingSpec)."""
        enforced = self.scenario.throttling.enforced
        return enforced == "always" or (enforced == "auto" and not math.isinf(self.speed))

    def later(self, seconds: float, what: str, **facts: str) -> None:
        """Let something happen after so many real-life seconds."""
        due = self.now() + self.scaled(seconds)
        insort(self.state.pending, Pending(due, what, facts), key=lambda entry: entry.due)
        self.changed = True

    def after_days(self, days: float, what: str, **facts: str) -> None:
        """Let something happen after so many days. At infinite speed they last as in real life: nothing would be kept at all."""
        seconds = days * DAY
        due = self.now() + (seconds if math.isinf(self.speed) else self.scaled(seconds))
        insort(self.state.pending, Pending(due, what, facts), key=lambda entry: entry.due)
        self.changed = True

    def settle(self) -> None:
        """Bring about everything that is due, in order."""
        pending = self.state.pending
        while pending and pending[0].due <= self.now():
            first = pending.pop(0)
            self.changed = True
            _happenings[first.scheduled_handler](self, first.facts)

    def retry_headers(self) -> dict[str, str]:
        """When to poll again: whole seconds of at least 1 in `Retry-After`, anything shorter in milliseconds."""
        wait = self.scaled(self.scenario.durations.poll_interval)
        if wait >= 1:
            return {"Retry-After": str(round(wait))}
        return {"x-ms-retry-after-ms": str(max(2, round(wait * 1000)))}

    # -- resources ----------------------------------------------------------------------------------------------------

    def find(self, resource_id: str) -> Resource | None:
        """The resource of this id, in any case."""
        return self.state.resources.get(resource_id.rstrip("/").lower())

    def get(self, resource_id: str) -> Resource:
        """The resource of this id.

        Raises ARM's 404 for the group or the resource.
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
        """The resource group that the id is in; None outside of any.

        Raises ARM's 404 ResourceGroupNotFound.
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
        """Keep a new or replaced resource."""
        key = resource.id.lower()
        self.state.resources[key] = resource
        self._by_type[kind_of(key)][key] = None
        self.changed = True
        return resource

    def remove(self, resource_id: str) -> None:
        """Forget a resource, what is below it or goes with it, and the role assignments there."""
        itself = resource_id.lower().rstrip("/")
        below, gone = itself + "/", list[Resource]()
        for key in [key for key in self.state.resources if key == itself or key.startswith(below)]:
            gone.append(self.state.resources.pop(key))
            del self._by_type[kind_of(key)][key]
        for assignment in [
            held for held in self.state.assignments.values() if within(held.scope, resource_id)
        ]:
            self.revoke(assignment)
        for resource in gone:
            if function := _farewells.get(resource.type.lower()):
                function(self, resource)
        self.changed = True

    def of_type(self, resource_type: str, scope: str = "") -> Iterator[Resource]:
        """All resources of a type at or below a scope, in order of creation."""
        below = scope.lower().rstrip("/") + "/"
        for key in [key for key in self._by_type[resource_type.lower()] if key.startswith(below)]:
            yield self.state.resources[key]

    def in_scope(self, scope: str) -> list[Resource]:
        """Every resource below a scope."""
        below = scope.lower().rstrip("/") + "/"
        return [self.state.resources[key] for key in list(self.state.resources) if key.startswith(below)]

    def system_data(self, caller: str, before: Json | None = None) -> Json:
        """ARM's `systemData` for a change by this caller, now."""
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
        """Let a principal exist; it is known everywhere once `visible_at` has passed."""
        self.state.principals[principal.object_id] = principal
        self.changed = True
        return principal

    def new_identity(self, name: str, resource_id: str) -> Principal:
        """A service principal for a managed identity, which the directory replicates after a while."""
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
        """Forget a principal. Its role assignments stay behind, as they do in Azure."""
        self.state.principals.pop(object_id, None)
        self.changed = True

    def principal_of(self, name: str) -> Principal:
        """The scenario's principal of this name."""
        return self.state.principals[self.scenario.principals[name].object_id]

    def grant(self, assignment: Assignment) -> Assignment:
        """Keep a role assignment."""
        self.state.assignments[assignment.id.lower()] = assignment
        self._by_principal[assignment.principal_id.lower()].append(assignment)
        self.changed = True
        return assignment

    def revoke(self, assignment: Assignment) -> None:
        """Forget a role assignment."""
        self.state.assignments.pop(assignment.id.lower())
        self._by_principal[assignment.principal_id.lower()].remove(assignment)
        self.changed = True

    def also(self, principal_id: str) -> tuple[str, ...]:
        """The principal and the groups that it is in, also by way of other groups."""
        return (principal_id.lower(), *self._groups.get(principal_id.lower(), ()))

    def assignments_for(self, principal_id: str) -> Iterator[Assignment]:
        """The role assignments of a principal and of its groups, at whatever scope."""
        for holder in self.also(principal_id):
            yield from self.assignments_of(holder)

    def assignments_of(self, principal_id: str) -> list[Assignment]:
        """The role assignments of a principal itself, at whatever scope."""
        return self._by_principal.get(principal_id.lower(), [])


def new_secret() -> str:
    """A client secret or password that nobody can guess. It has no hyphen: `--password -x` would be an option to the Azure CLI."""
    return secrets.token_urlsafe(24).replace("-", ".")

"""Azure Resource Manager: authentication, routing, api-versions, permissions, locks; then the handler of the resource provider.

Routing is strict: an unknown route gets ARM's error response, and the server records it as unknown.
"""

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wizard.simulator.arm import policy, rbac
from wizard.simulator.arm.locks import check_locks
from wizard.simulator.arm.provider import Provider, Route
from wizard.simulator.arm.throttling import Throttle
from wizard.simulator.arm.tokens import ARM_AUDIENCES, TokenProblem, Tokens, fresh_token_claims
from wizard.simulator.protocol import paging
from wizard.simulator.protocol.ids import group_id, scope_of, segments, subscription_of
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(-preview|-privatepreview|-beta|-alpha)?")


class UnknownRoute(Refusal):
    """The path is not served by the simulator."""


@dataclass(slots=True)
class _Node:
    literals: "dict[str, _Node]" = field(default_factory=dict)
    wildcard: "_Node | None" = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Finds the route of a path by its segments; literal segments take precedence over placeholders."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._roots = {False: _Node(), True: _Node()}
        self._namespaces = set[str]()
        self._extensions = set[tuple[str, ...]]()
        """Namespace and type, in lower case, of the resources that exist at any scope."""
        for provider in providers:
            for route in provider.routes:
                self._namespaces.add(provider.namespace.lower())
                self._add(route)

    def _add(self, route: Route) -> None:
        scoped = route.pattern[0] == "{scope}"
        if scoped:
            self._extensions.add(route.pattern[2:4])
        node, names = self._roots[scoped], []
        for part in route.pattern[1 if scoped else 0 :]:
            if part.startswith("{"):
                names.append(part[1:-1])
                node.wildcard = node.wildcard or _Node()
                node = node.wildcard
            else:
                node = node.literals.setdefault(part, _Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {'/'.join(route.pattern)} has two handlers")
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a request and the values of its placeholders.

        Raise UnknownRoute.
        """
        parts = segments(path)
        lowered = [part.lower() for part in parts]
        scope, scoped = "", False
        if "providers" in lowered:
            at = len(lowered) - 1 - lowered[::-1].index("providers")
            scoped = tuple(lowered[at + 1 : at + 3]) in self._extensions
            if scoped:
                scope, parts, lowered = "/" + "/".join(parts[:at]), parts[at:], lowered[at:]
        found = self._match(self._roots[scoped], parts, lowered, 0, ())
        if found is None:
            raise self._unknown_route(path, lowered)
        node, values = found
        if method not in node.routes:
            raise UnknownRoute(
                405,
                "MethodNotAllowed",
                f"The HTTP method '{method}' is not supported at '{path}'.",
                headers={"Allow": ", ".join(node.routes)},
            )
        route, names = node.routes[method]
        return route, {"scope": scope} | dict(zip(names, values, strict=True))

    def _match(
        self, node: _Node, parts: list[str], lowered: list[str], at: int, values: tuple[str, ...]
    ) -> tuple[_Node, tuple[str, ...]] | None:
        if at == len(parts):
            return (node, values) if node.routes else None
        literal = node.literals.get(lowered[at])
        if literal is not None and (found := self._match(literal, parts, lowered, at + 1, values)):
            return found
        return (
            self._match(node.wildcard, parts, lowered, at + 1, (*values, parts[at]))
            if node.wildcard
            else None
        )

    def _unknown_route(self, path: str, lowered: list[str]) -> UnknownRoute:
        parts = segments(path)
        if "providers" in lowered and lowered.index("providers") + 1 < len(lowered):
            at = len(lowered) - 1 - lowered[::-1].index("providers")
            offset = len(parts) - len(lowered)
            namespace = parts[offset + at + 1]
            if namespace.lower() not in self._namespaces:
                return UnknownRoute(
                    404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid."
                )
            kind = "/".join(parts[offset + at + 2 :: 2])
            return UnknownRoute(
                404,
                "InvalidResourceType",
                f"The resource type '{kind}' could not be found in the namespace '{namespace}'.",
            )
        return UnknownRoute(404, "NotFound", f"No operation is found for the path '{path}'.")


class ResourceManager:
    """The entry point of the management plane."""

    def __init__(self, world: World, tokens: Tokens, router: Router, base_url: str) -> None:
        self._world, self._tokens, self._router = world, tokens, router
        self._audiences = (base_url, *ARM_AUDIENCES)
        self._authorization_uri = f"{base_url}/{world.scenario.tenant.id}"
        self._throttle = Throttle(world)

    async def answer(self, call: Call) -> Answer:
        """Serve one call.

        Raise Refusal.
        """
        call.caller = await self.authenticate(call)
        start = paging.start_of(call)
        route, call.names = self._router.find(call.method, call.path)
        self._check_version(call, route)
        self._check_query(call, route)
        self._check_subscription(call)
        limits = self._throttle.take(call)
        if route.action:
            # UNCONFIRMED: for a caller with roles on one group only, Azure may refuse a list of the subscription, or filter it.
            rbac.require(self._world, call.caller, route.action, scope_of(call.path))
        reads = call.method in {"GET", "HEAD"} or (call.method == "POST" and route.action.endswith("/read"))
        if not reads:
            self._check_state(call)
            check_locks(self._world, call.method, call.path)
        if call.method in {"PUT", "PATCH", "DELETE"}:
            self._check_group(call)
            self._check_registration(call)
            policy.check(self._world, call)
        before = deepcopy(self._world.find(call.path)) if call.keeps else None
        answer = await route.handler(self._world, call)
        if before is not None:
            self._keep(before, call.keeps)
        if call.method == "GET":
            paging.cut(call, answer, start, self._world.scenario.page_size)
        answer.headers = limits | answer.headers
        return answer

    def _keep(self, before: Resource, paths: tuple[str, ...]) -> None:
        """Restore these properties of a resource, which the request has changed (Azure/AKS#3498)."""
        resource = self._world.find(before.id)
        if resource is None:
            return
        for path in paths:
            *parents, last = path.split(".")
            old, new = before.body, resource.body
            for part in parents:
                old, new = old.get(part) or {}, new.setdefault(part, {})
            new.pop(last, None)
            if last in old:
                new[last] = old[last]

    async def authenticate(self, call: Call) -> str:
        """Return the object id of the caller.

        Raise ARM's 401 (codes and challenge as in docs/azure.md#tokens).
        """
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                "The authentication failed because of missing 'Authorization' header.",
            )
        try:
            oid = str((await self._tokens.check(token, self._audiences, call.token_fault))["oid"])
        except TokenProblem as problem:
            raise self._not_accepted(problem) from problem
        if oid not in self._world.state.principals:
            raise self._unauthorized(
                "InvalidAuthenticationToken",
                "The access token is from a principal that does not exist any more.",
                "The principal was deleted.",
            )
        return oid

    def _not_accepted(self, problem: TokenProblem) -> Refusal:
        if problem.reason == "expired":
            return self._unauthorized(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{_clock(float(problem.detail))}' is earlier than current UTC time '{_clock(self._world.now())}'.",
                "The access token has expired.",
            )
        if problem.reason == "audience":
            allowed = ",".join(f"'{audience}'" for audience in self._audiences)
            return self._unauthorized(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{problem.detail}'. It should exactly match with one of the allowed audiences {allowed}.",
                "The audience is wrong.",
            )
        if problem.reason == "foreign":
            # MSAL caches tokens across runs of the simulator. This challenge makes clients get a new token and retry.
            return self._unauthorized(
                "InvalidAuthenticationToken",
                "The access token signature is invalid.",
                "The signature is invalid.",
                error="insufficient_claims",
                claims=fresh_token_claims(self._world.now()),
            )
        return self._unauthorized(
            "InvalidAuthenticationToken", "The access token is invalid.", "The access token is invalid."
        )

    def _unauthorized(
        self, code: str, message: str, why: str, *, error: str = "invalid_token", claims: str = ""
    ) -> Refusal:
        challenge = f'Bearer authorization_uri="{self._authorization_uri}", error="{error}", error_description="{why}"'
        return Refusal(
            401,
            code,
            message,
            headers={"WWW-Authenticate": challenge + (f', claims="{claims}"' if claims else "")},
        )

    def _check_query(self, call: Call, route: Route) -> None:
        # Code and text UNCONFIRMED: parts of Azure ignore unknown parameters.
        for name in call.query:
            if name != "api-version" and name not in route.query:
                known = ", ".join(["api-version", *sorted(route.query)])
                raise Refusal(
                    400,
                    "InvalidQueryParameter",
                    f"The query parameter '{name}' is not supported at '{call.path}'. The supported parameters are '{known}'.",
                )

    def _check_version(self, call: Call, route: Route) -> None:
        wanted = call.api_version
        if not wanted:
            raise Refusal(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        if wanted in route.versions:
            return
        known = ", ".join(route.versions)
        namespace, kind = _type_of(route)
        if not _DATE.fullmatch(wanted) or namespace == "microsoft.resources":
            raise Refusal(
                400,
                "InvalidApiVersionParameter",
                f"The api-version '{wanted}' is invalid. The supported versions are '{known}'.",
            )
        locations = ", ".join(self._world.scenario.locations)
        raise Refusal(
            400, "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version '{wanted}' for type '{kind}'. "
            f"The supported api-versions are '{known}'. The supported locations are '{locations}'.",
        )  # fmt: skip

    def _check_subscription(self, call: Call) -> None:
        subscription = subscription_of(call.path)
        if subscription and subscription not in self._world.scenario.subscriptions:
            raise Refusal(
                404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found."
            )

    def _check_state(self, call: Call) -> None:
        """Raise 409 for PUT, PATCH and POST in a subscription that is read only (docs/azure.md#subscriptions)."""
        subscription = self._world.scenario.subscriptions.get(subscription_of(call.path))
        if subscription and subscription.state in {"Disabled", "Warned"} and call.method != "DELETE":
            raise Refusal(
                409,
                "ReadOnlyDisabledSubscription",
                f"The subscription '{subscription_of(call.path)}' is disabled and therefore marked as read only. You cannot perform any write actions on "
                "this subscription until it is re-enabled.",
            )

    def _check_group(self, call: Call) -> None:
        group = self._world.find(group_id(call.path)) if call.method != "DELETE" else None
        if group is not None and group.body["properties"]["provisioningState"] == "Deleting":
            raise Refusal(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{group.body['name']}' is in deprovisioning state and cannot perform this operation.",
            )

    def _check_registration(self, call: Call) -> None:
        parts = segments(call.path)
        lowered = [part.lower() for part in parts]
        if "resourcegroups" not in lowered or "providers" not in lowered:
            return
        namespace = parts[len(lowered) - lowered[::-1].index("providers")]
        state = self._world.state.registrations.get(
            f"{subscription_of(call.path)}/{namespace.lower()}", "Registered"
        )
        if state == "NotRegistered":
            raise Refusal(
                409, "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.",
            )  # fmt: skip


def _clock(moment: float) -> str:
    """Return a time as ARM's authentication errors format it, in UTC: `11/23/2026 9:05:07 PM`."""
    utc = datetime.fromtimestamp(moment, UTC)
    return f"{utc.month}/{utc.day}/{utc.year} {utc.hour % 12 or 12}:{utc:%M:%S %p}"


def _type_of(route: Route) -> tuple[str, str]:
    """Return namespace and resource type of the pattern of a route, in lower case."""
    if "providers" not in route.pattern:
        return "microsoft.resources", "subscriptions"
    at = len(route.pattern) - 1 - route.pattern[::-1].index("providers")
    rest = route.pattern[at + 1 :]
    if not rest or rest[0].startswith("{"):
        return "microsoft.resources", "providers"
    return rest[0], "/".join(part for part in rest[1:] if not part.startswith("{"))


def listing(values: list[Json]) -> Answer:
    """Return a list in ARM's form."""
    return Answer(200, {"value": values})


def serve_lists(
    provider: Provider,
    kind: str,
    show: Callable[[World, Json, Call], Json] = lambda _world, body, _call: body,
) -> None:
    """Serve the lists of the resources of a type: of a subscription, and of a group.

    `show` makes an entry of a body, for the page that is sent only.
    """

    async def list_resources(world: World, call: Call) -> Answer:
        world.require_group(call.path)
        scope, resources = call.path[: call.path.lower().rindex("/providers/")], world.state.resources
        keys = world.keys_of_type(kind, scope)
        return Answer(200, {"value": keys}, show=lambda key: show(world, resources[key].body, call))

    for scope in ("/subscriptions/{subscription}", "/subscriptions/{subscription}/resourceGroups/{group}"):
        provider.on("GET", f"{scope}/providers/{kind}", f"{kind}/read")(list_resources)

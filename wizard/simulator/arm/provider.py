"""What a resource provider declares: its namespace, api-versions and resource types, and its operations.

A module in `wizard.simulator.providers` declares one with a module-level `Provider`; nothing else has to name it.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from wizard.simulator.protocol.ids import segments
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.state.world import World

Handler = Callable[[World, Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a resource provider. Any signed-in principal may call it if `action` is "".

    `query` are the query parameters that it accepts, in lower case, besides `api-version` and the token of a next page.
    """

    method: str
    pattern: tuple[str, ...]
    action: str
    versions: tuple[str, ...]
    handler: Handler
    query: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Provider:
    """A resource provider, or the part of one that a module serves: several may have the same namespace.

    `versions` are its api-versions. `types` are its resource types, without the namespace; those in `unlisted` are left
    out of the lists of resources of any type. `registration_free` namespaces are registered in every subscription.
    """

    namespace: str
    versions: tuple[str, ...]
    types: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    registration_free: bool = False
    routes: list[Route] = field(default_factory=list)

    def on(
        self,
        method: str,
        pattern: str,
        action: str = "",
        versions: tuple[str, ...] = (),
        query: Iterable[str] = (),
    ) -> Callable[[Handler], Handler]:
        """Register a handler for a method and a path with {placeholders}. A path that starts with `{scope}` is served at any scope."""

        def register(handler: Handler) -> Handler:
            parts = tuple(part if part.startswith("{") else part.lower() for part in segments(pattern))
            self.routes.append(
                Route(method, parts, action, versions or self.versions, handler, frozenset(query))
            )
            return handler

        return register


class ResourceProviders:
    """The resource providers of a cloud."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.all = tuple(providers)
        self.types: dict[str, list[str]] = {}
        """The resource types of each namespace, without the namespace."""
        for provider in sorted(self.all, key=lambda each: each.namespace):
            self.types.setdefault(provider.namespace, []).extend(provider.types)
        self._unlisted = {f"{each.namespace}/{kind}".lower() for each in self.all for kind in each.unlisted}
        self._free = {each.namespace for each in self.all if each.registration_free}

    def versions(self, namespace: str) -> list[str]:
        """Return the api-versions of a namespace, newest first."""
        return sorted({v for each in self.all if each.namespace == namespace for v in each.versions}, reverse=True)  # fmt: skip

    def is_registration_free(self, namespace: str) -> bool:
        """Return whether a namespace is registered in every subscription."""
        return namespace in self._free

    def is_listed(self, resource_type: str) -> bool:
        """Return whether lists of resources of any type show the resources of a type. They never show child resources."""
        return resource_type.count("/") == 1 and resource_type.lower() not in self._unlisted

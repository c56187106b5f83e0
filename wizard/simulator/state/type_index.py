"""The keys of all resources by type, and by type and subscription: a page of a long list must not look at every resource."""

from collections import defaultdict

from wizard.simulator.protocol.ids import kind_of


class TypeIndex:
    """Keys are resource IDs in lower case, kept in the order in which they were added."""

    def __init__(self) -> None:
        self._by_type: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._by_place: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)

    def __contains__(self, key: str) -> bool:
        return key in self._by_type[kind_of(key)]

    def __len__(self) -> int:
        return sum(map(len, self._by_type.values()))

    def add(self, key: str) -> None:
        """Add a key; again has no effect."""
        kind = kind_of(key)
        self._by_type[kind][key] = self._by_place[kind, _subscription(key)][key] = None

    def remove(self, key: str) -> None:
        """Remove a key. Raise KeyError if there is none."""
        kind = kind_of(key)
        del self._by_type[kind][key], self._by_place[kind, _subscription(key)][key]

    def keys(self, resource_type: str, scope: str = "") -> list[str]:
        """Return the keys of a type below a scope."""
        kind, below = resource_type.lower(), scope.lower().rstrip("/") + "/"
        subscription = _subscription(below)
        inside = self._by_place[kind, subscription] if subscription else self._by_type[kind]
        return [key for key in inside if key.startswith(below)]


def _subscription(key: str) -> str:
    parts = key.split("/", 3)
    return parts[2] if len(parts) > 3 and parts[1] == "subscriptions" else ""

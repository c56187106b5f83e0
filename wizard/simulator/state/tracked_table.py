"""A table of the state: a mapping that tracks changes to its entries, and creates lazy entries when they are read.

A caller that reads an entry can change it in place, so each entry that was read is compared with its previous value at the
end of the request. The state file and Resource Graph get the changes in this way.

A lazy entry, such as one of ten thousand generated clusters, is created when it is read, and unloaded after the request if
it was not changed.
"""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Creates an entry, which is equal each time."""

    def create(self) -> T_co:
        """Return a new copy of the entry."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """A changed entry, serialized before and after; None if it did not or does not exist. `generated`: it was added lazily."""

    key: str
    before: bytes | None
    after: bytes | None
    generated: bool


@dataclass(slots=True)
class _Unloaded(Generic[T]):
    source: Source[T]


class Table(MutableMapping[str, T]):
    """A mapping of entries by key. Changes are tracked after `watch` was called."""

    def __init__(self, entries: Iterable[tuple[str, T]] = ()) -> None:
        self._entries: dict[str, T | _Unloaded[T]] = dict(entries)
        self._loaded: dict[str, _Unloaded[T]] = {}
        self._generated: set[str] = set()
        self._dump: Callable[[T], bytes] | None = None
        self._touched: dict[str, bytes | None] = {}

    # -- the mapping --------------------------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> T:
        entry = self._entries[key]
        if isinstance(entry, _Unloaded):
            self._loaded[key] = entry
            entry = self._entries[key] = entry.source.create()
        if self._dump is not None and key not in self._touched:
            self._touched[key] = self._dump(entry)
        return entry

    def __setitem__(self, key: str, entry: T) -> None:
        self._touch(key)
        self._entries[key] = entry

    def __delitem__(self, key: str) -> None:
        self._touch(key)
        self._loaded.pop(key, None)
        del self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def _touch(self, key: str) -> None:
        entry = self._entries.get(key)
        if isinstance(entry, _Unloaded):
            self._loaded[key] = entry
        if self._dump is not None and key not in self._touched:
            self._touched[key] = None if entry is None else self._dump(_value(entry))

    # -- lazy entries -------------------------------------------------------------------------------------------------

    def add_lazy(self, key: str, source: Source[T]) -> None:
        """Add an entry that is created when it is read."""
        self._entries[key] = _Unloaded(source)
        self._generated.add(key)

    def peek(self, key: str) -> T:
        """Return an entry without loading or tracking it; it must not be changed."""
        return _value(self._entries[key])

    def source(self, key: str) -> Source[T] | None:
        """Return what creates an entry; None if the entry is there."""
        entry = self._entries[key]
        return entry.source if isinstance(entry, _Unloaded) else None

    def loaded(self) -> Iterator[tuple[str, T]]:
        """Yield the entries that are loaded; they must not be changed."""
        for key, entry in list(self._entries.items()):
            if not isinstance(entry, _Unloaded):
                yield key, entry

    def unload(self, *, changed: bool) -> None:
        """Unload lazy entries that were not changed. No caller may hold an entry.

        `changed` is whether any entry may have changed.
        """
        for key, unloaded in self._loaded.items():
            if key in self._entries and (not changed or self._entries[key] == unloaded.source.create()):
                self._entries[key] = unloaded
        self._loaded.clear()

    # -- changes ------------------------------------------------------------------------------------------------------

    def watch(self, dump: Callable[[T], bytes]) -> None:
        """Start tracking changes; `dump` serializes an entry."""
        self._dump = dump

    def changes(self, *, forget: bool) -> list[Change]:
        """Return the changes since the last call. `forget` ends the tracking of all entries; then no caller may hold an entry."""
        if self._dump is None:
            return []
        found = []
        for key, before in self._touched.items():
            entry = self._entries.get(key)
            after = None if entry is None else self._dump(_value(entry))
            if before != after:
                found.append(Change(key, before, after, key in self._generated))
            self._touched[key] = after
        if forget:
            self._touched.clear()
        return found

    def forget(self) -> None:
        """Stop tracking entries that were read, if nothing was changed."""
        self._touched.clear()


def _value(entry: "T | _Unloaded[T]") -> T:
    return entry.source.create() if isinstance(entry, _Unloaded) else entry

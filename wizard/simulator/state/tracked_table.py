"""A table of the state: a mapping that knows which of its entries may have changed, and whose entries may sleep.

Who reads an entry may change it in place, so reading counts as touching. What was touched is compared with what it was
before when the request is over: that is how a state file learns what to write, and Resource Graph what to show late.

A sleeper is an entry that nobody has looked at yet, such as one cluster of ten thousand: it is made when it is asked
for, and put back to sleep after the request if it was not changed.
"""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Sleeper(Protocol[T_co]):
    """What can make an entry, the same one every time."""

    def wake(self) -> T_co:
        """A fresh copy of the entry."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """An entry before and after, as written; None where there was none, or is none any more."""

    key: str
    before: bytes | None
    after: bytes | None
    born_asleep: bool


@dataclass(slots=True)
class _Asleep(Generic[T]):
    sleeper: Sleeper[T]


class Table(MutableMapping[str, T]):
    """`watch` has to be called before changes can be asked for; until then only sleepers cost anything."""

    def __init__(self, entries: Iterable[tuple[str, T]] = ()) -> None:
        self._entries: dict[str, T | _Asleep[T]] = dict(entries)
        self._woken: dict[str, _Asleep[T]] = {}
        self._born_asleep: set[str] = set()
        self._dump: Callable[[T], bytes] | None = None
        self._touched: dict[str, bytes | None] = {}

    # -- the mapping --------------------------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> T:
        entry = self._entries[key]
        if isinstance(entry, _Asleep):
            self._woken[key] = entry
            entry = self._entries[key] = entry.sleeper.wake()
        if self._dump is not None and key not in self._touched:
            self._touched[key] = self._dump(entry)
        return entry

    def __setitem__(self, key: str, entry: T) -> None:
        self._touch(key)
        self._entries[key] = entry

    def __delitem__(self, key: str) -> None:
        self._touch(key)
        self._woken.pop(key, None)
        del self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def _touch(self, key: str) -> None:
        entry = self._entries.get(key)
        if isinstance(entry, _Asleep):
            self._woken[key] = entry
        if self._dump is not None and key not in self._touched:
            self._touched[key] = None if entry is None else self._dump(_awake(entry))

    # -- sleepers -----------------------------------------------------------------------------------------------------

    def lay(self, key: str, sleeper: Sleeper[T]) -> None:
        """Put an entry here that is made when it is asked for."""
        self._entries[key] = _Asleep(sleeper)
        self._born_asleep.add(key)

    def peek(self, key: str) -> T:
        """Read an entry without touching or waking it; it must not be changed."""
        return _awake(self._entries[key])

    def awake(self) -> Iterator[tuple[str, T]]:
        """The entries that do not sleep, read only."""
        for key, entry in list(self._entries.items()):
            if not isinstance(entry, _Asleep):
                yield key, entry

    def rest(self, *, changed: bool) -> None:
        """Put back to sleep what was woken and not changed. Nobody may hold an entry meanwhile.

        `changed` tells that there may be any changes at all.
        """
        for key, asleep in self._woken.items():
            if key in self._entries and (not changed or self._entries[key] == asleep.sleeper.wake()):
                self._entries[key] = asleep
        self._woken.clear()

    # -- changes ------------------------------------------------------------------------------------------------------

    def watch(self, dump: Callable[[T], bytes]) -> None:
        """From now on, take notice of what is touched; `dump` writes an entry down."""
        self._dump = dump

    def changes(self, *, forget: bool) -> list[Change]:
        """What changed since it was last asked. `forget` drops what is only touched: nobody may hold an entry then."""
        if self._dump is None:
            return []
        found = []
        for key, before in self._touched.items():
            entry = self._entries.get(key)
            after = None if entry is None else self._dump(_awake(entry))
            if before != after:
                found.append(Change(key, before, after, key in self._born_asleep))
            self._touched[key] = after
        if forget:
            self._touched.clear()
        return found

    def forget(self) -> None:
        """Nothing was changed: drop what was only read."""
        self._touched.clear()


def _awake(entry: "T | _Asleep[T]") -> T:
    return entry.sleeper.wake() if isinstance(entry, _Asleep) else entry

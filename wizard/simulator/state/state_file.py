"""The state file: every change is on disk before its answer leaves, and a kill at any moment loses none.

It is an SQLite database: one row for each entry of each table of the state. A world that its scenario generates (`fleet`)
is not written down; only what differs from it is, removed entries included.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wizard.simulator.protocol.errors import StateFileError
from wizard.simulator.state.state import Changes, Pending, State, entry_types
from wizard.simulator.state.tracked_table import Change, Table

FORMAT = "1"
_PENDING = TypeAdapter(list[Pending])
_PLAIN = ("signing_key", "authority")


class StateFile:
    """An open state file, of which no second simulator can get hold."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._types = entry_types()
        self._written: dict[str, str] = {}
        self._made_from: dict[str, str] = {}
        self._owed: list[tuple[str, Change]] = []
        # SQLite itself would let everybody read the file, and the keys of the simulated vaults are in it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            self._open()
        except StateFileError:
            self._database.close()
            raise
        except sqlite3.Error as problem:
            self._database.close()
            if "locked" in str(problem):
                raise StateFileError(
                    f"{path} is in use by another simulator. Stop that one, or give another state file."
                ) from problem
            raise self._no_state(str(problem)) from problem

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        tables = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"entries", "facts"} <= tables:
            raise self._no_state("it is a database of something else")
        if tables:
            self._written = dict(run("SELECT name, value FROM facts"))
            if self._written.get("format") != FORMAT:
                raise self._no_state(f"its format is {self._written.get('format')}, not {FORMAT}")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        if not tables:
            run("BEGIN IMMEDIATE")
            run("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            run(
                "CREATE TABLE entries (number INTEGER PRIMARY KEY, place TEXT NOT NULL, key TEXT NOT NULL, value BLOB, UNIQUE (place, key))"
            )
            run("INSERT INTO facts VALUES ('format', ?)", (FORMAT,))
            run("COMMIT")
        # A kill between making the tables and the first world leaves a file that is as good as new.
        self.fresh = "pending" not in self._written

    def _no_state(self, why: str) -> StateFileError:
        return StateFileError(
            f"{self._path} does not hold the state of a simulated Azure ({why}). Give another file, or remove this one to start afresh."
        )

    def load(self, state: State) -> None:
        """Lay what the file holds over a state, which is empty or what the scenario generates.

        Raises StateFileError where the file is damaged.
        """
        try:
            for place, key, value in self._database.execute(
                "SELECT place, key, value FROM entries ORDER BY number"
            ):
                table: Table[Any] = getattr(state, place)
                if value is None:
                    table.pop(key, None)
                else:
                    table[key] = self._types[place].validate_json(value)
            state.pending = _PENDING.validate_json(self._written["pending"])
        except (sqlite3.Error, ValidationError, AttributeError, KeyError) as problem:
            raise self._no_state(str(problem)) from problem
        for name in _PLAIN:
            setattr(state, name, self._written.get(name, ""))

    @property
    def made_from(self) -> tuple[str, str]:
        """Name and digest of the scenario that the world was made from; empty in files from before it was written down."""
        return self._written.get("scenario", ""), self._written.get("digest", "")

    def begin(self, state: State, scenario: str, digest: str) -> None:
        """Write a fresh state down as it is, and what it was made from."""
        self._made_from = {"scenario": scenario, "digest": digest}
        with self._transaction(state):
            if self.fresh:
                for place, adapter in self._types.items():
                    table: Table[Any] = getattr(state, place)
                    for key, entry in table.awake():
                        self._write(place, key, adapter.dump_json(entry))
        self.fresh = False

    def keep(self, state: State, changes: Changes) -> None:
        """Write what changed; it is on disk when this returns.

        Raises sqlite3.Error where the disk is full or broken. What could not be written is owed: the next call writes it too.
        """
        self._owed += [(place, change) for place, changed in changes.items() for change in changed]
        with self._transaction(state):
            for place, change in self._owed:
                if change.after is None and not change.born_asleep:
                    self._database.execute(
                        "DELETE FROM entries WHERE place = ? AND key = ?", (place, change.key)
                    )
                else:
                    self._write(place, change.key, change.after)
        self._owed.clear()

    @contextmanager
    def _transaction(self, state: State) -> Iterator[None]:
        """What is written within is on disk afterwards, together with the state's facts; or nothing of it is."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            facts = self._write_facts(state)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite itself has rolled back what found the disk full
                self._database.execute("ROLLBACK")
            raise
        self._written |= facts

    def _write(self, place: str, key: str, value: bytes | None) -> None:
        self._database.execute(
            "INSERT INTO entries (place, key, value) VALUES (?, ?, ?) ON CONFLICT (place, key) DO UPDATE SET value = excluded.value",
            (place, key, value),
        )

    def _write_facts(self, state: State) -> dict[str, str]:
        facts = self._made_from | {name: str(getattr(state, name)) for name in _PLAIN}
        facts["pending"] = _PENDING.dump_json(state.pending).decode()
        for name, value in facts.items():
            if self._written.get(name) != value:
                self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
        return facts

    def close(self) -> None:
        """Leave one file behind, nothing beside it."""
        self._database.close()

"""The state file: every change is on disk before its response is sent, so that a killed simulator loses nothing.

It is an SQLite database with one row for each entry of each table of the state. The clusters that a scenario generates
(`fleet`) are not stored; only entries that differ from them are, including removed ones.
"""

import os
import sqlite3
import stat
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
    """An open state file, which no other simulator can open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._types = entry_types()
        self._written: dict[str, str] = {}
        self._source: dict[str, str] = {}
        self._unwritten: list[tuple[str, Change]] = []
        # SQLite would make the file readable for all users, and it contains the keys of the simulated vaults.
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
        is_file = stat.S_ISREG(os.fstat(file).st_mode)
        os.close(file)
        if not is_file:
            raise self._not_a_state_file("it is not a regular file")
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
                    f"{path} is in use by another simulator. Stop that simulator, or use another state file."
                ) from problem
            raise self._not_a_state_file(str(problem)) from problem

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        tables = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"entries", "facts"} <= tables:
            raise self._not_a_state_file("it is another SQLite database")
        if tables:
            self._written = dict(run("SELECT name, value FROM facts"))
            if self._written.get("format") != FORMAT:
                raise self._not_a_state_file(f"its format is {self._written.get('format')}, not {FORMAT}")
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
        # If the simulator was killed between creating the tables and storing the first state, the file counts as new.
        self.fresh = "pending" not in self._written

    def _not_a_state_file(self, reason: str) -> StateFileError:
        return StateFileError(
            f"{self._path} is not a valid state file of the simulator ({reason}). "
            "Use another file, or delete this one to start with a new state."
        )

    def load(self, state: State) -> None:
        """Apply the content of the file to a state, which is empty or contains the generated clusters of the scenario.

        Raise StateFileError if the file is damaged.
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
            raise self._not_a_state_file(str(problem)) from problem
        for name in _PLAIN:
            setattr(state, name, self._written.get(name, ""))

    @property
    def source(self) -> tuple[str, str]:
        """The name and digest of the scenario that the state was created from."""
        return self._written["scenario"], self._written["digest"]

    def begin(self, state: State, scenario: str, digest: str) -> None:
        """Store what the state was created from and, in a new file, the state itself."""
        self._source = {"scenario": scenario, "digest": digest}
        with self._transaction(state):
            if self.fresh:
                for place, adapter in self._types.items():
                    table: Table[Any] = getattr(state, place)
                    for key, entry in table.loaded():
                        self._write(place, key, adapter.dump_json(entry))
        self.fresh = False

    def save(self, state: State, changes: Changes) -> None:
        """Write the changes; they are on disk when this returns.

        Raise sqlite3.Error if the disk is full or broken. The next call also writes the changes that failed.
        """
        self._unwritten += [(place, change) for place, changed in changes.items() for change in changed]
        with self._transaction(state):
            for place, change in self._unwritten:
                if change.after is None and not change.generated:
                    self._database.execute(
                        "DELETE FROM entries WHERE place = ? AND key = ?", (place, change.key)
                    )
                else:
                    self._write(place, change.key, change.after)
        self._unwritten.clear()

    @contextmanager
    def _transaction(self, state: State) -> Iterator[None]:
        """Write everything inside the block, and the scalar fields of the state, to disk, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            facts = self._write_facts(state)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # if the disk is full, SQLite has already rolled back
                self._database.execute("ROLLBACK")
            raise
        self._written |= facts

    def _write(self, place: str, key: str, value: bytes | None) -> None:
        self._database.execute(
            "INSERT INTO entries (place, key, value) VALUES (?, ?, ?) ON CONFLICT (place, key) DO UPDATE SET value = excluded.value",
            (place, key, value),
        )

    def _write_facts(self, state: State) -> dict[str, str]:
        facts = self._source | {name: str(getattr(state, name)) for name in _PLAIN}
        facts["pending"] = _PENDING.dump_json(state.pending).decode()
        for name, value in facts.items():
            if self._written.get(name) != value:
                self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
        return facts

    def close(self) -> None:
        """Close the database, which leaves a single file."""
        self._database.close()

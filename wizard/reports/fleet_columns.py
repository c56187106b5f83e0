"""The columns of a fleet, each declared once: for every format of `clusters`, and for the page All clusters with its order and
its filter. A new column is an entry in COLUMNS."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wizard.cloud.encryption import Encryption, EncryptionKind
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.cloud.versions import version_of
from wizard.fleet.verify import FleetEntry
from wizard.reports.text import reasons_of
from wizard.reports.wording import KINDS, SEVERITY, SHORT_KINDS, SHORT_WHY, encryption
from wizard.system.sanitize import one_line
from wizard.verification.reasons import joined
from wizard.verification.report import Outcome
from wizard.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """One cluster with what a list says of its verdict."""

    row: ClusterRow
    outcome: Outcome
    verdict: Verdict
    reasons: tuple[str, ...]
    """Why it is not verified, or what the warnings are about."""
    in_graph: bool | None
    """Whether Resource Graph lists it; None if it could not be queried."""

    @property
    def passed(self) -> bool:
        """Whether the cluster is verified."""
        return self.verdict == "verified"

    @classmethod
    def of(cls, entry: FleetEntry) -> "Listed":
        """Return the line for a verdict."""
        report = entry.report
        return cls(entry.row, report.outcome, report.verdict, reasons_of(report), entry.in_graph)


Line = Listed | Unreadable


@dataclass(frozen=True)
class Column:
    """One column. Without a heading it is only in `-o json`."""

    key: str
    """The key in `-o json`, and the name of the column."""
    value: Callable[[Listed], Any]
    """What `-o json` has; its text is in the tables, if there is no other."""
    heading: str = ""
    text: Callable[[Listed], str] | None = None
    short: Callable[[Listed], str] | None = None
    """The text in the table of `clusters`, which has at most 100 columns, if it is shorter there."""
    name: Callable[[Listed], str] | None = None
    """The text on the page, if it is another one."""
    order: Callable[[Listed], str] | None = None
    """What clusters are sorted by, if not by the text. A text too, because these are sorted fast."""
    cut: int = 0
    """The order in which columns are shortened in a table that is too wide; 0: never."""
    in_json: bool = True
    in_table: bool = True
    room: int = 0
    """The width of the page from which it is shown there."""
    width: int = 0
    """Its width on the page until the clusters are read; from then on, it is as wide as its longest text."""

    def shown(self, line: Line) -> str:
        """Return its text on the page, in which the words of a filter are searched."""
        if isinstance(line, Unreadable):
            return one_line(_UNREADABLE[self.key](line)) if self.key in _UNREADABLE else ""
        return str((self.name or self.text or self.value)(line))

    def cell(self, each: Listed, *, wide: bool) -> str:
        """Return its text in the table of `clusters`, or in the `wide` one."""
        text = self.text or self.value
        return str((text if wide else self.short or text)(each))

    def place(self, line: Line) -> str:
        """Return what lines are sorted by: this column, then the name. What could not be read comes first, to be noticed."""
        if isinstance(line, Unreadable):
            return f"\0{line.name}"
        place = self.order(line) if self.order else self.shown(line).casefold()
        return f"\1{place}\0{line.row.name.casefold()}"


@lru_cache(256)
def _version_key(text: str) -> str:
    return ".".join(f"{number:09}" for number in version_of(text))


_WORST: dict[EncryptionKind, str] = {
    "none": "0",
    "legacy-kms": "1",
    "platform-managed": "2",
    "customer-managed": "3",
}


def _short_kind(found: Encryption) -> str:
    """Return how a cluster is encrypted, in one or two words: `customer, private`."""
    access = found.network_access.lower() if found.kind == "customer-managed" else ""
    return ", ".join(filter(None, (SHORT_KINDS[found.kind], access)))


def _note(each: Listed) -> str:
    """Return the reasons, and why the cluster cannot be changed now."""
    why = each.row.why_not
    return "; ".join(filter(None, (joined(each.reasons), why if why not in each.reasons else "")))


def _short_note(each: Listed) -> str:
    """Return the reason that matters most; that there is no key is not repeated beside `none`."""
    why = each.row.why_not
    return SHORT_WHY.get(why, why) if why and each.row.kind == "none" else joined(each.reasons, 1)


COLUMNS = (
    Column("id", lambda each: each.row.id),
    Column("name", lambda each: each.row.name, "cluster", cut=4, width=24),
    Column(
        "resource_group", lambda each: each.row.resource_group, "resource group", cut=1, room=100, width=22
    ),
    Column("subscription", lambda each: each.row.subscription_id),
    Column("subscription_name", lambda each: each.row.subscription_name, "subscription", cut=2, room=100),
    Column("location", lambda each: each.row.location, "region", in_table=False, room=140, width=18),
    Column(
        "kubernetes_version",
        lambda each: each.row.kubernetes_version,
        "version",
        order=lambda each: _version_key(each.row.kubernetes_version),
    ),
    Column("identity", lambda each: each.row.identity, "identity", in_table=False, room=170, width=17),
    Column(
        "encryption",
        lambda each: each.row.kind,
        "encryption",
        text=lambda each: encryption(each.row.encryption)[0],
        short=lambda each: _short_kind(each.row.encryption),
        name=lambda each: KINDS[each.row.kind],
        order=lambda each: _WORST[each.row.kind],
        width=20,
    ),
    Column("passed", lambda each: each.passed),
    Column("verdict", lambda each: each.verdict),
    Column("key_id", lambda each: each.row.encryption.key_id or None),
    Column("key_vault_network_access", lambda each: each.row.encryption.network_access or None),
    Column("provisioning_state", lambda each: each.row.provisioning_state),
    Column("power_state", lambda each: each.row.power_state),
    Column("node_pools", lambda each: each.row.node_pools),
    Column("nodes", lambda each: each.row.nodes),
    Column("why_not", lambda each: each.row.why_not),
    Column("in_resource_graph", lambda each: each.in_graph),
    Column(
        "reason",
        _note,
        "reason",
        short=_short_note,
        cut=3,
        in_json=False,
        width=24,
    ),
)

TABLE = tuple(column for column in COLUMNS if column.heading and column.in_table)
WIDE = tuple(column for column in COLUMNS if column.heading)
COLUMN = {column.key: column for column in COLUMNS}

_UNREADABLE: dict[str, Callable[[Unreadable], str]] = {
    "name": lambda missed: missed.name,
    "subscription_name": lambda missed: missed.subscription_name,
    "encryption": lambda _: "not certain",
    "reason": lambda missed: " ".join(
        filter(None, ("not readable:", missed.problem.code or missed.problem.kind))
    ),
}
"""What is known of what could not be read, by column."""


def json_of(each: Listed) -> dict[str, Any]:
    """Return a cluster as in `clusters -o json`."""
    return {column.key: column.value(each) for column in COLUMNS if column.in_json}


def by_verdict(line: Line) -> str:
    """Return what lines are sorted by if failures come first: the verdict, subscription and name. What could not be read is
    unknown."""
    outcome = "unknown" if isinstance(line, Unreadable) else line.outcome
    place, name = (
        (line.subscription_name, line.name)
        if isinstance(line, Unreadable)
        else (line.row.subscription_name, line.row.name)
    )
    return f"{SEVERITY[outcome]}{place}\0{name}".casefold()

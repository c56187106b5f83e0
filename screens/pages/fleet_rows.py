"""Which clusters of a fleet the overview shows, and in which order."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from screens.session.fleet import Line, Shown
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import Unreadable
from wizard.cloud.versions import version_of
from wizard.reports.wording import KINDS
from wizard.verification.report import Outcome

Order = Literal["found", "cluster", "group", "subscription", "region", "version", "now", "verdict"]
ORDERS: dict[Order, str] = {
    "verdict": "failures first",
    "cluster": "by name",
    "group": "by resource group",
    "subscription": "by subscription",
    "region": "by region",
    "version": "by version",
    "now": "by encryption",
    "found": "as found",
}
REVERSED = {each: f"{words}, reversed" for each, words in ORDERS.items()} | {"verdict": "failures last"}
CHOICES: tuple[EncryptionKind | None, ...] = (None, *KINDS)
"""Filters by kind of encryption, in the order in which a key goes through them."""


@dataclass(frozen=True)
class View:
    """Which lines are shown, and in which order."""

    words: tuple[str, ...] = ()
    """In lower case; each must occur in a line."""
    kind: EncryptionKind | None = None
    failed: bool = False
    order: Order = "verdict"
    backwards: bool = False
    columns: tuple[str, ...] = ("cluster", "group", "subscription", "region", "version", "now", "checks")
    """The columns that are shown; words are searched in no others."""

    def fits(self, line: Line) -> bool:
        """Whether a line is shown. Only words hide what could not be read: it may be of any kind, and it may fail."""
        if isinstance(line, Shown) and self.kind is not None and line.row.kind != self.kind:
            return False
        if isinstance(line, Shown) and self.failed and line.passed:
            return False
        text = text_of(line, self.columns) if self.words else ""
        return all(word in text for word in self.words)

    def of(self, lines: list[Line]) -> list[Line]:
        """Return the lines that are shown, in order."""
        shown = [line for line in lines if self.fits(line)]
        if self.order != "found":
            shown.sort(key=lambda line: _place(line, self.order), reverse=self.backwards)
        elif self.backwards:
            shown.reverse()
        return shown

    @property
    def narrows(self) -> bool:
        """Whether lines may be hidden."""
        return bool(self.words or self.kind or self.failed)


def text_of(line: Line, columns: Collection[str]) -> str:
    """Return the text of these columns, in which the words of a filter are searched."""
    if isinstance(line, Unreadable):
        cells = {"cluster": line.name, "subscription": line.subscription_name, "now": "not readable"}
    else:
        row = line.row
        cells = {
            "cluster": row.name,
            "group": row.resource_group,
            "subscription": row.subscription_name,
            "region": row.location,
            "version": row.kubernetes_version,
            "now": KINDS[row.kind],
            "checks": line.codes,
        }
    return " ".join(text for name, text in cells.items() if name in columns).casefold()


_VERDICTS: tuple[Outcome, ...] = ("failed", "unknown", "warning", "passed")
_WORST = {"none": 0, "legacy-kms": 1, "platform-managed": 2, "customer-managed": 3}


def _place(line: Line, order: Order) -> tuple[object, ...]:
    """Return what a line is sorted by. What could not be read comes first, so that it is noticed."""
    if isinstance(line, Unreadable):
        return (0,)
    row = line.row
    name = row.name.casefold()
    match order:
        case "group":
            return 1, row.resource_group.casefold(), name
        case "subscription":
            return 1, row.subscription_name.casefold(), name
        case "region":
            return 1, row.location, name
        case "version":
            return 1, version_of(row.kubernetes_version), name
        case "now":
            return 1, _WORST[row.kind], name
        case "verdict":
            return 1, _VERDICTS.index(line.outcome), _WORST[row.kind], name
        case _:
            return 1, name

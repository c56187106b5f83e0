"""Which clusters of a fleet the overview shows, and in which order."""

from dataclasses import dataclass, field

from screens.session.fleet import Line, Shown
from screens.widgets.filter_words import has_words
from wizard.cloud.encryption import EncryptionKind
from wizard.reports.fleet_columns import COLUMN, WIDE, by_verdict
from wizard.reports.wording import KINDS

ORDERS = {
    "verdict": "failures first",
    **{column.key: f"by {column.heading}" for column in WIDE},
    "found": "as found, z sorts",
}
"""The orders, in which a key goes through them: by verdict, by a column, or as the clusters were found."""
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
    order: str = "verdict"
    """A key of ORDERS."""
    backwards: bool = False
    columns: tuple[str, ...] = tuple(column.key for column in WIDE)
    """The columns that are shown; words are searched in no others."""

    def fits(self, line: Line) -> bool:
        """Whether a line is shown."""
        text = text_of(line, self.columns) if self.words else ""
        return self._chosen(line) and has_words(text, self.words)

    def of(self, lines: list[Line], ready: "Prepared | None" = None) -> list[Line]:
        """Return the lines that are shown, in order. `ready` has their places and texts from an earlier call."""
        ready = ready or Prepared()
        at = ready.sorted(lines, self.order)
        if self.words:
            texts = ready.texts(lines, self.columns)
            for word in self.words:
                at = [place for place in at if word in texts[place]]
        shown = [line for line in map(lines.__getitem__, at) if self._chosen(line)]
        return shown[::-1] if self.backwards else shown

    def _chosen(self, line: Line) -> bool:
        """Only words hide what could not be read: it may be of any kind, and it may fail."""
        return not isinstance(line, Shown) or (
            (self.kind is None or line.row.kind == self.kind) and not (self.failed and line.passed)
        )

    @property
    def narrows(self) -> bool:
        """Whether lines may be hidden."""
        return bool(self.words or self.kind or self.failed)


@dataclass
class Prepared:
    """The places and the texts of all lines, kept between changes of the filter and continued while lines arrive: to make those of
    fifty thousand clusters at once would stop the page for a third of a second.
    """

    _order: str = ""
    _places: list[str] = field(default_factory=list)
    _sorted: list[int] = field(default_factory=list)
    _columns: tuple[str, ...] = ()
    _texts: list[str] = field(default_factory=list)

    def sorted(self, lines: list[Line], order: str) -> list[int]:
        """Return the positions of the lines in an order."""
        if order == "found":
            return list(range(len(lines)))
        if order != self._order:
            self._order, self._places, self._sorted = order, [], []
        place = by_verdict if order == "verdict" else COLUMN[order].place
        known = len(self._places)
        if known < len(lines):
            self._places += map(place, lines[known:])
            self._sorted += range(known, len(lines))
            self._sorted.sort(key=self._places.__getitem__)
        return self._sorted

    def texts(self, lines: list[Line], columns: tuple[str, ...]) -> list[str]:
        """Return the texts of the lines, in which words are searched."""
        if columns != self._columns:
            self._columns, self._texts = columns, []
        self._texts += (text_of(line, columns) for line in lines[len(self._texts) :])
        return self._texts


def text_of(line: Line, columns: tuple[str, ...]) -> str:
    """Return the text of these columns, in which the words of a filter are searched."""
    return " ".join([COLUMN[key].shown(line) for key in columns]).casefold()

"""What the fleet overview shows: a cluster in table cells and in words, and the totals. Pure functions."""

from collections.abc import Callable, Mapping

from rich.text import Text
from textual.content import Content

from screens.session.fleet import Fleet, Line, Shown
from screens.widgets.grid import PROSE
from screens.widgets.links import linked
from screens.widgets.theme import cell
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import Unreadable
from wizard.reports.fleet_columns import WIDE
from wizard.reports.wording import (
    KINDS,
    SHORT_KINDS,
    STYLES,
    VERDICTS,
    Tone,
    count,
    duration,
    encryption,
    hanging,
)

_BAR: dict[EncryptionKind, tuple[str, Tone]] = {
    "none": ("█", "warn"),
    "legacy-kms": ("▓", "busy"),
    "platform-managed": ("▒", "good"),
    "customer-managed": ("░", "good"),
}
"""How the bar shows each kind: by its own sign, so that it can be read without colours."""

_LEAST, _LAST = 14, 24
"""The narrowest column that is cut, and what the last column has before others are cut."""


def totals(fleet: Fleet, room: int, *, reading: bool) -> Content:
    """Return the verdicts in numbers, how the clusters are encrypted in numbers, and a bar: three lines of `room` columns.

    While clusters are read the bar shows how far that is; afterwards, how they are encrypted.
    """
    tally = fleet.tally
    if not tally.clusters:
        return Content.assemble(
            (
                "Reading the clusters from Azure…"
                if reading
                else "There are no clusters that you can access.",
                "$quiet",
            )
        )
    verdicts: list[tuple[str, str, Tone]] = [
        ("✓", f"{tally.passed - tally.warned:,} verified", "good"),
        ("!", f"{tally.warned:,} with warnings", "warn"),
        ("✗", f"{tally.failed - tally.uncertain:,} failed", "bad"),
        ("?", f"{tally.uncertain:,} not certain", "warn"),
        ("?", f"{tally.unreadable:,} not readable", "warn"),
    ]
    verdicts = [each for each in verdicts if not each[1].startswith("0 ")] or verdicts[:1]
    wait = fleet.progress.throttling.left
    if reading and wait >= 0.5:
        verdicts.append(("!", f"throttled for {wait:.0f} s", "warn"))
    kinds = [(kind, *drawn, tally.kinds[kind]) for kind, drawn in _BAR.items() if tally.kinds[kind]]
    long = [(sign, f"{number:,} {KINDS[kind]}", tone) for kind, sign, tone, number in kinds]
    short = [(sign, f"{number:,} {SHORT_KINDS[kind]}", tone) for kind, sign, tone, number in kinds]
    bar = _reading_bar(fleet, room) if reading else _kinds_bar(fleet, room)
    return Content("\n").join(
        [
            _first_that_fits(
                room,
                _line(verdicts, "   ", label="Verdict"),
                _line(verdicts, " ", label="Verdict"),
                _line(verdicts, " ", label=""),
            ),
            _first_that_fits(
                room,
                _line(long, "   ", label="Encryption"),
                _line(short, "   ", label="Encryption"),
                _line(short, " ", label=""),
            ),
            bar,
        ]
    )


def _reading_bar(fleet: Fleet, room: int) -> Content:
    """Return how many of the expected clusters are read, as a thin bar."""
    expected, read = fleet.progress.expected, fleet.progress.clusters
    full = min(room, room * read // expected) if expected else 0
    return Content.assemble(("━" * full, STYLES["busy"]), ("─" * (room - full), "$quiet"))


def _kinds_bar(fleet: Fleet, room: int) -> Content:
    """Return how the clusters are encrypted, as a bar of one sign for each kind."""
    tally, left = fleet.tally, room
    parts: list[tuple[str, str]] = []
    for kind, (sign, tone) in _BAR.items():
        if number := tally.kinds[kind]:
            part = min(left, max(1, round(room * number / tally.clusters)))
            left -= part
            parts.append((sign * part, STYLES[tone]))
    return Content.assemble(*parts)


def _first_that_fits(room: int, *texts: Content) -> Content:
    """Return the first text that fits into `room` columns, or the last one."""
    return next((text for text in texts if text.cell_length <= room), texts[-1])


def _line(parts: list[tuple[str, str, Tone]], gap: str, label: str) -> Content:
    words = Content(gap).join(
        Content.assemble((f"{sign} ", STYLES[tone]), words) for sign, words, tone in parts
    )
    return Content.assemble((f"{label:<12}", "$quiet"), words) if label else words


def cost(fleet: Fleet, slower: int) -> str:
    """Return what a verification in full depth reads, and how long that takes: at least `slower` times as long as before."""
    keys = fleet.tally.kinds["customer-managed"] + fleet.tally.kinds["legacy-kms"]
    longer = duration(fleet.progress.elapsed * slower)
    return (
        f"{count(fleet.tally.clusters, 'cluster')} are listed again, with the locks of their subscriptions. For the "
        f"{keys:,} with a key in a key vault, the vault, key, identity and role assignments are read as well, each once. "
        f"That takes {longer} or longer; the settings took {duration(fleet.progress.elapsed)}. Nothing is changed."
    )


def columns(room: int, longest: Mapping[str, int], order: str = "verdict") -> dict[str, int]:
    """Return the columns that fit, and their widths; what is left out is in the description of a line.

    `longest`: the length of the longest text of each column, as far as it is known. None is wider, except the last one, which
    takes the rest. If there is not enough room, columns are cut as they are in `aks-kms clusters`. The one of the `order` also has
    room for its arrow.
    """
    shown = [column for column in WIDE if room > column.room]
    widths = {
        column.key: max(
            len(column.heading) + 2 * (column.key == order), longest.get(column.key, 0) or column.width
        )
        for column in shown
    }
    last = shown[-1].key
    widths[last] = min(widths[last], _LAST)
    left = room - 2 - 2 * (len(shown) + 1) - sum(widths.values())
    for column in sorted((each for each in shown if each.cut), key=lambda each: each.cut):
        taken = min(max(0, -left), max(0, widths[column.key] - _LEAST))
        widths[column.key] -= taken
        left += taken
    widths[last] += left
    return {"sign": 1, **widths}


def cells(line: Line) -> dict[str, Text]:
    """Return the cells of a line, by column."""
    tones: dict[str, Tone] = {"encryption": "warn", "reason": "warn"}
    sign, _, tone = VERDICTS["unknown" if isinstance(line, Unreadable) else line.outcome]
    if isinstance(line, Shown) and line.outcome == "failed":
        tones["reason"] = "bad"
    elif isinstance(line, Shown) and line.passed:  # only the verdict says that an encryption is good
        tones["encryption"] = encryption(line.row.encryption)[1]
    return {
        "sign": cell(sign, tone),
        **{
            column.key: cell(
                column.shown(line),
                tones.get(column.key, "plain" if isinstance(line, Shown) else "dim"),
                bold=column.key == "name" and isinstance(line, Shown),
            )
            for column in WIDE
        },
    }


def description(line: Shown, link: Callable[[str], str]) -> Content:
    """Return the cluster in words, and what is wrong with it. `link`: returns the URL of a resource in the portal."""
    row = line.row
    key = f" {row.encryption.key_name}" if row.encryption.key_name else ""
    text = Content.assemble(
        linked(row.name, link(row.id)),
        f" · {row.location} · {row.kubernetes_version} · {count(row.nodes, 'node')} · {row.provisioning_state}, {row.power_state.lower()}",
        (
            f"\n{row.resource_group} in {row.subscription_name} · {row.identity} · {KINDS[row.kind]}{key}",
            "$quiet",
        ),
    )
    if line.wrong:
        mark, _, tone = VERDICTS[line.outcome]
        sign = (f"{mark} ", STYLES[tone])
        more = f" Press Enter for {len(line.wrong) - 1} more." if len(line.wrong) > 1 else ""
        text += Content.assemble("\n", sign, hanging(f"{line.wrong[0]}{more}", 2, PROSE))
    return text

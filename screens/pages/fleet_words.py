"""A cluster among many in a table's cells and in words, and what all of them amount to."""

from rich.text import Text
from textual.content import Content

from screens.session.fleet import Fleet, Line, Shown
from screens.widgets.theme import cell
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import Unreadable
from wizard.reports.wording import KINDS, STYLES, VERDICTS, Tone, count, encryption
from wizard.system.sanitize import one_line

_BAR: dict[EncryptionKind, tuple[str, str, str, Tone]] = {
    "none": ("█", KINDS["none"], "none", "warn"),
    "legacy-kms": ("▓", KINDS["legacy-kms"], "legacy", "busy"),
    "platform-managed": ("▒", KINDS["platform-managed"], "platform", "good"),
    "customer-managed": ("░", KINDS["customer-managed"], "customer", "good"),
}
"""How each kind is drawn: by its own sign, so that the bar can be read without its colours; its name, and a short one."""


def amounts(fleet: Fleet, room: int, *, reading: bool) -> Content:
    """A bar of how the clusters are encrypted, the same in numbers, and how many fail: two lines of that width, or three
    where the numbers are long."""
    tally = fleet.tally
    if not tally.clusters:
        return Content.assemble(("Asking Azure…" if reading else "No cluster is visible here.", "$quiet"))
    kinds = [(*drawn, tally.kinds[kind]) for kind, drawn in _BAR.items() if tally.kinds[kind]]
    bar: list[tuple[str, str]] = []
    left = room
    for sign, _, _, tone, number in kinds:
        part = min(left, max(1, round(room * number / tally.clusters)))
        left -= part
        bar.append((sign * part, STYLES[tone]))
    failed = tally.failed - tally.uncertain
    first: list[tuple[str, str, Tone]] = [
        ("✗", f"{failed:,} fail", "bad") if failed else ("✓", "none fails", "good")
    ]
    if tally.uncertain:
        first.append(("?", f"{tally.uncertain:,} not certain", "warn"))
    if tally.warned:
        first.append(("!", f"{tally.warned:,} warn", "warn"))
    if tally.unreadable:
        first.append(("?", f"{tally.unreadable} not readable", "warn"))
    wait = fleet.progress.throttling.left
    if reading and wait >= 0.5:
        first.append(("!", f"Azure asks to wait {wait:.0f} s", "warn"))
    long = [(sign, f"{number:,} {name}", tone) for sign, name, _, tone, number in kinds]
    short = [(sign, f"{number:,} {name}", tone) for sign, _, name, tone, number in kinds]
    alone = _line(first, " ") + Content("\n")
    words = _fitting(
        room,
        _line(first + long, "   "),
        _line(first + long, " "),
        _line(first + short, " "),
        alone + _line(long, " "),
        alone + _line(short, " "),
    )
    return Content.assemble(*bar) + Content("\n") + words


def _fitting(room: int, *ways: Content) -> Content:
    """The first of these whose lines have room; the last, where none has."""
    return next((way for way in ways if all(line.cell_length <= room for line in way.split())), ways[-1])


def _line(parts: list[tuple[str, str, Tone]], gap: str) -> Content:
    return Content(gap).join(
        Content.assemble((f"{sign} ", STYLES[tone]), (words, "bold" if place == 0 else ""))
        for place, (sign, words, tone) in enumerate(parts)
    )


def cells_of(line: Line) -> dict[str, Text]:
    """By column: what a line shows there."""
    if isinstance(line, Unreadable):
        name, subscription = (cell(one_line(each), "dim") for each in (line.name, line.subscription_name))
        empty = dict.fromkeys(("group", "region", "version"), cell(""))
        return {"sign": cell("?", "warn"), "cluster": name, "subscription": subscription, "now": cell("not readable", "warn"), **empty}  # fmt: skip
    row = line.row
    sign, _, sign_tone = VERDICTS[line.outcome]
    words, tone = encryption(row.encryption)
    return {
        "sign": cell(sign, sign_tone),
        "cluster": cell(row.name, bold=True),
        "group": cell(row.resource_group),
        "subscription": cell(row.subscription_name),
        "region": cell(row.location),
        "version": cell(row.kubernetes_version),
        "now": cell(words, tone),
    }


def said(line: Shown) -> Content:
    """The line under the cursor, in words."""
    row = line.row
    key = f" {row.encryption.key_name}" if row.encryption.key_name else ""
    text = Content.assemble(
        (row.name, "bold"),
        f" · {row.location} · {row.kubernetes_version} · {count(row.nodes, 'node')} · {row.provisioning_state}, {row.power_state.lower()}",
        (
            f"\n{row.resource_group} in {row.subscription_name} · {row.identity} · {KINDS[row.kind]}{key}",
            "$quiet",
        ),
    )
    if line.wrong:
        mark, _, tone = VERDICTS[line.outcome]
        sign = (f"{mark} ", STYLES[tone])
        more = f" And {len(line.wrong) - 1} more: enter" if len(line.wrong) > 1 else ""
        text += Content.assemble("\n", sign, f"{line.wrong[0]}{more}")
    return text

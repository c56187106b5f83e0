"""What the fleet overview shows: a cluster in table cells and in words, and the totals. Pure functions."""

from collections.abc import Callable

from rich.text import Text
from textual.content import Content

from screens.session.fleet import Fleet, Line, Shown
from screens.widgets.links import linked
from screens.widgets.theme import cell
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import Unreadable
from wizard.reports.wording import KINDS, STYLES, VERDICTS, Tone, count, encryption
from wizard.system.sanitize import one_line

_BAR: dict[EncryptionKind, tuple[str, str, Tone]] = {
    "none": ("█", "none", "warn"),
    "legacy-kms": ("▓", "legacy", "busy"),
    "platform-managed": ("▒", "platform", "good"),
    "customer-managed": ("░", "customer", "good"),
}
"""How the bar shows each kind: by its own sign, so that it can be read without colours; and a short name of the kind."""


def totals(fleet: Fleet, room: int, *, reading: bool) -> Content:
    """Return a bar of how the clusters are encrypted, and the same in numbers with the failures: two lines of `room`
    columns, or three if the numbers are long.
    """
    tally = fleet.tally
    if not tally.clusters:
        return Content.assemble(
            ("Reading the clusters from Azure…" if reading else "You can see no cluster.", "$quiet")
        )
    kinds = [(kind, *drawn, tally.kinds[kind]) for kind, drawn in _BAR.items() if tally.kinds[kind]]
    bar: list[tuple[str, str]] = []
    left = room
    for _, sign, _, tone, number in kinds:
        part = min(left, max(1, round(room * number / tally.clusters)))
        left -= part
        bar.append((sign * part, STYLES[tone]))
    failed = tally.failed - tally.uncertain
    first: list[tuple[str, str, Tone]] = [
        ("✗", f"{failed:,} failed", "bad") if failed else ("✓", "none failed", "good")
    ]
    if tally.uncertain:
        first.append(("?", f"{tally.uncertain:,} not certain", "warn"))
    if tally.warned:
        first.append(("!", f"{tally.warned:,} with warnings", "warn"))
    if tally.unreadable:
        first.append(("?", f"{tally.unreadable} not readable", "warn"))
    wait = fleet.progress.throttling.left
    if reading and wait >= 0.5:
        first.append(("!", f"throttled for {wait:.0f} s", "warn"))
    long = [(sign, f"{number:,} {KINDS[kind]}", tone) for kind, sign, _, tone, number in kinds]
    short = [(sign, f"{number:,} {name}", tone) for _, sign, name, tone, number in kinds]
    alone = _line(first, " ") + Content("\n")
    words = _first_that_fits(
        room,
        _line(first + long, "   "),
        _line(first + long, " "),
        alone + _line(long, " "),
        _line(first + short, " "),
        alone + _line(short, " "),
    )
    return Content.assemble(*bar) + Content("\n") + words


def _first_that_fits(room: int, *texts: Content) -> Content:
    """Return the first text whose lines fit into `room` columns, or the last one."""
    return next((text for text in texts if all(line.cell_length <= room for line in text.split())), texts[-1])


def _line(parts: list[tuple[str, str, Tone]], gap: str) -> Content:
    return Content(gap).join(
        Content.assemble((f"{sign} ", STYLES[tone]), (words, "bold" if place == 0 else ""))
        for place, (sign, words, tone) in enumerate(parts)
    )


def columns(room: int) -> dict[str, int]:
    """Return the columns that fit, and their widths; what is left out is in the description of a line."""
    fixed = {"sign": 1, "version": 8}
    names = ["sign", "cluster", "group", "subscription", "region", "version", "now"]
    room -= 1
    names = names if room >= 110 else [name for name in names if name != "region"]
    names = names if room >= 84 else [name for name in names if name != "subscription"]
    fixed["now"] = max(len(kind) for kind in KINDS.values())
    left = room - sum(fixed.values()) - 2 * len(names)
    others = len(names) - len(fixed) - 1
    fixed["cluster"] = max(6, left * 2 // (2 * others + 1))
    each, rest = divmod(left - fixed["cluster"], others)
    fixed["cluster"] += rest
    return {name: fixed.get(name, max(6, each)) for name in names}


def cells(line: Line) -> dict[str, Text]:
    """Return the cells of a line, by column."""
    if isinstance(line, Unreadable):
        name, subscription = (cell(one_line(each), "dim") for each in (line.name, line.subscription_name))
        empty = dict.fromkeys(("group", "region", "version"), cell(""))
        return {"sign": cell("?", "warn"), "cluster": name, "subscription": subscription, "now": cell("not readable", "warn"), **empty}  # fmt: skip
    row = line.row
    sign, _, sign_tone = VERDICTS[line.outcome]
    _, tone = encryption(row.encryption)
    return {
        "sign": cell(sign, sign_tone),
        "cluster": cell(row.name, bold=True),
        "group": cell(row.resource_group),
        "subscription": cell(row.subscription_name),
        "region": cell(row.location),
        "version": cell(row.kubernetes_version),
        "now": cell(KINDS[row.kind], tone),
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
        text += Content.assemble("\n", sign, f"{line.wrong[0]}{more}")
    return text

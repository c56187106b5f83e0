"""What the history shows of a run: its row, and what it was about. Pure functions."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.text import Text
from textual.content import Content

from screens.widgets.theme import cell
from wizard.reports.recorded_run import in_few_words
from wizard.reports.wording import RUN_STATES, STYLES, count, duration
from wizard.runs.journal import RunSummary
from wizard.system.sanitize import one_line, sanitize

_WHAT = 32
"""Columns for what a run did, as `in_few_words` says it of most."""


def columns(room: int, clusters: Iterable[str] = ()) -> dict[str, int]:
    """Return the columns that fit, and their widths. `clusters`: the names in the table, which is wide enough for the longest
    as long as there is room for what each run did."""
    fixed = {"sign": 1, "status": 11, "started": 11, "took": 7}
    if room < 90:
        del fixed["took"]
    left = room - 1 - sum(fixed.values()) - 2 * (len(fixed) + 2)
    longest = max(map(len, clusters), default=left)
    cluster = max(10, min(longest, max(left * 2 // 5, left - _WHAT)))
    widths = fixed | {"cluster": cluster, "what": max(10, left - cluster)}
    return {
        name: widths[name]
        for name in ("sign", "cluster", "what", "status", "started", "took")
        if name in widths
    }


def cells(run: RunSummary) -> Mapping[str, Text]:
    """Return the cells of a run, by column."""
    sign, tone = RUN_STATES[run.status]
    started = f"{run.started:%m-%d %H:%M}" if run.started else ""
    return {
        "sign": cell(sign, tone),
        "cluster": cell(one_line(run.cluster), bold=True),
        "what": cell(in_few_words(run)),
        "status": cell(run.status.replace("-", " "), tone),
        "started": cell(started),
        "took": cell(duration(run.seconds) if run.seconds is not None else ""),
    }


def totals(shown: int, found: int, *, filtered: bool) -> str:
    """Return how many runs there are, and how many match the filter."""
    return f"{shown:,} of {count(found, 'run')}" if filtered else count(found, "run")


def description(run: RunSummary, *, can_resume: bool) -> Content:
    """Return what a run was about, where it is recorded, and whether it can be resumed."""
    started = f" · {run.started:%A %d %B %Y, %H:%M}" if run.started else ""
    path = str(run.path).replace(str(Path.home()), "~", 1)
    text = Content.assemble(
        (sanitize(run.title) or "no title", "bold"), (f"{started}\n{run.cloud_text} · {path}", "$quiet")
    )
    if can_resume:
        text += Content.assemble(
            "\n", ("! ", STYLES["warn"]), "It can be resumed: press r on the first page."
        )
    return text

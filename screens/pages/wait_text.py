"""The waits of the running step as a small tree: which are over, which one is present, each with its clock. Pure functions."""

from collections.abc import Sequence

from textual.content import Content

from screens.session.waits import Wait
from wizard.procedure.events import HEARTBEAT
from wizard.reports.table import cut
from wizard.reports.wording import SPINNER, STYLES, ago, duration

_SHOWN = 3
"""Waits that are shown: the last ones."""
_INDENT = 5
_NAME = _INDENT + len("├ ✓ ")
"""The column of what is waited for."""


def wait_rows(
    waits: Sequence[Wait], message: str, now: float, room: int, width: int, beat: int
) -> list[Content]:
    """Return a row for each wait of the running step: what is waited for, how long, and how long it usually takes.

    `message`: the last one of the step; `now`: on Azure's clock; `room`: up to the clock, as for the titles of steps;
    `width`: of a row; `beat`: increases, to turn the spinner. Waits to come are not known.
    """
    shown = list(waits[-_SHOWN:])
    silent = message.startswith(HEARTBEAT) and not (
        shown and message.removeprefix(HEARTBEAT) == shown[-1].message
    )
    names = [wait.message if wait is waits[-1] else wait.subject for wait in shown]
    clocks = [_clock(wait, now) for wait in shown]
    after = max((len(clock) for clock in clocks), default=0) + 1
    name = max(1, min(max([room - 4, *map(len, names)]), width - _NAME - after))
    rows: list[list[tuple[str, str]]] = []
    for wait, text, clock in zip(shown, names, clocks, strict=True):
        over = wait is not waits[-1]
        sign, style = ("·", "$quiet") if over else (SPINNER[beat % 4], STYLES["busy"])
        left = width - _NAME - name - len(clock)
        late = _is_late(wait, now) and not over
        rows.append(
            [
                (f"{sign} ", style),
                (f"{cut(text, name):<{name}}", "$quiet" if over else STYLES["busy"]),
                (clock, STYLES["warn"] if late else "" if not over else "$quiet"),
                *([] if over else _news(wait, now, left)),
            ]
        )
    if silent:
        rows.append([("· ", "$quiet"), (cut(message, width - _NAME), "$quiet")])
    last = len(rows) - 1
    return [
        Content.assemble((f"{'':{_INDENT}}{'└' if at == last else '├'} ", "$quiet"), *cells)
        for at, cells in enumerate(rows)
    ]


def _clock(wait: Wait, now: float) -> str:
    """Return `2:40 of 5:00`, as far as it is known."""
    spent = wait.clock(now)
    if spent is None:
        return f"{'–':>6}"
    return f"{duration(spent):>6}" + (f" of {duration(wait.expected)}" if wait.expected else "")


def _is_late(wait: Wait, now: float) -> bool:
    spent = wait.clock(now)
    return bool(wait.expected and spent is not None and spent > wait.expected)


def _news(wait: Wait, now: float, left: int) -> list[tuple[str, str]]:
    """Return whether a wait takes longer than usual, and when it was reported and will be, as far as `left` columns suffice."""
    late = [("longer than usual", STYLES["warn"])] if _is_late(wait, now) else []
    since = now - wait.heard
    told = f"seen {ago(since)}"
    next_in = int(wait.every - since) if wait.every else 0
    for said in ([f"{told}, next in {next_in} s"] if next_in > 0 else []) + [told, ""]:
        parts = [*late, *([(said, "$quiet")] if said else [])]
        if sum(len(text) + 2 for text, _ in parts) <= left:
            return [each for part in parts for each in (("  ", ""), part)]
    return []

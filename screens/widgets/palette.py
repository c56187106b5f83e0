"""The commands of the palette: each begins with its verb, and has its key at the right."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from textual.app import SystemCommand
from textual.binding import ActiveBinding
from textual.screen import Screen

_MARGINS = 8
"""Columns that a command does not have: margins, a gap, a scrollbar."""
_HIDDEN = ("escape", "enter", "ctrl+p")
HELP = "Show the help of this page, with its keys"


def offered(screen: Screen[Any]) -> Mapping[str, ActiveBinding]:
    """Return what a page offers, by actions: its keys that are explained, and the help; not the way back, nor what Enter does."""
    found: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        action = active.binding.action.removeprefix("app.")
        if (
            active.enabled
            and active.binding.key not in _HIDDEN
            and (active.binding.tooltip or action == "help")
        ):
            found.setdefault(action, active)
    return found


def command(what: str, run: Callable[[], Any], width: int, key: str = "") -> SystemCommand:
    """Return a command for a terminal of this width. Of `what` it does, the first words are enough if there is no room for all."""
    room = max(0, width - len(key) - _MARGINS)
    line = what.removesuffix(".") if len(what) <= room else re.split(r"[,;:.] ", what, maxsplit=1)[0]
    return SystemCommand(f"{line:<{room}}  {key}".rstrip(), "", run)


def commands(
    page: Mapping[str, ActiveBinding],
    more: Mapping[str, tuple[str, Callable[[], Any]]],
    run: Callable[[ActiveBinding], Any],
    display: Callable[[ActiveBinding], str],
    width: int,
) -> Iterator[SystemCommand]:
    """Yield the commands of a page, then `more` that the app has, by actions, unless the page offers them."""
    for active in page.values():
        what = active.binding.tooltip or HELP
        yield command(what, partial(run, active), width, display(active))
    for action, (what, do) in more.items():
        if action not in page:
            yield command(what, do, width)

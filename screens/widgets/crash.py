"""A crash is shown without local variables, which may hold a token."""

import os
import sys
from collections.abc import Iterable
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from textual.constants import COLOR_SYSTEM

_SYSTEMS: dict[str, Literal["auto", "standard", "256", "truecolor", "windows"]] = {
    "auto": "auto",
    "standard": "standard",
    "256": "256",
    "truecolor": "truecolor",
    "windows": "windows",
}


class DiscreetConsole(Console):
    """A console that renders tracebacks without local variables."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as the base class does, but without the local variables of a traceback."""
        module = sys.modules.get(
            "rich.traceback"
        )  # importing it would take a tenth of the time to the first frame
        if module is not None and isinstance(renderable, module.Traceback):
            for stack in renderable.trace.stacks:
                for frame in stack.frames:
                    frame.locals = None
        return super().render(renderable, options)


def discreet_console() -> DiscreetConsole:
    """Return the console that Textual renders with. Like Textual's own, it writes to the null device."""
    return DiscreetConsole(
        color_system=_SYSTEMS.get(COLOR_SYSTEM or ""),
        file=open(os.devnull, "w", encoding="utf-8"),  # noqa: PTH123 - open for as long as the app
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        force_terminal=True,
        safe_box=False,
        soft_wrap=False,
    )

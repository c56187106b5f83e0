"""A crash, told without the values that were in play: a traceback's locals may hold a token."""

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
    """A console that renders tracebacks without locals."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As the base class does, but without any frame's locals."""
        module = sys.modules.get("rich.traceback")  # to import it takes a tenth of the way to the first frame
        if module is not None and isinstance(renderable, module.Traceback):
            for stack in renderable.trace.stacks:
                for frame in stack.frames:
                    frame.locals = None
        return super().render(renderable, options)


def discreet_console() -> DiscreetConsole:
    """The console that Textual renders with; like its own, it prints to nowhere."""
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
